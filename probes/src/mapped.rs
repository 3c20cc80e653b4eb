//! A file read in place: mapped into memory, so that a log of many gigabytes costs no anonymous memory and is not copied
//! (docs/adr/005).

#![expect(unsafe_code, reason = "a mapping cannot be made without it; the reason it is sound is beside it")]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::{Advice, Mmap};

/// A mapped file. Its bytes are read from disk when they are looked at.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a file for reading, as long as it is now. The caller holds the claim on the file: nobody writes to it or
    /// shortens it while it is mapped. If somebody does so all the same, a read beyond its end ends the process with SIGBUS;
    /// so does a disk that cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: bytes that change under a shared slice are what makes a mapping unsound. The files mapped here are raw logs
        // of processes that have ended: they are written once, come to their name by rename, and are claimed by a lock
        // (`store::lock`) that every command of ours takes. What is read is plain bytes: no value is invalid, no offset is
        // used unchecked. Who has the rights to write to the file in spite of that can also write to this program.
        let map = unsafe { Mmap::map(&file)? };
        // Logs are walked from front to back; the advice is only about speed.
        drop(map.advise(Advice::Sequential));
        Ok(Self(map))
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_file_is_its_bytes() {
        let path = std::env::temp_dir().join(format!("spanfate-mapped-{}", std::process::id()));
        for bytes in [Vec::new(), b"x".to_vec(), vec![7; 10_000]] {
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(Mapped::open(&path).unwrap().as_ref(), bytes);
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(Mapped::open(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
