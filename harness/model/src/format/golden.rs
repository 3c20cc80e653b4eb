//! Files in `docs/protocol` that the tests of both languages read: Rust writes their bytes, and Go does or reads the same.

use std::path::Path;

/// The file's bytes, which must be those that are written here; with `GOLDEN=write` in the environment they are made so.
pub(crate) fn agreed(name: &str, written: &[u8]) -> Vec<u8> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol")).join(name);
    if std::env::var_os("GOLDEN").is_some_and(|wish| wish == "write") {
        std::fs::write(&path, written).unwrap();
    }
    let found = std::fs::read(&path).unwrap();
    assert!(
        found == written,
        "docs/protocol/{name} is not what is written here; where that is meant, GOLDEN=write cargo test -p spanfate-model makes it \
         anew, and go-fixtures must agree"
    );
    found
}
