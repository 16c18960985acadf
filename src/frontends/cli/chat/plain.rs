//! A single question: the answer goes to stdout or a file, everything else to stderr.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, bail};

use super::super::style::{count, counted, visible_name};
use super::super::{note, print, redirected_mode, say_error, warn};
use super::turn::TurnDisplay;
use crate::conversation::messages::{facts, reason};
use crate::conversation::turn_facts::{FactLine, fact_lines, not_seen_words};
use crate::engine::event::{Event, TurnEnd};
use crate::jail::Jail;
use crate::visible::escape_hidden;

/// Maximum bytes of stdin: more does not fit into a context window.
const MOST_INPUT: u64 = 1 << 20;

/// Prints the answer without colours.
///
/// Text before a tool call is not the answer and goes to stderr. So the answer is known at the end
/// of the turn; on a terminal, all text is shown as it arrives.
pub struct PlainOutput {
    text: String,
    file: Option<OutputFile>,
    /// Whether text is shown as it arrives.
    is_live: bool,
    /// What the turn did.
    facts: Vec<FactLine>,
    /// Whether what is asked next is about a check.
    asks_to_check: bool,
}

impl PlainOutput {
    /// Writes the answer to stdout, or to `file`.
    pub fn new(file: Option<OutputFile>) -> PlainOutput {
        PlainOutput {
            text: String::new(),
            is_live: file.is_none() && io::stdout().is_terminal(),
            file,
            facts: Vec::new(),
            asks_to_check: false,
        }
    }

    /// Ends a text that was followed by a tool, but for an answer that is checked.
    fn interim_unless(&mut self, is_check: bool) -> Result<(), Error> {
        match is_check && !self.is_live {
            true => Ok(()),
            false => self.interim(),
        }
    }

    /// Ends a text that was no answer.
    fn interim(&mut self) -> Result<(), Error> {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return Ok(());
        }
        if self.is_live {
            return print(|out| writeln!(out));
        }
        note(text.trim());
        Ok(())
    }

    fn end(&mut self, end: &TurnEnd) -> Result<(), Error> {
        let mut text = std::mem::take(&mut self.text);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if self.is_live {
            if !text.is_empty() {
                print(|out| writeln!(out))?;
            }
        } else if let Some(file) = &self.file {
            // Without an answer the file becomes empty: an old answer must not stay.
            file.write(&text)?;
        } else {
            // Escaped also in a pipe, whose reader often shows it on a terminal.
            print(|out| out.write_all(escape_hidden(&text).as_bytes()))?;
        }
        for line in std::mem::take(&mut self.facts) {
            let say = if line.is_warning { warn } else { note };
            say(&line.text);
        }
        let reason = reason(end);
        match end {
            _ if reason.is_empty() => {}
            TurnEnd::Failed(_) => say_error(&reason),
            _ => warn(&reason),
        }
        Ok(())
    }
}

impl TurnDisplay for PlainOutput {
    fn event(&mut self, event: &Event) -> Result<(), Error> {
        match event {
            Event::Text(text) => {
                self.text.push_str(text);
                if self.is_live {
                    print(|out| out.write_all(escape_hidden(text).as_bytes()))?;
                }
            }
            Event::ToolStarted { tool, what, .. } => {
                self.interim_unless(event.is_of_check())?;
                note(&format!("{} {}", visible_name(tool), visible_name(what)));
            }
            Event::ToolFinished {
                outcome,
                summary,
                took,
                ..
            } => note(&format!("  {}", facts(*outcome, summary, *took))),
            // As in a conversation: most of them only say what goes on.
            Event::Notice(text) => note(&format!("note: {text}")),
            Event::Compacted { before, after } => note(&format!(
                "compacted: {} → {}",
                count(u64::from(*before)),
                counted(u64::from(*after), "token")
            )),
            Event::Citations { wrong, not_seen } => {
                for (citation, reason) in wrong {
                    warn(&format!("wrong citation {citation}: {reason}"));
                }
                if !not_seen.is_empty() {
                    warn(&not_seen_words(not_seen));
                }
            }
            Event::AskedAgain { why } => {
                self.interim()?;
                warn(why);
            }
            // Shown below the answer; each step of a task has its own.
            Event::TurnFacts(facts) => self.facts.extend(fact_lines(facts)),
            Event::TurnEnded(end) => self.end(end)?,
            // On a terminal the text was already shown.
            Event::TextWasThought => {
                self.text.clear();
                if self.is_live {
                    note("\nthe text above was the model's thinking, not its answer");
                }
            }
            Event::Retrieved { .. }
            | Event::Thinking(_)
            | Event::Replied { .. }
            | Event::QuestionAsked { .. }
            | Event::Task(_) => self.asks_to_check = false,
            Event::ApprovalAsked { .. } => self.asks_to_check = event.is_of_check(),
        }
        Ok(())
    }

    fn asking(&mut self) -> Result<(), Error> {
        self.interim_unless(self.asks_to_check)
    }
}

