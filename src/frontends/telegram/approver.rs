//! Approval requests and questions of the model, as messages with buttons.

use ollacode_secrets::secret_path;

use super::buttons::ButtonChoice;
use super::formatted_text::{FormattedText, SpanKind, Style};
use super::incoming::ChatUser;
use super::outbox::{Outbox, Payload};
use super::questions::{AskedQuestion, QuestionAnswer, Questions};
use crate::conversation::messages::{fold_blanks, middle_left_out};
use crate::jail::folded;
use crate::permission::{ApprovalRequest, Decision, Preview};
use crate::visible::escape_hidden;
use crate::visible::visible_name;

/// Longest diff or command inside an approval request, in UTF-16 units.
const MOST_OF_PREVIEW: usize = 2_500;
/// A longer one is sent as a file; this many characters of its beginning and end are shown.
const END: usize = 600;
/// The same for a title or a reason, so that a request is never cut.
const MOST_OF_WORDS: usize = 100;
/// Longest name that is shown for a hidden value, in bytes.
const LONGEST_NAME: usize = 40;
/// Longest button label, in characters.
const MOST_ON_A_BUTTON: usize = 40;
/// Maximum number of options shown as buttons.
const MOST_OPTIONS: usize = 10;

/// Where a turn asks: the user, the session, and how to reach them.
pub struct ApprovalTarget {
    pub who: ChatUser,
    pub session: String,
    pub questions: Questions,
    pub outbox: Outbox,
}

impl ApprovalTarget {
    /// The preview without secrets; `true` if something was removed.
    fn cleaned(&self, request: &ApprovalRequest) -> (String, bool) {
        let given = request.preview.text();
        let text = match &request.preview {
            Preview::None => return (String::new(), false),
            Preview::Command(text) | Preview::Text(text) => text.clone(),
            Preview::Edits(_) => {
                let secret = request.files.iter().find(|file| is_secret_name(file));
                let path = secret.map_or("", String::as_str);
                shown_diff(path, &given)
            }
        };
        // Before it is cut: half a secret would not be recognised.
        let text = self.outbox.clean(&text);
        let hides = text != *given;
        (text, hides)
    }

    /// Denies a call that cannot be shown completely.
    fn deny_unseen(&self, request: &ApprovalRequest, why: &str) -> Decision {
        let title = visible_name(&request.title);
        let words = format!(
            "? {title}\n✗ denied: {why}, so it cannot be shown here in full. Start the turn again at \
             the terminal to approve it"
        );
        self.outbox.say(self.who.room(), &words);
        Decision::Deny(Some(format!("{why}, so it cannot be shown on the phone")))
    }

    /// The preview in the request. A long one is abbreviated, and sent as a file first; `None` if
    /// the file cannot be delivered.
    async fn preview(&self, request: &ApprovalRequest, text: &str) -> Option<FormattedText> {
        let (language, file) = match &request.preview {
            Preview::None => return Some(FormattedText::default()),
            Preview::Edits(_) => ("diff", "change.diff"),
            Preview::Command(_) => ("bash", "command.sh"),
            Preview::Text(_) => ("json", "call.txt"),
        };
        let folded = fold_blanks(text);
        let whole = code(&folded, language);
        if whole.units() <= MOST_OF_PREVIEW {
            return Some(whole);
        }
        let caption = FormattedText::plain_text("The full text of the request below.");
        let document = Payload::document(file, &escape_hidden(text), caption).silent();
        let is_there = self.outbox.deliver(self.who.room(), document).await;
        is_there.then(|| code(&middle_left_out(&whole.text(), END), language))
    }
}

/// Asks the user to approve a call.
pub async fn decide(phone: &ApprovalTarget, request: &ApprovalRequest) -> Decision {
    let (preview, hides) = phone.cleaned(request);
    let shown_whole = match &request.preview {
        Preview::Command(_) => Some("the command"),
        Preview::Text(_) => Some("what would be sent"),
        Preview::Edits(_) | Preview::None => None,
    };
    if let Some(what) = shown_whole.filter(|_| hides) {
        let why = format!("part of {what} looks like a secret");
        return phone.deny_unseen(request, &why);
    }
    let Some(preview) = phone.preview(request, &preview).await else {
        let why = "it is too long for a message, and Telegram refused it as a file";
        return phone.deny_unseen(request, why);
    };
    let mut text = FormattedText::default();
    let bold = Style {
        bold: true,
        ..Style::default()
    };
    let title = middle_left_out(&visible_name(&request.title), MOST_OF_WORDS);
    text.push(&format!("? {title}"), &bold);
    if !request.reason.is_empty() {
        let reason = middle_left_out(&request.reason, MOST_OF_WORDS);
        text.push(&format!("\n{reason}"), &Style::default());
    }
    if !preview.is_blank() {
        text.push("\n", &Style::default());
        text.append(&preview);
    }
    let mut rows = vec![vec![
        (ButtonChoice::Once, "Allow once".to_owned()),
        (ButtonChoice::Deny, "Deny".to_owned()),
    ]];
    if hides {
        let warning = "\n⚠ Parts that look like secrets are hidden here: check them on the machine \
                       before you allow it.";
        text.push(warning, &bold);
    }
    if let Some(what) = request.remember.as_ref().filter(|_| !hides) {
        let what = middle_left_out(&visible_name(what), MOST_OF_WORDS);
        text.push(&format!("\nFor this session: {what}"), &Style::default());
        let label = "Allow for this session".to_owned();
        rows.insert(1, vec![(ButtonChoice::Session, label)]);
    }
    let answer = phone.questions.ask(AskedQuestion {
        who: phone.who,
        session: phone.session.clone(),
        hash: request.hash.clone(),
        text: text.made_visible(),
        choices: rows,
        takes_text: false,
    });
    match answer.await {
        QuestionAnswer::Pressed(ButtonChoice::Once) => Decision::Once,
        QuestionAnswer::Pressed(ButtonChoice::Session) if request.remember.is_some() => {
            Decision::Session
        }
        QuestionAnswer::Expired => {
            let why = "the approval request expired; do not retry now";
            Decision::Deny(Some(why.to_owned()))
        }
        QuestionAnswer::Pressed(_) | QuestionAnswer::Written(_) => Decision::Deny(None),
    }
}

