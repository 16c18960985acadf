//! Pictures with the text that they show, so that a test can tell whether they are still true.

/// What every picture begins with, and the length of the chunk at its end.
const BEGIN: &[u8] = b"\x89PNG\r\n\x1a\n";
const END: usize = 12;

/// A chunk of text in UTF-8, not compressed, without a language and a translation.
const TEXT: &[u8] = b"iTXt";
const KEY: &[u8] = b"shown\0\0\0\0\0";

/// Adds a text to a picture.
#[track_caller]
pub fn with_text(picture: &[u8], text: &str) -> Vec<u8> {
    assert!(picture.starts_with(BEGIN) && picture.len() > BEGIN.len() + END);
    let (before, end) = picture.split_at(picture.len() - END);
    let content = [TEXT, KEY, text.as_bytes()].concat();
    let length = u32::try_from(content.len() - TEXT.len()).expect("a short text");
    let checksum = checksum(&content).to_be_bytes();
    [before, &length.to_be_bytes(), &content, &checksum, end].concat()
}

/// The text of a picture, if it has one.
pub fn text_of(picture: &[u8]) -> Option<String> {
    let mut rest = picture.strip_prefix(BEGIN)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let content = after.get(..TEXT.len() + length)?;
        let text = content
            .strip_prefix(TEXT)
            .and_then(|it| it.strip_prefix(KEY));
        if let Some(text) = text {
            return String::from_utf8(text.to_vec()).ok();
        }
        rest = after.get(TEXT.len() + length + 4..)?;
    }
}

/// The checksum of a chunk (CRC-32).
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let is_odd = sum & 1 == 1;
            sum = (sum >> 1) ^ if is_odd { 0xEDB8_8320 } else { 0 };
        }
    }
    !sum
}

#[test]
fn a_text_is_kept_in_a_picture() {
    assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    let chunk = |name: &[u8; 4]| [&[0; 4], name.as_slice(), &[0; 4]].concat();
    let picture = [BEGIN, &chunk(b"IHDR"), &chunk(b"IEND")].concat();
    assert_eq!(text_of(&picture), None);
    let told = with_text(&picture, "It says 3 words.");
    assert_eq!(text_of(&told).as_deref(), Some("It says 3 words."));
    assert!(told.ends_with(&chunk(b"IEND")));
}
