//! Questions, calls and models.

use serde_json::json;

use super::*;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

#[test]
fn a_question_is_answered_by_the_only_model_that_is_served() {
    let server = StandIn::start(&[MODEL]).replying(vec![Says::Text("At ninety degrees.")]);
    let events = ask(&environment(&server), &[], "When does it boil?");
    assert_eq!(text(&events), "At ninety degrees.");
    let chats = server.chats();
    assert_eq!(chats.len(), 1, "one question, one request");
    assert_eq!(chats[0]["model"], MODEL, "no model was chosen");
}

#[test]
fn a_call_is_executed_and_its_result_is_answered() {
    let server = StandIn::playing(Plays::Vllm, &[MODEL]).replying(vec![
        Says::Call("read_file", json!({"path": "notes.txt"})),
        Says::Text("It says ninety degrees."),
    ]);
    let events = ask(&environment(&server), &[], "What is in notes.txt?");
    assert_eq!(text(&events), "It says ninety degrees.");
    let calls: Vec<&Value> = events
        .iter()
        .filter(|event| event["event"] == "tool_finished")
        .collect();
    assert_eq!(calls.len(), 1, "{events:#?}");
    assert_eq!(calls[0]["outcome"], "done");
    let chats = server.chats();
    let messages = chats[1]["messages"].as_array().expect("messages");
    let result = messages.iter().find(|message| message["role"] == "tool");
    let result = result.expect("a result");
    let shown = result["content"].to_string();
    assert!(shown.contains("ninety degrees"), "{shown}");
}

#[test]
fn a_model_that_is_not_served_is_no_other_one() {
    let server = StandIn::start(&[MODEL]);
    let output = environment(&server).run(&["-p", "Hello?", "--model", "other"]);
    let output = output.expect_words(&[
        "does not have the model `other`",
        "it serves `local-coder`: use that with `ollacode --model local-coder`",
    ]);
    assert_ne!(output.code, Some(0));
    assert!(
        server.chats().is_empty(),
        "nothing is sent to another model"
    );
}

#[test]
fn of_several_models_one_is_chosen_by_the_user() {
    let server = StandIn::playing(Plays::Vllm, &["first", "second"])
        .replying(vec![Says::Text("Here I am.")]);
    let environment = environment(&server);
    let output = environment.run(&["-p", "Hello?"]);
    let output = output
        .expect_words(&["it serves `first`, `second`: choose one with `ollacode --model NAME`"]);
    assert_ne!(output.code, Some(0));
    let events = ask(&environment, &["--model", "second"], "Hello?");
    assert_eq!(text(&events), "Here I am.");
    assert_eq!(server.chats()[0]["model"], "second");
}

#[test]
fn a_key_goes_to_its_own_server_and_to_nothing_else() {
    let server = StandIn::start(&[MODEL])
        .with_key("sesame")
        .replying(vec![Says::Text("Open.")]);
    let environment = environment(&server)
        .with("OLLAMA_API_KEY", "for-ollama")
        .with("OLLACODE_SERVER_KEY", "sesame");
    let events = ask(&environment, &[], "Hello?");
    assert_eq!(text(&events), "Open.");
    for asked in server.asked() {
        assert_eq!(
            asked.key.as_deref(),
            Some("Bearer sesame"),
            "{}",
            asked.path
        );
    }
    // Without its own key it gets none, whatever there is for Ollama.
    let other = StandIn::start(&[MODEL]).replying(vec![Says::Text("No key.")]);
    let environment = environment_at(&other.uri()).with("OLLAMA_API_KEY", "for-ollama");
    ask(&environment, &[], "Hello?");
    for asked in other.asked() {
        assert_eq!(asked.key, None, "{}", asked.path);
    }
}

#[test]
fn another_server_takes_precedence_over_ollama_and_that_is_said() {
    let server = StandIn::start(&[MODEL]).replying(vec![Says::Text("I am the other one.")]);
    let environment = environment(&server).with("OLLAMA_HOST", "http://127.0.0.1:9");
    let output = environment.run(&["-p", "Who is there?"]).expect_success();
    let output = output.expect_words(&["`OLLACODE_SERVER` is used", "and `OLLAMA_HOST` is not"]);
    assert!(output.stdout.contains("I am the other one."), "{output:#?}");
}

#[test]
fn a_window_that_is_not_said_is_assumed_and_that_is_said() {
    let server = StandIn::playing(Plays::Other, &[MODEL])
        .replying(vec![Says::Text("Yes."), Says::Text("Yes.")]);
    let environment = environment(&server);
    let output = environment.run(&["-p", "Is it?"]).expect_success();
    output.expect_words(&["8192 tokens are assumed", "`MAX_CONTEXT_TOKENS`"]);
    let told = environment.with("MAX_CONTEXT_TOKENS", "16384");
    let output = told.run(&["-p", "Is it?"]).expect_success();
    assert!(!output.words().contains("assumed"), "{output:#?}");
}

#[test]
fn a_server_that_turns_out_to_be_ollama_is_used_as_ollama() {
    let server = ChatServer::start(vec![Reply::text("I am Ollama.")]);
    let environment = environment_at(&server.uri()).with("OLLAMA_MODEL", CHAT_MODEL);
    let events = ask(&environment, &[], "Who is there?");
    assert_eq!(text(&events), "I am Ollama.");
    assert!(
        server.requests()[0]["options"]["num_ctx"].is_number(),
        "its own API has the window in each request"
    );
    let output = environment.run(&["doctor", "--json"]);
    expect_check(&output, "ollama", "good", "version");
    assert!(checks(&output, "server").is_empty());
}

#[test]
fn offline_means_this_machine_whatever_the_server() {
    let output = environment_at("http://192.0.2.1:8080").run(&["--offline", "-p", "Hello?"]);
    let output = output.expect_words(&["`--offline` is set", "192.0.2.1"]);
    assert_ne!(output.code, Some(0));
    let here = StandIn::start(&[MODEL]).replying(vec![Says::Text("Here.")]);
    let events = ask(&environment(&here), &["--offline"], "Hello?");
    assert_eq!(text(&events), "Here.");
}

#[test]
fn where_nothing_answers_the_usual_ports_are_named() {
    let output = environment_at("http://127.0.0.1:9").run(&["-p", "Hello?"]);
    let output = output.expect_words(&[
        "is not answering at http://127.0.0.1:9",
        "llama.cpp 8080 or 9931, LM Studio 1234, vLLM 8000",
    ]);
    assert_ne!(output.code, Some(0));
}
