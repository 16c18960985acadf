//! Buttons of a question: who may press them, once, and for how long.
//!
//! The callback data is authenticated with a secret of this process, for user, chat, session and
//! the hash of the request. So buttons of an earlier process are invalid, and none can be forged.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::Error;

#[cfg(test)]
mod tests;

/// Answered questions that are remembered, to report a second press.
const MOST_ANSWERED: usize = 256;
/// Hexadecimal digits of the process id and of the authentication code.
const PROCESS_DIGITS: usize = 8;
const SEAL_DIGITS: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonChoice {
    Once,
    /// Allow for the session.
    Session,
    Deny,
    /// An option of a question, from 0.
    Option(u8),
}

/// What a question is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionBinding {
    /// Who may answer.
    pub user: u64,
    pub chat: i64,
    pub session: String,
    /// `ApprovalRequest::hash`.
    pub hash: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuestionId(u64);

/// The result of a press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    Answer {
        question: QuestionId,
        /// Compare its hash with the hash of the call that is about to run.
        bound: QuestionBinding,
        choice: ButtonChoice,
    },
    /// Answered before, with this choice.
    Answered(ButtonChoice),
    /// Expired or withdrawn.
    Expired,
    /// The button belongs to an earlier process.
    BeforeRestart,
    /// The button belongs to another user or chat. It is not answered.
    Foreign,
    /// The callback data is invalid. It is not answered.
    Forged,
}

pub struct Buttons {
    secret: [u8; 32],
    process: String,
    life: Duration,
    last: u64,
    open: BTreeMap<QuestionId, ButtonQuestion>,
    closed: VecDeque<(QuestionId, QuestionBinding, Option<ButtonChoice>)>,
}

struct ButtonQuestion {
    bound: QuestionBinding,
    until: Instant,
}

impl Buttons {
    pub fn new(secret: [u8; 32], life: Duration) -> Buttons {
        let process = blake3::derive_key("ollacode telegram buttons: process", &secret);
        let process = blake3::Hash::from_bytes(process).to_hex();
        Buttons {
            secret,
            process: process[..PROCESS_DIGITS].to_owned(),
            life,
            last: 0,
            open: BTreeMap::new(),
            closed: VecDeque::new(),
        }
    }

    pub fn ask(&mut self, bound: QuestionBinding, now: Instant) -> QuestionId {
        self.last += 1;
        let question = QuestionId(self.last);
        let until = now + self.life;
        self.open.insert(question, ButtonQuestion { bound, until });
        question
    }

    /// The `callback_data` of a button, at most 64 bytes.
    pub fn data(&self, question: QuestionId, choice: ButtonChoice) -> Option<String> {
        let bound = &self.open.get(&question)?.bound;
        let (number, sign) = (question.0, choice.sign());
        let seal = self.seal(question, choice, bound);
        Some(format!("{}.{number:x}.{sign}.{seal}", self.process))
    }

    pub fn press(&mut self, data: &str, user: u64, chat: i64, now: Instant) -> Press {
        let Some((process, question, choice, seal)) = read(data) else {
            return Press::Forged;
        };
        if process != self.process {
            return Press::BeforeRestart;
        }
        let open = self.open.get(&question).map(|open| (&open.bound, None));
        let closed = || {
            let mut closed = self.closed.iter();
            let found = closed.find(|closed| closed.0 == question);
            found.map(|(_, bound, choice)| (bound, Some(*choice)))
        };
        let Some((bound, answer)) = open.or_else(closed) else {
            // Too old to be remembered, or never asked.
            return match question.0 <= self.last.saturating_sub(MOST_ANSWERED as u64) {
                true => Press::Expired,
                false => Press::Forged,
            };
        };
        if !same(&self.seal(question, choice, bound), seal) {
            return Press::Forged;
        }
        if bound.user != user || bound.chat != chat {
            return Press::Foreign;
        }
        match answer {
            Some(Some(choice)) => Press::Answered(choice),
            Some(None) => Press::Expired,
            None => self.answer(question, choice, now),
        }
    }

    fn answer(&mut self, question: QuestionId, choice: ButtonChoice, now: Instant) -> Press {
        let Some(open) = self.open.remove(&question) else {
            return Press::Expired;
        };
        let is_late = now >= open.until;
        self.close(question, open.bound.clone(), (!is_late).then_some(choice));
        if is_late {
            return Press::Expired;
        }
        Press::Answer {
            question,
            bound: open.bound,
            choice,
        }
    }

    /// Withdraws a question; its buttons become invalid.
    pub fn withdraw(&mut self, question: QuestionId) {
        if let Some(open) = self.open.remove(&question) {
            self.close(question, open.bound, None);
        }
    }

    fn close(
        &mut self,
        question: QuestionId,
        bound: QuestionBinding,
        choice: Option<ButtonChoice>,
    ) {
        self.closed.push_back((question, bound, choice));
        if self.closed.len() > MOST_ANSWERED {
            self.closed.pop_front();
        }
    }

    fn seal(&self, question: QuestionId, choice: ButtonChoice, bound: &QuestionBinding) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(&question.0.to_le_bytes());
        hasher.update(&bound.user.to_le_bytes());
        hasher.update(&bound.chat.to_le_bytes());
        for text in [&bound.session, &bound.hash, &choice.sign()] {
            // With its length, so that different fields never hash as the same bytes.
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.finalize().to_hex()[..SEAL_DIGITS].to_owned()
    }
}

impl ButtonChoice {
    fn sign(self) -> String {
        match self {
            ButtonChoice::Once => "y".to_owned(),
            ButtonChoice::Session => "s".to_owned(),
            ButtonChoice::Deny => "n".to_owned(),
            ButtonChoice::Option(index) => format!("o{index}"),
        }
    }

    fn of(sign: &str) -> Option<ButtonChoice> {
        let choice = match sign {
            "y" => ButtonChoice::Once,
            "s" => ButtonChoice::Session,
            "n" => ButtonChoice::Deny,
            _ => ButtonChoice::Option(sign.strip_prefix('o')?.parse().ok()?),
        };
        // Only the canonical form is accepted.
        (choice.sign() == sign).then_some(choice)
    }
}

/// An unpredictable secret, from the system.
pub fn secret() -> Result<[u8; 32], Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(Error::msg)?;
    Ok(secret)
}

fn read(data: &str) -> Option<(&str, QuestionId, ButtonChoice, &str)> {
    let mut fields = data.split('.');
    let (process, number) = (fields.next()?, fields.next()?);
    let (sign, seal) = (fields.next()?, fields.next()?);
    let is_hex = |text: &str, digits: usize| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == digits && text.bytes().all(is_digit)
    };
    let is_whole = fields.next().is_none() && is_hex(process, PROCESS_DIGITS);
    if !is_whole || !is_hex(seal, SEAL_DIGITS) {
        return None;
    }
    let digits = number;
    let number = u64::from_str_radix(digits, 16).ok()?;
    // Only the canonical form is accepted, and numbers begin at 1.
    if number == 0 || format!("{number:x}") != digits {
        return None;
    }
    Some((process, QuestionId(number), ButtonChoice::of(sign)?, seal))
}

/// Compares in constant time.
fn same(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes());
    let all = differences.fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && all == 0
}
