//! How a side is compressed, by its first bytes.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::error::DiffError;

/// How a frame of zstd begins.
pub(super) const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes that are read at once from below.
const BUFFER: usize = 128 << 10;

/// A stream, decompressed, and how it was compressed.
pub(super) fn opened<'a>(from: Box<dyn Read + 'a>) -> Result<(Box<dyn Read + 'a>, &'static str), DiffError> {
    let mut from = BufReader::with_capacity(BUFFER, from);
    // A pipe may give out its first bytes one by one.
    let mut first = Vec::new();
    while first.len() < 4 {
        let seen = from.fill_buf().map_err(DiffError::Read)?;
        if seen.is_empty() {
            break;
        }
        let taken = seen.len().min(4 - first.len());
        first.extend_from_slice(&seen[..taken]);
        from.consume(taken);
    }
    let (gzip, zstd) = (first.starts_with(&GZIP), first == ZSTD);
    let from = io::Cursor::new(first).chain(from);
    Ok(if gzip {
        (Box::new(MultiGzDecoder::new(from)), "gzip")
    } else if zstd {
        (Box::new(ZstdFrames::new(from).map_err(DiffError::Read)?), "zstd")
    } else {
        (Box::new(from), "")
    })
}

/// Frames of zstd as a whole, for what stands behind its length; one byte more than `most` where there is more.
pub(super) fn zstd_whole(frames: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    ZstdFrames::new(frames)?.take(most as u64 + 1).read_to_end(&mut out)?;
    Ok(out)
}

/// An empty frame. A decoder that has read one before holds all later ones against its bound on windows.
const EMPTY: [u8; 9] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0];

/// Frames of zstd, one after the other, as a stream. A window is at most 100 MiB: that is the decoder's bound.
struct ZstdFrames<R> {
    from: R,
    decoder: FrameDecoder,
    /// A frame has begun and is not at its end.
    begun: bool,
}

impl<R: BufRead> ZstdFrames<R> {
    fn new(from: R) -> io::Result<Self> {
        let mut decoder = FrameDecoder::new();
        decoder.init(&EMPTY[..]).map_err(|error| broken(&error.to_string()))?;
        Ok(Self { from, decoder, begun: false })
    }

    /// Begins the next frame; false where there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.from.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.from) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.from).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(false)
    }

    /// What is wrong: the stream is over, or it is not what it should be.
    fn failed(&mut self, error: &FrameDecoderError) -> io::Error {
        match self.from.fill_buf() {
            Ok([]) => io::Error::new(io::ErrorKind::UnexpectedEof, error.to_string()),
            _ => broken(&error.to_string()),
        }
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.begun {
                self.begun = self.begin()?;
                if !self.begun {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                // More than is wanted: small reads would decode block by block.
                if let Err(error) =
                    self.decoder.decode_blocks(&mut self.from, BlockDecodingStrategy::UptoBytes(BUFFER))
                {
                    return Err(self.failed(&error));
                }
            }
            let read = self.decoder.read(to)?;
            if read > 0 || to.is_empty() {
                return Ok(read);
            }
            self.begun = false;
            let said = self.decoder.get_checksum_from_data();
            if said.is_some() && said != self.decoder.get_calculated_checksum() {
                return Err(broken("the checksum of a zstd frame is wrong"));
            }
        }
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
