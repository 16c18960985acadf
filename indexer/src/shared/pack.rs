//! The bytes of a pack, and the checks that a vector has to pass before it is believed.
//!
//! A pack is a head and blocks of up to 64 vectors. The head has the keys, in order, and a hash of each
//! block; the name of the file is the hash of the head. So a reader that fetches only some blocks knows
//! that they are what the writer named, and half a pack is noticed by its size.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `ollapck1` |
//! | 4, 4 | dimension and number of vectors, little-endian |
//! | 1, n | length and UTF-8 of the writer's name |
//! | 16 each | keys, strictly ascending |
//! | 16 each | the first half of the BLAKE3 hash of each block |
//! | 2 × dimension each | vectors, as little-endian 16-bit floats |

use std::ops::Range;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::secret::{StoredKey, first_16};

const MAGIC: &[u8; 8] = b"ollapck1";
/// What a file of a pack is called after its hash.
const ENDING: &str = ".pack";
const HASH_BYTES: usize = 16;
const FIXED_BYTES: usize = MAGIC.len() + 4 + 4 + 1;
/// The most vectors of a pack, whatever their size: its head is then at most 66 KB.
pub(crate) const MOST_ROWS: usize = 4_096;
pub(crate) const ROWS_PER_BLOCK: usize = 64;
/// The most bytes of a pack: 4,063 vectors of 1,024 numbers.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// No head is longer.
pub(crate) const LONGEST_HEAD: usize =
    FIXED_BYTES + LONGEST_WRITER + MOST_ROWS * HASH_BYTES + MOST_ROWS / ROWS_PER_BLOCK * HASH_BYTES;
const LONGEST_WRITER: usize = u8::MAX as usize;
/// No embedding model has vectors of more numbers.
const HIGHEST_DIMENSION: usize = 16_384;
/// By how much the length of a stored vector may differ from 1. Rounding to 16 bits changes it by less
/// than a twentieth of this.
const LENGTH_TOLERANCE: f64 = 0.01;

/// What is wrong with a pack, as a clause.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("it is not a pack, or of a newer version")]
    NotAPack,
    #[error("it has {size} bytes in place of {expected}")]
    Size { size: u64, expected: u64 },
    #[error("its vectors have {found} dimensions, and the model {wanted}")]
    Dimension { found: usize, wanted: usize },
    #[error("this machine may not read it; its owner has to allow that")]
    Denied,
    #[error("its keys are not in order")]
    Unsorted,
    #[error("its content does not match its name")]
    Checksum,
    #[error("a vector holds a value that is not a number")]
    NotFinite,
    #[error("a vector has the length {0:.3} in place of 1")]
    Length(f64),
}

/// The head of a pack, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackHead {
    pub(crate) dimension: usize,
    pub(crate) writer: String,
    pub(crate) keys: Vec<StoredKey>,
    blocks: Vec<[u8; HASH_BYTES]>,
    bytes: usize,
}

impl PackHead {
    /// Reads the head at the start of some bytes, of a pack with a name.
    pub(crate) fn read(bytes: &[u8], name: &str) -> Result<PackHead, Flaw> {
        let mut rest = bytes;
        if take(&mut rest, MAGIC.len())? != MAGIC {
            return Err(Flaw::NotAPack);
        }
        let dimension = take_number(&mut rest)?;
        let count = take_number(&mut rest)?;
        if !(1..=HIGHEST_DIMENSION).contains(&dimension)
            || !(1..=rows_per_pack(dimension)).contains(&count)
        {
            return Err(Flaw::NotAPack);
        }
        let writer = take(&mut rest, 1)?;
        let writer = take(&mut rest, usize::from(writer[0]))?;
        let writer = visible(std::str::from_utf8(writer).map_err(|_| Flaw::NotAPack)?);
        let keys = take_hashes(&mut rest, count)?;
        let blocks = take_hashes(&mut rest, count.div_ceil(ROWS_PER_BLOCK))?;
        let head = &bytes[..bytes.len() - rest.len()];
        if pack_name(head) != name {
            return Err(Flaw::Checksum);
        }
        if !keys.is_sorted_by(|left, right| left < right) {
            return Err(Flaw::Unsorted);
        }
        Ok(PackHead {
            dimension,
            writer,
            keys,
            blocks,
            bytes: head.len(),
        })
    }

    /// Checks that a file of a size can be this pack, for a model.
    pub(crate) fn check(&self, size: u64, dimension: usize) -> Result<(), Flaw> {
        if self.dimension != dimension {
            return Err(Flaw::Dimension {
                found: self.dimension,
                wanted: dimension,
            });
        }
        self.check_size(size)
    }

    /// Checks that a file of a size can be this pack.
    pub(crate) fn check_size(&self, size: u64) -> Result<(), Flaw> {
        let expected = (self.bytes + self.keys.len() * self.row_bytes()) as u64;
        if size != expected {
            return Err(Flaw::Size { size, expected });
        }
        Ok(())
    }

    /// How many bytes the head itself has.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many blocks follow.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Which vector has a key.
    pub(crate) fn row(&self, key: &StoredKey) -> Option<usize> {
        self.keys.binary_search(key).ok()
    }

    /// Where some blocks are in the file.
    pub(crate) fn range(&self, blocks: Range<usize>) -> Range<u64> {
        let at = |block: usize| {
            let rows = (block * ROWS_PER_BLOCK).min(self.keys.len());
            (self.bytes + rows * self.row_bytes()) as u64
        };
        at(blocks.start)..at(blocks.end)
    }

