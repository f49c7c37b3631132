//! Bodies on the wire: CBOR inside exactly one zstd frame (RFC 8878). Opening
//! one that a stranger made is bounded in memory and time: the limits of
//! [`super::limits`] hold while it inflates, not afterwards.

use std::io::Read;

use super::{DecodeError, from_cbor, limits, to_cbor};

/// zstd's level: 3 is its default; higher ones cost a phone more time than the
/// few bytes are worth.
const LEVEL: i32 = 3;

/// Largest window a frame may ask for, as a power of two: 8 MiB, which RFC
/// 8878 recommends every decoder to support and which bounds the decoder's
/// memory.
const WINDOW_LOG: u32 = 23;

/// Bytes inflated between two looks at the limits.
const CHUNK: usize = 64 << 10;

/// Why a body could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Larger than [`limits::BODY_BYTES`] as it came.
    #[error("the body has {bytes} bytes")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Inflates past [`limits::INFLATED_BYTES`], or to more than
    /// [`limits::INFLATE_RATIO`] times its size.
    #[error("the body inflates to more than {limit} bytes")]
    Bomb {
        /// Where inflating stopped.
        limit: usize,
    },
    /// Not a zstd frame, cut short, damaged, or with a window past 8 MiB.
    #[error("not a whole zstd frame: {0}")]
    Frame(std::io::Error),
    /// A whole frame followed by more bytes.
    #[error("bytes after the end of the zstd frame")]
    Trailing,
    /// Inflates to something that is not the message.
    #[error(transparent)]
    Message(#[from] DecodeError),
}

impl CodecError {
    /// Whether the body was refused for its size and not for its content.
    pub const fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Bomb { .. })
    }
}

/// A message as a body: deterministic CBOR, compressed.
pub fn seal<T: minicbor::Encode<()>>(message: &T) -> Vec<u8> {
    deflate(&to_cbor(message))
}

/// The message in a body.
pub fn open<T: for<'b> minicbor::Decode<'b, ()>>(body: &[u8]) -> Result<T, CodecError> {
    Ok(from_cbor(&inflate(body)?)?)
}

/// Compresses already encoded CBOR. Compressing memory into memory has no way
/// to fail but running out of it; an empty body stands for that and every
/// [`inflate`] refuses it.
pub fn deflate(cbor: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(cbor, LEVEL).unwrap_or_default()
}

/// Inflates a body within the limits, without looking at what it holds.
pub fn inflate(body: &[u8]) -> Result<Vec<u8>, CodecError> {
    if body.len() > limits::BODY_BYTES {
        return Err(CodecError::TooLarge { bytes: body.len() });
    }
    let limit = body
        .len()
        .saturating_mul(limits::INFLATE_RATIO)
        .clamp(limits::INFLATE_FREE_BYTES, limits::INFLATED_BYTES);
    // An empty reader would count as the end of zero frames.
    if body.is_empty() {
        return Err(CodecError::Frame(std::io::ErrorKind::UnexpectedEof.into()));
    }
    // Twice: first only counted, so that a bomb costs one chunk of memory and
    // an honest body exactly its size. zstd inflates a megabyte in a
    // millisecond.
    let mut length = 0;
    read_frame(body, |chunk| {
        length += chunk.len();
        if length > limit {
            Err(CodecError::Bomb { limit })
        } else {
            Ok(())
        }
    })?;
    let mut inflated = Vec::with_capacity(length);
    read_frame(body, |chunk| {
        inflated.extend_from_slice(chunk);
        Ok(())
    })?;
    Ok(inflated)
}

