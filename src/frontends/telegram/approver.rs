//! Asks on the phone before something is done.

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::secrets::secret_path;
use tokio::sync::{mpsc, oneshot};

use super::buttons::Choice;
use super::incoming::Who;
use super::outbox::{Outbox, Payload};
use super::questions::{Answer, Asked, Questions};
use super::rich::{Rich, Span, Style};
use super::split::{MOST_OF_CAPTION, beginning};
use crate::frontends::words::visible_name;
use crate::permission::{ApprovalRequest, Approver, Decision, Preview};

/// Longest change or command that stands in the question itself, in UTF-16 units.
const MOST_OF_PREVIEW: usize = 2_500;
/// Of a longer one, which is sent as a file.
const BEGINNING: usize = 900;
/// Longest words on a button, in characters.
const MOST_ON_A_BUTTON: usize = 40;
/// Most answers that are offered as buttons.
const MOST_OPTIONS: usize = 10;

/// Asks whoever has the conversation.
pub struct PhoneApprover {
    who: Who,
    session: String,
    questions: Questions,
    outbox: Outbox,
    about_to_ask: mpsc::Sender<oneshot::Sender<()>>,
}

impl PhoneApprover {
    /// Asks in the name of a session. Before each question, the other end is told; what happened
    /// until then is to be shown before it answers.
    pub fn new(
        who: Who,
        session: &str,
        questions: Questions,
        outbox: Outbox,
    ) -> (PhoneApprover, mpsc::Receiver<oneshot::Sender<()>>) {
        let (about_to_ask, inbox) = mpsc::channel(1);
        let approver = PhoneApprover {
            who,
            session: session.to_owned(),
            questions,
            outbox,
            about_to_ask,
        };
        (approver, inbox)
    }

    /// Whether not all of it can be shown.
    fn hides(&self, preview: &Preview) -> bool {
        match preview {
            Preview::None => false,
            Preview::Diff(text) => self.outbox.clean(&without_secret_files(text)) != *text,
            Preview::Command(text) => self.outbox.clean(text) != *text,
        }
    }

    /// Whoever allows a command must have seen all of it.
    fn deny_unseen(&self, request: &ApprovalRequest) -> Decision {
        let title = visible_name(&request.title);
        let words = format!(
            "? {title}\n✗ denied: a part of the command looks like a secret, so it cannot be shown \
             here whole; at the terminal it can be allowed"
        );
        self.outbox.say(self.who.chat, &words);
        let why = "a part of it looks like a secret and cannot be shown on the phone";
        Decision::Deny(Some(why.to_owned()))
    }

    /// Waits until everything before a question is shown.
    async fn all_shown(&self) {
        let (shown, is_shown) = oneshot::channel();
        if self.about_to_ask.send(shown).await.is_ok() {
            // Where nobody shows anything any more, there is nothing to wait for.
            let _ = is_shown.await;
        }
    }

    /// Sends what is too long for a question as a file before it; gives what the question shows.
    fn preview(&self, request: &ApprovalRequest) -> Rich {
        let (text, language, file) = match &request.preview {
            Preview::None => return Rich::default(),
            Preview::Diff(diff) => (without_secret_files(diff), "diff", "change.diff"),
            Preview::Command(command) => (command.clone(), "bash", "command.sh"),
        };
        // Before it is cut: half a secret would not be known as one.
        let text = self.outbox.clean(&text);
        let whole = code(&text, language);
        if whole.units() <= MOST_OF_PREVIEW {
            return whole;
        }
        let caption = Rich::plain_text("The whole of what is asked below.");
        let caption = beginning(&caption, MOST_OF_CAPTION);
        let document = Payload::document(file, &text, caption).silent();
        self.outbox.send(self.who.chat, document);
        beginning(&whole, BEGINNING)
    }
}

