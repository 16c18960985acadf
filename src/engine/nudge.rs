//! Replies that end a turn before its work: they announce a step and call no tool, or show code where
//! a change was asked for. The model is asked once to go on.

use super::event::{ToolOutcome, TurnEnd};
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

/// Verbs with which a change of files is asked for.
const CHANGES: &[&str] = &[
    "fix",
    "change",
    "rename",
    "implement",
    "refactor",
    "remove",
    "delete",
    "update",
    "replace",
    "edit",
    "insert",
    "convert",
    "correct",
    "extend",
    "modify",
    "apply",
    "bump",
    "add",
    "move",
];

/// Verbs that ask for one only beside something that files have.
const VAGUE_CHANGES: &[&str] = &["write", "create", "make", "set", "improve", "do"];

const OBJECTS: &[&str] = &[
    "file", "files", "test", "tests", "module", "class", "method", "endpoint", "option", "flag",
    "config", "script", "it",
];

/// First words of requests that only ask.
const ASKING: &[&str] = &[
    "how",
    "what",
    "why",
    "where",
    "which",
    "who",
    "when",
    "is",
    "are",
    "was",
    "does",
    "do",
    "did",
    "has",
    "have",
    "should",
    "would",
    "explain",
    "describe",
    "show",
    "tell",
    "list",
    "find",
    "review",
    "suggest",
    "propose",
    "compare",
    "summarise",
    "summarize",
];

const OTHER_CHANGES: &[&str] = &[
    "添加",
    "修改",
    "修复",
    "重命名",
    "删除",
    "实现",
    "改成",
    "创建",
    "更新",
    "추가해",
    "수정해",
    "고쳐",
    "바꿔",
    "삭제해",
    "구현해",
    "만들어",
    "변경해",
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
        let (notice, remark) = if announces(&reply.text) {
            (
                "the model announced a step and called no tool; asking it to go on",
                "You said what you will do next, but called no tool. Call the tool now. If \
                 nothing is left to do, answer the user.",
            )
        } else if !self.plan && self.progress.lacks_change() && shows_code(&reply.text) {
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

/// Whether a phrase is in a sentence, and a verb for which there is a tool right behind it.
fn is_followed(sentence: &str, phrase: &str) -> bool {
    sentence.match_indices(phrase).any(|(at, _)| {
        let before = sentence[..at].chars().next_back();
        let after = &sentence[at + phrase.len()..];
        let is_whole = !before.is_some_and(char::is_alphanumeric) && after.starts_with([' ', ',']);
        let mut words = after
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty() && !FILLERS.contains(word));
        let verb = words.next().unwrap_or_default();
        is_whole
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

/// Whether a request asks for a change of files.
fn asks_for_change(request: &str) -> bool {
    let request = request.to_lowercase();
    if OTHER_CHANGES.iter().any(|word| request.contains(word)) {
        return true;
    }
    let words: Vec<&str> = request
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect();
    let is_question = words.first().is_some_and(|word| ASKING.contains(word))
        && !request.starts_with("do it")
        && !request.starts_with("do that");
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let names_file = request.contains('/')
        || request.split_whitespace().any(|word| {
            let inside = word.trim_matches(|c: char| !c.is_alphanumeric());
            inside.contains('.')
        });
    !is_question && (has(CHANGES) || (has(VAGUE_CHANGES) && (names_file || has(OBJECTS))))
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
        ] {
            assert!(announces(text), "{text}");
        }
        for text in [
            "",
            "It greets.",
            "Let me know if anything is left.",
            "If you agree, I will edit the file.",
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
    fn a_request_for_a_change_is_told_from_a_question() {
        for text in [
            "Fix the test.",
            "please rename `a` to `b`",
            "Can you add a flag?",
            "that did nothing. do it",
            "Write a test for src/a.rs",
            "make it faster in a.rs",
            "把函数改成异步",
            "이름을 바꿔 줘",
        ] {
            assert!(asks_for_change(text), "{text}");
        }
        for text in [
            "What does it do?",
            "How would I add a flag?",
            "Explain the fix.",
            "Where is the retry delay set?",
            "Write a poem about Rust",
            "",
        ] {
            assert!(!asks_for_change(text), "{text}");
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
