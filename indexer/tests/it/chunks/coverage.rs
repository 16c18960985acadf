//! Every line that is not blank is in a chunk, whatever the language or without one.

use ollacode_indexer::chunk::chunk_file;
use ollacode_indexer::language::{LANGUAGES, PLAIN_TEXT};
use ollacode_indexer::parse::FileParser;

use super::shape;
use crate::support::{assert_covers, cut_once, fixture};

#[test]
fn fixtures_are_covered() {
    let mut parser = FileParser::default();
    for language in &LANGUAGES {
        let (path, text) = fixture(language);
        for text in [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
        ] {
            let cut = chunk_file(&mut parser, &path, &text);
            assert_eq!(cut.language, language.name);
            assert_eq!(cut.failure, None, "{path}");
            assert_covers(&text, &cut);
        }
    }
}

#[test]
fn an_empty_file_has_no_chunks() {
    for path in ["a.rs", "a.py", "a.txt", "a.md", "a.yaml"] {
        for text in ["", "\n", " \t\r\n\n  "] {
            let cut = cut_once(path, text);
            assert!(cut.chunks.is_empty(), "{path} {text:?}: {:?}", cut.chunks);
        }
    }
}

#[test]
fn other_texts_are_cut_by_lines() {
    let text = "A paragraph of words.\nIt has two lines.\n\n".repeat(100);
    let cut = cut_once("notes.txt", &text);
    assert_eq!((cut.language, cut.failure), (PLAIN_TEXT, None));
    assert_covers(&text, &cut);
    for chunk in &cut.chunks {
        assert_eq!(
            shape(chunk),
            format!("{}-{} text - []", chunk.start_line, chunk.end_line)
        );
        assert!(
            chunk.text.starts_with("A paragraph"),
            "not cut between paragraphs"
        );
    }
    assert!(cut.chunks.len() > 2);
}