/// Asks a question of the model, answered by a button or a message.
pub async fn option(phone: &ApprovalTarget, question: &str, options: &[String]) -> Option<String> {
    let options = &options[..options.len().min(MOST_OPTIONS)];
    let mut text = format!("? {question}\n");
    for option in options {
        text.push_str(&format!("\n• {}", visible_name(option)));
    }
    text.push_str("\n\nPress a button, or write an answer.");
    let button = |(index, option): (usize, &&String)| {
        let index = u8::try_from(index).unwrap_or(u8::MAX);
        let label = visible_name(phone.outbox.clean(option).trim());
        let label = label.chars().take(MOST_ON_A_BUTTON).collect();
        vec![(ButtonChoice::Option(index), label)]
    };
    let usable: Vec<&String> = options.iter().filter(|option| is_seen(option)).collect();
    let answer = phone.questions.ask(AskedQuestion {
        who: phone.who,
        session: phone.session.clone(),
        hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
        text: FormattedText::plain_text(&text),
        choices: usable.iter().enumerate().map(button).collect(),
        takes_text: true,
    });
    match answer.await {
        QuestionAnswer::Written(text) => Some(text),
        QuestionAnswer::Pressed(ButtonChoice::Option(index)) => usable
            .get(usize::from(index))
            .map(|option| (*option).clone()),
        QuestionAnswer::Pressed(_) | QuestionAnswer::Expired => None,
    }
}

/// Whether a text is visible: Telegram rejects blank buttons.
fn is_seen(text: &str) -> bool {
    !FormattedText::plain_text(text).is_blank()
}

/// The diff of one file. If it is a file of secrets by its name, its content is hidden.
pub fn shown_diff(path: &str, diff: &str) -> String {
    if !is_secret_name(path) {
        return diff.to_owned();
    }
    let mut out = String::with_capacity(diff.len());
    for (at, line) in diff.split_inclusive('\n').enumerate() {
        // The first two lines name the file. Every content line has a sign before it, so these two
        // cannot be content.
        if at < 2 || line.starts_with(['@', '\\']) {
            out.push_str(line);
        } else {
            let sign = line.chars().next().unwrap_or(' ');
            let rest = line.strip_prefix(sign).unwrap_or_default();
            out.push_str(&format!("{sign}{}[hidden]\n", name_of_value(rest)));
        }
    }
    out
}

/// The name in a line such as `export NAME=value`, with its sign. Empty if the name is unusual or
/// the value is empty: the line may be part of a value of several lines.
fn name_of_value(line: &str) -> &str {
    let Some(at) = line.find(['=', ':']) else {
        return "";
    };
    let name = line[..at].trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_plain = name.len() <= LONGEST_NAME
        && name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
        && name
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || sign == '_');
    let value = line[at + 1..].trim();
    if is_plain && !value.trim_matches('=').is_empty() {
        &line[..=at]
    } else {
        ""
    }
}

/// Whether a path names a file of secrets, ignoring case.
fn is_secret_name(path: &str) -> bool {
    secret_path(path).is_some() || secret_path(&folded(path)).is_some()
}

pub fn code(text: &str, language: &str) -> FormattedText {
    let mut rich = FormattedText::default();
    let style = Style::default().with(SpanKind::Pre(Some(language.to_owned())));
    rich.push(text.trim_end_matches('\n'), &style);
    rich.made_visible()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_of_secrets_holds_is_hidden_in_diffs() {
        let diff = "--- a/.env\n+++ b/.env\n@@ -1,4 +1,3 @@\n DB=hunter2\n--- a/x\n-A=b\n+A=c\n\
                    +word\n--- b/main.rs\n+++ b/main.rs\n\\ No newline at end of file\n+MIIEvQ==\n\
                    + key two: x\n";
        let hidden = "--- a/.env\n+++ b/.env\n@@ -1,4 +1,3 @@\n DB=[hidden]\n-[hidden]\n\
                      -A=[hidden]\n+A=[hidden]\n+[hidden]\n-[hidden]\n+[hidden]\n\\ No newline at end of \
                      file\n+[hidden]\n+[hidden]\n";
        for path in [".env", "deploy/.ENV.local", "certs/server.key"] {
            assert_eq!(shown_diff(path, diff), hidden, "{path}");
        }
        for path in ["main.rs", ".env.example", ""] {
            assert_eq!(shown_diff(path, diff), diff, "{path}");
        }
    }
}
