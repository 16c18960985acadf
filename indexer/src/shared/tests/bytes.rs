//! Whatever is in a file, no vector comes out of it that is not one.

use half::f16;
use proptest::prelude::*;

use super::machine::{DIMENSION, assert_near, numbered, word_vector};
use crate::shared::pack::{
    Flaw, MOST_BYTES, Pack, PackHead, decode, encode, file_name, make_pack, pack_of_file,
    rows_per_pack,
};
use crate::shared::secret::StoredKey;
use crate::shared::upkeep::{WholePack, check_whole};

fn rows(count: usize) -> Vec<(StoredKey, Vec<u8>)> {
    let mut rows: Vec<(StoredKey, Vec<u8>)> = numbered(0..count)
        .into_iter()
        .map(|(key, vector)| (key.bytes(), encode(&vector).expect("a unit vector")))
        .collect();
    rows.sort();
    rows
}

fn pack(count: usize) -> Pack {
    make_pack("ann@desk", DIMENSION, &rows(count))
}

fn flaw(bytes: Vec<u8>, name: &str) -> Option<Flaw> {
    match check_whole(bytes, name) {
        WholePack::Flawed { flaw, .. } => Some(flaw),
        WholePack::Sound { .. } | WholePack::Gone => None,
    }
}

#[test]
fn a_pack_holds_what_was_put_in() {
    let pack = pack(200);
    let head = PackHead::read(&pack.bytes, &pack.name).expect("a head");
    assert_eq!(
        (head.dimension, head.writer.as_str()),
        (DIMENSION, "ann@desk")
    );
    assert_eq!((head.keys.len(), head.blocks()), (200, 4));
    for (key, vector) in numbered(0..200) {
        let row = head.row(&key.bytes()).expect("a row");
        let block = row / 64;
        let range = head.range(block..block + 1);
        let bytes = &pack.bytes[range.start as usize..range.end as usize];
        let rows = head.rows(block..block + 1, bytes).expect("a sound block");
        let (_, bytes) = rows
            .iter()
            .find(|(found, _)| *found == row)
            .expect("the row");
        assert_near(&decode(bytes).expect("a vector"), &vector);
    }
    assert_eq!(head.row(&[0; 16]), None);
    assert_eq!(flaw(pack.bytes, &pack.name), None);
}

#[test]
fn the_same_vectors_are_the_same_file() {
    assert_eq!(pack(70).name, pack(70).name);
    assert_ne!(pack(70).name, pack(71).name);
    let name = pack(1).name;
    assert_eq!(pack_of_file(&file_name(&name)), Some(name.as_str()));
    for file in ["", "x.pack", "README", &name, &format!("{name}.pack#1")] {
        assert_eq!(pack_of_file(file), None, "{file}");
    }
}

