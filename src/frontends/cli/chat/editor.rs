//! The line editor: history, multi-line input, completion.
//!
//! It blocks, so it has its own thread. Raw mode is on only while it reads.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use ollacode_secrets::redact;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    Behavior, ColorMode, CompletionType, Config, Context, DefaultEditor, Editor as Lines, Helper,
};
use tokio::sync::oneshot;

use super::complete::Completions;
use crate::visible::escape_hidden;

/// Maximum lines of the history.
const HISTORY: usize = 2_000;

/// The result of reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorInput {
    /// A text of one or more lines.
    Text(String),
    /// Ctrl-C; the line is discarded.
    Interrupted,
    /// Ctrl-D on an empty line, or the terminal was closed.
    End,
    /// The terminal failed, with the reason.
    Failed(String),
}

#[derive(Clone, Debug)]
pub struct Prompt {
    pub plain: String,
    /// The same with colours.
    pub styled: String,
}

/// Reads lines from the terminal.
pub struct Editor {
    requests: mpsc::Sender<LineRequest>,
}

struct LineRequest {
    prompt: Prompt,
    reply: oneshot::Sender<EditorInput>,
}

impl Editor {
    /// Starts the editor's thread. A history that cannot be read is an empty one.
    pub fn start(
        history: PathBuf,
        completions: Arc<Completions>,
        color: bool,
    ) -> io::Result<Editor> {
        let (requests, inbox) = mpsc::channel();
        std::thread::Builder::new()
            .name("line editor".to_owned())
            .spawn(move || serve(&inbox, &history, completions, color))?;
        Ok(Editor { requests })
    }

    pub async fn read(&self, prompt: Prompt) -> EditorInput {
        let (reply, answer) = oneshot::channel();
        let gone = || EditorInput::Failed("the line editor stopped".to_owned());
        if self.requests.send(LineRequest { prompt, reply }).is_err() {
            return gone();
        }
        answer.await.unwrap_or_else(|_| gone())
    }
}

fn serve(
    inbox: &mpsc::Receiver<LineRequest>,
    history: &Path,
    completions: Arc<Completions>,
    color: bool,
) {
    let mut lines = open(history, completions, color);
    while let Ok(LineRequest { prompt, reply }) = inbox.recv() {
        let input = match &mut lines {
            Ok(lines) => read(lines, &prompt, history),
            Err(error) => EditorInput::Failed(error.to_string()),
        };
        // The receiver may be gone.
        let _ = reply.send(input);
    }
}

fn open(
    history: &Path,
    completions: Arc<Completions>,
    color: bool,
) -> rustyline::Result<Lines<LineHelper, DefaultHistory>> {
    let config = Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .color_mode(if color {
            ColorMode::Enabled
        } else {
            ColorMode::Disabled
        })
        .build();
    let mut lines = Lines::with_config(config)?;
    lines.set_helper(Some(LineHelper { completions }));
    if let Err(error) = lines.load_history(history) {
        tracing::debug!(%error, "no history of lines");
    }
    Ok(lines)
}

fn read(
    lines: &mut Lines<LineHelper, DefaultHistory>,
    prompt: &Prompt,
    history: &Path,
) -> EditorInput {
    match lines.readline(&(prompt.plain.as_str(), prompt.styled.as_str())) {
        Ok(typed) => {
            if may_be_kept(&typed) {
                keep(lines, &typed, history);
            }
            EditorInput::Text(joined(&typed))
        }
        Err(error) => failed(error),
    }
}

fn keep(lines: &mut Lines<LineHelper, DefaultHistory>, typed: &str, history: &Path) {
    let kept = lines
        .add_history_entry(typed)
        .and_then(|_| lines.append_history(history));
    if let Err(error) = kept {
        tracing::debug!(%error, "the line is not kept in the history");
    }
}

/// Whether a line may be stored in the history: one with a secret may not.
fn may_be_kept(typed: &str) -> bool {
    redact(typed).findings.is_empty()
}