    /// Checks the bytes of some blocks, and splits them into rows: the number and the bytes of each.
    pub(crate) fn rows<'a>(
        &self,
        blocks: Range<usize>,
        bytes: &'a [u8],
    ) -> Result<Vec<(usize, &'a [u8])>, Flaw> {
        let range = self.range(blocks.clone());
        let expected = range.end - range.start;
        if bytes.len() as u64 != expected {
            let size = bytes.len() as u64;
            return Err(Flaw::Size { size, expected });
        }
        let block_bytes = ROWS_PER_BLOCK * self.row_bytes();
        for (block, bytes) in blocks.clone().zip(bytes.chunks(block_bytes)) {
            if self.blocks.get(block) != Some(&first_16(&blake3::hash(bytes))) {
                return Err(Flaw::Checksum);
            }
        }
        let first = blocks.start * ROWS_PER_BLOCK;
        Ok((first..)
            .zip(bytes.chunks_exact(self.row_bytes()))
            .collect())
    }

    fn row_bytes(&self) -> usize {
        2 * self.dimension
    }
}

/// The most vectors of a dimension in one pack.
pub(crate) fn rows_per_pack(dimension: usize) -> usize {
    ((MOST_BYTES - LONGEST_HEAD) / (2 * dimension.max(1))).clamp(1, MOST_ROWS)
}

/// The file of a pack.
pub(crate) fn file_name(pack: &str) -> String {
    format!("{pack}{ENDING}")
}

/// The name of the pack in a file, if the file is called like one.
pub(crate) fn pack_of_file(file: &str) -> Option<&str> {
    let name = file.strip_suffix(ENDING)?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (name.len() == 2 * HASH_BYTES && name.bytes().all(is_digit)).then_some(name)
}

/// A pack, ready to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Pack {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: usize,
}

/// Makes a pack of vectors as [`encode`] wrote them, in the order of their keys, each key once.
pub(crate) fn make_pack(writer: &str, dimension: usize, rows: &[(StoredKey, Vec<u8>)]) -> Pack {
    let writer = &writer[..writer.floor_char_boundary(LONGEST_WRITER)];
    let mut body = Vec::with_capacity(rows.len() * 2 * dimension);
    rows.iter().for_each(|(_, bytes)| body.extend(bytes));
    let mut bytes = Vec::with_capacity(LONGEST_HEAD + body.len());
    bytes.extend(MAGIC);
    for number in [dimension, rows.len()] {
        bytes.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }
    bytes.push(u8::try_from(writer.len()).unwrap_or(u8::MAX));
    bytes.extend(writer.as_bytes());
    rows.iter().for_each(|(key, _)| bytes.extend(key));
    for block in body.chunks(ROWS_PER_BLOCK * 2 * dimension) {
        bytes.extend(first_16(&blake3::hash(block)));
    }
    let name = pack_name(&bytes);
    bytes.extend(body);
    Pack {
        name,
        bytes,
        rows: rows.len(),
    }
}

/// The bytes of a vector in a pack; `None` if it is not a unit vector.
pub(crate) fn encode(vector: &[f32]) -> Option<Vec<u8>> {
    length_of_unit(vector).ok()?;
    let mut halves = vec![f16::ZERO; vector.len()];
    halves.convert_from_f32_slice(vector);
    Some(halves.iter().flat_map(|half| half.to_le_bytes()).collect())
}

/// A unit vector from its bytes in a pack.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<f32>, Flaw> {
    let halves: Vec<f16> = bytes
        .chunks_exact(2)
        .map(|pair| f16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let mut vector = vec![0.0; halves.len()];
    halves.convert_to_f32_slice(&mut vector);
    let length = length_of_unit(&vector)?;
    for value in &mut vector {
        *value = (f64::from(*value) / length) as f32;
    }
    Ok(vector)
}

/// The length of a vector that is to have the length 1.
fn length_of_unit(vector: &[f32]) -> Result<f64, Flaw> {
    let square: f64 = vector.iter().map(|value| f64::from(*value).powi(2)).sum();
    let length = square.sqrt();
    if !length.is_finite() {
        return Err(Flaw::NotFinite);
    }
    if (length - 1.0).abs() > LENGTH_TOLERANCE {
        return Err(Flaw::Length(length));
    }
    Ok(length)
}

/// The name of the pack with a head.
fn pack_name(head: &[u8]) -> String {
    blake3::hash(head).to_hex()[..2 * HASH_BYTES].to_owned()
}

/// A name as it may be shown: what is not a plain character becomes `?`.
fn visible(name: &str) -> String {
    name.chars()
        .map(|sign| match sign {
            ' '..='~' => sign,
            _ if sign.is_alphanumeric() => sign,
            _ => '?',
        })
        .collect()
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Result<&'a [u8], Flaw> {
    let (taken, behind) = rest.split_at_checked(bytes).ok_or(Flaw::NotAPack)?;
    *rest = behind;
    Ok(taken)
}

fn take_number(rest: &mut &[u8]) -> Result<usize, Flaw> {
    let bytes = take(rest, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}

fn take_hashes(rest: &mut &[u8], count: usize) -> Result<Vec<[u8; HASH_BYTES]>, Flaw> {
    let bytes = take(rest, count * HASH_BYTES)?;
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    Ok(hashes.to_vec())
}
