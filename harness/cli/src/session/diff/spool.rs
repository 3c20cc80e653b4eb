//! Answers of a back end in a temporary file without a name, to be read as often as it takes.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use spanfate_run::backend::{BackEndPage, PageShape};

/// The answers, and beside them what was asked for each.
pub(super) struct AnswerSpool {
    answers: Spooled,
    /// For each: where it ends, how long what was asked is, and that.
    asked: Spooled,
    pages: u64,
}

/// A file that is written and then read.
struct Spooled {
    out: BufWriter<File>,
    again: Arc<File>,
    bytes: u64,
}

/// Reads a file from its begin, whoever else does.
pub(super) struct SpoolReader {
    file: Arc<File>,
    at: u64,
}

impl Spooled {
    fn create() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        let again = Arc::new(file.try_clone()?);
        Ok(Self { out: BufWriter::new(file), again, bytes: 0 })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn read(&self) -> SpoolReader {
        SpoolReader { file: Arc::clone(&self.again), at: 0 }
    }
}

impl AnswerSpool {
    pub(super) fn create() -> io::Result<Self> {
        Ok(Self { answers: Spooled::create()?, asked: Spooled::create()?, pages: 0 })
    }

    /// How many there are.
    pub(super) const fn pages(&self) -> u64 {
        self.pages
    }

    /// Adds an answer. One in JSON becomes a line, so that the number of a line is that of an answer.
    pub(super) fn keep(&mut self, page: &BackEndPage) -> io::Result<()> {
        if page.shape == PageShape::OtlpProtobuf {
            self.answers.put(&page.bytes)?;
        } else {
            for (at, line) in page.bytes.split(|byte| matches!(byte, b'\n' | b'\r')).enumerate() {
                if at > 0 {
                    self.answers.put(b" ")?;
                }
                self.answers.put(line)?;
            }
            self.answers.put(b"\n")?;
        }
        self.pages += 1;
        self.asked.put(&self.answers.bytes.to_le_bytes())?;
        self.asked.put(&(page.asked.len() as u64).to_le_bytes())?;
        self.asked.put(page.asked.as_bytes())
    }

    /// No answer comes any more.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.answers.out.flush()?;
        self.asked.out.flush()
    }

    /// All answers, one after the other.
    pub(super) fn read(&self) -> SpoolReader {
        self.answers.read()
    }

    /// What was asked for the answer that has that byte.
    pub(super) fn asked_at(&self, byte: u64) -> Option<String> {
        let mut from = BufReader::new(self.asked.read());
        let mut last = None;
        while let (Some(end), Some(length)) = (number(&mut from), number(&mut from)) {
            let mut asked = vec![0; usize::try_from(length).ok()?];
            from.read_exact(&mut asked).ok()?;
            last = Some(String::from_utf8_lossy(&asked).into_owned());
            if end > byte {
                break;
            }
        }
        last
    }
}

/// The next number of a file, if there is one.
fn number(from: &mut impl Read) -> Option<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes).ok()?;
    Some(u64::from_le_bytes(bytes))
}

impl Read for SpoolReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read_at(to, self.at)?;
        self.at += bytes as u64;
        Ok(bytes)
    }
}
