//! The words of a command line, as far as they can be told before it runs: what may be files, and what
//! is executed.

use std::iter::Peekable;
use std::str::Chars;

/// Stands in a word for what is known only when the line runs.
const UNKNOWN: char = '\0';
/// Most levels of lines within lines: `sh -c 'sh x'`.
const DEEPEST: usize = 3;
/// What parts a word into pieces that may be paths: `--config=x`, `a:b`.
const JOINING: [char; 3] = ['=', ':', ','];
/// Programs and words of the shell that execute what is named behind them.
const LAUNCHERS: &[&str] = &[
    "!", ".", "bash", "bun", "command", "dash", "deno", "do", "doas", "elif", "else", "env",
    "exec", "fish", "if", "ksh", "lua", "nice", "node", "nohup", "perl", "php", "python", "ruby",
    "setsid", "sh", "source", "stdbuf", "sudo", "then", "time", "timeout", "until", "while",
    "xargs", "zsh", "{",
];

/// A word without its quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineWord {
    pub text: String,
    /// Whether a command begins with it.
    pub begins: bool,
    /// Whether the shell makes other words of it: `*.sh`, `{a,b}`.
    pub expands: bool,
}

impl LineWord {
    /// What of it may be a path.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        let whole = (!self.text.contains(UNKNOWN)).then_some(self.text.as_str());
        let pieces = self.text.split(JOINING);
        whole
            .into_iter()
            .chain(pieces.filter(|piece| !piece.contains(UNKNOWN)))
    }

    /// Whether a name in it is put together only when it runs: `tools/$name.sh`.
    pub fn is_made_later(&self) -> bool {
        // A text with blanks is rather a message.
        if self.is_line() {
            return self.text.contains("\0/") || self.text.contains("/\0");
        }
        let mut pieces = self.text.split(JOINING);
        pieces.any(|piece| piece.contains(UNKNOWN) && piece.contains(char::is_alphanumeric))
    }

    /// Whether it may be a line itself: `sh -c 'a b'`.
    pub fn is_line(&self) -> bool {
        self.text.contains(char::is_whitespace)
    }
}

/// The words of a line. Placeholders for paths are none; that of the workspace is `.`, where the line runs.
pub(super) fn line_words(line: &str) -> Vec<LineWord> {
    let line = line
        .replace("{workspace}", ".")
        .replace("{paths}", "")
        .replace("{path}", "")
        .replace("{tool}", "${tool}");
    let mut reader = LineReader {
        rest: line.chars().peekable(),
        words: Vec::new(),
        word: None,
        begins: true,
        braces: 0,
    };
    while let Some(next) = reader.rest.next() {
        reader.read(next);
    }
    reader.end_word();
    reader.words
}

/// The words of a line, and of lines within it; each with how deep it stands.
pub(super) fn all_words(line: &str) -> Vec<(LineWord, usize)> {
    let mut found = Vec::new();
    let mut lines = vec![(line.to_owned(), 0)];
    while let Some((line, depth)) = lines.pop() {
        for word in line_words(&line) {
            if word.is_line() && depth < DEEPEST {
                lines.push((word.text.clone(), depth + 1));
            }
            found.push((word, depth));
        }
    }
    found
}

/// What a line executes, as it names it: programs and scripts. Where it enters a folder, also beneath that.
pub fn programs(line: &str) -> Vec<String> {
    programs_at(line, 0)
}

fn programs_at(line: &str, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut folder = None;
    let (mut is_awaited, mut enters) = (false, false);
    for word in line_words(line) {
        is_awaited |= word.begins;
        let text = word.text.as_str();
        if word.is_line() && depth < DEEPEST {
            found.extend(programs_at(text, depth + 1));
        }
        if std::mem::take(&mut enters) {
            folder = Some(text.to_owned());
            continue;
        }
        let is_none = text.contains(['=', UNKNOWN])
            || text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if !is_awaited || is_none {
            continue;
        }
        let name = text.rsplit('/').next().unwrap_or(text);
        let name = name.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
        is_awaited = text == "." || LAUNCHERS.contains(&name);
        enters = text == "cd";
        found.push(text.to_owned());
        if let Some(folder) = &folder {
            found.push(format!("{folder}/{text}"));
        }
    }
    found
}

struct LineReader<'a> {
    rest: Peekable<Chars<'a>>,
    words: Vec<LineWord>,
    /// The one that is read.
    word: Option<LineWord>,
    begins: bool,
    /// Open braces in it.
    braces: usize,
}