#[test]
fn a_full_pack_has_at_most_8_mb() {
    assert_eq!(rows_per_pack(64), 4_096);
    assert_eq!(rows_per_pack(1_024), 4063);
    assert!(rows_per_pack(16_384) > 200);
    for dimension in [1, 384, 1_024, 4_096, 16_384] {
        let rows: Vec<(StoredKey, Vec<u8>)> = (0..rows_per_pack(dimension) as u64)
            .map(|number| {
                let mut key = [0; 16];
                key[..8].copy_from_slice(&number.to_be_bytes());
                (key, vec![0; 2 * dimension])
            })
            .collect();
        let writer = "w".repeat(1_000);
        assert!(make_pack(&writer, dimension, &rows).bytes.len() <= MOST_BYTES);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let whole = pack(100);
    let name = whole.name.as_str();
    let half = whole.bytes[..whole.bytes.len() / 2].to_vec();
    assert!(matches!(flaw(half, name), Some(Flaw::Size { .. })));
    assert_eq!(flaw(Vec::new(), name), Some(Flaw::NotAPack));
    assert_eq!(flaw(vec![7; 10_000], name), Some(Flaw::NotAPack));
    assert_eq!(
        flaw(whole.bytes.clone(), &"0".repeat(32)),
        Some(Flaw::Checksum)
    );
    let mut damaged = whole.bytes.clone();
    *damaged.last_mut().expect("a byte") ^= 1;
    assert_eq!(flaw(damaged, name), Some(Flaw::Checksum));

    let mut unsorted = rows(3);
    unsorted.reverse();
    let unsorted = make_pack("x", DIMENSION, &unsorted);
    assert_eq!(flaw(unsorted.bytes, &unsorted.name), Some(Flaw::Unsorted));

    let with = |value: f32| {
        let mut rows = rows(2);
        rows[1].1 = [value; DIMENSION]
            .iter()
            .flat_map(|value| f16::from_f32(*value).to_le_bytes())
            .collect();
        let pack = make_pack("x", DIMENSION, &rows);
        flaw(pack.bytes, &pack.name)
    };
    assert_eq!(with(f32::NAN), Some(Flaw::NotFinite));
    assert_eq!(with(f32::INFINITY), Some(Flaw::NotFinite));
    assert!(matches!(with(1.0), Some(Flaw::Length(_))));
    assert!(matches!(with(0.0), Some(Flaw::Length(_))));
    assert_eq!(with((DIMENSION as f32).sqrt().recip()), None);

    let head = PackHead::read(&whole.bytes, name).expect("a head");
    let size = whole.bytes.len() as u64;
    assert_eq!(head.check(size, DIMENSION), Ok(()));
    let (found, wanted) = (DIMENSION, 384);
    assert_eq!(
        head.check(size, 384),
        Err(Flaw::Dimension { found, wanted })
    );
}

#[test]
fn a_writer_cannot_write_on_the_terminal() {
    let pack = make_pack("a\u{1b}[2J\u{202e}b\n@h", DIMENSION, &rows(1));
    let head = PackHead::read(&pack.bytes, &pack.name).expect("a head");
    assert_eq!(head.writer, "a?[2J?b?@h");
}

#[test]
fn only_unit_vectors_are_written() {
    assert_eq!(encode(&[f32::NAN, 0.0]), None);
    assert_eq!(encode(&[2.0, 0.0]), None);
    assert_eq!(encode(&[0.0, 0.0]), None);
    assert!(encode(&word_vector("a b")).is_some());
}

/// Demands that a pack is refused, or that each of its vectors is one.
fn assert_harmless(bytes: &[u8], name: &str) {
    let WholePack::Sound { head, bytes } = check_whole(bytes.to_vec(), name) else {
        return;
    };
    for row in bytes[head.bytes()..].chunks(2 * head.dimension) {
        let vector = decode(row).expect("a vector that was checked");
        assert_eq!(vector.len(), head.dimension);
        let length: f64 = vector.iter().map(|value| f64::from(*value).powi(2)).sum();
        assert!((length.sqrt() - 1.0).abs() < 1e-5, "length {length}");
    }
}

/// The name that whoever made some bytes would give them, if they have the head of a pack.
fn own_name(bytes: &[u8], count: usize, writer: usize) -> String {
    let head = 17 + writer + 16 * count + 16 * count.div_ceil(64);
    let head = &bytes[..head.min(bytes.len())];
    blake3::hash(head).to_hex()[..32].to_owned()
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_no_vector_is_wrong(
        count in 1usize..130,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let pack = pack(count);
        let mut bytes = pack.bytes;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(length.index(bytes.len()));
        }
        assert_harmless(&bytes, &pack.name);
        assert_harmless(&bytes, &own_name(&bytes, count, "ann@desk".len()));
    }

    #[test]
    fn whatever_the_halves_are_no_vector_is_wrong(
        halves in prop::collection::vec(any::<u16>(), 4 * 8),
    ) {
        let rows: Vec<(StoredKey, Vec<u8>)> = (0u8..)
            .zip(halves.chunks(8))
            .map(|(number, halves)| {
                let bytes = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
                ([number; 16], bytes)
            })
            .collect();
        let pack = make_pack("x", 8, &rows);
        assert_harmless(&pack.bytes, &pack.name);
        for (_, bytes) in rows {
            if let Ok(vector) = decode(&bytes) {
                let length: f32 = vector.iter().map(|value| value * value).sum();
                prop_assert!((length - 1.0).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let name = own_name(&bytes, 1, 0);
        prop_assert!(flaw(bytes, &name).is_some());
    }
}
