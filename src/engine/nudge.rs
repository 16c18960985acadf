//! Replies that end a turn before its work: they announce a step and call no tool, or show code where
//! a change was asked for. The model is asked once to go on.

use super::change_request::asks_for_change;
use super::event::{Event, ToolOutcome, TurnEnd};
use super::step::StepReply;
use super::turn::Turn;

/// What has happened in a turn so far.
#[derive(Debug, Default)]
pub(super) struct TurnProgress {
    /// What the user asked.
    request: String,
    has_changed: bool,
    was_denied: bool,
    is_nudged: bool,
    /// How often a hook refused to commit the turn.
    refused_commits: u32,
}

/// Phrases before what somebody is about to do.
const ANNOUNCING: &[&str] = &[
    "let me",
    "let us",
    "let's",
    "i will",
    "i'll",
    "i am going to",
    "i'm going to",
    "i need to",
    "i want to",
    "i would like to",
    "i'd like to",
    "i am now",
    "i'm now",
];

/// Words between such a phrase and its verb.
const FILLERS: &[&str] = &[
    "now",
    "first",
    "then",
    "next",
    "just",
    "also",
    "quickly",
    "start",
    "begin",
    "by",
    "with",
    "go",
    "ahead",
    "and",
    "proceed",
    "to",
    "try",
    "continue",
    "carefully",
];

/// Beginnings of verbs for which there is a tool.
const VERBS: &[&str] = &[
    "read",
    "look",
    "check",
    "search",
    "open",
    "edit",
    "writ",
    "creat",
    "updat",
    "chang",
    "examin",
    "inspect",
    "find",
    "implement",
    "modif",
    "list",
    "view",
    "explor",
    "investigat",
    "analy",
    "appl",
    "replac",
    "renam",
    "remov",
    "delet",
    "locat",
    "review",
    "test",
    "refactor",
    "gather",
    "grep",
    "execut",
];

/// Short verbs, whole.
const SHORT_VERBS: &[&str] = &[
    "run", "running", "add", "adding", "fix", "fixing", "see", "call", "calling", "make",
];

/// Words of a sentence that leaves the step to the user.
const CONDITIONS: &[&str] = &[
    "if you",
    "once you",
    "when you",
    "after you",
    "would you",
    "should i",
    "shall i",
    "do you want",
    "let me know",
    "with your",
    "whenever",
    "should you",
    "tell me",
    "just ask",
    "if needed",
    "if necessary",
    "if required",
    "if wanted",
    "if desired",
];

/// Words that do so before such a phrase: behind it, `if` and `which` are what the step finds out.
const CONDITIONS_BEFORE: &[&str] = &[
    "if", "unless", "which", "confirm", "approve", "say", "choose", "reply",
];

/// The same in scripts without spaces between words: a phrase, and verbs.
const OTHER_ANNOUNCING: &[(&[&str], &[&str])] = &[
    (
        &["让我", "我将", "我先", "我来", "我会先", "接下来我"],
        &[
            "查看",
            "读取",
            "阅读",
            "搜索",
            "检查",
            "运行",
            "修改",
            "编辑",
            "查找",
            "看看",
            "看一下",
            "打开",
            "创建",
            "执行",
            "添加",
        ],
    ),
    (
        &["겠습니다"],
        &[
            "읽", "확인", "검색", "실행", "수정", "찾아", "살펴", "열어", "추가",
        ],
    ),
];

/// Languages of blocks that are no content of a file.
const NO_CODE: &[&str] = &[
    "sh",
    "bash",
    "shell",
    "zsh",
    "console",
    "text",
    "txt",
    "output",
    "plaintext",
    "mermaid",
];

/// Fewest lines of code in a block without a language.
const LEAST_LINES: usize = 3;

impl TurnProgress {
    /// Counts one more commit of the turn that a hook refused; how many it are.
    pub(super) fn count_refused_commit(&mut self) -> u32 {
        self.refused_commits += 1;
        self.refused_commits
    }

    pub(super) fn of(request: &str) -> TurnProgress {
        TurnProgress {
            request: request.to_owned(),
            ..TurnProgress::default()
        }
    }

    /// Notes the outcome of a call.
    pub(super) fn note(&mut self, outcome: ToolOutcome, has_changed: bool) {
        self.has_changed |= has_changed;
        self.was_denied |= outcome == ToolOutcome::Denied;
    }

    /// Whether a call was denied.
    pub(super) fn was_denied(&self) -> bool {
        self.was_denied
    }

    /// Whether a change was asked for, and neither made nor denied.
    pub(super) fn lacks_change(&self) -> bool {
        !self.has_changed && !self.was_denied && asks_for_change(&self.request)
    }
}

impl Turn<'_> {
    /// Asks the model once in a turn to go on, if its answer only announces or shows what it should
    /// have done; returns whether it was asked.
    pub(super) async fn nudge(&mut self, reply: &StepReply) -> Result<bool, TurnEnd> {
        if self.progress.is_nudged || reply.is_cut || self.tools.is_empty() {
            return Ok(false);
        }
        let (notice, remark) = if !self.progress.was_denied && announces(&reply.text) {
            (
                "the model announced a step and called no tool; asking it to go on",
                "You said what you will do next, but called no tool. Call the tool now. If \
                 nothing is left to do, answer the user.",
            )
        } else if self.may_change() && self.progress.lacks_change() && shows_code(&reply.text) {
            (
                "the model showed code and changed no file; asking it to go on",
                "Nothing was changed: code in a reply is not written to a file. Call `edit_file` \
                 or `write_file` now. If the user wanted only to see the code, say so in one \
                 sentence.",
            )
        } else {
            return Ok(false);
        };
        self.progress.is_nudged = true;
        // What follows is another paragraph of the answer.
        self.events.send(Event::Text("\n\n".to_owned())).await;
        self.notice(notice).await;
        self.add_engine_note(remark)?;
        Ok(true)
    }
}

