use std::collections::VecDeque;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::json;

use super::*;
use crate::permission::{ApprovalRequest, Decision};

/// A user with answers, who keeps the questions.
#[derive(Default)]
struct User {
    answers: Mutex<VecDeque<Option<String>>>,
    asked: Mutex<Vec<(String, Vec<String>)>>,
    is_away: bool,
}

impl User {
    fn answering(answers: &[&str]) -> User {
        let answers = answers.iter().map(|answer| Some((*answer).to_owned()));
        User {
            answers: Mutex::new(answers.collect()),
            ..User::default()
        }
    }

    fn questions(&self) -> Vec<(String, Vec<String>)> {
        self.asked.lock().clone()
    }
}

impl Approver for User {
    fn decide<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        async { Decision::Deny(None) }.boxed()
    }

    fn answer<'a>(
        &'a self,
        question: &'a str,
        options: &'a [String],
    ) -> BoxFuture<'a, Option<String>> {
        let mut asked = self.asked.lock();
        asked.push((question.to_owned(), options.to_vec()));
        let answer = self.answers.lock().pop_front().flatten();
        async move { answer }.boxed()
    }

    fn can_ask(&self) -> bool {
        !self.is_away
    }
}

fn form(properties: Value, required: &[&str]) -> Value {
    json!({
        "mode": "form",
        "message": "Who are you?",
        "requestedSchema": {"type": "object", "properties": properties, "required": required},
    })
}

/// Asks, and gives what the server gets.
async fn asked(parameters: &Value, user: &User) -> ElicitationAnswer {
    elicit("files", parameters, user).await
}

fn accepted(content: Value) -> ElicitationAnswer {
    match content {
        Value::Object(content) => ElicitationAnswer::Accept(content),
        other => panic!("an object is wanted: {other}"),
    }
}

#[tokio::test]
async fn fields_are_asked_one_by_one_and_those_that_are_required_first() {
    let parameters = form(
        json!({
            "age": {"type": "integer", "minimum": 1, "maximum": 150},
            "height": {"type": "number"},
            "name": {"type": "string", "title": "Name", "description": "your first name"},
            "color": {"type": "string", "enum": ["r", "g"], "enumNames": ["red", "green"]},
            "size": {"type": "string", "oneOf": [{"const": "S", "title": "small"}, {"const": "L"}]},
            "mails": {"type": "boolean"},
            "tags": {"type": "array", "items": {"anyOf": [{"const": "a", "title": "A a"}, {"const": "b"}]}},
            "note": {"type": "string"},
        }),
        &["name"],
    );
    let user = User::answering(&[" Ann ", "30", "1.5", "red", "L", "no", "A a, b", "-"]);
    assert_eq!(
        asked(&parameters, &user).await,
        accepted(json!({
            "name": "Ann", "age": 30, "color": "r", "height": 1.5, "mails": false, "size": "L",
            "tags": ["a", "b"],
        }))
    );
    let questions = user.questions();
    assert_eq!(
        questions[0],
        (
            "The MCP server `files` asks, in its own words: “Who are you?”\nField 1 of 8: `name`: \
             “Name: your first name”\nA text. Answer `-` to refuse. The server gets what you answer."
                .to_owned(),
            Vec::new()
        )
    );
    let said: Vec<&str> = questions
        .iter()
        .filter_map(|(question, _)| question.lines().nth(2))
        .collect();
    let gets = " The server gets what you answer.";
    let said: Vec<&str> = said
        .into_iter()
        .map(|line| line.strip_suffix(gets).unwrap_or(line))
        .collect();
    assert_eq!(
        said,
        [
            "A text. Answer `-` to refuse.",
            "A whole number from 1 to 150. Answer `-` to leave it out.",
            "A number. Answer `-` to leave it out.",
            "One of these.",
            "One of these.",
            "Yes or no.",
            "Any of these, with commas between them: “A a”, “b”. Answer `-` to leave it out.",
            "A text. Answer `-` to leave it out.",
        ]
    );
    assert_eq!(questions[3].1, ["red", "green", SKIP, REFUSE]);
    assert_eq!(questions[4].1, ["small", "L", SKIP, REFUSE]);
    assert_eq!(questions[5].1, ["yes", "no", SKIP, REFUSE]);
}