/// Piped input, if any. Invalid UTF-8 becomes `�`. It blocks.
pub fn piped() -> Result<Option<String>, Error> {
    let input = io::stdin();
    if input.is_terminal() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = input.lock().take(MOST_INPUT + 1).read_to_end(&mut bytes);
    read.context("cannot read stdin")?;
    if bytes.len() as u64 > MOST_INPUT {
        bytes.truncate(MOST_INPUT as usize);
        warn("stdin is longer than 1 MiB; the rest is ignored");
    }
    let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
    Ok((!text.trim().is_empty()).then_some(text))
}

/// Joins the prompt and the piped input.
pub fn question(prompt: Option<&str>, piped: Option<&str>) -> Option<String> {
    match (prompt, piped) {
        (Some(prompt), Some(piped)) => Some(format!("{prompt}\n\n{piped}")),
        (Some(text), None) | (None, Some(text)) => Some(text.to_owned()),
        (None, None) => None,
    }
}

/// The file of `--output`.
#[derive(Clone, Debug)]
pub struct OutputFile {
    /// As the user gave it.
    path: PathBuf,
    /// The workspace, in which no link is followed: a command may have created it.
    root: PathBuf,
}

impl OutputFile {
    /// The output file for a workspace.
    pub fn new(path: &Path, root: &Path) -> OutputFile {
        OutputFile {
            path: path.to_owned(),
            root: root.to_owned(),
        }
    }

    /// Removes an old answer.
    pub fn empty(&self) -> Result<(), Error> {
        self.create().map(drop)
    }

    fn write(&self, text: &str) -> Result<(), Error> {
        let written = self.create()?.write_all(text.as_bytes());
        written.with_context(|| format!("cannot write {}", self.path.display()))?;
        if !text.is_empty() {
            note(&format!("wrote the answer to {}", self.path.display()));
        }
        Ok(())
    }

    /// Fails if the file cannot be written, before a model spends minutes on the answer. The text
    /// of an existing file is kept; a missing file is created.
    pub fn check(&self) -> Result<(), Error> {
        let is_special = fs::metadata(&self.path)
            .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
        // Opening a pipe or a device may have effects.
        if is_special {
            return Ok(());
        }
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.exists() {
            bail!(
                "cannot write {}: the folder {} does not exist; create it, or choose another file",
                self.path.display(),
                folder.display()
            );
        }
        self.open(OldContents::Stay).map(drop)
    }

    /// Opens the file and empties it.
    pub(super) fn create(&self) -> Result<fs::File, Error> {
        self.open(OldContents::Go)
    }

    /// A new file gets the mode of a shell redirection, since the user chose it; an existing file
    /// keeps its mode.
    fn open(&self, contents: OldContents) -> Result<fs::File, Error> {
        let unwritable = || format!("cannot write {}", self.path.display());
        let jail = Jail::open(&self.root).with_context(unwritable)?;
        if let Some(path) = jail.enter(&self.path).with_context(unwritable)? {
            let mode = redirected_mode().as_raw_mode();
            let opened = match contents {
                OldContents::Stay => jail.open_to_write(&path, mode),
                OldContents::Go => jail.create(&path, mode),
            };
            return opened.with_context(unwritable);
        }
        match fs::File::create_new(&self.path) {
            Ok(file) => {
                rustix::fs::fchmod(&file, redirected_mode()).with_context(unwritable)?;
                Ok(file)
            }
            // That includes links to nowhere, pipes and devices.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                without_waiting(&self.path, contents).with_context(unwritable)
            }
            Err(error) => Err(error).with_context(unwritable),
        }
    }
}

/// What happens to the text of an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OldContents {
    Stay,
    Go,
}