impl LineReader<'_> {
    fn read(&mut self, next: char) {
        match next {
            ';' | '|' | '&' | '(' | ')' | '`' | '\n' => {
                self.end_word();
                self.begins = true;
            }
            '<' | '>' => self.end_word(),
            _ if next.is_whitespace() => self.end_word(),
            '\'' => self.read_quoted(),
            '"' => self.read_double_quoted(),
            '\\' => {
                if let Some(next) = self.rest.next() {
                    self.push(next);
                }
            }
            '$' => self.read_variable(false),
            '~' if self.word.is_none() => {
                self.push(UNKNOWN);
            }
            '*' | '?' | '[' => self.push(next).expands = true,
            '{' => {
                self.push(next);
                self.braces += 1;
            }
            '}' => {
                self.push(next);
                self.braces = self.braces.saturating_sub(1);
            }
            ',' => self.push_in_braces(next, true),
            '.' => {
                let is_range = self.rest.peek() == Some(&'.');
                self.push_in_braces(next, is_range);
            }
            _ => {
                self.push(next);
            }
        }
    }

    /// A sign that makes several words of what stands within braces.
    fn push_in_braces(&mut self, sign: char, is_list: bool) {
        let is_list = is_list && self.braces > 0;
        self.push(sign).expands |= is_list;
    }

    fn read_quoted(&mut self) {
        self.word();
        while let Some(next) = self.rest.next().filter(|next| *next != '\'') {
            self.push(next);
        }
    }

    fn read_double_quoted(&mut self) {
        self.word();
        while let Some(next) = self.rest.next().filter(|next| *next != '"') {
            match next {
                '\\' => {
                    let next = self.rest.next().unwrap_or(next);
                    self.push(next);
                }
                '$' => self.read_variable(true),
                '`' => {
                    self.push(UNKNOWN);
                }
                _ => {
                    self.push(next);
                }
            }
        }
    }

    /// What follows a `$`.
    fn read_variable(&mut self, is_quoted: bool) {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let mut name = String::new();
        match self.rest.peek().copied() {
            Some('{') => {
                self.rest.next();
                while let Some(next) = self.rest.next().filter(|next| *next != '}') {
                    name.push(next);
                }
            }
            // The words within are words of the line.
            Some('(') if !is_quoted => return,
            Some('\'') if !is_quoted => {
                self.push(UNKNOWN).expands = true;
                return;
            }
            Some('"') => return,
            Some(next) if is_name(&next) => {
                while let Some(next) = self.rest.next_if(is_name) {
                    name.push(next);
                }
            }
            Some('?' | '*' | '@' | '#' | '$' | '!' | '-') => {
                self.rest.next();
            }
            _ => {}
        }
        self.push(if name == "PWD" { '.' } else { UNKNOWN });
    }

    fn word(&mut self) -> &mut LineWord {
        let begins = &mut self.begins;
        self.word.get_or_insert_with(|| LineWord {
            begins: std::mem::take(begins),
            ..LineWord::default()
        })
    }

    fn push(&mut self, sign: char) -> &mut LineWord {
        let word = self.word();
        word.text.push(sign);
        word
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
        self.braces = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_that_a_shell_reads() {
        for (line, expected) in [
            ("sh 'my fmt.sh' \"a b\"", &["sh", "my fmt.sh", "a b"][..]),
            ("sh my\\ fmt.sh f'm't\\.sh", &["sh", "my fmt.sh", "fmt.sh"]),
            ("a;b|c&&d>e", &["a", "b", "c", "d", "e"]),
            (
                "sh $PWD/x \"${PWD}/y\" {workspace}/z",
                &["sh", "./x", "./y", "./z"],
            ),
            ("x '' {path} {paths}", &["x", ""]),
            ("$(a b) \"$x\" $?", &["a", "b", "\0", "\0"]),
        ] {
            let words = line_words(line);
            let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(texts, expected, "{line}");
        }
    }

    #[test]
    fn names_that_are_made_later_are_known_as_such() {
        for (word, expands, is_made_later) in [
            ("tools/fm?.sh", true, false),
            ("'*.sh'", false, false),
            ("{a,b}.sh", true, false),
            ("{1..3}", true, false),
            ("{}", false, false),
            ("a,b..c", false, false),
            ("\\*", false, false),
            ("$x", false, false),
            ("--x=$x", false, false),
            ("\"[$x]...\"", false, false),
            ("tools/$x", false, true),
            ("\"$x.sh\"", false, true),
            ("\"$x/a b\"", false, true),
            ("\"of $x: no\"", false, false),
            ("{tool}.sh", false, true),
            ("~/x", false, true),
            ("a~", false, false),
            ("$'\\x41'", true, true),
        ] {
            let words = line_words(word);
            assert_eq!(words.len(), 1, "{word}");
            assert_eq!(words[0].expands, expands, "{word}");
            assert_eq!(words[0].is_made_later(), is_made_later, "{word}");
        }
    }

    #[test]
    fn what_is_executed_is_told_from_its_arguments() {
        for (line, expected) in [
            ("rustfmt --edition 2024 src/main.rs", &["rustfmt"][..]),
            ("sh -e tools/x.sh src/y.sh", &["sh", "tools/x.sh"]),
            ("A=1 ./x | xargs -n 1 ./y z", &["./x", "xargs", "./y"]),
            (
                "timeout 5 python3 a.py b.py",
                &["timeout", "python3", "a.py"],
            ),
            ("if ./a; then ./b; fi", &["if", "./a", "then", "./b", "fi"]),
            ("sh -c './a b'", &["sh", "./a", "./a b"]),
            (
                "cd tools && sh x",
                &["cd", "sh", "tools/sh", "x", "tools/x"],
            ),
            ("cat log.md; . ./env", &["cat", ".", "./env"]),
        ] {
            assert_eq!(programs(line), expected, "{line}");
        }
    }
}
