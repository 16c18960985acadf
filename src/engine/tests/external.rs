//! Tools that are added at run time, and whose calls leave this program.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::lab::{Lab, Line, call, outcomes, text};
use super::*;
use crate::message::ToolCall;
use crate::permission::{Decision, Effect, Mode, Preview};
use crate::tools::{PreparedCall, RunningCall, Tool, ToolError, ToolOutput};

type Ran = Arc<Mutex<Vec<Value>>>;

/// A tool of a server, which keeps the arguments that it ran with.
struct Search {
    spec: ToolSpec,
    ran: Ran,
}

impl Search {
    fn new(ran: &Ran) -> Search {
        let schema = json!({
            "type": "object",
            "properties": {
                "filter": {"type": "object", "properties": {"labels": {"type": "array"}}},
            },
            "required": ["filter"],
            "additionalProperties": false,
        });
        let (name, description) = ("tracker.search".to_owned(), "Searches.".to_owned());
        Search {
            spec: ToolSpec::from_schema(name, description, schema),
            ran: ran.clone(),
        }
    }
}

impl Tool for Search {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        _: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let (arguments, ran) = (Value::Object(call.arguments.clone()), self.ran.clone());
            Ok(PreparedCall {
                what: format!("tracker search {arguments}"),
                effects: vec![Effect::External {
                    server: "tracker".to_owned(),
                    tool: "search".to_owned(),
                }],
                preview: Preview::None,
                // It cannot choose what a grant covers.
                remember: Some("everything".to_owned()),
                run: Box::new(move |running| search(arguments, ran, running).boxed()),
            })
        }
        .boxed()
    }
}

async fn search(arguments: Value, ran: Ran, _: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    ran.lock().push(arguments);
    Ok(ToolOutput {
        text: "3 issues".to_owned(),
        ..ToolOutput::default()
    })
}

fn arguments(state: &str) -> Value {
    json!({"filter": {"state": state, "labels": ["a", {"deep": [1, null]}]}})
}

fn lab(script: Vec<Line>) -> (Lab, Ran) {
    let ran = Ran::default();
    let lab = Lab::with_tool(script, Arc::new(Search::new(&ran)));
    (lab, ran)
}

#[tokio::test]
async fn a_call_that_leaves_the_program_is_asked_and_runs_as_it_was_given() {
    let (mut lab, ran) = lab(vec![
        call("tracker.search", arguments("open")),
        text("There are 3."),
    ]);
    let (end, events) = lab.ask("What is open?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(*ran.lock(), [arguments("open")]);
    assert_eq!(lab.results(), ["3 issues"]);
    let offered = lab.asked()[0].tools.clone();
    assert_eq!(offered.last().map(String::as_str), Some("tracker.search"));
    let started = events.iter().find_map(|event| match event {
        Event::ToolStarted { id, .. } => Some(id.clone()),
        _ => None,
    });
    let asked = lab.judge.asked.lock().clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(Some(&asked[0].call_id), started.as_ref());
    assert!(
        asked[0]
            .title
            .starts_with("call tracker search {\"filter\":")
    );
    assert!(asked[0].reason.contains("neither see nor confine"));
    assert_eq!(
        asked[0].remember.as_deref(),
        Some("calls of `search` of the server `tracker`")
    );
}

#[tokio::test]
async fn a_text_that_is_the_wanted_object_arrives_as_one() {
    let filter = arguments("open")["filter"].to_string();
    let (mut lab, ran) = lab(vec![
        call("tracker.search", json!({ "filter": filter })),
        text("There are 3."),
    ]);
    lab.ask("What is open?").await;
    assert_eq!(*ran.lock(), [arguments("open")]);
}

#[tokio::test]
async fn plan_mode_denies_a_call_that_leaves_the_program() {
    let (mut lab, ran) = lab(vec![
        call("tracker.search", arguments("open")),
        text("1. Search"),
    ]);
    let question = Question {
        text: "What is open?".to_owned(),
        plan: true,
        ..Question::default()
    };
    let (_, events) = lab.put(question).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Denied]);
    assert!(lab.results()[0].contains("this is plan mode, and ollacode cannot see"));
    assert!(ran.lock().is_empty() && lab.judge.asked.lock().is_empty());
}

#[tokio::test]
async fn a_grant_for_the_session_covers_the_tool_whatever_its_arguments() {
    let (mut lab, ran) = lab(vec![
        call("tracker.search", arguments("open")),
        call("tracker.search", arguments("closed")),
        text("There are 3 and 3."),
    ]);
    lab.judge.decision = Some(Decision::Session);
    lab.session.mode = Mode::AutoEdit;
    lab.ask("How many are there?").await;
    assert_eq!(lab.judge.asked.lock().len(), 1);
    assert_eq!(*ran.lock(), [arguments("open"), arguments("closed")]);
}

#[tokio::test]
async fn without_anybody_to_ask_only_auto_approve_lets_it_run() {
    for (mode, outcome) in [
        (Mode::Ask, ToolOutcome::Denied),
        (Mode::AutoEdit, ToolOutcome::Denied),
        (Mode::AutoApprove, ToolOutcome::Done),
    ] {
        let (mut lab, ran) = lab(vec![
            call("tracker.search", arguments("open")),
            text("I see."),
        ]);
        lab.judge.decision = None;
        lab.session.mode = mode;
        let (_, events) = lab.ask("What is open?").await;
        assert_eq!(outcomes(&events), [outcome], "{mode:?}");
        assert_eq!(ran.lock().len(), usize::from(outcome == ToolOutcome::Done));
    }
}
