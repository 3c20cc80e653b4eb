//! The SDK of a variant.

use spanfate_model::scenario::{OLDEST_SDK, Scenario, Sdk, Service, Variant};

use super::Problems;

/// What can be named.
const FORMS: &str = "write a released version (`1.45.0`, or `1.45` for its newest patch), or `path:FOLDER` for a checkout of \
    opentelemetry-go; leave it out for the one that the fixtures pin";

/// Checks how it is named; whether there is such a release or checkout is seen when it is built.
pub(super) fn sdk(out: &mut Problems, scenario: &Scenario, index: &str, variant: &Variant) {
    let Some(written) = &variant.sdk else { return };
    let path = ["variant", index, "sdk"];
    match Sdk::read(written) {
        None => {
            let message = format!("fixtures cannot be built with SDK `{}`", written.escape_debug());
            out.add(&path, message, FORMS);
        }
        Some(Sdk::Released(version)) if version.is_too_old() => {
            let help = format!("the oldest whose accounting closes is {OLDEST_SDK}");
            out.add(&path, format!("SDK {version} does not count what it drops"), &help);
        }
        Some(_) => {}
    }
    if scenario.services.iter().any(Service::is_own) {
        out.add(&path, "a program of your own brings its SDK along", "take `sdk` out");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::parse::parse;

    /// Message, place and help of every mistake of a variant with an SDK.
    fn mistakes(sdk: &str, more: &str) -> Vec<(String, String, String)> {
        let text = format!(
            "name = 'x'\n[load]\nrate = '5/s'\nlasting = '1s'\n[[variant]]\nname = 'v'\nsdk = '{sdk}'\n{more}"
        );
        let found = parse(&text, Path::new(".")).err().unwrap_or_default();
        let place =
            |span: Option<std::ops::Range<usize>>| span.map(|s| text[s].to_owned()).unwrap_or_default();
        found.into_iter().map(|d| (d.message, place(d.span), d.help.unwrap_or_default())).collect()
    }

    #[test]
    fn versions_and_checkouts_are_taken() {
        for sdk in
            ["1.38.0", "1.38", "1.45.0", "1.99.3", "2.0", "path:../opentelemetry-go", "path:/src/otel go"]
        {
            assert_eq!(mistakes(sdk, ""), [], "{sdk}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_what_could_be_written() {
        let cases = [
            ("", "built with SDK ``", "path:FOLDER"),
            ("v1.45.0", "built with SDK `v1.45.0`", "path:FOLDER"),
            ("1", "built with SDK `1`", "path:FOLDER"),
            ("1.45.x", "built with SDK `1.45.x`", "path:FOLDER"),
            ("1.47.0-rc.1", "built with SDK `1.47.0-rc.1`", "path:FOLDER"),
            ("latest", "built with SDK `latest`", "path:FOLDER"),
            ("../opentelemetry-go", "built with SDK `../opentelemetry-go`", "path:FOLDER"),
            ("path:", "built with SDK `path:`", "path:FOLDER"),
            ("1.37.0", "SDK 1.37.0 does not count what it drops", "1.38.0"),
            ("0.20", "SDK 0.20 does not count what it drops", "1.38.0"),
        ];
        for (sdk, message, help) in cases {
            let found = mistakes(sdk, "");
            let [(said, place, advice)] = found.as_slice() else { panic!("{sdk}: {found:?}") };
            assert!(said.contains(message) && advice.contains(help), "{sdk}: {found:?}");
            assert_eq!(*place, format!("'{sdk}'"));
        }
    }

    #[test]
    fn a_program_of_ones_own_has_its_own() {
        let own = "[service]\ncommand = ['./mine']\nready = 'http://127.0.0.1:1/'\n";
        for sdk in ["1.45.0", "path:otel"] {
            let found = mistakes(sdk, own);
            assert!(found.iter().any(|(message, ..)| message.contains("brings its SDK along")), "{found:?}");
        }
    }
}