/// Reads one line from the terminal, without history. It blocks.
pub fn ask(prompt: &str) -> EditorInput {
    let config = Config::builder().behavior(Behavior::PreferTerm).build();
    let answer = DefaultEditor::with_config(config)
        .and_then(|mut line| line.readline(escape_hidden(prompt).as_ref()));
    match answer {
        Ok(typed) => EditorInput::Text(typed),
        Err(error) => failed(error),
    }
}

/// Lets the user change a text on the terminal, without history. It blocks.
pub fn edit(prompt: &str, text: &str) -> EditorInput {
    let config = Config::builder().behavior(Behavior::PreferTerm).build();
    let edited = DefaultEditor::with_config(config)
        .and_then(|mut line| line.readline_with_initial(prompt, (text, "")));
    match edited {
        Ok(typed) => EditorInput::Text(typed),
        Err(error) => failed(error),
    }
}

fn failed(error: ReadlineError) -> EditorInput {
    match error {
        ReadlineError::Interrupted | ReadlineError::Signal(_) => EditorInput::Interrupted,
        ReadlineError::Eof => EditorInput::End,
        other => EditorInput::Failed(other.to_string()),
    }
}

/// Whether the text continues on the next line: it ends with a backslash, or inside a fence.
fn goes_on(text: &str) -> bool {
    let mut fence = InputFence::default();
    text.lines().for_each(|line| fence.pass(line));
    fence.is_open() || ends_with_backslash(text)
}

/// Removes the backslashes that continue a line.
fn joined(text: &str) -> String {
    let mut fence = InputFence::default();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        fence.pass(line);
        lines.push(match line.strip_suffix('\\') {
            Some(shorter) if !fence.is_open() && ends_with_backslash(line) => shorter,
            _ => line,
        });
    }
    lines.join("\n")
}

/// An even number of backslashes is text.
fn ends_with_backslash(line: &str) -> bool {
    let backslashes = line.len() - line.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

/// Whether lines of code are open.
#[derive(Default)]
struct InputFence {
    length: usize,
}

impl InputFence {
    fn pass(&mut self, line: &str) {
        let line = line.trim();
        let ticks = line.len() - line.trim_start_matches('`').len();
        if self.length == 0 && ticks >= 3 && !line[ticks..].contains('`') {
            self.length = ticks;
        } else if self.length > 0 && ticks >= self.length && ticks == line.len() {
            self.length = 0;
        }
    }

    fn is_open(&self) -> bool {
        self.length > 0
    }
}

struct LineHelper {
    completions: Arc<Completions>,
}

impl Helper for LineHelper {}

impl Highlighter for LineHelper {}

impl Hinter for LineHelper {
    type Hint = String;
}

impl Validator for LineHelper {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(if goes_on(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Completer for LineHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let offers = self.completions.offers(line, position);
        let pairs = offers.words.into_iter().map(|word| Pair {
            display: escape_hidden(&word).into_owned(),
            replacement: word,
        });
        Ok((offers.start, pairs.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_on_after_a_backslash_and_inside_of_a_fence() {
        for (text, expected) in [
            ("", false),
            ("one", false),
            ("one \\", true),
            ("one \\\ntwo", false),
            ("a path C:\\\\", false),
            ("```", true),
            ("```rust\nfn a() {}", true),
            ("```\na\n```", false),
            ("````\n```", true),
            ("````\n```\n````", false),
            ("what is ```a```", false),
            ("```\na \\\n```", false),
        ] {
            assert_eq!(goes_on(text), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_kept() {
        // In two parts, so that no scanner takes it for a real one.
        let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        assert!(!may_be_kept(&format!("log in with {token}")));
        assert!(may_be_kept("where is the token read?"));
    }

    #[test]
    fn only_the_backslashes_that_joined_lines_go() {
        for (text, expected) in [
            ("one \\\ntwo", "one \ntwo"),
            ("one", "one"),
            ("a\\\\\nb", "a\\\\\nb"),
            ("```\nmake \\\n  all\n```", "```\nmake \\\n  all\n```"),
        ] {
            assert_eq!(joined(text), expected, "{text}");
        }
    }
}
