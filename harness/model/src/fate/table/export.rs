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

/// What is known of an export that failed for a cause.
#[inline]
pub(super) const fn of(cause: ExportCause) -> &'static FateFacts {
    match cause {
        ExportCause::Refused => {
            const {
                &failed(
                    "export_failed.refused",
                    "export refused",
                    "its export failed: connection refused",
                    Remedy::Settings,
                )
            }
        }
        ExportCause::Reset => {
            const {
                &failed(
                    "export_failed.reset",
                    "export reset",
                    "its export failed: connection reset or closed",
                    Remedy::Settings,
                )
            }
        }
        ExportCause::Timeout => {
            const {
                &failed(
                    "export_failed.timeout",
                    "export timeout",
                    "its export failed: deadline passed",
                    Remedy::Settings,
                )
            }
        }
        ExportCause::TooLarge => {
            const {
                &failed(
                    "export_failed.too_large",
                    "export too large",
                    "its export failed: request too large",
                    Remedy::Settings,
                )
            }
        }
        ExportCause::Status => {
            const {
                &failed(
                    "export_failed.status",
                    "export status",
                    "its export failed: error status from the receiver",
                    Remedy::Settings,
                )
            }
        }
        ExportCause::PayloadLimit => {
            const {
                &failed(
                    "export_failed.payload_limit",
                    "over payload limit",
                    "its export failed: request larger than the client's own payload limit",
                    SMALLER,
                )
            }
        }
        ExportCause::NotEncodable => {
            const {
                &failed(
                    "export_failed.not_encodable",
                    "not encodable",
                    "its export failed: the client could not encode the batch",
                    ENCODABLE,
                )
            }
        }
        ExportCause::Tls => {
            const { &failed("export_failed.tls", "export TLS", "its export failed: no TLS connection", SAME_TLS) }
        }
        ExportCause::NameNotFound => {
            const {
                &failed(
                    "export_failed.name_not_found",
                    "name not found",
                    "its export failed: the name of the endpoint was not found",
                    OTHER_NAME,
                )
            }
        }
        ExportCause::Unauthenticated => {
            const {
                &failed(
                    "export_failed.unauthenticated",
                    "not authenticated",
                    "its export failed: the receiver did not accept the client's credentials",
                    CREDENTIALS,
                )
            }
        }
        ExportCause::Other => {
            const { &failed("export_failed.other", "export failed", "its export failed", Remedy::Settings) }
        }
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
