//! A part of a stream, of which a piece is read again where it was not there as a whole.

use std::io::{self, ErrorKind, Read};

use crate::error::{DiffError, InputPosition, ReadStop};

/// Bytes that are asked for at once.
const STEP: usize = 256 << 10;

/// Most bytes that are held of one span or value.
pub(crate) const MOST_HELD: usize = 64 << 20;

/// Why a piece could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PieceStop {
    /// It goes on behind what is there.
    More,
    /// Something is wrong, so many bytes behind its begin.
    Wrong(usize, &'static str),
}

/// What is read of a piece.
pub(crate) type ReadPiece<T> = Result<T, PieceStop>;

/// A part of a stream.
pub(crate) struct Window<'a> {
    from: Box<dyn Read + 'a>,
    held: Vec<u8>,
    at: usize,
    end: usize,
    /// Bytes before what is held.
    before: u64,
    /// Line of the next byte, from 1; 0 where there are no lines.
    line: u64,
    ended: bool,
    most: usize,
}

impl<'a> Window<'a> {
    pub(crate) fn new(from: Box<dyn Read + 'a>) -> Self {
        Self { from, held: Vec::new(), at: 0, end: 0, before: 0, line: 0, ended: false, most: MOST_HELD }
    }

    /// What is there as a whole.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        let end = bytes.len();
        Self {
            from: Box::new(io::empty()),
            held: bytes,
            at: 0,
            end,
            before: 0,
            line: 0,
            ended: true,
            most: MOST_HELD,
        }
    }

    /// Its memory, to be used again.
    pub(crate) fn into_memory(self) -> Vec<u8> {
        self.held
    }

    /// Lines are counted from here on.
    pub(crate) const fn count_lines(&mut self) {
        self.line = 1;
    }

    /// What is there.
    #[inline]
    pub(crate) fn rest(&self) -> &[u8] {
        &self.held[self.at..self.end]
    }

    /// Bytes before the next one.
    #[inline]
    pub(crate) const fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    #[inline]
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Where the next byte stands.
    pub(crate) const fn position(&self) -> InputPosition {
        InputPosition { byte: self.offset(), line: self.line }
    }

    /// Where a byte stands that is so far ahead.
    pub(crate) fn ahead(&self, bytes: usize) -> InputPosition {
        let lines = if self.line > 0 { lines_in(&self.rest()[..bytes.min(self.rest().len())]) } else { 0 };
        InputPosition { byte: self.offset() + bytes as u64, line: self.line + lines }
    }

    /// Passes over bytes that are there.
    #[inline]
    pub(crate) fn pass(&mut self, bytes: usize) {
        if self.line > 0 {
            self.line += lines_in(&self.held[self.at..self.at + bytes]);
        }
        self.at += bytes;
    }

    /// Reads on; false at the end. What is there stays.
    #[cold]
    pub(crate) fn more(&mut self) -> Result<bool, DiffError> {
        if self.ended {
            return Ok(false);
        }
        if self.at > 0 {
            self.held.copy_within(self.at..self.end, 0);
            self.before += self.at as u64;
            self.end -= self.at;
            self.at = 0;
        }
        if self.end >= self.most {
            return Err(DiffError::TooLong { at: self.position(), most: self.most });
        }
        // What is there is read again from its begin, so each time there must be much more of it.
        let (before, enough) = (self.end, self.end + (self.end / 2).max(1));
        if self.held.len() < self.end + STEP {
            let wanted = (self.end + STEP).max(2 * self.end).min(self.most + STEP);
            self.held.resize(wanted, 0);
        }
        while self.end < enough.min(self.held.len()) {
            match self.from.read(&mut self.held[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(bytes) => self.end += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(DiffError::Read(error)),
            }
        }
        Ok(self.end > before)
    }

    /// Sees to it that so many bytes are there; false where the stream has fewer.
    #[inline]
    pub(crate) fn ensure(&mut self, bytes: usize) -> Result<bool, ReadStop> {
        while self.end - self.at < bytes {
            if bytes > self.most {
                return Err(DiffError::TooLong { at: self.position(), most: self.most }.into());
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a piece, from its begin again where it was not there as a whole.
    #[inline]
    pub(crate) fn piece<T>(
        &mut self,
        mut read: impl FnMut(&[u8]) -> ReadPiece<(T, usize)>,
    ) -> Result<T, ReadStop> {
        loop {
            match read(self.rest()) {
                Ok((found, bytes)) => {
                    self.pass(bytes);
                    return Ok(found);
                }
                Err(PieceStop::More) => {
                    if !self.fill()? {
                        return Err(ReadStop::Truncated(self.ahead(self.rest().len())));
                    }
                }
                Err(PieceStop::Wrong(at, what)) => return Err(ReadStop::malformed(self.ahead(at), what)),
            }
        }
    }

    /// Passes over bytes that need not be there yet; false where the stream has fewer.
    pub(crate) fn skip(&mut self, mut bytes: u64) -> Result<bool, ReadStop> {
        while bytes > 0 {
            if self.at == self.end && !self.fill()? {
                return Ok(false);
            }
            let now = bytes.min((self.end - self.at) as u64);
            self.pass(now as usize);
            bytes -= now;
        }
        Ok(true)
    }

    /// As [`Self::more`]; an error of a decompressor that ran out of input is the end of the stream in the wrong place.
    fn fill(&mut self) -> Result<bool, ReadStop> {
        self.more().map_err(|error| match error {
            DiffError::Read(error) if error.kind() == ErrorKind::UnexpectedEof => {
                ReadStop::Truncated(self.ahead(self.end - self.at))
            }
            DiffError::Read(error)
                if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput) =>
            {
                ReadStop::malformed(self.ahead(self.end - self.at), error.to_string())
            }
            error => ReadStop::Failed(error),
        })
    }

    /// Reads on until so many bytes are there, or the stream ends; for a first look.
    pub(crate) fn look(&mut self, bytes: usize) -> Result<&[u8], ReadStop> {
        while self.end - self.at < bytes && self.fill()? {}
        Ok(self.rest())
    }
}

#[inline]
fn lines_in(bytes: &[u8]) -> u64 {
    // Added up in bytes, as many as cannot overflow one: that is compiled to sixteen at a time, of which these are a multiple.
    const FEW: usize = 240;
    let few =
        |bytes: &[u8]| bytes.iter().fold(0_u8, |lines, byte| lines.wrapping_add(u8::from(*byte == b'\n')));
    bytes.chunks(FEW).map(|bytes| u64::from(few(bytes))).sum()
}
