//! Bytes in, text out, and back: UTF-8, or what a byte-order mark says.

use std::borrow::Cow;

/// How a text is written as bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Without a mark, or with the one of UTF-8.
    #[default]
    Utf8,
    /// Two bytes a unit, the lower one first.
    Utf16Le,
    /// Two bytes a unit, the higher one first.
    Utf16Be,
    /// Four bytes a character, the lowest one first.
    Utf32Le,
    /// Four bytes a character, the highest one first.
    Utf32Be,
}

/// Byte-order marks. That of UTF-32 begins like that of UTF-16, so it is looked for first.
const MARKS: &[(&[u8], Encoding)] = &[
    (b"\xef\xbb\xbf", Encoding::Utf8),
    (b"\xff\xfe\0\0", Encoding::Utf32Le),
    (b"\0\0\xfe\xff", Encoding::Utf32Be),
    (b"\xff\xfe", Encoding::Utf16Le),
    (b"\xfe\xff", Encoding::Utf16Be),
];

/// A text that was taken out of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'bytes> {
    /// Without a byte-order mark. What could not be read is U+FFFD.
    pub text: Cow<'bytes, str>,
    /// How it was written.
    pub encoding: Encoding,
    /// The length of the byte-order mark; 0 if there was none.
    pub mark: usize,
    /// Whether some bytes could not be read.
    pub is_lossy: bool,
}

/// Takes the text out of bytes. Whether it is one is not looked at: it may have NUL in it.
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    let marked = MARKS.iter().find(|(mark, encoding)| {
        let is_wide = matches!(encoding, Encoding::Utf32Le | Encoding::Utf32Be);
        bytes.starts_with(mark) && (!is_wide || bytes.len().is_multiple_of(4))
    });
    let (mark, encoding) = marked.map_or((0, Encoding::Utf8), |(mark, encoding)| {
        (mark.len(), *encoding)
    });
    let body = &bytes[mark..];
    let (text, is_lossy) = match encoding {
        Encoding::Utf8 => {
            let text = String::from_utf8_lossy(body);
            let is_lossy = matches!(text, Cow::Owned(_));
            (text, is_lossy)
        }
        Encoding::Utf16Le => from_utf16(body, u16::from_le_bytes),
        Encoding::Utf16Be => from_utf16(body, u16::from_be_bytes),
        Encoding::Utf32Le => from_utf32(body, u32::from_le_bytes),
        Encoding::Utf32Be => from_utf32(body, u32::from_be_bytes),
    };
    Decoded {
        text,
        encoding,
        mark,
        is_lossy,
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (Cow<'static, str>, bool) {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut is_lossy = !rest.is_empty();
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|character| {
            is_lossy |= character.is_err();
            character.unwrap_or(char::REPLACEMENT_CHARACTER)
        })
        .collect();
    (Cow::Owned(text), is_lossy)
}

fn from_utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> (Cow<'static, str>, bool) {
    let (units, rest) = bytes.as_chunks::<4>();
    let mut is_lossy = !rest.is_empty();
    let text = units
        .iter()
        .map(|bytes| {
            let character = char::from_u32(unit(*bytes));
            is_lossy |= character.is_none();
            character.unwrap_or(char::REPLACEMENT_CHARACTER)
        })
        .collect();
    (Cow::Owned(text), is_lossy)
}

/// The bytes of a text, without a byte-order mark.
pub fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_owned(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Utf32Le => text
            .chars()
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect(),
        Encoding::Utf32Be => text
            .chars()
            .flat_map(|c| u32::from(c).to_be_bytes())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mark_names_the_encoding() {
        for (mark, encoding) in MARKS {
            let mut bytes = mark.to_vec();
            bytes.extend(encode("fn é🙂\n", *encoding));
            let decoded = decode(&bytes);
            assert_eq!(decoded.text, "fn é🙂\n");
            assert_eq!((decoded.encoding, decoded.mark), (*encoding, mark.len()));
            assert!(!decoded.is_lossy);
        }
        assert_eq!(decode(b"plain").mark, 0);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for bytes in [
            &b"a\xff"[..],
            b"\xff\xfea\0b",
            b"\xff\xfe\0\xd8",
            b"\xfe\xff\xd8\0",
        ] {
            let decoded = decode(bytes);
            assert!(decoded.is_lossy, "{bytes:?}");
            assert!(decoded.text.ends_with(char::REPLACEMENT_CHARACTER) || decoded.text == "a");
        }
    }

    proptest! {
        #[test]
        fn bytes_of_a_text_give_it_back(text in "\\PC*", index in 0..MARKS.len()) {
            let (mark, encoding) = MARKS[index];
            let bytes = [mark.to_vec(), encode(&text, encoding)].concat();
            let decoded = decode(&bytes);
            prop_assert!(!decoded.is_lossy);
            prop_assert_eq!(decoded.text, text);
        }

        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let decoded = decode(&bytes);
            if !decoded.is_lossy {
                let again = [&bytes[..decoded.mark], &encode(&decoded.text, decoded.encoding)].concat();
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
