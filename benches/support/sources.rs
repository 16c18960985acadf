//! A generated workspace: Rust and Python as somebody might have written it, the same in every run.
//!
//! A few words are in most files and many in few, as in real code, so that the lists of the
//! full-text index have realistic lengths. The text only has to parse; it would not compile.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Files of a workspace of the size that targets are given for.
pub const FILES: usize = 3_000;

/// How old a written file is made: the time of one that is younger is not trusted yet.
const AGE: Duration = Duration::from_secs(3_600);

const VERBS: &[&str] = &[
    "read", "write", "load", "store", "find", "merge", "split", "parse", "render", "collect",
    "update", "remove", "insert", "resolve", "check", "build", "open", "close", "send", "receive",
    "encode", "decode", "filter", "sort", "count", "flush", "reserve", "release", "attach",
    "detach", "compare", "convert", "measure", "schedule", "cancel", "retry", "expand", "reduce",
];

/// The most frequent ones first.
const NOUNS: &[&str] = &[
    "value", "index", "buffer", "node", "name", "path", "entry", "state", "result", "config",
    "request", "response", "field", "item", "event", "stream", "record", "table", "column",
    "query", "cursor", "batch", "chunk", "range", "offset", "length", "version", "schema", "cache",
    "session", "channel", "message", "header", "packet", "frame", "window", "layout", "widget",
    "shape", "point", "edge", "graph", "vertex", "matrix", "vector", "kernel", "worker", "thread",
    "queue", "task", "timer", "clock", "signal", "handler", "router", "server", "client", "socket",
    "address", "domain", "account", "invoice", "ledger", "payment", "order", "product", "basket",
    "customer", "report", "template", "document", "section", "margin", "symbol", "scanner",
    "grammar", "syntax", "literal", "operand", "register", "segment", "archive", "backup",
    "snapshot", "replica", "cluster", "shard", "quota", "policy", "journal", "beacon", "compass",
];

/// Three of them make one of 1,728 words that are each in few places.
const SYLLABLES: &[&str] = &[
    "kel", "tro", "mav", "dun", "sib", "ron", "pel", "gar", "lun", "vox", "zam", "fir",
];

/// Numbers that look drawn and are the same in every run (xorshift64*).
pub struct Draw(u64);

impl Draw {
    /// Starts a sequence; another seed is another sequence.
    pub fn seeded(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Draws a number below a limit, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap_or(usize::MAX) % limit
    }

    /// Draws one of some words.
    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }
}

/// Writes a workspace of so many files, about 13 chunks each, and returns their paths in it.
pub fn write_sources(root: &Path, files: usize) -> io::Result<Vec<String>> {
    let mut author = Author(Draw::seeded(2026));
    let mut paths = Vec::with_capacity(files);
    for number in 0..files {
        let folder = NOUNS[number % 40];
        let stem = format!("{}_{number}", author.noun());
        let (path, text) = if number.is_multiple_of(2) {
            (format!("src/{folder}/{stem}.rs"), author.rust_file())
        } else {
            (format!("lib/{folder}/{stem}.py"), author.python_file())
        };
        write_aged(&root.join(&path), &text)?;
        paths.push(path);
    }
    Ok(paths)
}

/// Writes a file that looks as if it had been there for a while.
pub fn write_aged(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.set_modified(SystemTime::now() - AGE)
}

/// Draws words and puts them into sentences of two languages.
struct Author(Draw);

impl Author {
    fn noun(&mut self) -> String {
        if self.0.below(4) == 0 {
            return (0..3).map(|_| self.0.one_of(SYLLABLES)).collect();
        }
        // Drawn below a drawn limit, so that those in front come more often.
        let limit = self.0.below(NOUNS.len()) + 1;
        self.0.one_of(&NOUNS[..limit]).to_owned()
    }