/// Inflates the one frame a body is, piece by piece.
fn read_frame(
    body: &[u8],
    mut take: impl FnMut(&[u8]) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body)
        .map_err(CodecError::Frame)?
        .single_frame();
    decoder
        .window_log_max(WINDOW_LOG)
        .map_err(CodecError::Frame)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = decoder.read(&mut chunk).map_err(CodecError::Frame)?;
        if read == 0 {
            break;
        }
        take(chunk.get(..read).unwrap_or_default())?;
    }
    if decoder.finish().is_empty() {
        Ok(())
    } else {
        Err(CodecError::Trailing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Problem;

    /// A frame of `blocks` blocks that each say "131,072 zeros": 4 bytes per
    /// 128 KiB, the best ratio the format has (RFC 8878, section 3.1.1.2).
    fn zeros(blocks: usize) -> Vec<u8> {
        // Magic; descriptor without content size or checksum; 128 KiB window.
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
        for block in 1..=blocks {
            let last = u32::from(block == blocks);
            let header = (131_072 << 3) | (1 << 1) | last;
            frame.extend_from_slice(&header.to_le_bytes()[..3]);
            frame.push(0);
        }
        frame
    }

    fn problem() -> Problem {
        Problem {
            code: "unavailable".to_owned(),
            zh: "忙".to_owned(),
            en: "busy".to_owned(),
            retry_after_s: Some(3),
            challenge: None,
            last_counter: None,
        }
    }

    #[test]
    fn what_is_sealed_opens_again() {
        let body = seal(&problem());
        assert_eq!(open::<Problem>(&body).unwrap(), problem());
    }

    #[test]
    fn hand_made_frames_of_zeros_are_valid() {
        assert_eq!(inflate(&zeros(2)).unwrap(), vec![0; 262_144]);
    }

    #[test]
    fn ten_gigabytes_of_zeros_stop_at_the_ratio() {
        let bomb = zeros(10 * (1 << 30) / 131_072);
        assert!(bomb.len() < 400_000, "{}", bomb.len());
        let limit = bomb.len() * limits::INFLATE_RATIO;
        assert!(matches!(inflate(&bomb), Err(CodecError::Bomb { limit: at }) if at == limit));
    }

    #[test]
    fn a_larger_bomb_stops_at_the_absolute_limit() {
        let bomb = zeros(250_000);
        assert!(
            matches!(inflate(&bomb), Err(CodecError::Bomb { limit }) if limit == limits::INFLATED_BYTES)
        );
        assert!(inflate(&bomb).unwrap_err().is_too_large());
    }

    #[test]
    fn a_short_body_may_inflate_freely_up_to_256_kib() {
        let body = deflate(&vec![7; limits::INFLATE_FREE_BYTES]);
        assert!(body.len() < 100);
        assert_eq!(inflate(&body).unwrap().len(), limits::INFLATE_FREE_BYTES);
        let one_more = deflate(&vec![7; limits::INFLATE_FREE_BYTES + 1]);
        assert!(matches!(inflate(&one_more), Err(CodecError::Bomb { .. })));
    }

    #[test]
    fn a_body_past_the_limit_is_not_even_looked_at() {
        let body = vec![0; limits::BODY_BYTES + 1];
        assert!(
            matches!(inflate(&body), Err(CodecError::TooLarge { bytes }) if bytes == body.len())
        );
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error() {
        let body = seal(&problem());
        for end in 0..body.len() {
            assert!(open::<Problem>(&body[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn anything_after_the_frame_is_an_error() {
        let mut body = seal(&problem());
        body.push(0);
        assert!(matches!(open::<Problem>(&body), Err(CodecError::Trailing)));
        body.pop();
        let twice = [body.clone(), body].concat();
        assert!(matches!(open::<Problem>(&twice), Err(CodecError::Trailing)));
    }

    #[test]
    fn a_frame_that_asks_for_a_huge_window_is_refused() {
        // Window descriptor 0x88: 2^27 bytes.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00];
        assert!(matches!(inflate(&frame), Err(CodecError::Frame(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_a_message_or_an_error(bytes: Vec<u8>) {
            let _ = open::<Problem>(&bytes);
            let framed = [[0x28, 0xb5, 0x2f, 0xfd].as_slice(), &bytes].concat();
            let _ = open::<Problem>(&framed);
            let _ = open::<Problem>(&deflate(&bytes));
        }
    }
}
