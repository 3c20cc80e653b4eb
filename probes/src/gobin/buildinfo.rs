//! What `go build` wrote about itself: the Go version, the modules, the settings. It survives `-ldflags="-s -w"`.

use std::collections::{BTreeMap, BTreeSet};

use super::image::Image;

/// What begins the information, and how far apart it may begin.
const MAGIC: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: usize = 16;
/// Bytes before the first string.
const HEADER: usize = 32;
/// The flag of strings that follow the header, since Go 1.18. Before, there were pointers to them.
const INLINE: u8 = 2;
/// Marks before and after the list of modules, which the linker itself looks for.
const FRAME: usize = 16;

/// What a binary says about its build. Everything is empty in a binary built without that information.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BuildInfo {
    /// The Go version, as `1.26.8`.
    pub go: String,
    /// The path of the main package, as `spanfate.dev/fixtures/cmd/fixture`.
    pub main: String,
    /// Module path to version, as `v1.47.0` or `(devel)`. A replaced module keeps its path and has the version of what
    /// replaced it, as that is the code in the binary.
    pub modules: BTreeMap<String, String>,
    /// Those of them that were replaced.
    pub replaced: BTreeSet<String>,
    /// Build settings, as `GOARCH` to `amd64`.
    pub settings: BTreeMap<String, String>,
}

impl BuildInfo {
    /// Reads the information, from its section or else from what is loaded, first of all from data.
    pub(super) fn find(image: &Image) -> Self {
        // A section that lies beyond the end of the file is as good as none: the segments were found whole.
        let section = image.section(".go.buildinfo").ok().flatten();
        let (version, modules) = section
            .into_iter()
            .chain(image.data())
            .chain(image.loaded())
            .find_map(|(bytes, address)| {
                // Alignment is of the address; segments need not begin at an aligned one.
                let skip = (ALIGNMENT - (address as usize % ALIGNMENT)) % ALIGNMENT;
                let aligned = bytes.get(skip..)?;
                let mut places = (0..aligned.len()).step_by(ALIGNMENT);
                // The mark alone may stand in any program that looks for it.
                places.find_map(|at| aligned[at..].starts_with(MAGIC).then(|| strings(&aligned[at..]))?)
            })
            .unwrap_or_default();
        Self::of(version, modules)
    }

    fn of(version: &str, modules: &str) -> Self {
        // "go1.26.8", "go1.26.8 X:some" and "devel go1.27-f00 date" are what there is.
        let go = version.split_whitespace().find_map(|word| word.strip_prefix("go")).unwrap_or_default();
        let mut info = Self { go: go.to_owned(), ..Self::default() };
        let mut last = "";
        for line in modules.lines() {
            let mut words = line.split('\t');
            match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
                ("path", path) => path.clone_into(&mut info.main),
                ("mod" | "dep", path) => {
                    last = path;
                    info.modules.insert(path.to_owned(), words.next().unwrap_or_default().to_owned());
                }
                ("=>", _) => {
                    info.replaced.insert(last.to_owned());
                    info.modules.insert(last.to_owned(), words.next().unwrap_or_default().to_owned());
                }
                ("build", setting) => {
                    let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
                    // Values with quotes or white space are quoted as in Go, which for these is as in JSON.
                    let value = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
                    info.settings.insert(key.to_owned(), value);
                }
                _ => {}
            }
        }
        info
    }

    /// The module that a package belongs to, and its version.
    pub fn module_of(&self, package: &str) -> Option<(&str, &str)> {
        let holds = |module: &str| {
            package.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let holders = self.modules.iter().filter(|(module, _)| holds(module));
        holders
            .max_by_key(|(module, _)| module.len())
            .map(|(module, version)| (module.as_str(), version.as_str()))
    }

    /// The Go version without its last number, as `1.26`.
    pub fn go_minor(&self) -> Option<(u32, u32)> {
        let mut numbers = self.go.split(|c: char| !c.is_ascii_digit());
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

/// The version and the list of modules.
fn strings(bytes: &[u8]) -> Option<(&str, &str)> {
    if bytes.get(15)? & INLINE == 0 {
        return None;
    }
    let (version, rest) = string(bytes.get(HEADER..)?)?;
    let (modules, _) = string(rest)?;
    let framed = modules.get(FRAME..modules.len().saturating_sub(FRAME)).unwrap_or_default();
    Some((std::str::from_utf8(version).ok()?, std::str::from_utf8(framed).ok()?))
}

/// Splits off a string with its length before it, seven bits a byte.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_were_replaced_have_the_version_of_the_code() {
        let text = "path\ta/cmd\nmod\ta\t(devel)\t\ndep\tb\tv1.0.0\th1:x\ndep\tc\tv1.2.0\n=>\td\tv1.3.0\th1:y\n\
                    dep\te\tv2.0.0\n=>\t../e\t(devel)\t\nbuild\t-ldflags=\"-s -w\"\nbuild\tGOOS=linux\n";
        let info = BuildInfo::of("devel go1.27-f00 X:y", text);
        assert_eq!(
            (info.go.as_str(), info.go_minor(), info.main.as_str()),
            ("1.27-f00", Some((1, 27)), "a/cmd")
        );
        let modules: Vec<_> =
            info.modules.iter().map(|(path, version)| format!("{path} {version}")).collect();
        assert_eq!(modules, ["a (devel)", "b v1.0.0", "c v1.3.0", "e (devel)"]);
        assert_eq!(info.replaced.iter().collect::<Vec<_>>(), ["c", "e"]);
        assert_eq!(info.module_of("b/inner"), Some(("b", "v1.0.0")));
        assert_eq!((info.module_of("bb"), info.module_of("")), (None, None));
        assert_eq!((&*info.settings["-ldflags"], &*info.settings["GOOS"]), ("-s -w", "linux"));
    }

    #[test]
    fn strings_beyond_the_end_are_refused() {
        assert_eq!(string(b"\x02abc"), Some((&b"ab"[..], &b"c"[..])));
        for bytes in [&b""[..], b"\x04abc", b"\x80", &[0xff; 12]] {
            assert_eq!(string(bytes), None);
        }
    }
}
