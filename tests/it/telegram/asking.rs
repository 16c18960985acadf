//! Questions and answers: what is shown, when, and in which pieces.

use std::time::Instant;

use super::*;
use crate::support::chat_server::ServedModel;

#[test]
fn a_question_is_answered_with_steps_and_citations() {
    let search = json!({"query": "kettle"});
    let bot = Bot::start(vec![
        Reply::text("I look.").call("search_codebase", search),
        read("notes.txt"),
        Reply::text("It boils at **ninety** degrees, see notes.txt:1."),
    ]);
    let asked = Instant::now();
    bot.api.write(OWNER, "When does the kettle boil?");
    wait_until("a sign", || !bot.api.actions().is_empty());
    let first_sign = asked.elapsed();
    let answer = bot.expect("ninety degrees, see notes.txt:1.");
    assert_eq!(
        answer.html,
        "It boils at <b>ninety</b> degrees, see <code>notes.txt:1</code>."
    );
    let steps = bot.expect("✓ read_file notes.txt");
    assert!(steps.text.contains("✓ search_codebase"), "{}", steps.text);
    assert!(steps.text.contains("“I look.”"), "{}", steps.text);
    assert!(steps.id < answer.id, "the steps stand above the answer");
    assert_eq!(bot.api.actions()[0], (OWNER, "typing".to_owned()));
    assert!(first_sign < Duration::from_secs(1), "{first_sign:?}");
}

#[test]
fn an_answer_grows_in_one_message_and_its_end_always_arrives() {
    let words: Vec<String> = (0..1_200).map(|number| format!("word{number}")).collect();
    let text = words.join(" ");
    let slow = Reply::pieces(slow_lines(&text));
    let bot = Bot::start(vec![slow]);
    bot.api.write(OWNER, "Tell me much.");
    let first = bot.expect("word0");
    bot.expect("word1199");
    let whole: Vec<Sent> = bot.api.chat(OWNER);
    assert_eq!(whole[0].id, first.id, "the first part is where it grew");
    let shown: Vec<&str> = whole.iter().map(|sent| sent.text.as_str()).collect();
    let shown: Vec<&str> = shown
        .iter()
        .flat_map(|text| text.split_whitespace())
        .collect();
    assert_eq!(shown, words, "all of it, in order");
    assert!(bot.api.most_edits_a_minute(OWNER) <= 30);
}

/// A reply stream with long lines.
fn slow_lines(text: &str) -> Vec<Vec<u8>> {
    let characters: Vec<char> = text.chars().collect();
    let pieces = characters.chunks(40);
    let mut lines: Vec<Vec<u8>> = pieces
        .map(|piece| {
            let content: String = piece.iter().collect();
            let line = json!({
                "model": CHAT_MODEL, "done": false,
                "message": {"role": "assistant", "content": content},
            });
            format!("{line}\n").into_bytes()
        })
        .collect();
    let last = json!({
        "model": CHAT_MODEL, "done": true, "done_reason": "stop",
        "message": {"role": "assistant", "content": ""},
        "prompt_eval_count": 2_000, "eval_count": 4_000,
    });
    lines.push(format!("{last}\n").into_bytes());
    lines
}

#[test]
fn thirty_thousand_characters_are_a_file() {
    // Numbered, since a repetitive reply is stopped.
    let line = |number: u32| format!("A line of the answer, number {number:04}.\n\n");
    let text: String = (0..900).map(line).collect();
    let bot = Bot::start(vec![Reply::text(&text)]);
    bot.api.write(OWNER, "Tell me everything.");
    let sent = bot
        .api
        .wait_for(OWNER, PATIENCE, |sent| sent.document.is_some());
    let (name, contents) = sent.document.expect("a file");
    assert_eq!(name, "answer.md");
    assert_eq!(String::from_utf8_lossy(&contents).trim(), text.trim());
    let beginning = bot.expect("A line of the answer");
    assert!(beginning.text.ends_with('…'), "{}", beginning.text);
    assert_eq!(bot.api.chat(OWNER).len(), 2);
}

#[test]
fn a_turn_is_stopped_and_what_waits_is_dropped() {
    let bot = Bot::start(vec![
        Reply::text("This takes a while, I am afraid. ").then_hang(),
        Reply::text("Here I am again."),
    ]);
    bot.api.write(OWNER, "Think long.");
    bot.expect("This takes a while");
    bot.api.write(OWNER, "And then this.");
    bot.expect("1 message queued");
    let asked = Instant::now();
    bot.api.write(OWNER, "/stop");
    bot.expect("■ stopped");
    bot.expect("the queued messages were dropped");
    assert!(asked.elapsed() < Duration::from_secs(5));
    wait_until("the model to be left alone", || {
        bot.server.closed_connections() == 1
    });
    bot.api.write(OWNER, "Are you there?");
    bot.expect("Here I am again.");
    let asked = last_text(&bot.server.requests()[1]);
    assert!(
        asked.contains("Are you there?") && !asked.contains("And then this."),
        "{asked}"
    );
}

