//! What a variant's fixtures are built with: a released version of the SDK, or a checkout of its source.

use std::fmt;

/// Versions of the SDK that fixtures have a module file for beside the one they pin: `go-fixtures/sdk/VERSION.mod`.
pub const SDK_VERSIONS: [&str; 3] = ["1.38.0", "1.42.0", "1.44.0"];

/// The oldest SDK whose accounting closes. An older one does not count itself: what a full queue drops goes unseen, and the
/// books stay open.
pub const OLDEST_SDK: SdkVersion = SdkVersion { major: 1, minor: 38, patch: Some(0) };

/// What stands before the folder of a checkout.
const CHECKOUT: &str = "path:";

/// An SDK as a scenario names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sdk {
    /// A released version.
    Released(SdkVersion),
    /// A folder with the source, seen from that of the scenario file.
    Checkout(String),
}

/// A version without a pre-release. Without a patch it stands for the newest one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SdkVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number, where it is said.
    pub patch: Option<u32>,
}

impl Sdk {
    /// Reads `X.Y`, `X.Y.Z` or `path:FOLDER`; nothing else.
    pub fn read(text: &str) -> Option<Self> {
        match text.strip_prefix(CHECKOUT) {
            Some("") => None,
            Some(folder) => Some(Self::Checkout(folder.to_owned())),
            None => SdkVersion::read(text).map(Self::Released),
        }
    }
}

impl SdkVersion {
    /// Reads `X.Y` or `X.Y.Z`, each as numbers are usually written.
    pub fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|part| {
            let number: u32 = part.parse().ok()?;
            // Neither `+1` nor `01`: one version has one name.
            (number.to_string() == part).then_some(number)
        });
        let (major, minor) = (numbers.next()??, numbers.next()??);
        let patch = match numbers.next() {
            Some(patch) => Some(patch?),
            None => None,
        };
        numbers.next().is_none().then_some(Self { major, minor, patch })
    }

    /// Whether a whole version is the one that is meant, or one of those.
    #[must_use]
    pub fn takes(self, whole: Self) -> bool {
        (self.major, self.minor) == (whole.major, whole.minor)
            && self.patch.is_none_or(|patch| whole.patch == Some(patch))
    }

    /// Whether the process witness learns too little from every version that is meant.
    #[must_use]
    pub fn is_too_old(self) -> bool {
        (self.major, self.minor) < (OLDEST_SDK.major, OLDEST_SDK.minor)
    }
}

impl fmt::Display for SdkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_and_checkouts_are_told_apart_from_everything_else() {
        let version = |major, minor, patch| Some(Sdk::Released(SdkVersion { major, minor, patch }));
        let checkout = |folder: &str| Some(Sdk::Checkout(folder.to_owned()));
        let cases = [
            ("1.44.0", version(1, 44, Some(0))),
            ("1.44", version(1, 44, None)),
            ("0.20.12", version(0, 20, Some(12))),
            ("path:../opentelemetry-go", checkout("../opentelemetry-go")),
            ("path:/src/a:b", checkout("/src/a:b")),
            ("path:", None),
            ("", None),
            ("1", None),
            ("1.", None),
            ("1.44.", None),
            ("1.44.0.0", None),
            ("v1.44.0", None),
            ("1.47.0-rc.1", None),
            ("1.044", None),
            ("1.+44", None),
            (" 1.44", None),
            ("1.99999999999", None),
            ("latest", None),
            ("../opentelemetry-go", None),
        ];
        for (text, meant) in cases {
            assert_eq!(Sdk::read(text), meant, "{text:?}");
        }
    }

    #[test]
    fn what_has_a_module_file_is_whole_and_not_too_old() {
        for text in SDK_VERSIONS {
            let version = SdkVersion::read(text).unwrap();
            assert!(version.patch.is_some() && !version.is_too_old(), "{text}");
        }
        assert!(!OLDEST_SDK.is_too_old());
        assert!(
            SdkVersion::read("1.37").unwrap().is_too_old()
                && SdkVersion::read("0.40.0").unwrap().is_too_old()
        );
        assert!(!SdkVersion::read("2.0").unwrap().is_too_old());
    }

    proptest! {
        #[test]
        fn a_version_is_read_as_it_is_shown(major: u32, minor: u32, patch: Option<u32>) {
            let version = SdkVersion { major, minor, patch };
            prop_assert_eq!(SdkVersion::read(&version.to_string()), Some(version));
            let whole = SdkVersion { patch: patch.or(Some(7)), ..version };
            prop_assert!(version.takes(whole));
        }
    }
}
