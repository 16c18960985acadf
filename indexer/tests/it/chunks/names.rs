//! What a chunk is named after, and the header that says where it stands.

use ollacode_indexer::ChunkKind;
use ollacode_indexer::chunk::header;
use ollacode_indexer::language::LANGUAGES;
use ollacode_indexer::parse::FileParser;

use super::shape;
use crate::support::{assert_covers, chunk, cut_once, fixture};

#[test]
fn chunks_name_the_definitions_that_begin_in_them() {
    for language in &LANGUAGES {
        let (path, text) = fixture(language);
        let outline = FileParser::default().outline(language, &text).unwrap();
        let chunks = cut_once(&path, &text).chunks;
        let expected: Vec<&str> = outline
            .definitions
            .iter()
            .map(|d| d.name.as_str())
            .collect();
        let named: Vec<&str> = chunks
            .iter()
            .flat_map(|c| &c.definitions)
            .map(|n| &**n)
            .collect();
        assert_eq!(named, expected, "{path}");
        for chunk in &chunks {
            let lines = chunk.start_line as usize..=chunk.end_line as usize;
            let mut starting = outline
                .definitions
                .iter()
                .filter(|d| lines.contains(&(d.start_row + 1)));
            match &chunk.symbol {
                Some(symbol) => assert!(
                    starting.any(|d| d.name == *symbol && d.kind == chunk.kind),
                    "{path}: {symbol} does not begin in {lines:?}"
                ),
                None => assert_eq!(chunk.kind, ChunkKind::Block, "{path}: {lines:?}"),
            }
        }
    }
}

#[test]
fn a_chunk_is_named_after_its_type_or_function_before_a_longer_impl() {
    let shop = "pub struct Shop {\n    goods: u32,\n}\n\n";
    let selling = "impl Shop {\n    fn sell(&self) {}\n\n    fn buy(&self) {}\n}\n";
    let function = "fn open() {}\n\n";
    let longer = "fn close() {\n    lock();\n}\n\n";
    let constant = "const MOST: u32 = 3;\n\n";
    for (text, expected) in [
        (format!("{shop}{selling}"), "1-9 struct Shop []"),
        (format!("{selling}\n{shop}"), "1-9 struct Shop []"),
        (format!("{function}{selling}"), "1-7 function open []"),
        (
            format!("{function}{longer}{selling}"),
            "1-11 function close []",
        ),
        // Its own methods are no reason to rename it, and one line of a constant is none.
        (selling.to_owned(), "1-5 impl Shop []"),
        (format!("{selling}\n{selling}"), "1-11 impl Shop []"),
        (format!("{constant}{selling}"), "1-7 impl Shop []"),
    ] {
        let cut = cut_once("a.rs", &text);
        assert_covers(&text, &cut);
        let shapes: Vec<String> = cut.chunks.iter().map(shape).collect();
        assert_eq!(shapes, [expected], "{text}");
    }
}

#[test]
fn the_header_holds_the_stem_twice_and_three_folders() {
    let mut piece = chunk("one/two/three/four/http_client.test.ts", 1, "x");
    piece.scope = vec!["class Client".to_owned(), "get".to_owned()];
    assert_eq!(
        header(&piece),
        "two three four http_client http_client class Client get"
    );
    assert_eq!(header(&chunk("main.rs", 1, "x")).trim(), "main main");
    assert_eq!(header(&chunk(".bashrc", 1, "x")).trim(), ".bashrc .bashrc");
}