#[test]
fn what_comes_meanwhile_waits_and_can_be_edited() {
    let slowly = Duration::from_secs(3);
    let bot = Bot::start(vec![
        Reply::text("One.").first_byte_after(slowly),
        Reply::text("Two."),
    ]);
    bot.api.write(OWNER, "first");
    let second = bot.api.write(OWNER, "secnod");
    bot.expect("1 message queued");
    bot.api.edit(OWNER, second, "second");
    bot.expect("Two.");
    bot.expect("all queued messages were read");
    assert!(last_text(&bot.server.requests()[1]).contains("second"));
    bot.api.edit(OWNER, second, "third");
    bot.expect("was already read");
}

#[test]
fn two_users_at_once_have_a_session_each() {
    let bot = Bot::start(vec![
        Reply::with(|request| {
            let asked = last_text(request);
            let name = if asked.contains("I am seven") {
                "seven"
            } else {
                "eight"
            };
            Reply::text(&format!("Hello {name}."))
        })
        .repeated(),
    ]);
    bot.api.write(OWNER, "I am seven.");
    bot.api.write(OTHER, "I am eight.");
    bot.expect("Hello seven.");
    bot.expect_in(OTHER, "Hello eight.");
    for request in bot.server.requests() {
        let all = request["messages"].to_string();
        assert!(!(all.contains("seven") && all.contains("eight")), "{all}");
    }
    let sessions = bot.environment.run(&["sessions", "--json"]).json();
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_flood_of_messages_keeps_the_rates_and_says_what_was_not_taken() {
    let bot = Bot::start(vec![Reply::text("Done.").repeated()]);
    for number in 0..200 {
        bot.api.write(OWNER, &format!("message {number}"));
    }
    bot.expect("did not fit into the queue");
    bot.api.write(OTHER, "and me?");
    bot.expect_in(OTHER, "Done.");
    bot.api.write(OWNER, "/stop");
    wait_until("rest", || bot.api.unconfirmed() == 0);
    assert_eq!(bot.api.rate_violations(), Vec::<String>::new());
    // The queue notice and some answers, not one per message.
    assert!(
        bot.api.chat(OWNER).len() < 60,
        "{}",
        bot.api.chat(OWNER).len()
    );
}

#[test]
fn secrets_do_not_leave_the_machine() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let text = format!("The key is {token}, I think.");
    let bot = Bot::start(vec![Reply::text(&text)]);
    bot.api.write(OWNER, "Which key?");
    let answer = bot.expect("The key is");
    let answer = bot.api.wait_for(OWNER, PATIENCE, |sent| {
        sent.id == answer.id && sent.text.contains("I think.")
    });
    assert!(answer.text.contains("[redacted"), "{}", answer.text);
    assert!(!bot.shown().concat().contains(&token));
}

#[test]
fn what_the_model_asks_is_answered_by_button_or_by_writing() {
    let ask = |question: &str| {
        let arguments = json!({"question": question, "options": "red, blue"});
        Reply::text("").call("ask_user", arguments)
    };
    let bot = Bot::start(vec![
        ask("Which colour?"),
        ask("And now?"),
        Reply::text("Fine."),
    ]);
    bot.api.write(OWNER, "Paint it.");
    let question = bot.expect_question("Which colour?");
    bot.api.write(OWNER, "green");
    wait_until("the answer", || {
        bot.api
            .sent(question.id)
            .is_some_and(|sent| sent.text.contains("✓ answered"))
    });
    let question = bot.expect_question("And now?");
    bot.press(&question, "blue");
    bot.expect("Fine.");
    let results = bot.server.requests()[2]["messages"].to_string();
    assert!(
        results.contains("green") && results.contains("blue"),
        "{results}"
    );
}

#[test]
fn without_ollama_it_says_what_helps() {
    let server = ChatServer::with_models(vec![ServedModel::named("other:1b")], Vec::new());
    let bot = Bot::start_with(server, |environment| environment, &[]);
    bot.api.write(OWNER, "Hello?");
    let text = bot.expect("✗ error").text;
    assert!(
        text.contains(CHAT_MODEL) && text.contains("ollama pull"),
        "{text}"
    );
}
