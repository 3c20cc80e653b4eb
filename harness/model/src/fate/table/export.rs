//! What is known of failed exports, cause by cause.

use crate::fate::facts::{FateFacts, FateStage, Remedy};
use crate::fate::signal;
use crate::fate::{ExportCause, FateClass};

/// What cannot be encoded.
const ENCODABLE: Remedy = Remedy::Other(
    "One span that cannot be encoded takes its whole batch with it: make names and attributes valid UTF-8 (`strings.ToValidUTF8`).",
);

/// A client that holds its own requests back.
const SMALLER: Remedy = Remedy::Other(
    "Set a smaller OTEL_BSP_MAX_EXPORT_BATCH_SIZE, or raise the exporter's own limit on the size of a request.",
);

/// Sides that do not understand each other's TLS.
const SAME_TLS: Remedy = Remedy::Other(
    "Make both sides agree on TLS: `http://` or `https://` in OTEL_EXPORTER_OTLP_ENDPOINT, and OTEL_EXPORTER_OTLP_CERTIFICATE.",
);

/// A name that leads nowhere.
const OTHER_NAME: Remedy =
    Remedy::Other("Set OTEL_EXPORTER_OTLP_ENDPOINT to a name that can be looked up where the program runs.");

/// Somebody who is not let in.
const CREDENTIALS: Remedy = Remedy::Other(
    "Give the exporter credentials that the receiver accepts, for example in OTEL_EXPORTER_OTLP_HEADERS.",
);

const REFUSED: FateFacts = failed(
    "export_failed.refused",
    "export refused",
    "its export failed: connection refused",
    Remedy::Settings,
);
const RESET: FateFacts = failed(
    "export_failed.reset",
    "export reset",
    "its export failed: connection reset or closed",
    Remedy::Settings,
);
const TIMEOUT: FateFacts =
    failed("export_failed.timeout", "export timeout", "its export failed: deadline passed", Remedy::Settings);
const TOO_LARGE: FateFacts = failed(
    "export_failed.too_large",
    "export too large",
    "its export failed: request too large",
    Remedy::Settings,
);
const STATUS: FateFacts = failed(
    "export_failed.status",
    "export status",
    "its export failed: error status from the receiver",
    Remedy::Settings,
);
const PAYLOAD_LIMIT: FateFacts = failed(
    "export_failed.payload_limit",
    "over payload limit",
    "its export failed: request larger than the client's own payload limit",
    SMALLER,
);
const NOT_ENCODABLE: FateFacts = failed(
    "export_failed.not_encodable",
    "not encodable",
    "its export failed: the client could not encode the batch",
    ENCODABLE,
);
const TLS: FateFacts =
    failed("export_failed.tls", "export TLS", "its export failed: no TLS connection", SAME_TLS);
const NAME_NOT_FOUND: FateFacts = failed(
    "export_failed.name_not_found",
    "name not found",
    "its export failed: the name of the endpoint was not found",
    OTHER_NAME,
);
const UNAUTHENTICATED: FateFacts = failed(
    "export_failed.unauthenticated",
    "not authenticated",
    "its export failed: the receiver did not accept the client's credentials",
    CREDENTIALS,
);
const OTHER: FateFacts =
    failed("export_failed.other", "export failed", "its export failed", Remedy::Settings);

/// What is known of an export that failed for a cause.
#[inline]
pub(super) const fn of(cause: ExportCause) -> &'static FateFacts {
    match cause {
        ExportCause::Refused => &REFUSED,
        ExportCause::Reset => &RESET,
        ExportCause::Timeout => &TIMEOUT,
        ExportCause::TooLarge => &TOO_LARGE,
        ExportCause::Status => &STATUS,
        ExportCause::PayloadLimit => &PAYLOAD_LIMIT,
        ExportCause::NotEncodable => &NOT_ENCODABLE,
        ExportCause::Tls => &TLS,
        ExportCause::NameNotFound => &NAME_NOT_FOUND,
        ExportCause::Unauthenticated => &UNAUTHENTICATED,
        ExportCause::Other => &OTHER,
    }
}

const fn failed(name: &'static str, short: &'static str, explain: &'static str, remedy: Remedy) -> FateFacts {
    FateFacts {
        name,
        class: FateClass::Lost,
        stage: Some(FateStage::Received),
        silent: false,
        at_exit: false,
        full_queue: false,
        short,
        explain,
        signal: Some(signal::said("a line of the error handler on standard error per failed export")),
        remedy,
    }
}