    fn verb(&mut self) -> &'static str {
        self.0.one_of(VERBS)
    }

    fn sentence(&mut self, verb: &str, noun: &str) -> String {
        let (other, owner, late) = (self.noun(), self.noun(), self.verb());
        let verb = capitalized(verb);
        format!("{verb}s the {noun} of each {other} before the {owner} can {late} it.")
    }

    /// Functions in a file: 13 or 14, which makes 40,000 chunks of 3,000 files.
    fn functions(&mut self) -> usize {
        13 + usize::from(self.0.below(3) == 0)
    }

    fn rust_file(&mut self) -> String {
        let (verb, noun, field) = (self.verb(), self.noun(), self.noun());
        let (about, kind) = (self.sentence(verb, &noun), capitalized(&noun));
        let import = self.noun();
        let mut text = format!(
            "//! {about}\n\nuse crate::{import}::{};\n\n/// The {noun} of a {field}.\n\
             pub struct {kind} {{\n    {field}: usize,\n}}\n\nimpl {kind} {{\n",
            capitalized(&import)
        );
        for number in 0..self.functions() {
            if number == 6 {
                text.push_str("}\n\n");
            }
            let indent = if number < 6 { "    " } else { "" };
            text.push_str(&self.rust_function(indent));
            text.push('\n');
        }
        text
    }

    fn rust_function(&mut self, indent: &str) -> String {
        let (verb, noun, other, result) = (self.verb(), self.noun(), self.noun(), self.noun());
        let (about, kind) = (self.sentence(verb, &noun), capitalized(&noun));
        let receiver = if indent.is_empty() { "" } else { "&self, " };
        let mut lines = vec![
            format!("/// {about}"),
            format!("pub fn {verb}_{noun}_{other}({receiver}{noun}: &{kind}) -> Option<{kind}> {{"),
            format!("    let mut {result} = {noun}.{verb}();"),
        ];
        for _ in 0..4 + self.0.below(4) {
            let (verb, a, b) = (self.verb(), self.noun(), self.noun());
            let number = self.0.below(1_000);
            lines.extend(match self.0.below(4) {
                0 => vec![
                    format!("    for {a} in {noun}.{b}s() {{"),
                    format!("        {result}.{verb}({a}, {number});"),
                    "    }".to_owned(),
                ],
                1 => vec![
                    format!("    if {noun}.{a}() > {number} {{"),
                    "        return None;".to_owned(),
                    "    }".to_owned(),
                ],
                2 => vec![format!("    let {a} = {noun}.{verb}_{b}({number})?;")],
                _ => vec![format!(
                    "    {result}.{verb}_{a}(&{noun}.{b}, \"{a} {b}\");"
                )],
            });
        }
        lines.push(format!("    Some({result})"));
        lines.push("}".to_owned());
        indented(indent, &lines)
    }

    fn python_file(&mut self) -> String {
        let (verb, noun) = (self.verb(), self.noun());
        let (about, kind) = (self.sentence(verb, &noun), capitalized(&noun));
        let import = self.noun();
        let mut text = format!(
            "\"\"\"{about}\"\"\"\n\nfrom .{import} import {}\n\n\nclass {kind}:\n\
             \x20   \"\"\"The {noun} of a {import}.\"\"\"\n\n",
            capitalized(&import)
        );
        for number in 0..self.functions() {
            let indent = if number < 6 { "    " } else { "" };
            text.push_str(&self.python_function(indent));
            text.push('\n');
        }
        text
    }

    fn python_function(&mut self, indent: &str) -> String {
        let (verb, noun, other, result) = (self.verb(), self.noun(), self.noun(), self.noun());
        let about = self.sentence(verb, &noun);
        let receiver = if indent.is_empty() { "" } else { "self, " };
        let mut lines = vec![
            format!("def {verb}_{noun}_{other}({receiver}{noun}, limit=10):"),
            format!("    \"\"\"{about}\"\"\""),
            format!("    {result} = {noun}.{verb}(limit)"),
        ];
        for _ in 0..4 + self.0.below(4) {
            let (verb, a, b) = (self.verb(), self.noun(), self.noun());
            let number = self.0.below(1_000);
            lines.extend(match self.0.below(4) {
                0 => vec![
                    format!("    for {a} in {noun}.{b}s():"),
                    format!("        {result}.{verb}({a}, {number})"),
                ],
                1 => vec![
                    format!("    if {noun}.{a}() > limit + {number}:"),
                    format!("        raise ValueError(\"no {a} in the {b}\")"),
                ],
                2 => vec![format!("    {a} = {noun}.{verb}_{b}({number}, limit)")],
                _ => vec![format!("    {result}.{verb}_{a}({noun}.{b}, \"{a} {b}\")")],
            });
        }
        lines.push(format!("    return {result}"));
        indented(indent, &lines)
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}

fn indented(indent: &str, lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| format!("{indent}{line}\n"))
        .collect()
}
