//! Generated strings: special characters in various positions.

/// Unicode white space, and what looks like it.
const SPACES: &[char] = &[
    ' ', '\t', '\n', '\u{b}', '\u{c}', '\r', '\u{85}', '\u{a0}', '\u{1680}', '\u{2000}',
    '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}', '\u{2007}', '\u{2008}',
    '\u{2009}', '\u{200a}', '\u{2028}', '\u{2029}', '\u{202f}', '\u{205f}', '\u{3000}', '\u{2800}',
    '\u{180e}', '\u{200b}', '\u{feff}', '\u{3164}',
];

/// Characters with a meaning in Telegram, in Markdown or to the eye.
const SIGNS: &[&str] = &[
    "<",
    "&",
    "\"",
    "`",
    "|",
    "\\",
    "*",
    "]",
    ")",
    "\u{0}",
    "\u{1b}",
    "\r",
    "\u{202e}",
    "\u{200b}",
    "\u{2028}",
    "\u{30a}",
    "\u{fffe}",
    "&#0;",
    "</a>",
    "👩\u{200d}👧",
];

/// Positions of the character.
const PLACES: &[(&str, &str)] = &[
    ("", "word"),
    ("wo", "rd"),
    ("word", ""),
    ("**", "**"),
    ("*a ", " b*"),
    ("~~", "a~~"),
    ("# ", " title"),
    ("- ", " item\n- next"),
    ("> ", " quote"),
    ("[", "](https://x.org)"),
    ("[x](https://x.org/", ")"),
    ("[x](<https://x.org/", "> \"t\")"),
    ("![", "](https://x.org/i.png)"),
    ("`", "`"),
    ("```", "\nx\n```"),
    ("```\n", "\n```"),
    ("| a | b |\n|---|---|\n| ", " | c |"),
    ("src/", ".rs:1-20"),
];

/// Grapheme clusters that must not be split between messages.
const WHOLES: &[&str] = &[
    "🙂",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "🇰🇷",
    "👍🏽",
    "e\u{301}\u{323}",
    "\u{1112}\u{1161}\u{11ab}",
    "1\u{fe0f}\u{20e3}",
    "<",
    "\u{202e}",
    "한",
];

/// All generated strings.
pub fn strings() -> Vec<String> {
    let mut made = spaces();
    for (before, after) in PLACES {
        made.extend(SIGNS.iter().map(|sign| format!("{before}{sign}{after}")));
    }
    made.extend(limits());
    made.extend(long());
    made
}

fn spaces() -> Vec<String> {
    let ways = |space: &char| {
        [
            space.to_string(),
            space.to_string().repeat(3),
            format!("{space}a{space}{space}b{space}"),
            format!("```\n{space}\n```"),
            format!("`{space}`"),
        ]
    };
    SPACES.iter().flat_map(ways).collect()
}

/// Texts close to the message limit, with a cluster across it.
fn limits() -> Vec<String> {
    let mut made = Vec::new();
    for whole in WHOLES {
        for length in [3_997, 3_998, 3_999, 4_000, 4_093, 4_094, 4_095, 4_096] {
            made.push(format!("{}{}", "x".repeat(length), whole.repeat(3)));
        }
    }
    made
}

/// Very long words, lines and blanks, and more styles than a message can have.
fn long() -> Vec<String> {
    let mut made: Vec<String> = [
        "w",
        "字",
        "🙂",
        "👩\u{200d}👧",
        "&",
        "\"",
        "-",
        "=",
        "\u{0}",
    ]
    .iter()
    .map(|sign| sign.repeat(5_000))
    .collect();
    made.push(format!(
        "{}Z{}",
        "x ".repeat(2_000),
        "\u{301}".repeat(3_000)
    ));
    made.push(format!("{}x", " ".repeat(9_000)));
    made.push(format!("```\n{}x\n```", " ".repeat(9_000)));
    made.push(format!("a{}b", "\n".repeat(9_000)));
    made.push(format!("a\n```\n{}\n```\nb", "\n".repeat(9_000)));
    made.push("\u{2800}".repeat(5_000) + "x");
    made.push("**b** *i* ~~s~~ `c` [a](https://x.org) ".repeat(50));
    made.push("**b *i ~~s~~ i* b** ".repeat(40));
    made.push("> *q*\n\n".repeat(150));
    made.push(format!("[x](https://x.org/{}) ", "&".repeat(900)).repeat(20));
    made.push(format!("|a|b|\n|-|-|\n{}", "|`c`|👍🏽|\n".repeat(300)));
    made
}
