//! How a body is compressed, and what is in it, in bounded memory: the codings that a Collector takes by default.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// A stream of snappy frames begins so; a body that is said to be snappy may be one.
const SNAPPY_STREAM: [u8; 10] = [0xff, 6, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y'];

/// A frame of zstd begins so.
const ZSTD_FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Largest window that zstd's own default settings announce. One is taken even where messages must be shorter.
const USUAL_WINDOW: u64 = 8 << 20;

/// How a body is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ContentCoding {
    Identity,
    Gzip,
    Zstd,
    Zlib,
    /// One block, or a stream of frames.
    Snappy,
    SnappyFrames,
    Lz4,
}

/// Why a body cannot be decompressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unopened {
    /// There is more in it than the limit.
    TooLarge,
    /// It is not what it is said to be.
    Broken,
}

impl ContentCoding {
    /// What `Content-Encoding` says. The names are taken as a Collector takes them, to the letter.
    pub(super) fn over_http(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"" | b"identity" => Self::Identity,
            b"gzip" => Self::Gzip,
            b"zstd" => Self::Zstd,
            b"zlib" | b"deflate" => Self::Zlib,
            b"snappy" => Self::Snappy,
            b"x-snappy-framed" => Self::SnappyFrames,
            b"lz4" => Self::Lz4,
            _ => return None,
        })
    }

    /// What `grpc-encoding` says.
    pub(super) fn over_grpc(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"" | b"identity" => Self::Identity,
            b"gzip" => Self::Gzip,
            b"zstd" => Self::Zstd,
            b"snappy" => Self::SnappyFrames,
            _ => return None,
        })
    }

    /// The body decompressed; at most `limit` bytes, and never many more than that in memory.
    pub(super) fn open(self, body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Unopened> {
        let opened = match self {
            Self::Identity if body.len() > limit => return Err(Unopened::TooLarge),
            Self::Identity => return Ok(Cow::Borrowed(body)),
            Self::Gzip => bounded(MultiGzDecoder::new(body), limit),
            Self::Zlib => bounded(ZlibDecoder::new(body), limit),
            Self::Zstd => zstd(body, limit),
            Self::Snappy if !body.starts_with(&SNAPPY_STREAM) => snappy_block(body, limit),
            Self::Snappy | Self::SnappyFrames => bounded(snap::read::FrameDecoder::new(body), limit),
            Self::Lz4 => bounded(lz4_flex::frame::FrameDecoder::new(body), limit),
        };
        opened.map(Cow::Owned)
    }
}

fn bounded(from: impl Read, limit: usize) -> Result<Vec<u8>, Unopened> {
    let mut message = Vec::new();
    append(from, limit, &mut message)?;
    Ok(message)
}

fn append(from: impl Read, limit: usize, message: &mut Vec<u8>) -> Result<(), Unopened> {
    let left = (limit - message.len()) as u64 + 1;
    from.take(left).read_to_end(message).map_err(|_| Unopened::Broken)?;
    if message.len() > limit { Err(Unopened::TooLarge) } else { Ok(()) }
}

fn snappy_block(body: &[u8], limit: usize) -> Result<Vec<u8>, Unopened> {
    let announced = snap::raw::decompress_len(body).map_err(|_| Unopened::Broken)?;
    if announced > limit {
        return Err(Unopened::TooLarge);
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(|_| Unopened::Broken)
}

/// All frames of a body.
fn zstd(mut body: &[u8], limit: usize) -> Result<Vec<u8>, Unopened> {
    let mut message = Vec::new();
    let mut decoder = FrameDecoder::new();
    while !body.is_empty() {
        // The decoder holds a window before it gives anything out.
        if zstd_window(body).is_some_and(|window| window > USUAL_WINDOW.max(limit as u64)) {
            return Err(Unopened::TooLarge);
        }
        match StreamingDecoder::new_with_decoder(&mut body, &mut decoder) {
            Ok(frame) => append(frame, limit, &mut message)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                body = body.get(length as usize..).ok_or(Unopened::Broken)?;
                continue;
            }
            Err(_) => return Err(Unopened::Broken),
        }
        if decoder.get_checksum_from_data().is_some()
            && decoder.get_checksum_from_data() != decoder.get_calculated_checksum()
        {
            return Err(Unopened::Broken);
        }
    }
    Ok(message)
}