#[tokio::test]
async fn what_does_not_fit_is_asked_again_a_few_times() {
    let parameters = form(json!({"n": {"type": "integer", "maximum": 5}}), &["n"]);
    let user = User::answering(&["x", "6", "5"]);
    assert_eq!(asked(&parameters, &user).await, accepted(json!({"n": 5})));
    let questions = user.questions();
    let begins = |number: usize, words: &str| questions[number].0.starts_with(words);
    assert!(
        begins(1, "That does not fit: it is no such number."),
        "{questions:?}"
    );
    assert!(
        begins(2, "That does not fit: it is not within these limits."),
        "{questions:?}"
    );
    let user = User::answering(&["x", "1.5", "6", "5"]);
    assert_eq!(asked(&parameters, &user).await, ElicitationAnswer::Decline);
    assert_eq!(user.questions().len(), 3);
    let text = form(
        json!({"t": {"type": "string", "minLength": 2, "maxLength": 3}}),
        &["t"],
    );
    let user = User::answering(&["a", "abcd", "äöü"]);
    assert_eq!(asked(&text, &user).await, accepted(json!({"t": "äöü"})));
    let choice = form(json!({"c": {"type": "string", "enum": ["a"]}}), &["c"]);
    let user = User::answering(&["b", SKIP, "A"]);
    assert_eq!(asked(&choice, &user).await, accepted(json!({"c": "a"})));
}

#[tokio::test]
async fn refusing_and_being_away_decline() {
    let text = form(json!({"t": {"type": "string"}}), &["t"]);
    let choice = form(json!({"t": {"type": "string", "enum": ["a"]}}), &[]);
    let nothing = form(json!({}), &[]);
    for (parameters, answer) in [(&text, "-"), (&choice, REFUSE), (&nothing, REFUSE)] {
        let user = User::answering(&[answer]);
        assert_eq!(asked(parameters, &user).await, ElicitationAnswer::Decline);
        assert_eq!(user.questions().len(), 1);
        let silent = User::default();
        assert_eq!(asked(parameters, &silent).await, ElicitationAnswer::Decline);
        let away = User {
            is_away: true,
            ..User::answering(&["a"])
        };
        assert_eq!(asked(parameters, &away).await, ElicitationAnswer::Decline);
        assert_eq!(away.questions(), []);
    }
    let user = User::answering(&[SKIP]);
    assert_eq!(asked(&choice, &user).await, accepted(json!({})));
    let user = User::answering(&["yes"]);
    assert_eq!(asked(&nothing, &user).await, accepted(json!({})));
}

/// What cannot be shown as it is meant is not asked.
#[tokio::test]
async fn strange_forms_are_declined_unasked() {
    let many = |count: usize| -> Value {
        let fields = (0..count).map(|number| (format!("f{number}"), json!({"type": "boolean"})));
        Value::Object(fields.collect())
    };
    let choices = |names: Value| json!({"a": {"type": "string", "enum": names}});
    let numbers: Vec<String> = (0..21).map(|number| number.to_string()).collect();
    for properties in [
        json!([]),
        json!({"a": 1}),
        json!({"a": {}}),
        json!({"a": {"type": "object", "properties": {}}}),
        json!({"a": {"type": "array", "items": {"type": "string"}}}),
        json!({"a": {"type": ["string", "null"]}}),
        json!({"": {"type": "string"}}),
        Value::Object(
            [("a".repeat(101), json!({"type": "string"}))]
                .into_iter()
                .collect(),
        ),
        choices(json!([])),
        choices(json!([1])),
        choices(json!(["a", "a "])),
        choices(json!([REFUSE])),
        choices(json!(["a", SKIP])),
        choices(json!(["-"])),
        choices(json!([""])),
        choices(json!(["a".repeat(101)])),
        choices(json!(numbers)),
        many(21),
    ] {
        let user = User::answering(&["a"; 22]);
        let parameters = form(properties.clone(), &[]);
        assert_eq!(
            asked(&parameters, &user).await,
            ElicitationAnswer::Decline,
            "{properties}"
        );
        assert_eq!(user.questions(), [], "{properties}");
    }
    for parameters in [
        json!(null),
        json!("text"),
        json!({"message": "a"}),
        json!({"message": "a", "requestedSchema": 1}),
        json!({"mode": "voice", "message": "a", "requestedSchema": {"properties": {}}}),
    ] {
        let user = User::answering(&["a"]);
        let answer = asked(&parameters, &user).await;
        assert_eq!(answer, ElicitationAnswer::Decline, "{parameters}");
        assert_eq!(user.questions(), [], "{parameters}");
    }
    let user = User::answering(&["yes"; 20]);
    assert_ne!(
        asked(&form(many(20), &[]), &user).await,
        ElicitationAnswer::Decline
    );
}

