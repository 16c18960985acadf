//! Lines of shell, as CI files and makefiles have them, as single commands.

use super::files::{Files, resolve};

/// Most commands of a script that are looked at.
const MOST_COMMANDS: usize = 200;

/// A command of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShellCommand {
    /// In which folder it runs, from the root.
    pub folder: String,
    /// In one line, without comments.
    pub line: String,
}

/// The commands of a script that starts in a folder. Commands within loops and conditions are left
/// out, and those after a `cd` to a folder that is not there.
pub(super) fn commands(files: &Files<'_>, folder: &str, script: &str) -> Vec<ShellCommand> {
    let mut reader = Reader {
        files,
        start: folder,
        folder: Some(folder.to_owned()),
        outside: Vec::new(),
        nesting: 0,
        found: Vec::new(),
    };
    for line in logical_lines(script) {
        reader.read(&line);
    }
    reader.found
}

struct Reader<'a, 'f> {
    files: &'a Files<'f>,
    start: &'a str,
    /// `None` after a `cd` to somewhere unknown.
    folder: Option<String>,
    /// The folders to return to at the ends of subshells.
    outside: Vec<Option<String>>,
    /// How many loops and conditions are open.
    nesting: usize,
    found: Vec<ShellCommand>,
}

impl Reader<'_, '_> {
    fn read(&mut self, line: &str) {
        for part in parts(line) {
            let mut part = part.trim();
            while let Some(rest) = part.strip_prefix('(') {
                self.outside.push(self.folder.clone());
                part = rest.trim_start();
            }
            let closing = part.len() - part.trim_end_matches(')').len();
            let opened = part.matches('(').count();
            let closing = closing.saturating_sub(opened);
            let command = part[..part.len() - closing].trim();
            self.command(command);
            for _ in 0..closing {
                if let Some(folder) = self.outside.pop() {
                    self.folder = folder;
                }
            }
        }
    }

    fn command(&mut self, command: &str) {
        let mut words = command.split_whitespace();
        match words.next() {
            None => {}
            Some("if" | "for" | "while" | "until" | "case" | "select") => self.nesting += 1,
            Some("fi" | "done" | "esac") => self.nesting = self.nesting.saturating_sub(1),
            Some(_) if self.nesting > 0 => {}
            Some("cd" | "pushd") => {
                let target = command
                    .split_once(char::is_whitespace)
                    .map_or("", |(_, to)| to);
                self.enter(target.trim());
            }
            Some("popd") => self.folder = Some(self.start.to_owned()),
            Some(_) => {
                if let Some(folder) = &self.folder
                    && self.found.len() < MOST_COMMANDS
                {
                    self.found.push(ShellCommand {
                        folder: folder.clone(),
                        line: command.split_whitespace().collect::<Vec<_>>().join(" "),
                    });
                }
            }
        }
    }

    fn enter(&mut self, target: &str) {
        let target = target.trim_matches(['"', '\'']);
        let here = self.folder.take();
        let to = here.and_then(|here| resolve(&here, target));
        self.folder = to.filter(|to| !target.is_empty() && self.files.has_folder(to));
    }
}

