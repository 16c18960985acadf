//! Texts are made to fit into a model's window, and nothing of them is lost.

use ollacode_indexer::embed::{
    content_key, document, document_head, estimated_tokens, parts, split,
};
use ollacode_indexer::{Chunk, EmbeddingModel};
use proptest::prelude::*;

use crate::support::chunk;

fn piece(scope: &[&str], symbol: Option<&str>, text: &str) -> Chunk {
    let mut piece = chunk("src/a.rs", 1, text);
    piece.scope = scope.iter().map(|&label| label.to_owned()).collect();
    piece.symbol = symbol.map(str::to_owned);
    piece
}

#[test]
fn a_document_is_the_place_and_the_text() {
    let method = piece(&["mod net", "impl Server"], Some("run"), "fn run() {}");
    assert_eq!(
        document(&method),
        "mod net > impl Server > run\nfn run() {}"
    );
    assert_eq!(
        document(&piece(&[], Some("run"), "fn run() {}")),
        "run\nfn run() {}"
    );
    assert_eq!(
        document(&piece(&["fn run"], None, "work();")),
        "fn run\nwork();"
    );
    assert_eq!(document(&piece(&[], None, "work();")), "work();");
}

#[test]
fn moving_a_file_costs_no_embedding() {
    let here = piece(&["impl Server"], Some("run"), "fn run() {}");
    let moved = Chunk {
        path: "lib/b.rs".to_owned(),
        start_line: 7,
        end_line: 7,
        ..here.clone()
    };
    assert_eq!(content_key(&here), content_key(&moved));
    for other in [
        Chunk {
            text: "fn run() { }".to_owned(),
            ..here.clone()
        },
        Chunk {
            symbol: None,
            ..here.clone()
        },
        Chunk {
            scope: vec!["impl Client".to_owned()],
            ..here.clone()
        },
    ] {
        assert_ne!(content_key(&here), content_key(&other));
    }
}

#[test]
fn models_whose_vectors_differ_have_other_fingerprints() {
    let model = EmbeddingModel {
        weights: None,
        name: "mini".to_owned(),
        digest: "a1".to_owned(),
        dimension: 384,
        window: 256,
        template: "passage: ".to_owned(),
    };
    let fingerprint = model.fingerprint();
    assert_eq!(fingerprint.len(), 16);
    assert!(fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let wider = EmbeddingModel {
        window: 512,
        ..model.clone()
    };
    assert_eq!(wider.fingerprint(), fingerprint);
    for other in [
        EmbeddingModel {
            name: "maxi".to_owned(),
            ..model.clone()
        },
        EmbeddingModel {
            digest: "b2".to_owned(),
            ..model.clone()
        },
        EmbeddingModel {
            dimension: 768,
            ..model.clone()
        },
        EmbeddingModel {
            template: String::new(),
            ..model.clone()
        },
        // The border between two fields counts.
        EmbeddingModel {
            name: "minia".to_owned(),
            digest: "1".to_owned(),
            ..model.clone()
        },
    ] {
        assert_ne!(other.fingerprint(), fingerprint, "{other:?}");
    }
}

#[test]
fn tokens_are_rather_estimated_too_high() {
    // Text, and its tokens in the vocabulary of BERT, with the two marks around it.
    let cases = [
        ("", 2),
        ("hello world", 4),
        ("fn main() {}", 8),
        ("x = 12345", 5),
        ("日本語", 5),
    ];
    for (text, tokens) in cases {
        let estimate = estimated_tokens(text);
        assert!(estimate >= tokens, "{text:?}: {estimate} < {tokens}");
        assert!(estimate <= 2 + 2 * text.len(), "{text:?}: {estimate}");
    }
}

#[test]
fn what_fits_is_one_text() {
    let small = piece(&["impl Server"], Some("run"), "fn run() {}");
    let texts = parts(&small, 512, |text| format!("passage: {text}"));
    assert_eq!(texts, ["passage: impl Server > run\nfn run() {}"]);
}

#[test]
fn every_part_begins_with_the_place() {
    let long = piece(
        &["impl Server"],
        Some("run"),
        &"let total = price * amount;\n".repeat(60),
    );
    let texts = parts(&long, 128, str::to_owned);
    assert!(texts.len() > 2, "{} parts", texts.len());
    for text in &texts {
        assert!(text.starts_with("impl Server > run\nlet total"), "{text}");
    }
}

#[test]
fn a_text_without_a_place_gets_no_empty_line() {
    let long = piece(&[], None, &"let total = price * amount;\n".repeat(60));
    for text in parts(&long, 128, str::to_owned) {
        assert!(text.starts_with("let total"), "{text:?}");
    }
}

#[test]
fn a_place_that_leaves_no_room_is_left_out() {
    let deep = "impl Very<Long<Type<Name>>> for Another<Long<Type<Name>>>";
    let long = piece(&[deep, deep, deep], Some("run"), &"work(1);\n".repeat(60));
    let texts = parts(&long, 64, str::to_owned);
    assert!(texts.len() > 1);
    for text in &texts {
        assert!(text.starts_with("work(1)"), "{text}");
        assert!(estimated_tokens(text) <= 64);
    }
}

fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => "[a-z_(){};=., 0-9]{0,80}",
        2 => "\\PC{0,60}",
        1 => "[a-z]{0,900}",
        1 => "[!-/:-@]{0,600}",
        1 => "[ \\t]{0,40}",
        1 => "[あ-ん🦀é]{0,300}",
    ];
    prop::collection::vec(line, 0..20).prop_map(|lines| lines.join("\n"))
}

fn solid(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_whitespace())
        .collect()
}

/// What models put before a text.
const PREFIXES: &[&str] = &["", "passage: ", "doc "];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn parts_fit_the_window_and_lose_nothing(
        text in text(),
        window in 16usize..512,
        prefix in prop::sample::select(PREFIXES),
        has_place in any::<bool>(),
    ) {
        let chunk = match has_place {
            true => piece(&["impl Zed9"], Some("zed_9"), &text),
            false => piece(&[], None, &text),
        };
        let head = format!("{}\n", document_head(&chunk));
        let mut held = String::new();
        for part in parts(&chunk, window, |text| format!("{prefix}{text}")) {
            let tokens = estimated_tokens(&part);
            prop_assert!(tokens <= window, "{} tokens: {:?}", tokens, part);
            let part = part.strip_prefix(prefix);
            prop_assert!(part.is_some());
            let part = part.unwrap_or_default();
            held += part.strip_prefix(head.as_str()).unwrap_or(part);
        }
        prop_assert_eq!(solid(&held), solid(&text));
    }

    #[test]
    fn ranges_are_in_order_and_between_characters(text in text(), room in 1usize..300) {
        let mut end = 0;
        for range in split(&text, room) {
            prop_assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
            prop_assert!(range.start >= end && range.start < range.end);
            prop_assert!(text[end..range.start].trim().is_empty());
            prop_assert!(!text[range.clone()].trim().is_empty());
            end = range.end;
        }
        prop_assert!(text[end..].trim().is_empty());
    }

    #[test]
    fn any_text_is_split_between_characters(text in any::<String>(), room in 1usize..40) {
        let held: String = split(&text, room).into_iter().map(|range| &text[range]).collect();
        prop_assert_eq!(solid(&held), solid(&text));
    }

    #[test]
    fn a_text_has_no_more_tokens_than_its_pieces(left in text(), right in text()) {
        let whole = estimated_tokens(&format!("{left}{right}"));
        prop_assert!(whole <= estimated_tokens(&left) + estimated_tokens(&right));
        prop_assert!(whole >= estimated_tokens(&left));
    }
}
