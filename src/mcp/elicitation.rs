//! Questions of a server to the user, one field after the other, in words that say whose they are.

mod form;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};
use url::Url;

use crate::permission::Approver;
use crate::visible::escape_hidden;
use form::{Field, FieldKind, fields};

/// The method of such a question.
pub(super) const METHOD: &str = "elicitation/create";

/// Most characters of a message that are shown,
const LONGEST_MESSAGE: usize = 600;
/// of what a field is called and described as,
const LONGEST_FIELD: usize = 300;
/// and of an address, which is shown whole or not at all.
const LONGEST_URL: usize = 1_000;
/// How often an answer that does not fit is asked for again.
const MOST_TRIES: usize = 3;

/// What is typed to give nothing.
const NOTHING: &str = "-";
/// Choices that are ours.
pub(super) const SKIP: &str = "(leave it out)";
pub(super) const REFUSE: &str = "(refuse to answer the server)";
pub(super) const DONE: &str = "done";

/// What the user answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ElicitationAnswer {
    /// The fields that were filled in.
    Accept(Map<String, Value>),
    Decline,
}

/// Asks what a server wants to know. Nobody there, a question that cannot be shown, and an answer that
/// does not fit decline it.
pub(super) async fn elicit(
    server: &str,
    parameters: &Value,
    approver: &dyn Approver,
) -> ElicitationAnswer {
    if !approver.can_ask() {
        return ElicitationAnswer::Decline;
    }
    let message = parameters["message"].as_str().unwrap_or_default();
    let asker = Asker {
        approver,
        head: head(server, message),
    };
    let answered = match parameters["mode"].as_str() {
        None | Some("form") => match fields(&parameters["requestedSchema"]) {
            Some(fields) => asker.form(&fields).await,
            None => None,
        },
        Some("url") => asker.address(&parameters["url"]).await,
        Some(_) => None,
    };
    answered.map_or(ElicitationAnswer::Decline, ElicitationAnswer::Accept)
}

/// Says who asks: what follows are not our words.
fn head(server: &str, message: &str) -> String {
    let message = in_a_line(message, LONGEST_MESSAGE);
    format!("The MCP server `{server}` asks, in its own words: “{message}”")
}

/// A text of a server in one line: shortened, hidden characters escaped.
fn in_a_line(text: &str, most: usize) -> String {
    let mut words = text.split_whitespace();
    let mut line = String::new();
    let mut length = 0;
    let mut is_cut = false;
    for (number, word) in words.by_ref().enumerate() {
        let gap = usize::from(number > 0);
        if gap == 1 {
            line.push(' ');
        }
        let room = most.saturating_sub(length + gap);
        let taken: String = word.chars().take(room).collect();
        length += gap + taken.chars().count();
        is_cut = taken.len() < word.len();
        line.push_str(&taken);
        if length >= most {
            break;
        }
    }
    if is_cut || words.next().is_some() {
        line.push('…');
    }
    escape_hidden(&line).replace(['“', '”'], "\"")
}

/// Asks for one server.
struct Asker<'a> {
    approver: &'a dyn Approver,
    head: String,
}

impl Asker<'_> {
    /// The answers to all fields; `None` if the user declines.
    async fn form(&self, fields: &[Field]) -> Option<Map<String, Value>> {
        let mut filled = Map::new();
        if fields.is_empty() {
            let options = ["yes", REFUSE].map(str::to_owned);
            let answer = self.approver.answer(&self.head, &options).await?;
            return (answer == options[0]).then_some(filled);
        }
        for (number, field) in fields.iter().enumerate() {
            let place = format!("Field {} of {}", number + 1, fields.len());
            if let Some(value) = self.field(field, &place).await? {
                filled.insert(field.name.clone(), value);
            }
        }
        Some(filled)
    }

    /// The value of a field: `Some(None)` if it is left out, `None` if the user declines.
    async fn field(&self, field: &Field, place: &str) -> Option<Option<Value>> {
        let described = in_a_line(&field.description, LONGEST_FIELD);
        let name = in_a_line(&field.name, LONGEST_FIELD).replace('`', "'");
        let described = match described.as_str() {
            "" => format!("`{name}`"),
            words => format!("`{name}`: “{words}”"),
        };
        let wanted = wanted(field);
        let options = options(field);
        let mut complaint = String::new();
        for _ in 0..MOST_TRIES {
            let question = format!(
                "{complaint}{}\n{place}: {described}\n{wanted} The server gets what you answer.",
                self.head
            );
            let answer = self.approver.answer(&question, &options).await?;
            let answer = answer.trim();
            match answer {
                REFUSE => return None,
                SKIP if !field.is_required => return Some(None),
                NOTHING if options.is_empty() => {
                    return (!field.is_required).then_some(None);
                }
                _ => {}
            }
            match field.kind.value(answer) {
                Ok(value) => return Some(Some(value)),
                Err(why) => complaint = format!("That does not fit: {why}.\n"),
            }
        }
        None
    }

    /// Shows an address, which is never opened.
    async fn address(&self, url: &Value) -> Option<Map<String, Value>> {
        let url = Url::parse(url.as_str()?).ok()?;
        let host = url.host_str()?;
        let is_shown = matches!(url.scheme(), "http" | "https")
            && url.as_str().len() <= LONGEST_URL
            && url.username().is_empty()
            && url.password().is_none();
        if !is_shown {
            return None;
        }
        let question = format!(
            "{}\nIt wants you to open an address of `{}`, which ollacode does not do:\n{}\nIf you \
             trust it, open it yourself, and answer when you are done.",
            self.head,
            escape_hidden(host),
            escape_hidden(url.as_str()),
        );
        let options = [DONE, REFUSE].map(str::to_owned);
        let answer = self.approver.answer(&question, &options).await?;
        (answer.trim() == DONE).then(Map::new)
    }
}

/// What of answers a field takes, as sentences.
fn wanted(field: &Field) -> String {
    let takes = field.kind.takes();
    match (&field.kind, field.is_required) {
        (FieldKind::Yes | FieldKind::Choice(_), _) => takes,
        (_, true) => format!("{takes} Answer `{NOTHING}` to refuse."),
        (_, false) => format!("{takes} Answer `{NOTHING}` to leave it out."),
    }
}

/// The answers to choose from. Where the user types, there are none: a number would choose one.
fn options(field: &Field) -> Vec<String> {
    let mut options = field.kind.options();
    if !options.is_empty() {
        if !field.is_required {
            options.push(SKIP.to_owned());
        }
        options.push(REFUSE.to_owned());
    }
    options
}
