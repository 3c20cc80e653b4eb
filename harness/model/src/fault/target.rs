//! What a fault is put on: a service, the receiver, or a link between two of load, services and receiver.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::text;

/// Name of the receiver as the end of a link.
const RECEIVER: &str = "receiver";
/// Name of the load as the beginning of one.
const LOAD: &str = "load";

/// What a fault is put on, written `"http"`, `"receiver"`, `"load -> http"`, `"http -> receiver"`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// A service.
    Service(String),
    /// The receiver.
    Receiver,
    /// A link, from the side that opens connections.
    Link {
        /// Who opens connections; absent: the load.
        from: Option<String>,
        /// To whom; absent: the receiver.
        to: Option<String>,
    },
}

impl Target {
    /// The link on which a service's spans go out.
    pub fn exports_of(service: &str) -> Self {
        Self::Link { from: Some(service.to_owned()), to: None }
    }

    /// Names that no service may have, because they mean something here.
    pub const RESERVED: [&'static str; 2] = [LOAD, RECEIVER];

    /// The service that is nearest to it: itself, or the end of a link that opens connections, else the other.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Service(name) => Some(name),
            Self::Receiver => None,
            Self::Link { from, to } => from.as_deref().or(to.as_deref()),
        }
    }
}

impl JsonSchema for Target {
    text::text!("Target", || {
        text::TextSchema {
        what: "A service, `receiver`, or a link from the side that opens connections: `load -> SERVICE`, \
               `SERVICE -> SERVICE`, `SERVICE -> receiver`, `COLLECTOR -> EXPORTER` for a further exporter of its configuration."
            .to_owned(),
        pattern: r"\s*[A-Za-z0-9_.-]+\s*(?:->\s*[A-Za-z0-9_./-]+\s*)?".to_owned(),
        example: "http -> receiver".to_owned(),
    }
    });
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let link = text.split_once("->").map(|(from, to)| (from.trim(), to.trim()));
        match link {
            None if text.trim().is_empty() => {
                Err("`on` is empty; name a service, or a link `a -> b`".to_owned())
            }
            None if text.trim() == RECEIVER => Ok(Self::Receiver),
            None if text.trim() == LOAD => {
                Err("the load itself cannot fail; name a link that it opens: `load -> SERVICE`".to_owned())
            }
            None => Ok(Self::Service(text.trim().to_owned())),
            Some((from, to)) if from.is_empty() || to.is_empty() || to.contains("->") => {
                Err(format!("`{text}` is no link; write `a -> b`"))
            }
            Some((RECEIVER, _)) => {
                Err("the receiver opens no connections; write the link from the other side".to_owned())
            }
            Some((_, LOAD)) => Err("nobody connects to the load; write `load -> SERVICE`".to_owned()),
            Some((LOAD, RECEIVER)) => Err("the load sends no spans; write `SERVICE -> receiver`".to_owned()),
            Some((from, to)) => Ok(Self::Link {
                from: (from != LOAD).then(|| from.to_owned()),
                to: (to != RECEIVER).then(|| to.to_owned()),
            }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => f.write_str(name),
            Self::Receiver => f.write_str(RECEIVER),
            Self::Link { from, to } => {
                let (from, to) = (from.as_deref().unwrap_or(LOAD), to.as_deref().unwrap_or(RECEIVER));
                write!(f, "{from} -> {to}")
            }
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_and_write() {
        for text in ["http", "receiver", "load -> http", "http -> receiver", "a -> b"] {
            assert_eq!(Target::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        assert_eq!(Target::try_from(" a->b ".to_owned()).unwrap().to_string(), "a -> b");
        for text in ["", "load", "a -> load", "receiver -> a", "load -> receiver", "a ->", "a -> b -> c"] {
            assert!(Target::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
