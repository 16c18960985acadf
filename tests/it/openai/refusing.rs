//! What servers refuse: what can be done otherwise is, and the rest is said in words.

use ollacode::failure::FailureCode;
use ollacode::model::openai::ServerKind;
use ollacode::model::{ChatModel, ChatRequest, ModelError};
use ollacode::tools::{ToolSet, Toolbox};
use serde_json::{Value, json};

use super::{asked, failure, hear, model, question, request};
use crate::support::openai_server::{Answer, MODEL, OpenAiServer, delta};

const LLAMA: ServerKind = ServerKind::LlamaServer;

#[tokio::test]
async fn a_request_over_the_window_is_known_with_its_numbers() {
    let llama = json!({"error": {
        "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9001, "n_ctx": 8192,
        "message": "the request exceeds the available context size, try increasing it",
    }});
    let vllm = json!({"object": "error", "type": "BadRequestError", "code": 400, "message":
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens \
         (4488 in the messages, 512 in the completion). Please reduce the length of the messages \
         or completion."});
    let studio = json!({"error": {"message":
        "Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)"}});
    let service = json!({"error": {"code": "context_length_exceeded", "message": "Too long."}});
    for (kind, refusal, needed, window) in [
        (LLAMA, &llama, Some(9001), Some(8192)),
        (ServerKind::Vllm, &vllm, Some(4488), Some(4096)),
        (ServerKind::LmStudio, &studio, Some(15_028), Some(7424)),
        (ServerKind::OpenAi, &service, None, None),
    ] {
        let expected = Some(ModelError::TooLong { needed, window });
        let (heard, _server) = asked(kind, vec![Answer::refusal(400, refusal.clone())]).await;
        assert_eq!(heard.error, expected, "{kind:?}");
        // As an event, with a status of success, and as a whole answer with one.
        for answer in [
            Answer::events(std::slice::from_ref(refusal)),
            Answer::whole(refusal.clone()),
        ] {
            let (heard, _server) = asked(kind, vec![answer]).await;
            assert_eq!(heard.error, expected, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_window_that_was_too_long_is_taken_back() {
    let refusal = json!({"error": {
        "type": "exceed_context_size_error", "n_prompt_tokens": 9001, "n_ctx": 2048,
    }});
    let server = OpenAiServer::start(LLAMA, vec![Answer::refusal(400, refusal)]);
    let model = model(&server, LLAMA).await;
    hear(&model, request(&question())).await;
    assert_eq!(model.profile().window, 2_048);
}

#[tokio::test]
async fn a_window_that_was_asked_for_is_taken_back_too() {
    let studio = |instances: Value| json!({"models": [{"type": "llm", "key": MODEL, "loaded_instances": instances}]});
    let refusal = json!({"error": {"message":
        "Cannot truncate prompt with n_keep (20000) >= n_ctx (12000)"}});
    let kind = ServerKind::LmStudio;
    let answers = vec![Answer::text("Yes."), Answer::refusal(400, refusal)];
    let server = OpenAiServer::start(kind, answers);
    let server = server.page("/api/v1/models", 200, studio(json!([])));
    let model = model(&server, kind).await;
    let loaded = studio(json!([{"id": "i", "config": {"context_length": 24_000}}]));
    let _server = server.page("/api/v1/models", 200, loaded);
    hear(&model, request(&question())).await;
    assert_eq!(model.profile().window, 24_000);
    // It was loaded again, with less.
    hear(&model, request(&question())).await;
    assert_eq!(model.profile().window, 12_000);
}

#[tokio::test]
async fn a_page_in_place_of_a_reply_is_said() {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    let (heard, server) = asked(ServerKind::OpenAi, vec![Answer::page(page)]).await;
    let said = failure(&heard);
    assert!(said.contains("a page of HTML: Sign in"), "{said}");
    assert_eq!(server.chats().len(), 1, "it would be the same again");
}

#[tokio::test]
async fn an_error_within_a_stream_is_an_error() {
    let begun = delta(json!({"content": "Ye"}));
    let pieces = |error: &str| Answer::pieces(vec![format!("data: {begun}\n\n{error}").into()]);
    for error in [
        "data: {\"error\":{\"code\":500,\"message\":\"the GPU is gone\"}}\n\n",
        "event: error\ndata: {\"message\":\"the GPU is gone\"}\n\n",
        "error: {\"message\":\"the GPU is gone\"}\n\n",
        "{\"error\":\"the GPU is gone\"}\n\n",
        "data: {\"object\":\"error\",\"message\":\"the GPU is gone\",\"code\":500}\n\n",
    ] {
        let (heard, _server) = asked(LLAMA, vec![pieces(error)]).await;
        assert_eq!(heard.text, "Ye", "{error}");
        let said = failure(&heard);
        assert!(
            said.contains("llama.cpp's server reported an error: the GPU is gone"),
            "{error} {said}"
        );
    }
    let (heard, _server) = asked(LLAMA, vec![pieces("data: <html>\n\n")]).await;
    assert!(failure(&heard).contains("not valid"), "{heard:?}");
}

#[tokio::test]
async fn tools_that_do_not_stream_are_asked_for_without_a_stream() {
    let refusal = || Answer::status(500, "Cannot use tools with stream");
    let message = json!({"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]});
    let script = vec![
        refusal(),
        Answer::whole(message.clone()),
        Answer::whole(message),
    ];
    let server = OpenAiServer::start(LLAMA, script);
    let model = model(&server, LLAMA).await;
    for _ in 0..2 {
        let heard = hear(&model, request(&question())).await;
        assert_eq!((heard.text.as_str(), heard.error), ("Yes.", None));
    }
    let streamed: Vec<Value> = server
        .chats()
        .iter()
        .map(|chat| chat["stream"].clone())
        .collect();
    assert_eq!(streamed, [json!(true), json!(false), json!(false)]);
    server.then(vec![Answer::text("Yes.")]);
    let messages = question();
    let without_tools = ChatRequest {
        tools: &[],
        ..request(&messages)
    };
    assert_eq!(hear(&model, without_tools).await.text, "Yes.");
    assert_eq!(server.chats()[3]["stream"], json!(true));
}

#[tokio::test]
async fn what_a_server_does_not_know_is_left_out_from_then_on() {
    for (kind, message, field) in [
        (
            ServerKind::OpenAi,
            "stream_options: extra fields not permitted",
            "stream_options",
        ),
        (
            ServerKind::OpenAi,
            "Unsupported value: 'temperature' does not support 0.2 with this model.",
            "temperature",
        ),
        (
            LLAMA,
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "max_tokens",
        ),
    ] {
        let answers = vec![
            Answer::status(400, message),
            Answer::text("Yes."),
            Answer::text("Yes."),
        ];
        let server = OpenAiServer::start(kind, answers);
        let model = model(&server, kind).await;
        for _ in 0..2 {
            assert_eq!(hear(&model, request(&question())).await.text, "Yes.");
        }
        let has = |chat: &Value| !chat[field].is_null();
        let had: Vec<bool> = server.chats().iter().map(has).collect();
        assert_eq!(had, [true, false, false], "{field}");
    }
}

#[tokio::test]
async fn thinking_is_turned_off_until_a_server_refuses_that() {
    let kind = ServerKind::Vllm;
    let refusal = Answer::status(400, "chat_template_kwargs is not supported for this model");
    let list = json!({"data": [{"id": "qwq-32b", "max_model_len": 8192}]});
    let server = OpenAiServer::start(kind, vec![Answer::text("1"), refusal, Answer::text("2")]);
    let server = server.page("/v1/models", 200, list);
    let client = super::client(&server, kind);
    let reach = ollacode::model::http::NetworkScope::Any;
    let model = ollacode::model::openai::OpenAiChat::connect(client, "qwq-32b", None, reach).await;
    let model = model.expect("a model");
    let messages = question();
    let without = ChatRequest {
        without_thoughts: true,
        ..request(&messages)
    };
    assert_eq!(hear(&model, without).await.text, "1");
    assert_eq!(hear(&model, without).await.text, "2");
    let chats = server.chats();
    let off = json!({"enable_thinking": false});
    assert_eq!(chats[0]["chat_template_kwargs"], off);
    assert_eq!(chats[1]["chat_template_kwargs"], off);
    assert!(chats[2]["chat_template_kwargs"].is_null());
}

#[tokio::test]
async fn tools_that_are_refused_are_no_tools() {
    let vllm =
        "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set";
    for (kind, status, message) in [
        (ServerKind::Vllm, 400, vllm),
        (LLAMA, 500, "tools param requires --jinja flag"),
    ] {
        let (heard, _server) = asked(kind, vec![Answer::status(status, message)]).await;
        assert_eq!(heard.error, Some(ModelError::NoTools), "{message}");
    }
}

#[tokio::test]
async fn a_probe_finds_out_whether_tools_work() {
    let toolbox = Toolbox::builtin();
    let (core, all) = (toolbox.specs(ToolSet::Core), toolbox.specs(ToolSet::All));
    let kind = ServerKind::Vllm;
    let call = || Answer::call("read_file", &json!({"path": "src/main.rs"}));
    let server = OpenAiServer::start(kind, vec![call(), call(), call()]);
    let report = model(&server, kind).await.probe(&core, &all).await;
    let report = report.expect("a report");
    assert!(report.native && report.many_tools && !report.leaks);
    assert_eq!(report.window, 32_768);
    let refusal = "requires --enable-auto-tool-choice and --tool-call-parser to be set";
    let server = OpenAiServer::start(
        kind,
        vec![Answer::status(400, refusal), Answer::text("I cannot.")],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("probes.json");
    let first = model(&server, kind).await;
    let report = first.probe(&core, &all).await.expect("a report");
    assert!(!report.native && report.recommend_core);
    first
        .memory()
        .remember(&report, &file)
        .expect("it is written");
    let later = model(&server, kind).await.remembering(file);
    assert!(!later.profile().tools && later.profile().weak);
}

#[tokio::test]
async fn refusals_are_said_with_the_name_of_the_server_and_its_setting() {
    for (kind, answer, said, hint, code) in [
        (
            ServerKind::Vllm,
            Answer::status(401, "Unauthorized"),
            "vLLM answered 401: Unauthorized",
            "key",
            FailureCode::NotAuthorized,
        ),
        (
            ServerKind::OpenAi,
            Answer::refusal(404, json!({"detail": "Not Found"})),
            "the server answered 404",
            "OLLACODE_SERVER",
            FailureCode::ServerRefused,
        ),
        (
            ServerKind::LmStudio,
            Answer::status(404, "The model 'scripted-30b' does not exist"),
            "LM Studio does not have the model `scripted-30b`",
            "ollacode doctor",
            FailureCode::ModelMissing,
        ),
        (
            LLAMA,
            Answer::whole(json!({"ok": true})),
            "the answer of llama.cpp's server is not valid: it has no choices",
            "OLLACODE_SERVER",
            FailureCode::AnswerInvalid,
        ),
    ] {
        let (heard, _server) = asked(kind, vec![answer]).await;
        let Some(ModelError::Failed(failure)) = &heard.error else {
            panic!("a failure is wanted: {heard:?}");
        };
        assert!(failure.message.starts_with(said), "{}", failure.message);
        let helps = failure.hint.as_deref().unwrap_or_default();
        assert!(
            helps.contains(hint) && !helps.contains("OLLAMA_HOST"),
            "{helps}"
        );
        assert_eq!(failure.code, code, "{said}");
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let busy = || Answer::status(503, "all slots are busy");
    let (heard, server) = asked(LLAMA, vec![busy(), busy(), Answer::text("Yes.")]).await;
    assert_eq!((heard.text.as_str(), heard.error), ("Yes.", None));
    assert_eq!(server.chats().len(), 3);
}
