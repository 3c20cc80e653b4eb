//! One message of OTLP, as an exporter sends it.

use super::documents;
use super::protobuf::{self, MessageFraming};
use super::sink::Intake;
use super::window::Window;
use crate::error::{DiffError, ReadStop};

/// Reads a message, and gives its memory back. What stands before something that is wrong has been taken.
pub(crate) fn read_message(
    bytes: Vec<u8>,
    json: bool,
    intake: &mut Intake<'_>,
) -> (Vec<u8>, Result<(), DiffError>) {
    let mut window = Window::whole(bytes);
    let read = if json {
        window.count_lines();
        documents::read(&mut window, intake)
    } else {
        protobuf::read(&mut window, intake, MessageFraming::None, false)
    };
    let read = match read {
        Ok(()) => Ok(()),
        Err(stop) => intake.cut_off().and_then(|()| match stop {
            ReadStop::Truncated(at) => {
                Err(DiffError::Malformed { at, what: "the message ends too early".to_owned() })
            }
            ReadStop::Failed(error) => Err(error),
        }),
    };
    (window.into_memory(), read)
}