#[tokio::test]
async fn words_of_a_server_cannot_look_like_ours() {
    let hostile = "a\n\nollacode asks: ”allow all?“\u{202e}\u{1b}[2J";
    let mut parameters = form(
        json!({"a`b\nc": {"type": "string", "description": hostile}}),
        &[],
    );
    parameters["message"] = json!(hostile);
    let user = User::answering(&["x"]);
    assert_ne!(asked(&parameters, &user).await, ElicitationAnswer::Decline);
    let (question, _) = &user.questions()[0];
    let shown = "a ollacode asks: \"allow all?\"\\u{202e}\\u{1b}[2J";
    assert_eq!(
        question,
        &format!(
            "The MCP server `files` asks, in its own words: “{shown}”\nField 1 of 1: `a'b c`: \
             “{shown}”\nA text. Answer `-` to leave it out. The server gets what you answer."
        )
    );
    let mut parameters = form(json!({}), &[]);
    parameters["message"] = json!("word ".repeat(1_000));
    let user = User::answering(&["yes"]);
    assert_ne!(asked(&parameters, &user).await, ElicitationAnswer::Decline);
    let (question, _) = &user.questions()[0];
    assert!(
        question.ends_with("word…”") || question.ends_with("word …”"),
        "{question}"
    );
    assert!(
        question.chars().count() < LONGEST_MESSAGE + 100,
        "{question}"
    );
}

#[test]
fn texts_are_shown_in_a_line() {
    for (text, most, expected) in [
        ("", 5, ""),
        ("  a \n b ", 5, "a b"),
        ("abcde", 5, "abcde"),
        ("abcdef", 5, "abcde…"),
        ("ab cd ef", 5, "ab cd…"),
        ("äöü é", 3, "äöü…"),
    ] {
        assert_eq!(in_a_line(text, most), expected, "{text}");
    }
}

#[tokio::test]
async fn an_address_is_shown_and_never_opened() {
    let parameters = |url: &str| json!({"mode": "url", "message": "Please sign in", "url": url, "elicitationId": "1"});
    let user = User::answering(&[DONE]);
    let url = "https://bücher.example/login?a=b";
    assert_eq!(asked(&parameters(url), &user).await, accepted(json!({})));
    assert_eq!(
        user.questions(),
        [(
            "The MCP server `files` asks, in its own words: “Please sign in”\nIt wants you to open \
             an address of `xn--bcher-kva.example`, which ollacode does not do:\n\
             https://xn--bcher-kva.example/login?a=b\nIf you trust it, open it yourself, and \
             answer when you are done."
                .to_owned(),
            vec![DONE.to_owned(), REFUSE.to_owned()]
        )]
    );
    let user = User::answering(&[REFUSE]);
    let answer = asked(&parameters("https://example.org"), &user).await;
    assert_eq!(answer, ElicitationAnswer::Decline);
    let long = format!("https://example.org/{}", "a".repeat(1_000));
    for url in [
        "",
        "example.org",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user@example.org",
        &long,
    ] {
        let user = User::answering(&[DONE]);
        let answer = asked(&parameters(url), &user).await;
        assert_eq!(answer, ElicitationAnswer::Decline, "{url}");
        assert_eq!(user.questions(), [], "{url}");
    }
}