impl Approver for PhoneApprover {
    fn decide<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        async move {
            self.all_shown().await;
            let hides = self.hides(&request.preview);
            if hides && matches!(request.preview, Preview::Command(_)) {
                return self.deny_unseen(request);
            }
            let mut text = Rich::default();
            let bold = Style {
                bold: true,
                ..Style::default()
            };
            text.push(&format!("? {}", visible_name(&request.title)), &bold);
            if !request.reason.is_empty() {
                text.push(&format!("\n{}", request.reason), &Style::default());
            }
            let preview = self.preview(request);
            if !preview.is_blank() {
                text.push("\n", &Style::default());
                text.append(&preview);
            }
            let mut rows = vec![vec![
                (Choice::Once, "Allow once".to_owned()),
                (Choice::Deny, "Deny".to_owned()),
            ]];
            if hides {
                let warning = "\n⚠ Parts of it look like secrets and are not shown here: look at \
                               them at the machine before you allow it.";
                text.push(warning, &bold);
            }
            if let Some(what) = request.remember.as_ref().filter(|_| !hides) {
                let what = visible_name(what);
                text.push(&format!("\nFor this session: {what}"), &Style::default());
                let label = "Allow for this session".to_owned();
                rows.insert(1, vec![(Choice::Session, label)]);
            }
            let answer = self.questions.ask(Asked {
                who: self.who,
                session: self.session.clone(),
                hash: request.hash.clone(),
                text: text.made_visible(),
                choices: rows,
                takes_text: false,
            });
            match answer.await {
                Answer::Pressed(Choice::Once) => Decision::Once,
                Answer::Pressed(Choice::Session) if request.remember.is_some() => Decision::Session,
                Answer::Expired => {
                    let why = "nobody answered in time; do not try it again now";
                    Decision::Deny(Some(why.to_owned()))
                }
                Answer::Pressed(_) | Answer::Written(_) => Decision::Deny(None),
            }
        }
        .boxed()
    }

    fn answer<'a>(
        &'a self,
        question: &'a str,
        options: &'a [String],
    ) -> BoxFuture<'a, Option<String>> {
        async move {
            self.all_shown().await;
            let options = &options[..options.len().min(MOST_OPTIONS)];
            let mut text = format!("? {question}\n");
            for option in options {
                text.push_str(&format!("\n• {}", visible_name(option)));
            }
            text.push_str("\n\nPress a button, or write the answer.");
            let button = |(index, option): (usize, &String)| {
                let index = u8::try_from(index).unwrap_or(u8::MAX);
                let label = visible_name(self.outbox.clean(option).trim());
                let label = label.chars().take(MOST_ON_A_BUTTON).collect();
                vec![(Choice::Option(index), label)]
            };
            let usable = options.iter().filter(|option| is_seen(option));
            let answer = self.questions.ask(Asked {
                who: self.who,
                session: self.session.clone(),
                hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
                text: Rich::plain_text(&text),
                choices: usable.enumerate().map(button).collect(),
                takes_text: true,
            });
            match answer.await {
                Answer::Written(text) => Some(text),
                Answer::Pressed(Choice::Option(index)) => {
                    let mut usable = options.iter().filter(|option| is_seen(option));
                    usable.nth(usize::from(index)).cloned()
                }
                Answer::Pressed(_) | Answer::Expired => None,
            }
        }
        .boxed()
    }

    fn is_there(&self) -> bool {
        true
    }
}

/// Whether something can be seen of a text: Telegram takes no blank buttons.
fn is_seen(text: &str) -> bool {
    !Rich::plain_text(text).is_blank()
}

/// A diff without what files of secrets hold: whatever it is, it is a secret.
pub fn without_secret_files(diff: &str) -> String {
    let mut is_secret = false;
    let mut out = String::with_capacity(diff.len());
    for line in diff.split_inclusive('\n') {
        let path = line
            .strip_prefix("--- a/")
            .or_else(|| line.strip_prefix("+++ b/"));
        if let Some(path) = path {
            is_secret = secret_path(path.trim_end()).is_some();
        } else if is_secret && line.starts_with([' ', '+', '-']) && !line.starts_with("--- ") {
            let name = line.find(['=', ':']).map_or(&line[..1], |at| &line[..=at]);
            out.push_str(&format!("{name}[hidden]\n"));
            continue;
        }
        out.push_str(line);
    }
    out
}

/// Lines of code in a language.
pub fn code(text: &str, language: &str) -> Rich {
    let mut rich = Rich::default();
    let style = Style::default().with(Span::Pre(Some(language.to_owned())));
    rich.push(text.trim_end_matches('\n'), &style);
    rich.made_visible()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_of_secrets_holds_is_hidden_in_diffs() {
        let diff = "--- a/.env\n+++ b/.env\n@@ -1,2 +1,2 @@\n DB=hunter2\n-A=b\n+A=c\n+word\n\
                    --- a/main.rs\n+++ b/main.rs\n@@ -1 +1 @@\n-let a = 1;\n+let a = 2;\n";
        assert_eq!(
            without_secret_files(diff),
            "--- a/.env\n+++ b/.env\n@@ -1,2 +1,2 @@\n DB=[hidden]\n-A=[hidden]\n+A=[hidden]\n\
             +[hidden]\n--- a/main.rs\n+++ b/main.rs\n@@ -1 +1 @@\n-let a = 1;\n+let a = 2;\n"
        );
    }
}