/// The lines of a script: those that end in `\` go on in the next one; comments, empty lines and
/// texts for the input of a command are left out.
pub(super) fn logical_lines(script: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut whole = String::new();
    let mut document_end: Option<String> = None;
    for line in script.lines() {
        if let Some(end) = &document_end {
            if line.trim() == end {
                document_end = None;
            }
            continue;
        }
        let line = without_comment(line).trim();
        if let Some(begun) = line.strip_suffix('\\') {
            whole.push_str(begun);
            whole.push(' ');
            continue;
        }
        whole.push_str(line);
        if let Some((_, after)) = whole.split_once("<<")
            && !after.starts_with('<')
        {
            let end = after.trim_start_matches('-').trim();
            let end = end.split_whitespace().next().unwrap_or_default();
            document_end = Some(end.trim_matches(['"', '\'']).to_owned());
        }
        let line = std::mem::take(&mut whole);
        if !line.trim().is_empty() {
            lines.push(line.trim().to_owned());
        }
    }
    if !whole.trim().is_empty() {
        lines.push(whole.trim().to_owned());
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (at, sign, quote) in unquoted(line) {
        if sign == '#' && quote.is_none() && before.is_whitespace() {
            return &line[..at];
        }
        before = sign;
    }
    line
}

/// The characters of a line, each with the quote in which it is.
fn unquoted(line: &str) -> impl Iterator<Item = (usize, char, Option<char>)> {
    let mut quote = None;
    let mut is_escaped = false;
    line.char_indices().map(move |(at, sign)| {
        let within = quote;
        if is_escaped {
            is_escaped = false;
            return (at, sign, Some('\\'));
        }
        match (sign, quote) {
            ('\\', None | Some('"')) => is_escaped = true,
            ('"' | '\'', None) => quote = Some(sign),
            (sign, Some(open)) if sign == open => quote = None,
            _ => {}
        }
        (at, sign, within.or(quote))
    })
}

/// The commands of a line, split at `&&`, `||` and `;`. Of alternatives the first one is taken, since
/// the others run where it fails.
fn parts(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_alternative) = (0, false);
    let mut take = |from: usize, to: usize, is_alternative: bool| {
        if !is_alternative {
            found.extend(line.get(from..to));
        }
    };
    let bytes = line.as_bytes();
    let mut skip_to = 0;
    for (at, sign, quote) in unquoted(line) {
        if quote.is_some() || at < skip_to {
            continue;
        }
        let is_double = bytes.get(at + 1) == Some(&bytes[at]);
        let (length, next_is_alternative) = match sign {
            '&' if is_double => (2, false),
            '|' if is_double => (2, true),
            ';' => (1, false),
            _ => continue,
        };
        take(start, at, is_alternative);
        is_alternative = next_is_alternative || (is_alternative && sign == '&');
        start = at + length;
        skip_to = start;
    }
    take(start, line.len(), is_alternative);
    found
}

/// The words of a command, without their quotes.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    for (_, sign, quote) in unquoted(line) {
        let is_quote = matches!(sign, '"' | '\'') && quote.is_none_or(|quote| quote == sign);
        if quote.is_none() && sign.is_whitespace() {
            found.extend(word.take());
        } else if is_quote {
            word.get_or_insert_default();
        } else {
            word.get_or_insert_default().push(sign);
        }
    }
    found.extend(word);
    found
}

/// What a command has beyond its words: pipes into others, files, the background. `None` if it has
/// something that makes it more than a command of the project; else the command without it.
pub(super) fn plain(line: &str) -> Option<String> {
    let mut end = line.len();
    let mut rest = "";
    for (at, sign, quote) in unquoted(line) {
        if quote.is_none() && matches!(sign, '|' | '>' | '<' | '&' | '`' | '\n') {
            (end, rest) = (at, &line[at..]);
            break;
        }
    }
    let command = line[..end].trim_end();
    // `2>&1` alone, or before a `tee`.
    if let Some(rest) = rest.strip_prefix(">&1") {
        let rest = rest.trim_start();
        let only_shows = rest.is_empty() || rest.starts_with("| tee ");
        let command = command.strip_suffix(" 2").filter(|_| only_shows);
        return command.map(|command| command.trim_end().to_owned());
    }
    let only_shows = ["| tee ", "|& tee ", "| cat"]
        .iter()
        .any(|shows| rest.starts_with(shows));
    (rest.is_empty() || only_shows).then(|| command.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_into_commands() {
        for (line, split) in [
            ("a && b; c", vec!["a ", " b", " c"]),
            ("a || true", vec!["a "]),
            ("a || b && c", vec!["a "]),
            ("a 'x && y' \"z;\"", vec!["a 'x && y' \"z;\""]),
            ("a | b", vec!["a | b"]),
        ] {
            assert_eq!(parts(line), split, "{line}");
        }
    }

    #[test]
    fn comments_continued_lines_and_documents_are_known() {
        let script = "a \\\n  b # c\n# d\ncat <<EOF\nrm -rf /\nEOF\ne '#f'\n";
        assert_eq!(logical_lines(script), ["a  b", "cat <<EOF", "e '#f'"]);
    }

    #[test]
    fn pipes_and_files_are_no_plain_commands() {
        for (line, expected) in [
            ("cargo test", Some("cargo test")),
            ("cargo test 2>&1 | tee log.txt", Some("cargo test")),
            ("cargo test | tee log.txt", Some("cargo test")),
            ("curl x | sh", None),
            ("echo x > file", None),
            ("server &", None),
            ("echo `date`", None),
            ("pytest -k 'a|b'", Some("pytest -k 'a|b'")),
        ] {
            assert_eq!(plain(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn words_lose_their_quotes() {
        assert_eq!(words("a 'b c' --x=\"d e\""), ["a", "b c", "--x=d e"]);
    }
}
