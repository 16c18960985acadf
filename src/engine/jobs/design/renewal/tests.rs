//! Text of the user survives, whatever happens to the blocks.

use super::*;

fn part(path: &str) -> BlockId {
    BlockId::Part(path.to_owned())
}

fn made(path: &str, body: &str) -> (BlockId, String) {
    (part(path), block(&part(path), ("cafe", "1.2"), body))
}

/// The text of the user in a document, joined.
fn foreign(text: &str) -> String {
    let found = segments(text).expect("marks that fit");
    let foreign = found.iter().filter_map(|segment| match segment {
        Segment::Foreign(text) => Some(*text),
        Segment::Block(_) => None,
    });
    foreign.collect()
}

/// The blocks in a document: their part and body.
fn bodies(text: &str) -> Vec<(BlockId, String)> {
    let found = segments(text).expect("marks that fit");
    let blocks = found.into_iter().filter_map(|segment| match segment {
        Segment::Block(block) => Some((block.id, block.body.trim().to_owned())),
        Segment::Foreign(_) => None,
    });
    blocks.collect()
}

#[test]
fn a_block_is_read_as_it_was_written() {
    for path in [
        "",
        "src/a",
        "a b",
        "-->",
        "a--b---",
        "\"",
        "ü/한글",
        "100%",
        "%41",
        "\n",
    ] {
        let text = block(&part(path), ("cafe", "1.2"), "## Title\n\nWords.\n");
        let found = segments(&text).expect("marks that fit");
        let [Segment::Block(found)] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(found.id, part(path));
        assert_eq!(found.lines, "1.2");
        assert_eq!(
            (found.outline.as_str(), found.whole),
            ("cafe", text.as_str())
        );
        assert!(found.is_untouched);
        assert_eq!(found.body, "\n## Title\n\nWords.\n\n");
        let mark = text.lines().next().expect("a mark");
        // It is one comment of HTML, and nothing ends it early.
        assert_eq!(mark.find("--").map(|at| &mark[..at]), Some("<!"));
        assert_eq!(mark.matches("--").count(), 2, "{mark}");
    }
}

#[test]
fn a_body_cannot_end_its_block() {
    let hostile = format!("Words.\n{END}\n# Mine\n{MARK}overview -->\n{MARK}part=\"x\" -->");
    let text = block(&BlockId::Overview, ("", ""), &hostile);
    let found = segments(&text).expect("marks that fit");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn what_somebody_changed_is_seen() {
    let text = block(&part("a"), ("cafe", ""), "Words.\n\nMore.");
    let is_untouched = |text: &str| match &segments(text).expect("marks that fit")[..] {
        [Segment::Block(block)] => block.is_untouched,
        other => panic!("{other:?}"),
    };
    assert!(is_untouched(&text));
    assert!(is_untouched(&text.replace('\n', "\r\n")));
    assert!(!is_untouched(&text.replace("More.", "Less.")));
    assert!(!is_untouched(&text.replace("text=", "was=")));
}

#[test]
fn blocks_are_replaced_where_they_stand_and_new_ones_follow_their_neighbour() {
    let old = format!(
        "# Mine\n{}between\n{}after",
        made("a", "old a").1,
        made("c", "old c").1
    );
    let segments = segments(&old).expect("marks that fit");
    let fresh = [made("a", "new a"), made("b", "new b"), made("d", "new d")];
    let text = renewed(&segments, &fresh);
    // The block of `c` is gone.
    let expected = [
        (part("a"), "new a".to_owned()),
        (part("b"), "new b".to_owned()),
        (part("d"), "new d".to_owned()),
    ];
    assert_eq!(bodies(&text), expected);
    assert_eq!(foreign(&text), "# Mine\nbetween\nafter");
    let first = renewed(&segments, &[made("0", "first"), made("c", "same")]);
    assert_eq!(bodies(&first)[0].0, part("0"));
    assert!(first.starts_with("# Mine\n<!-- "), "{first}");
}

#[test]
fn marks_without_an_end_are_an_error_and_marks_in_code_are_text() {
    let open = format!("a\n\n{MARK}overview -->\ntext\n");
    let error = segments(&open).expect_err("an open block");
    assert!(error.to_string().contains("line 3"), "{error}");
    let shown = format!("~~~\n{MARK}overview -->\n~~~\n{END}\n");
    assert_eq!(segments(&shown), Ok(vec![Segment::Foreign(&shown)]));
    // A copy of a block is text of the user.
    let twice = format!("{0}{0}", made("a", "x").1);
    let found = segments(&twice).expect("marks that fit");
    assert!(
        matches!(found[..], [Segment::Block(_), Segment::Foreign(_)]),
        "{found:?}"
    );
    for text in [
        "",
        "\n",
        "no marks",
        "<!-- ollacode:design -->",
        "<!-- ollacode:design part=\"%f\" -->",
    ] {
        assert_eq!(foreign(text), text);
    }
}

/// Numbers that look drawn and are the same in every run (xorshift64*).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap_or(usize::MAX) % limit
    }
}

/// Text of a user: whole lines, of which the last one of a document may have no end.
fn user_text(draw: &mut Draw, is_last: bool) -> String {
    const PIECES: &[&str] = &[
        "",
        "# Title",
        "text",
        "\r",
        "| a | b |",
        "<!-- note -->",
        "<!-- ollacode:facts -->",
        "`x`",
        "ü한글",
        "  ",
        "- list",
        "-->",
        "<!--",
        "<!-- ollacode:other end -->",
    ];
    let lines = (0..draw.below(5)).map(|_| format!("{}\n", PIECES[draw.below(PIECES.len())]));
    let mut text: String = lines.collect();
    if is_last && draw.below(2) == 0 {
        text.push_str("the end");
    }
    text
}

#[test]
fn text_of_the_user_stays_byte_by_byte() {
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
    let names = ["a", "b", "c", "d", "e", "f"];
    for round in 0..2_000 {
        let mut old = String::new();
        let mut kept = String::new();
        let mut known = 0;
        for name in names {
            let text = user_text(&mut draw, false);
            old.push_str(&text);
            kept.push_str(&text);
            if draw.below(3) > 0 {
                old.push_str(&made(name, &format!("old {round}")).1);
                known += 1;
            }
        }
        if known == 0 {
            continue;
        }
        let text = user_text(&mut draw, true);
        old.push_str(&text);
        kept.push_str(&text);
        assert_eq!(foreign(&old), kept, "{old:?}");
        let wanted = names.into_iter().filter(|_| draw.below(3) > 0);
        let fresh: Vec<(BlockId, String)> = wanted
            .map(|name| made(name, &format!("new {round}")))
            .collect();
        let segments = segments(&old).expect("marks that fit");
        let new = renewed(&segments, &fresh);
        let mut left = foreign(&new);
        // Only the last line may have got an end, where a block follows it.
        if left.len() > kept.len() {
            left.pop();
        }
        assert_eq!(left, kept, "{old:?}\n{new:?}");
        let mut of_new: Vec<BlockId> = bodies(&new).into_iter().map(|(id, _)| id).collect();
        of_new.sort();
        let mut wanted: Vec<BlockId> = fresh.iter().map(|(id, _)| id.clone()).collect();
        wanted.sort();
        assert_eq!(of_new, wanted, "{old:?}\n{new:?}");
        // Once more changes nothing.
        let again = super::segments(&new).expect("marks that fit");
        let blocks = again
            .iter()
            .any(|segment| matches!(segment, Segment::Block(_)));
        assert!(!blocks || renewed(&again, &fresh) == new);
    }
}
