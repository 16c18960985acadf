//! Bytes into texts and back.

use proptest::prelude::*;

use super::*;
use crate::jail::hash_of;

fn file(bytes: &[u8]) -> Result<TextFile, JailError> {
    TextFile::decode(FileBytes {
        bytes: Arc::new(bytes.to_vec()),
        hash: hash_of(bytes),
        mode: None,
        path: WorkspacePath::of_folder("a.txt"),
    })
}

fn text(bytes: &[u8]) -> TextFile {
    file(bytes).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_shape_is_told() {
    let shape = |bytes: &[u8]| text(bytes).shape;
    let plain = TextShape {
        encoding: Encoding::Utf8,
        bom: false,
        newline: Newline::Lf,
        final_newline: true,
        is_lossy: false,
    };
    assert_eq!(shape(b"a\nb\n"), plain);
    assert_eq!(
        shape(b"a\r\nb\r\n"),
        TextShape {
            newline: Newline::CrLf,
            ..plain
        }
    );
    assert_eq!(
        shape(b"\xef\xbb\xbfa\r\nb\n"),
        TextShape {
            bom: true,
            newline: Newline::Mixed,
            ..plain
        }
    );
    assert_eq!(
        shape(b"caf\xe9"),
        TextShape {
            final_newline: false,
            is_lossy: true,
            ..plain
        }
    );
    assert_eq!(
        shape(b""),
        TextShape {
            final_newline: false,
            ..plain
        }
    );
}

#[test]
fn what_is_no_text_is_refused() {
    for bytes in [
        &b"a\0b"[..],
        b"\xff\xfe\0\0a\0",
        b"\xfe\xff\0\0\0a",
        b"\x7fELF\x02\x01\x01\0",
    ] {
        let error = file(bytes).expect_err("no text");
        assert!(matches!(error, JailError::NotText { .. }), "{error}");
    }
    assert!(text(b"caf\xe9").check_editable().is_err());
    assert!(text("café".as_bytes()).check_editable().is_ok());
}

#[test]
fn other_encodings_are_read_and_written_back() {
    for (mark, encoding) in [
        (&b"\xff\xfe"[..], Encoding::Utf16Le),
        (b"\xfe\xff", Encoding::Utf16Be),
        (b"\xff\xfe\0\0", Encoding::Utf32Le),
        (b"\0\0\xfe\xff", Encoding::Utf32Be),
    ] {
        let bytes = |text: &str| [mark, &encode(text, encoding)].concat();
        for line_end in ["\n", "\r\n"] {
            let file = text(&bytes(&format!("int é = 1;{line_end}// 🙂{line_end}")));
            assert_eq!(file.text, "int é = 1;\n// 🙂\n");
            assert_eq!(file.shape.encoding, encoding);
            file.check_editable().expect("editable");
            let expected = bytes(&format!("int ü = 2;{line_end}// 🙂{line_end}"));
            assert_eq!(file.bytes_of("int ü = 2;\n// 🙂\n"), expected);
        }
        let mixed = text(&bytes("a\r\nb\nc\r\n"));
        assert_eq!(mixed.bytes_of("a\nB\nc\n"), bytes("a\r\nB\nc\r\n"));
        if matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be) {
            let odd = text(&[&bytes("a")[..], b"b"].concat());
            assert!(odd.check_editable().is_err());
        }
    }
}

#[test]
fn line_ends_and_the_mark_stay() {
    let windows = text(b"\xef\xbb\xbfone\r\ntwo\r\n");
    assert_eq!(windows.text, "one\ntwo\n");
    assert_eq!(
        windows.bytes_of("one\n2\nthree\n"),
        b"\xef\xbb\xbfone\r\n2\r\nthree\r\n"
    );
    // A model that writes them itself does not double them.
    assert_eq!(
        windows.bytes_of("\u{feff}one\r\n2\r\n"),
        b"\xef\xbb\xbfone\r\n2\r\n"
    );
    let unix = text(b"one\ntwo\n");
    assert_eq!(unix.bytes_of("one\r\n2\r\n"), b"one\n2\n");
    assert_eq!(unix.bytes_of("one\n2"), b"one\n2\n", "the last one stays");
    assert_eq!(unix.bytes_of(""), b"");
    let open = text(b"one\ntwo");
    assert_eq!(open.bytes_of("one\n2"), b"one\n2");
    assert_eq!(open.as_written("1\r\n2"), "1\n2");
}

#[test]
fn untouched_lines_of_a_mixed_file_stay() {
    let mixed = text(b"a\r\nb\nc\r\nd\ne");
    assert_eq!(mixed.text, "a\nb\nc\nd\ne");
    assert_eq!(mixed.bytes_of("a\nb\nc\nd\ne"), b"a\r\nb\nc\r\nd\ne");
    assert_eq!(mixed.bytes_of("a\nB\nc\nd\ne"), b"a\r\nB\nc\r\nd\ne");
    assert_eq!(mixed.bytes_of("a\nb\nC\nd\ne"), b"a\r\nb\nC\r\nd\ne");
    assert_eq!(
        mixed.bytes_of("a\nx\nb\nc\nd\ne"),
        b"a\r\nx\r\nb\nc\r\nd\ne"
    );
    assert_eq!(mixed.bytes_of("b\nc\nd\ne"), b"b\nc\r\nd\ne");
    assert_eq!(
        mixed.bytes_of("a\nb\nc\nd\ne\nf\n"),
        b"a\r\nb\nc\r\nd\ne\nf\n"
    );
}

#[test]
fn bytes_that_are_no_text_stay_where_nothing_changes() {
    let latin = text(b"caf\xe9\nb\n");
    assert_eq!(latin.bytes_of("caf\u{fffd}\nB\n"), b"caf\xe9\nB\n");
}

proptest! {
    #[test]
    fn a_text_that_does_not_change_has_the_same_bytes(
        bytes in prop::collection::vec(
            prop::sample::select(vec![b'a', b'b', b' ', b'\r', b'\n', 0xe9, 0xc3, 0xbb, 0xef, 0xbf]),
            0..60,
        )
    ) {
        if let Ok(text) = file(&bytes) {
            prop_assert_eq!(text.bytes_of(&text.text), bytes);
        }
    }

    #[test]
    fn what_is_written_reads_as_it_was_shown(
        old in "[ab\r\n\u{feff}]{0,30}",
        new in "[abc\r\n]{0,30}",
    ) {
        let old = text(old.as_bytes());
        let shown = old.as_written(&new).into_owned();
        prop_assert_eq!(&old.as_written(&shown), &shown);
        let written = text(&old.bytes_of(&new));
        // A carriage return more than a line end has is kept where the file had some before.
        if !old.text.contains("\r\n") {
            prop_assert_eq!(written.text, shown);
        }
    }
}
