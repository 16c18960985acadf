//! Messages with buttons: asked, then answered once, expired or withdrawn.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Error;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::buttons::{ButtonChoice, Buttons, Press, QuestionBinding, QuestionId, secret};
use super::formatted_text::FormattedText;
use super::incoming::ChatUser;
use super::outbox::{Outbox, Payload};
use super::rate_limiter::{MessageSlot, MessageStage};
use super::split::beginning;

/// Longest question, in UTF-16 units: its result is added below.
const MOST_OF_QUESTION: usize = 3_900;
/// Shown below an expired question.
const EXPIRED: &str = "⌛ expired: denied";
/// The response to a press after that.
const TOO_LATE: &str = "this question has expired; nothing was done";
/// The response to a press of a button of an earlier process.
const BEFORE_RESTART: &str =
    "this question is from before a restart and no longer valid; nothing was done";

#[derive(Clone)]
pub struct Questions {
    outbox: Outbox,
    life: Duration,
    open: Arc<Mutex<OpenQuestions>>,
}

struct OpenQuestions {
    buttons: Buttons,
    waiting: BTreeMap<QuestionId, WaitingQuestion>,
}

struct WaitingQuestion {
    who: ChatUser,
    place: MessageSlot,
    text: FormattedText,
    takes_text: bool,
    /// Wall-clock time, since the monotonic clock stops while a laptop sleeps.
    until: SystemTime,
    reply: oneshot::Sender<QuestionAnswer>,
}

pub struct AskedQuestion {
    pub who: ChatUser,
    pub session: String,
    /// Hash of the request.
    pub hash: String,
    pub text: FormattedText,
    /// Rows of buttons with their labels.
    pub choices: Vec<Vec<(ButtonChoice, String)>>,
    /// Whether a text message also counts as the answer.
    pub takes_text: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionAnswer {
    Pressed(ButtonChoice),
    /// Answered by a text message.
    Written(String),
    Expired,
}

impl Questions {
    /// Starts without questions; each one expires after `life`.
    pub fn new(outbox: Outbox, life: Duration) -> Result<Questions, Error> {
        Ok(Questions {
            outbox,
            life,
            open: Arc::new(Mutex::new(OpenQuestions {
                buttons: Buttons::new(secret()?, life),
                waiting: BTreeMap::new(),
            })),
        })
    }

    /// Asks, and waits for the answer. Dropping the future withdraws the question.
    pub async fn ask(&self, asked: AskedQuestion) -> QuestionAnswer {
        let (reply, answer) = oneshot::channel();
        let (question, place) = self.put(asked, reply);
        let _withdrawn = Withdrawal {
            questions: self,
            question,
        };
        match tokio::time::timeout(self.life, answer).await {
            Ok(answer) => answer.unwrap_or(QuestionAnswer::Expired),
            Err(_) => {
                if let Some(waiting) = self.close(question) {
                    self.conclude(waiting.who, place, &waiting.text, EXPIRED);
                }
                QuestionAnswer::Expired
            }
        }
    }

    fn put(
        &self,
        asked: AskedQuestion,
        reply: oneshot::Sender<QuestionAnswer>,
    ) -> (QuestionId, MessageSlot) {
        let place = self.outbox.new_slot();
        let bound = QuestionBinding {
            user: asked.who.user,
            chat: asked.who.chat,
            session: asked.session,
            hash: asked.hash,
        };
        let mut open = self.open.lock();
        let question = open.buttons.ask(bound, Instant::now());
        let button = |(choice, label): &(ButtonChoice, String)| {
            let data = open.buttons.data(question, *choice)?;
            Some((label.clone(), data))
        };
        let rows = asked.choices.iter();
        let rows = rows.map(|row| row.iter().filter_map(button).collect());
        let text = beginning(&asked.text, MOST_OF_QUESTION);
        let payload = Payload::text(text.clone()).with_buttons(rows.collect());
        let waiting = WaitingQuestion {
            who: asked.who,
            place,
            text,
            takes_text: asked.takes_text,
            until: SystemTime::now() + self.life,
            reply,
        };
        open.waiting.insert(question, waiting);
        drop(open);
        self.outbox
            .show(asked.who.room(), place, MessageStage::Final, payload);
        (question, place)
    }

    /// Handles a press and returns the response to it; `None` for no response.
    pub fn press(&self, who: ChatUser, data: &str) -> Option<String> {
        let mut open = self.open.lock();
        let press = open.buttons.press(data, who.user, who.chat, Instant::now());
        match press {
            Press::Answer {
                question, choice, ..
            } => {
                let waiting = open.waiting.remove(&question);
                drop(open);
                if let Some(waiting) = &waiting
                    && waiting.until <= SystemTime::now()
                {
                    self.conclude(waiting.who, waiting.place, &waiting.text, EXPIRED);
                    return Some(TOO_LATE.to_owned());
                }
                let words = choice_label(choice);
                if let Some(waiting) = waiting {
                    self.conclude(waiting.who, waiting.place, &waiting.text, words);
                    // Nobody may wait for the answer any more.
                    let _ = waiting.reply.send(QuestionAnswer::Pressed(choice));
                }
                Some(words.to_owned())
            }
            Press::Answered(choice) => Some(format!("already answered: {}", choice_label(choice))),
            Press::Expired => Some(TOO_LATE.to_owned()),
            Press::BeforeRestart => Some(BEFORE_RESTART.to_owned()),
            Press::Foreign | Press::Forged => None,
        }
    }

    /// Takes a text message as the answer to an open question; `false` if there is none that
    /// accepts text.
    pub fn write(&self, who: ChatUser, text: &str) -> bool {
        let mut open = self.open.lock();
        let wants = |waiting: &&WaitingQuestion| waiting.takes_text && waiting.who == who;
        let found = open.waiting.iter().find(|(_, waiting)| wants(waiting));
        let Some(question) = found.map(|(question, _)| *question) else {
            return false;
        };
        open.buttons.withdraw(question);
        let waiting = open.waiting.remove(&question);
        drop(open);
        if let Some(waiting) = waiting {
            self.conclude(waiting.who, waiting.place, &waiting.text, "✓ answered");
            let _ = waiting.reply.send(QuestionAnswer::Written(text.to_owned()));
        }
        true
    }

    fn close(&self, question: QuestionId) -> Option<WaitingQuestion> {
        let mut open = self.open.lock();
        open.buttons.withdraw(question);
        open.waiting.remove(&question)
    }

    /// Replaces the buttons of a question by its result.
    fn conclude(&self, who: ChatUser, place: MessageSlot, text: &FormattedText, words: &str) {
        let mut text = text.clone();
        text.append(&FormattedText::plain_text(&format!("\n\n{words}")));
        let payload = Payload::text(text);
        self.outbox
            .show(who.room(), place, MessageStage::Final, payload);
    }
}

/// Withdraws a question when nobody waits for the answer any more.
struct Withdrawal<'a> {
    questions: &'a Questions,
    question: QuestionId,
}

impl Drop for Withdrawal<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.questions.close(self.question) {
            let words = "✗ withdrawn: nothing was done";
            self.questions
                .conclude(waiting.who, waiting.place, &waiting.text, words);
        }
    }
}

fn choice_label(choice: ButtonChoice) -> &'static str {
    match choice {
        ButtonChoice::Once => "✓ allowed once",
        ButtonChoice::Session => "✓ allowed for this session",
        ButtonChoice::Deny => "✗ denied",
        ButtonChoice::Option(_) => "✓ answered",
    }
}
