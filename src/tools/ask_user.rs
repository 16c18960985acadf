//! `ask_user`: a question back to the user.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments, render,
};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Preview};

/// Most answers that are offered.
const MOST_OPTIONS: usize = 8;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "ask_user",
    aliases: &["ask_question", "ask_followup_question", "question"],
    description: "Ask the user a question. Use it only if you cannot continue without the answer.",
    parameters: &[
        ParameterDeclaration {
            name: "question",
            aliases: &["text", "prompt", "message"],
            kind: ParameterKind::Text,
            description: "The question",
            required: true,
        },
        ParameterDeclaration {
            name: "options",
            aliases: &["choices", "suggestions"],
            kind: ParameterKind::Texts,
            description: "Possible answers to choose from",
            required: false,
        },
    ],
    is_core: false,
};

pub(super) struct AskUser;

impl Tool for AskUser {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        _: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let question = arguments::text(call, "question")?.trim().to_owned();
            if question.is_empty() {
                return Err(ToolError::TellModel("`question` is empty".to_owned()));
            }
            let mut options = arguments::texts(call, "options");
            options.truncate(MOST_OPTIONS);
            Ok(PreparedCall {
                what: render::narrow(&question.replace('\n', " "), 80).into_owned(),
                effects: vec![Effect::AskUser],
                preview: Preview::None,
                remember: None,
                run: Box::new(move |running| ask(question, options, running).boxed()),
            })
        }
        .boxed()
    }
}

async fn ask(
    question: String,
    options: Vec<String>,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let answer = tokio::select! {
        answer = running.approver.answer(&question, &options) => answer,
        () = running.stop.cancelled() => {
            return Err(ToolError::TellModel("stopped before the user answered".to_owned()));
        }
    };
    Ok(match answer {
        Some(answer) => ToolOutput {
            text: format!("The user answers: {answer}"),
            summary: "answered".to_owned(),
            ..ToolOutput::default()
        },
        None => ToolOutput {
            text: "No user is available to answer. Decide yourself, continue, and state in your \
                   answer what you assumed."
                .to_owned(),
            summary: "no user available".to_owned(),
            ..ToolOutput::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::tests_support::{Bench, call};

    #[tokio::test]
    async fn an_answer_reaches_the_model() {
        let bench = Bench::new().answering("the second");
        let asked = call(
            "ask_user",
            json!({"question": "Which?", "options": ["a", "b"]}),
        );
        let prepared = bench.prepare(&asked).await.unwrap();
        assert_eq!(prepared.effects, [Effect::AskUser]);
        let output = bench.run(prepared).await.unwrap();
        assert_eq!(output.text, "The user answers: the second");
    }

    #[tokio::test]
    async fn nobody_there_is_said() {
        let bench = Bench::new();
        let asked = call("ask_user", json!({"question": "Which?"}));
        let output = bench.call(&asked).await.unwrap();
        assert!(
            output
                .text
                .contains("state in your answer what you assumed")
        );
    }

    #[tokio::test]
    async fn an_empty_question_is_none() {
        let asked = call("ask_user", json!({"question": " "}));
        assert!(Bench::new().prepare(&asked).await.is_err());
    }
}
