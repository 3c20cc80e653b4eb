//! Where exporters send to: a string of their client, which is believed where the client's type says that it has its endpoint
//! there, and the text can be one.

use super::texts::Texts;

/// Clients of the SDK's exporters by the beginning of their types' names, and the places where they have their endpoint: of the
/// configuration over HTTP, of the connection over gRPC, which newer versions have in another place.
const CLIENTS: [(&str, &[u8]); 2] = [("*otlptracehttp.", &[1]), ("*otlptracegrpc.", &[2, 3])];

impl Texts {
    /// The endpoint of an exporter, by its address and the table of its client's type; `None` where it was not read, or where two
    /// places hold what could be one. A process that was gone before the type was read leaves all places open, and only a text with
    /// a port is believed.
    pub(super) fn endpoint(&self, exporter: u64, client: u64) -> Option<&str> {
        let client = self.types.get(&client).map_or("", String::as_str);
        let known = CLIENTS.iter().find(|(package, _)| client.starts_with(package));
        let places = match known {
            Some((_, places)) => *places,
            None if client.is_empty() => ANY,
            None => return None,
        };
        let strings = places.iter().filter_map(|place| self.endpoints.get(&(exporter, *place)));
        let fits = |text: &&str| can_be_endpoint(text) && (known.is_some() || has_port(text));
        let mut found = strings.map(String::as_str).filter(fits);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

/// Every place.
const ANY: &[u8] = &[1, 2, 3];

fn has_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

/// `HOST`, `HOST:PORT`, or a target of gRPC such as `dns:///HOST:PORT`.
fn can_be_endpoint(text: &str) -> bool {
    text.len() > 2 && text.chars().all(|letter| letter.is_ascii_graphic())
}

/// Whether two endpoints are one, as far as their texts tell. One of our own is an address and a port.
pub(super) fn is_same(told: &str, read: &str) -> bool {
    let bare = |text: &str| {
        let host =
            text.rsplit_once("//").map_or(text, |(_, host)| host).trim_matches('/').to_ascii_lowercase();
        ["localhost:", "[::1]:"]
            .iter()
            .find_map(|name| host.strip_prefix(name))
            .map(|port| format!("127.0.0.1:{port}"))
            .unwrap_or(host)
    };
    bare(told) == bare(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_the_same_however_they_are_written() {
        for (read, same) in [
            ("127.0.0.1:4317", true),
            ("localhost:4317", true),
            ("[::1]:4317", true),
            ("http://localhost:4317", true),
            ("dns:///127.0.0.1:4317", true),
            ("passthrough:///LOCALHOST:4317", true),
            ("127.0.0.1:4318", false),
            ("collector:4317", false),
            ("127.0.0.1:43170", false),
        ] {
            assert_eq!(is_same("127.0.0.1:4317", read), same, "{read}");
        }
    }

    #[test]
    fn an_endpoint_is_believed_where_its_client_has_one() {
        let types = [(1, "*otlptracehttp.client"), (2, "*otlptracegrpc.client"), (3, "*main.client")]
            .map(|(table, name)| (table, name.to_owned()));
        let mut texts = Texts { types: types.into(), ..Texts::default() };
        let mut set =
            |exporter: u64, place: u8, text: &str| texts.endpoints.insert((exporter, place), text.to_owned());
        set(10, 1, "a:1");
        set(10, 2, "b:2");
        set(20, 3, "c:3");
        set(30, 2, "\u{1}\u{2}\u{3}x");
        set(40, 2, "d:4");
        set(40, 3, "e:5");
        for (exporter, client, endpoint) in [
            (10, 1, Some("a:1")),
            (10, 2, Some("b:2")),
            (10, 3, None),
            (10, 9, None),
            (20, 2, Some("c:3")),
            (20, 1, None),
            (20, 9, Some("c:3")),
            (30, 2, None),
            (40, 2, None),
        ] {
            assert_eq!(texts.endpoint(exporter, client), endpoint, "{exporter} {client}");
        }
    }
}
