//! Finds compressed and encrypted data in decoded bytes.

use std::io::Read;
use std::ops::Range;

use flate2::bufread::{GzDecoder, ZlibDecoder};

use super::super::view::DecodedView;
use super::is_text;

/// Most bytes unpacked from one position.
const MOST: u64 = 4 << 20;

/// Magic bytes of compressed or encrypted formats that are not decoded here.
const CLOSED: &[&[u8]] = &[
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"7z\xbc\xaf\x27\x1c",
    b"BZh91AY&SY",
    b"PK\x03\x04",
    b"Salted__",
    b"age-encryption.org/",
];

/// The content of packed data.
pub enum Packed {
    /// The unpacked bytes of gzip and zlib.
    Open(DecodedView),
    /// Other kinds: only their range.
    Closed(Range<usize>),
}

/// Whether packed data may begin somewhere in these bytes.
pub fn is_packed(bytes: &[u8]) -> bool {
    (0..bytes.len()).any(|at| kind_at(&bytes[at..]).is_some())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PackedFormat {
    Gzip,
    Zlib,
    Closed,
}

/// The kind of packed data that begins here, by its magic bytes.
fn kind_at(rest: &[u8]) -> Option<PackedFormat> {
    match rest {
        [0x1f, 0x8b, 8, ..] => Some(PackedFormat::Gzip),
        [0x78, flags, ..] if (0x7800 + u16::from(*flags)).is_multiple_of(31) => {
            Some(PackedFormat::Zlib)
        }
        [0xfd | 0x28 | 0x04 | b'7' | b'B' | b'P' | b'S' | b'a', ..] => {
            let mut bodies = CLOSED.iter().filter_map(|start| rest.strip_prefix(*start));
            // A program that contains these magic bytes continues as text.
            let is_closed = |body: &[u8]| body.len() >= 16 && !is_text(&body[..body.len().min(64)]);
            bodies.any(is_closed).then_some(PackedFormat::Closed)
        }
        _ => None,
    }
}

/// The packed data in decoded bytes; `end_at` returns the end of the data at a position.
pub fn packed(bytes: &[u8], end_at: impl Fn(usize) -> usize) -> Vec<Packed> {
    let mut found = Vec::new();
    for at in 0..bytes.len() {
        // What is behind the packed data is left in it.
        let mut rest = &bytes[at..];
        let unpacked = match kind_at(rest) {
            Some(PackedFormat::Gzip) => unpack(GzDecoder::new(&mut rest)),
            Some(PackedFormat::Zlib) => unpack(ZlibDecoder::new(&mut rest)),
            Some(PackedFormat::Closed) => {
                let place = at..end_at(at);
                if kind_at(&bytes[place.clone()]) == Some(PackedFormat::Closed) {
                    found.push(Packed::Closed(place));
                }
                continue;
            }
            None => continue,
        };
        if unpacked.len() as u64 == MOST {
            found.push(Packed::Closed(at..end_at(at)));
        } else if !unpacked.is_empty() {
            let mut view = DecodedView::default();
            view.decode(&unpacked, at..bytes.len() - rest.len());
            found.push(Packed::Open(view));
        }
    }
    found
}

/// Unpacks; after an error, the bytes before it are returned.
fn unpack(decoder: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = decoder.take(MOST).read_to_end(&mut bytes);
    bytes
}