/// Whether a reply ends with the announcement of a step.
fn announces(text: &str) -> bool {
    let prose = without_last_block(text.trim()).trim();
    let line = prose.lines().next_back().unwrap_or_default();
    let line = line.to_lowercase().replace('’', "'");
    // A step of a plan is no announcement.
    let bare = line.trim_start();
    let is_item = bare.starts_with("- ")
        || bare.starts_with("* ")
        || bare.starts_with(|c: char| c.is_ascii_digit());
    if is_item || line.trim_end().ends_with(['?', '？']) {
        return false;
    }
    let sentence = last_sentence(&line);
    let is_other = OTHER_ANNOUNCING.iter().any(|(phrases, verbs)| {
        let has = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        has(phrases) && has(verbs)
    });
    let is_open = !CONDITIONS.iter().any(|words| sentence.contains(words));
    is_other || (is_open && ANNOUNCING.iter().any(|words| is_followed(sentence, words)))
}

/// Whether a phrase is in a sentence, with a verb for which there is a tool right behind it, and no
/// condition before it.
fn is_followed(sentence: &str, phrase: &str) -> bool {
    sentence.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (&sentence[..at], &sentence[at + phrase.len()..]);
        let is_whole = !before.ends_with(char::is_alphanumeric) && after.starts_with([' ', ',']);
        let is_conditional = before
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| CONDITIONS_BEFORE.contains(&word));
        let mut words = after
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty() && !FILLERS.contains(word));
        let verb = words.next().unwrap_or_default();
        is_whole
            && !is_conditional
            && (SHORT_VERBS.contains(&verb) || VERBS.iter().any(|known| verb.starts_with(known)))
    })
}

fn last_sentence(line: &str) -> &str {
    let inner = line.trim_end_matches(|c: char| c.is_whitespace() || ".:!…。：*_".contains(c));
    let start = inner
        .rmatch_indices(['.', '!', '?', '。', '！'])
        .find(|(at, mark)| {
            let after = inner[at + mark.len()..].chars().next();
            after.is_none_or(char::is_whitespace) || !mark.is_ascii()
        })
        .map_or(0, |(at, mark)| at + mark.len());
    &inner[start..]
}

/// A text without the fenced block that it ends with: commands that somebody should run.
fn without_last_block(text: &str) -> &str {
    let Some(inside) = text.strip_suffix("```") else {
        return text;
    };
    inside.rfind("```").map_or(text, |at| &inside[..at])
}

/// Whether a reply has a fenced block with what could stand in a file.
fn shows_code(text: &str) -> bool {
    let mut language: Option<String> = None;
    let mut lines = 0;
    for line in text.lines() {
        let Some(information) = line.trim_start().strip_prefix("```") else {
            lines += usize::from(!line.trim().is_empty());
            continue;
        };
        match language.take() {
            None => (language, lines) = (Some(information.trim().to_lowercase()), 0),
            Some(language) => {
                let least = if language.is_empty() { LEAST_LINES } else { 1 };
                if lines >= least && !NO_CODE.contains(&language.as_str()) {
                    return true;
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_told_from_an_answer() {
        for text in [
            "Let me read the file first.",
            "To find out, I'll look at `src/main.rs`:",
            "I see. Now I will search for the function…",
            "The test fails. First, let me check the configuration.",
            "I’m going to start by reading the file.",
            "I will run the tests:\n\n```bash\ncargo test\n```",
            "**Let me now open the file.**",
            "好的。让我先查看文件。",
            "먼저 파일을 읽겠습니다.",
            "Let me check if the file exists.",
            "Now I'll find out which test fails. I'll run them.",
        ] {
            assert!(announces(text), "{text}");
        }
        for text in [
            "",
            "It greets.",
            "Let me know if anything is left.",
            "If you agree, I will edit the file.",
            "Please confirm and I'll edit the file.",
            "Tell me which name you prefer and I'll rename it.",
            "If needed, I'll add tests.",
            "I'll add tests if needed.",
            "Say so and I'll update it.",
            "Just ask and I'll update it.",
            "Should you want it, I will edit the file.",
            "Should I add a test? I'll edit it then. Do you agree?",
            "Let me read the file first.\n\nIt greets: `main.rs:2`.",
            "I will be happy to help.",
            "The plan:\n\n1. Read it.\n2. I will run the tests.",
            "I'll explain: it greets.",
            "I will not change the file.",
            "The function reads a file, and outlet meters check it.",
            "좋습니다.",
        ] {
            assert!(!announces(text), "{text}");
        }
    }

    #[test]
    fn code_is_told_from_commands() {
        for text in [
            "Here:\n```rust\nfn a() {}\n```",
            "```\na\nb\nc\n```\nSo.",
            "```diff\n-a\n+b\n```",
        ] {
            assert!(shows_code(text), "{text}");
        }
        for text in [
            "",
            "Run:\n```bash\ncargo test\n```",
            "```\nok\n```",
            "```rust\n```",
            "Use `a()`.",
        ] {
            assert!(!shows_code(text), "{text}");
        }
    }
}