/// The window that a frame of zstd wants, bytes (RFC 8878, 3.1.1.1). Nothing for what is no frame.
fn zstd_window(frame: &[u8]) -> Option<u64> {
    let (&descriptor, rest) = frame.strip_prefix(&ZSTD_FRAME)?.split_first()?;
    let is_one_segment = descriptor & 0x20 != 0;
    if !is_one_segment {
        let (exponent, mantissa) = (rest.first()? >> 3, rest.first()? & 7);
        let base = 1_u64 << (10 + exponent);
        return Some(base + base / 8 * u64::from(mantissa));
    }
    // Then the window is as large as the content, whose size stands behind the number of a dictionary.
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let mut bytes = [0; 8];
    bytes[..size].copy_from_slice(rest.get(dictionary..dictionary + size)?);
    Some(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    const ALL: [ContentCoding; 7] = [
        ContentCoding::Identity,
        ContentCoding::Gzip,
        ContentCoding::Zstd,
        ContentCoding::Zlib,
        ContentCoding::Snappy,
        ContentCoding::SnappyFrames,
        ContentCoding::Lz4,
    ];

    fn packed(coding: ContentCoding, bytes: &[u8]) -> Vec<u8> {
        match coding {
            ContentCoding::Identity => bytes.to_vec(),
            ContentCoding::Gzip => {
                let mut to = GzEncoder::new(Vec::new(), Compression::fast());
                to.write_all(bytes).unwrap();
                to.finish().unwrap()
            }
            ContentCoding::Zlib => {
                let mut to = ZlibEncoder::new(Vec::new(), Compression::fast());
                to.write_all(bytes).unwrap();
                to.finish().unwrap()
            }
            ContentCoding::Zstd => compress_to_vec(bytes, CompressionLevel::Fastest),
            ContentCoding::Snappy => snap::raw::Encoder::new().compress_vec(bytes).unwrap(),
            ContentCoding::SnappyFrames => {
                let mut to = snap::write::FrameEncoder::new(Vec::new());
                to.write_all(bytes).unwrap();
                to.into_inner().unwrap()
            }
            ContentCoding::Lz4 => {
                let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
                to.write_all(bytes).unwrap();
                to.finish().unwrap()
            }
        }
    }

    #[test]
    fn names_are_a_collector_s_to_the_letter() {
        for name in ["GZIP", "x-gzip", "none", "br", "gzip, gzip", " gzip"] {
            assert_eq!(ContentCoding::over_http(name.as_bytes()), None, "{name}");
            assert_eq!(ContentCoding::over_grpc(name.as_bytes()), None, "{name}");
        }
        for name in ["deflate", "zlib", "lz4", "x-snappy-framed"] {
            assert!(ContentCoding::over_http(name.as_bytes()).is_some(), "{name}");
            assert_eq!(ContentCoding::over_grpc(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn all_that_is_put_together_is_opened() {
        let zstd = |bytes: &[u8]| packed(ContentCoding::Zstd, bytes);
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let body = [zstd(b"one "), skipped.clone(), zstd(b"two")].concat();
        assert_eq!(ContentCoding::Zstd.open(&body, 7).unwrap(), &b"one two"[..]);
        assert_eq!(ContentCoding::Zstd.open(&body, 6), Err(Unopened::TooLarge));
        assert_eq!(ContentCoding::Zstd.open(&skipped[..9], 7), Err(Unopened::Broken));
        // What is called snappy may be a stream.
        let stream = packed(ContentCoding::SnappyFrames, b"here");
        assert_eq!(ContentCoding::Snappy.open(&stream, 4).unwrap(), &b"here"[..]);
    }

    #[test]
    fn a_bomb_is_not_held() {
        let zeros = vec![0; 40 << 20];
        for coding in ALL {
            let bomb = packed(coding, &zeros);
            assert_eq!(coding.open(&bomb, 1 << 20), Err(Unopened::TooLarge), "{coding:?}");
        }
        // Frames that only announce: a window of a gigabyte, and a content of 2^62 bytes.
        let window = [&ZSTD_FRAME[..], &[0, 20 << 3, 1, 0, 0]].concat();
        let content = [&ZSTD_FRAME[..], &[0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0]].concat();
        for frame in [window, content] {
            assert_eq!(ContentCoding::Zstd.open(&frame, 1 << 20), Err(Unopened::TooLarge));
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(bytes in prop::collection::vec(any::<u8>(), 0..4000), of in 0..7_usize, twice in 1..9_usize) {
            let (coding, bytes) = (ALL[of], bytes.repeat(twice));
            let body = packed(coding, &bytes);
            prop_assert_eq!(&*coding.open(&body, bytes.len()).unwrap(), &bytes[..]);
            if let Some(limit) = bytes.len().checked_sub(1) {
                prop_assert_eq!(coding.open(&body, limit), Err(Unopened::TooLarge));
            }
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), of in 1..7_usize, at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let coding = ALL[of];
            let mut body = packed(coding, &bytes);
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = with;
            }
            for body in [&bytes[..], &body] {
                if let Ok(opened) = coding.open(body, 1000) {
                    prop_assert!(opened.len() <= 1000);
                }
            }
        }
    }
}
