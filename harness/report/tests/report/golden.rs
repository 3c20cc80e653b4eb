//! What was made before, kept in `golden/` beside the tests. `BLESS=1 cargo test -p spanfate-report` writes it again.

use std::fs;
use std::path::Path;

/// Whether something is still made as it was.
pub(crate) fn holds(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        let written = fs::write(&path, made);
        assert!(written.is_ok(), "{}: {written:?}", path.display());
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    for (number, (made, kept)) in made.lines().zip(kept.lines()).enumerate() {
        assert_eq!(made, kept, "{name}:{}", number + 1);
    }
    assert!(made == kept, "{name} has {} bytes, and {} are kept", made.len(), kept.len());
}
