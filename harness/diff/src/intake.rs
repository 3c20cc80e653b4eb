//! Reads a side, whatever it is written in, as a stream: at most one span of it is held whole.

mod coding;
mod detect;
mod documents;
mod jaeger;
mod json;
mod message;
mod otlp_json;
mod parquet;
mod protobuf;
mod rows;
mod sink;
mod stream;
mod window;
mod wire_log;

pub(crate) use self::detect::OpenedSource;
pub use self::detect::{SideInput, SideSource};
pub(crate) use self::json::{JsonText, base64};
pub(crate) use self::message::read_message;
pub use self::parquet::SideFile;
pub(crate) use self::sink::{Intake, SpanTaker};
