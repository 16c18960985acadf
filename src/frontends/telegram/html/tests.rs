use super::rich;

fn html(markdown: &str) -> String {
    rich(markdown).html()
}

#[test]
fn markdown_becomes_what_telegram_has() {
    for (markdown, expected) in [
        ("", ""),
        (
            "a **b** *c* ~~d~~ `e<`",
            "a <b>b</b> <i>c</i> <s>d</s> <code>e&lt;</code>",
        ),
        (
            "# A `b` c\n\ntext",
            "<b>A </b><code>b</code><b> c</b>\n\ntext",
        ),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        (
            "see:\n\n```Rust,ignore\nfn a() {\n\n\tb();\n}\n```\nend",
            "see:\n\n<pre><code class=\"language-rust\">fn a() {\n\n    b();\n}</code></pre>\n\nend",
        ),
        ("```\nunclosed <b>", "<pre>unclosed &lt;b&gt;</pre>"),
        ("    indented", "<pre>indented</pre>"),
        ("```\"><b>\nx\n```", "<pre>x</pre>"),
        (
            "- a\n- b\n  - c\n    1. d\n- e",
            "• a\n• b\n  • c\n    1. d\n• e",
        ),
        ("3. a\n4. b\n\ntext", "3. a\n4. b\n\ntext"),
        ("- [x] a\n- [ ] b", "• ☑ a\n• ☐ b"),
        ("> a\n>\n> > b\n\nc", "<blockquote>a\n\nb</blockquote>\n\nc"),
        ("***both***", "<b><i>both</i></b>"),
        ("**a *b***", "<b>a <i>b</i></b>"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
        (
            "| a | long |\n|---|---|\n| `x` | **y** |\n",
            "<pre>a │ long\n──┼─────\nx │ y</pre>",
        ),
        (
            "<b>x</b> & <script>",
            "&lt;b&gt;x&lt;/b&gt; &amp; &lt;script&gt;",
        ),
        ("<div>\nx\n</div>\n\nt", "&lt;div&gt;\nx\n&lt;/div&gt;\n\nt"),
        ("&#x202e;&nbsp;&lt;", "\\u{202e}\u{a0}&lt;"),
        (
            "bell\u{7} \u{1b}[31m\u{202e}x",
            "bell\\u{7} \\u{1b}[31m\\u{202e}x",
        ),
    ] {
        assert_eq!(html(markdown), expected, "{markdown:?}");
    }
}

#[test]
fn links_say_where_they_lead() {
    for (markdown, expected) in [
        (
            "[a](https://x.org/?a=1&b=\")",
            "<a href=\"https://x.org/?a=1&amp;b=&quot;\">a</a>",
        ),
        ("[`f`](https://x.org)", "<a href=\"https://x.org\">f</a>"),
        (
            "<https://x.org>",
            "<a href=\"https://x.org\">https://x.org</a>",
        ),
        (
            "[https://good.org](https://bad.org)",
            "<a href=\"https://bad.org\">https://good.org</a> (https://bad.org)",
        ),
        (
            "[good.org](https://bad.org)",
            "<a href=\"https://bad.org\">good.org</a> (https://bad.org)",
        ),
        ("[a](tg://user?id=1)", "a (tg://user?id=1)"),
        ("[a](javascript:alert)", "a (javascript:alert)"),
        (
            "[a](https://good.org@bad.org)",
            "a (https://good.org@bad.org)",
        ),
        (
            "![](https://x.org/leak?secret)",
            " (https://x.org/leak?secret)",
        ),
        ("![alt](https://x.org)", "<a href=\"https://x.org\">alt</a>"),
        ("[f](src/a.rs)", "f (<code>src/a.rs</code>)"),
        (
            "[![i](https://i.org)](https://x.org)",
            "<a href=\"https://x.org\">i</a>",
        ),
    ] {
        assert_eq!(html(markdown), expected, "{markdown:?}");
    }
}

#[test]
fn places_in_files_are_no_links() {
    for (markdown, expected) in [
        ("see src/a.rs:1-20.", "see <code>src/a.rs:1-20</code>."),
        ("[src/a.rs:3]", "[<code>src/a.rs:3</code>]"),
        (
            "(a.py:7, b.md:1)",
            "(<code>a.py:7</code>, <code>b.md:1</code>)",
        ),
        (
            "**src/a.rs** e.g. 1.5 https://x.org/a.rs",
            "<code>src/a.rs</code> e.g. 1.5 https://x.org/a.rs",
        ),
        ("x::y a:b 12:30", "x::y a:b 12:30"),
    ] {
        assert_eq!(html(markdown), expected, "{markdown:?}");
    }
}
