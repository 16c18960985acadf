//! What Markdown becomes.

use super::super::checks::{assert_harmless, outline, plain};
use super::*;

fn blocks(text: &str) -> Vec<Node> {
    let rendered = render(text, &Definitions::new(), &mut CodeMemory::default());
    assert_harmless(&rendered.blocks);
    rendered.blocks
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(outline(&blocks(text)), *expected, "{text:?}");
    }
}

#[test]
fn markup_becomes_elements() {
    check(&[
        ("", ""),
        (
            "a **b** *c* ~~d~~ `e<`",
            "<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e<</code></p>",
        ),
        (
            "# A `b` c\n\ntext",
            "<h1>A <code>b</code> c</h1><p>text</p>",
        ),
        (
            "one\ntwo  \nthree\\\nfour",
            "<p>one\ntwo<br/>three<br/>four</p>",
        ),
        ("a\n\n---\n\nb", "<p>a</p><hr/><p>b</p>"),
        (
            "> a\n>\n> > b",
            "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>",
        ),
    ]);
}

#[test]
fn lists_keep_their_numbers() {
    check(&[
        (
            "- a\n- b\n  1. c\n  2. d",
            "<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>",
        ),
        ("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("- [x] a\n- [ ] b", "<ul><li>☑ a</li><li>☐ b</li></ul>"),
    ]);
}

#[test]
fn tables_have_a_head_and_sides() {
    check(&[
        (
            "| a | b |\n|:--|--:|\n| `x` | **y** |\n| z |",
            "<table><thead><tr><th class=\"left\">a</th><th class=\"right\">b</th></tr></thead>\
             <tbody><tr><td class=\"left\"><code>x</code></td>\
             <td class=\"right\"><strong>y</strong></td></tr>\
             <tr><td class=\"left\">z</td><td class=\"right\"/></tr></tbody></table>",
        ),
        (
            "| a |\n|---|",
            "<table><thead><tr><th>a</th></tr></thead></table>",
        ),
    ]);
}

#[test]
fn code_is_code() {
    check(&[
        ("```\na <b>\n```", "<pre><code>a <b>\n</code></pre>"),
        ("```\nunclosed", "<pre><code>unclosed</code></pre>"),
        ("    indented", "<pre><code>indented</code></pre>"),
        (
            "```no-such,x\n*a*\n```",
            "<pre><code class=\"language-no-such\">*a*\n</code></pre>",
        ),
        ("```x.y#\n1\n```", "<pre><code>1\n</code></pre>"),
        ("```\"><b>\nx\n```", "<pre><code>x\n</code></pre>"),
        (
            "- a\n  ```\n  b\n  ```",
            "<ul><li>a<pre><code>b\n</code></pre></li></ul>",
        ),
    ]);
    let rust = outline(&blocks("```Rust,ignore\nlet a = 1;\n```"));
    assert!(
        rust.starts_with("<pre><code class=\"language-rust\"><span class=\"k\">let</span> a"),
        "{rust}"
    );
}

#[test]
fn footnotes_stay_where_they_are() {
    check(&[
        (
            "a[^1]\n\n[^1]: note *b*",
            "<p>a[^1]</p>\
             <blockquote class=\"footnote\"><p>[^1]: note <em>b</em></p></blockquote>",
        ),
        ("a[^2]", "<p>a[^2]</p>"),
        (
            "[^a]:",
            "<blockquote class=\"footnote\">[^a]: </blockquote>",
        ),
        (
            "[^b]: `c`",
            "<blockquote class=\"footnote\"><p>[^b]: <code>c</code></p></blockquote>",
        ),
    ]);
}

#[test]
fn html_is_text_and_nothing_hides() {
    check(&[
        ("<b>x</b> & <script>", "<p><b>x</b> & <script></p>"),
        ("<div>\nx\n</div>\n\nt", "<p><div>\nx\n</div></p><p>t</p>"),
        (
            "<script>\nalert(1)\n\n</script>\n",
            "<p><script>\nalert(1)\n\n</script></p>",
        ),
        ("<!-- a", "<p><!-- a</p>"),
        ("&#x202e;&lt;b&gt;&nbsp;", "<p>\\u{202e}<b>\u{a0}</p>"),
        (
            "a\u{202e}**\u{1b}[2J** `\u{200b}`",
            "<p>a\\u{202e}<strong>\\u{1b}[2J</strong> <code>\\u{200b}</code></p>",
        ),
        ("```\n\u{202e}\n```", "<pre><code>\\u{202e}\n</code></pre>"),
    ]);
}

#[test]
fn links_lead_to_the_web_and_say_where() {
    check(&[
        (
            "[a](https://x.org/?a=1&b=\")",
            "<p><a href=\"https://x.org/?a=1&b=%22\">a</a></p>",
        ),
        (
            "<https://x.org> https://y.org.",
            "<p><a href=\"https://x.org/\">https://x.org</a> \
             <a href=\"https://y.org/\">https://y.org</a>.</p>",
        ),
        (
            "[https://good.org](https://bad.org)",
            "<p><a href=\"https://bad.org/\">https://good.org</a> \
             (<a href=\"https://bad.org/\">https://bad.org</a>)</p>",
        ),
        ("[a](javascript:alert(1))", "<p>a (javascript:alert(1))</p>"),
        ("[a](data:text/html,x)", "<p>a (data:text/html,x)</p>"),
        ("[a](vbscript:x \"t\")", "<p>a (vbscript:x)</p>"),
        ("<javascript:alert(1)>", "<p>javascript:alert(1)</p>"),
        ("[a](//x.org)", "<p>a (//x.org)</p>"),
        (
            "[`f`](https://x.org)",
            "<p><a href=\"https://x.org/\"><code>f</code></a></p>",
        ),
        ("![alt](https://x.org)", "<p>alt</p>"),
        (
            "![](https://x.org/i)",
            "<p><a href=\"https://x.org/i\">https://x.org/i</a></p>",
        ),
        (
            "[![i](https://i.org)](https://x.org)",
            "<p><a href=\"https://x.org/\">i</a></p>",
        ),
        (
            "[a] [b]\n\n[a]: https://x.org",
            "<p><a href=\"https://x.org/\">a</a> [b]</p>",
        ),
    ]);
}

#[test]
fn places_in_files_are_citations() {
    let cite = |path: &str, start: u8, end: u8, text: &str| {
        format!(
            "<cite data-path=\"{path}\" data-start=\"{start}\" data-end=\"{end}\">{text}</cite>"
        )
    };
    let range = cite("src/a.rs", 12, 30, "src/a.rs:12-30");
    let line = cite("src/a.rs", 3, 3, "src/a.rs:3");
    let python = cite("a.py", 7, 7, "a.py:7");
    for (text, expected) in [
        (
            "see `src/a.rs:12-30` and **a.py:7**.",
            format!("<p>see <code>{range}</code> and <strong>{python}</strong>.</p>"),
        ),
        (
            "see src/a.rs:12-30, a.py:7",
            format!("<p>see {range}, {python}</p>"),
        ),
        ("[f](src/a.rs:3)", format!("<p>f ({line})</p>")),
        (
            "[see a.py:7](https://x.org)",
            "<p><a href=\"https://x.org/\">see a.py:7</a></p>".to_owned(),
        ),
        (
            "```\na.py:7\n```",
            "<pre><code>a.py:7\n</code></pre>".to_owned(),
        ),
    ] {
        assert_eq!(outline(&blocks(text)), expected, "{text}");
    }
}

#[test]
fn labels_of_other_texts_are_known() {
    let known = Definitions::from([("b".to_owned(), "https://b.org".to_owned())]);
    let text = "[a][B] [c] [d]\n\n[d]: e\n[D]: f\n[g]: <h>";
    let rendered = render(text, &known, &mut CodeMemory::default());
    assert_eq!(
        outline(&rendered.blocks),
        "<p><a href=\"https://b.org/\">a</a> [c] d (e)</p>"
    );
    let pair = |label: &str, address: &str| (label.to_owned(), address.to_owned());
    assert_eq!(rendered.defined, [pair("d", "e"), pair("g", "h")]);
    assert_eq!(rendered.missing, BTreeSet::from(["c".to_owned()]));
}

#[test]
fn the_last_block_begins_at_a_line() {
    for (text, before) in [
        ("", ""),
        ("a\nb", ""),
        ("a\n\nb\nc", "a\n\n"),
        ("- a\n\n- b\n", ""),
        ("- a\n\n      b\n\n    c\n", ""),
        ("a\n\n    b\n\n    c\n", "a\n\n"),
        ("a\n# b\n", "a\n"),
        ("a\n---\n***\n", "a\n---\n"),
        ("a\n| b |\n|---|\n| c |\n", "a\n"),
        ("```\na\n\n# b\n", ""),
        ("[a]: b\n\nc\n", "[a]: b\n\n"),
        ("[^a]: [^b]: c\n", ""),
    ] {
        assert_eq!(&text[..last_block(text)], before, "{text:?}");
    }
}

#[test]
fn nothing_is_deep() {
    for text in [
        "> ".repeat(10_000) + "x",
        "* ".repeat(3_000) + "x",
        "1. ".repeat(3_000) + "x",
        "> * ".repeat(3_000) + "x",
        format!("{}x{}", "![".repeat(5_000), "](y)".repeat(5_000)),
        format!("{}x{}", "*_".repeat(5_000), "_*".repeat(5_000)),
        "> ".repeat(500) + "```\nx",
        format!("{0}| x |\n{0}|---|", "> ".repeat(500)),
        (0..200).map(|depth| "  ".repeat(depth) + "- x\n").collect(),
    ] {
        let blocks = blocks(&text);
        assert!(plain(&blocks).contains('x'), "{}", &text[..9]);
        let json = serde_json::to_string(&blocks).expect("JSON");
        serde_json::from_str::<serde_json::Value>(&json).expect("not too deep to be read");
    }
}

#[test]
fn few_elements_are_made_and_no_text_is_lost() {
    let cells = format!(
        "|{}\n|{}\n{}",
        "a|".repeat(2_000),
        "---|".repeat(2_000),
        "|b|\n".repeat(100)
    );
    for text in [
        cells,
        "*a* ".repeat(MOST_ELEMENTS),
        "a.rs:1 ".repeat(MOST_ELEMENTS),
        "- b\n".repeat(MOST_ELEMENTS),
    ] {
        let blocks = blocks(&text);
        let json = serde_json::to_string(&blocks).expect("JSON");
        assert!(json.matches(['[']).count() <= 2 * MOST_ELEMENTS);
        let letters = |text: &str| text.matches(['a', 'b']).count();
        assert_eq!(letters(&plain(&blocks)), letters(&text), "{}", &text[..9]);
    }
    // The next block has its own.
    let two = "*a* ".repeat(MOST_ELEMENTS) + "\n\n*b*";
    assert_eq!(outline(&blocks(&two)[1..]), "<p><em>b</em></p>");
}