/// Opens an existing file without blocking; a pipe without a reader is an error.
fn without_waiting(path: &Path, contents: OldContents) -> io::Result<fs::File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .truncate(contents == OldContents::Go)
        .custom_flags(nonblock);
    let file = match options.open(path) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            return Err(io::Error::other("it is a pipe without a reader"));
        }
        opened => opened?,
    };
    if file.metadata()?.file_type().is_fifo() {
        let flags = rustix::fs::fcntl_getfl(&file)? - rustix::fs::OFlags::NONBLOCK;
        rustix::fs::fcntl_setfl(&file, flags)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_that_nobody_reads_from_is_an_error_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).expect("a pipe");
        let error = without_waiting(&pipe, OldContents::Go).expect_err("nobody reads");
        assert!(error.to_string().contains("without a reader"), "{error}");
    }

    #[test]
    fn what_is_piped_in_stands_behind_the_question() {
        assert_eq!(question(Some("a?"), None).as_deref(), Some("a?"));
        assert_eq!(question(None, Some("b")).as_deref(), Some("b"));
        assert_eq!(question(Some("a?"), Some("b")).as_deref(), Some("a?\n\nb"));
        assert_eq!(question(None, None), None);
    }

    #[test]
    fn only_what_comes_after_the_last_tool_is_the_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("answer.md");
        let output = OutputFile::new(&file, folder.path());
        let mut plain = PlainOutput::new(Some(output));
        for event in [
            Event::Text("I look.".into()),
            Event::ToolStarted {
                id: "1".into(),
                tool: "read_file".into(),
                what: "a.rs".into(),
                details: std::sync::Arc::default(),
            },
            Event::Text("It is ".into()),
            Event::Text("`a`.".into()),
            // A check of the answer.
            Event::ToolStarted {
                id: "check_1_1".into(),
                tool: "run_command".into(),
                what: "make test".into(),
                details: std::sync::Arc::default(),
            },
            Event::TurnEnded(TurnEnd::Answered),
        ] {
            plain.event(&event).expect("it is shown");
        }
        let answer = fs::read_to_string(file).expect("the answer");
        assert_eq!(answer, "It is `a`.\n");
    }

    #[test]
    fn what_turns_out_to_be_a_thought_is_not_in_the_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("answer.md");
        let mut plain = PlainOutput::new(Some(OutputFile::new(&file, folder.path())));
        for event in [
            Event::Text("Hm, let me see.".into()),
            Event::TextWasThought,
            Event::Text("It is `a`.".into()),
            Event::TurnEnded(TurnEnd::Answered),
        ] {
            plain.event(&event).expect("it is shown");
        }
        let answer = fs::read_to_string(file).expect("the answer");
        assert_eq!(answer, "It is `a`.\n");
    }

    #[test]
    fn no_answer_of_before_stays_in_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("answer.md");
        fs::write(&file, "an answer of before\n").expect("a file");
        let output = OutputFile::new(&file, folder.path());
        let mut plain = PlainOutput::new(Some(output.clone()));
        let stopped = Event::TurnEnded(TurnEnd::Stopped);
        plain.event(&stopped).expect("it is shown");
        assert_eq!(fs::read_to_string(&file).expect("the file"), "");
        fs::write(&file, "an answer of before\n").expect("a file");
        output.empty().expect("it is emptied");
        assert_eq!(fs::read_to_string(file).expect("the file"), "");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_found_before_anything_is_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("root/deep")).expect("a folder");
        for path in ["root/kept.md", "kept.md"] {
            fs::write(at(path), "before\n").expect("a file");
        }
        let checked = |path: &str| OutputFile::new(&at(path), &at("root")).check();
        for path in [
            "root/none/answer.md",
            "none/answer.md",
            "root/deep",
            "root",
            "kept.md/answer.md",
            "root/kept.md/answer.md",
        ] {
            let error = format!("{:#}", checked(path).expect_err(path));
            assert!(error.contains("cannot write"), "{path}: {error}");
            let is_missing = path.contains("none");
            assert_eq!(
                error.contains("does not exist; create it"),
                is_missing,
                "{error}"
            );
        }
        for path in ["root/kept.md", "kept.md"] {
            checked(path).expect("it can be written");
            let text = fs::read_to_string(at(path)).expect("a file");
            assert_eq!(text, "before\n", "{path}");
        }
        checked("root/deep/new.md").expect("it can be written");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_in_the_workspace_is_followed_and_the_user_s_own_are() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let at = |path: &str| folder.path().join(path);
        for path in ["root/deep", "outside"] {
            fs::create_dir_all(at(path)).expect("a folder");
        }
        fs::write(at("outside/theirs"), "before\n").expect("a file");
        symlink(at("outside/theirs"), at("root/answer")).expect("a link");
        symlink(at("outside"), at("root/out")).expect("a link");
        symlink("deep", at("root/inside")).expect("a link");
        symlink(at("root"), at("alias")).expect("a link");
        symlink(at("outside/theirs"), at("outside/mine")).expect("a link");
        fs::hard_link(at("outside/theirs"), at("root/hard")).expect("a link");
        let written = |path: &str| OutputFile::new(&at(path), &at("root")).write("new\n");
        for path in [
            "root/answer",
            "root/out/theirs",
            "root/out/new",
            "alias/answer",
            "alias/out/theirs",
            "root/deep/../answer",
            "root/inside/new",
            "root/hard",
            "root/deep",
        ] {
            let error = written(path).expect_err("it is not written");
            assert!(
                error.to_string().contains("cannot write"),
                "{path}: {error}"
            );
            let theirs = fs::read_to_string(at("outside/theirs")).expect("a file");
            assert_eq!(theirs, "before\n", "{path}");
        }
        for path in [
            "root/deep/new",
            "alias/new",
            "root/deep/../other",
            "outside/mine",
        ] {
            written(path).expect("it is written");
            assert_eq!(
                fs::read_to_string(at(path)).expect("a file"),
                "new\n",
                "{path}"
            );
        }
        assert_eq!(fs::read_dir(at("outside")).expect("a folder").count(), 2);
    }
}
