//! Files that are sent to the bot.

use super::*;
use crate::support::chat_server::ServedModel;

#[test]
fn a_text_file_goes_before_the_model_and_is_not_written() {
    let bot = Bot::start(vec![Reply::text("It is a log.")]);
    let before = bot.environment.run(&["search", "kettle", "--json"]);
    before.expect_success();
    bot.api
        .send_file(OWNER, "../../build.log", b"error: it broke\n", None);
    bot.expect("It is a log.");
    let asked = last_text(&bot.server.requests()[0]);
    assert!(asked.contains("## Attached: `build.log`"), "{asked}");
    assert!(
        asked.contains("error: it broke") && asked.contains("look at this"),
        "{asked}"
    );
    let names: Vec<_> = std::fs::read_dir(bot.environment.workspace())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["notes.txt"]);
    let journals = texts_below(&bot.environment.data_folder().join("ollacode/sessions"));
    assert!(journals.iter().any(|text| text.contains("look at this")));
}

#[test]
fn a_file_without_words_waits_for_the_question() {
    let bot = Bot::start(vec![Reply::text("Two files.")]);
    let document = |name: &str| {
        let id = bot.api.keep_file(name.as_bytes());
        json!({"document": {
            "file_id": id, "file_unique_id": "u", "file_name": name, "file_size": name.len(),
        }})
    };
    bot.api.message(OWNER, OWNER, document("one.txt"));
    bot.api.message(OWNER, OWNER, document("two.txt"));
    bot.expect("What should I do with them?");
    bot.api.write(OWNER, "How many are these?");
    bot.expect("Two files.");
    let asked = last_text(&bot.server.requests()[0]);
    assert!(
        asked.contains("`one.txt`") && asked.contains("`two.txt`"),
        "{asked}"
    );
}

#[test]
fn a_question_right_behind_a_file_is_about_it() {
    let bot = Bot::start(vec![Reply::text("It is a log.")]);
    let id = bot.api.keep_file(b"error: it broke\n");
    let document = json!({"document": {
        "file_id": id, "file_unique_id": "u", "file_name": "build.log", "file_size": 16,
    }});
    bot.api.message(OWNER, OWNER, document);
    bot.api.write(OWNER, "Why does it break?");
    bot.expect("It is a log.");
    let asked = last_text(&bot.server.requests()[0]);
    assert!(
        asked.contains("error: it broke") && asked.contains("Why does it break?"),
        "{asked}"
    );
    assert_eq!(bot.server.requests().len(), 1);
}

#[test]
fn files_do_not_follow_into_another_session() {
    let bot = Bot::start(vec![Reply::text("No file.")]);
    let id = bot.api.keep_file(b"error: it broke\n");
    let document = json!({"document": {
        "file_id": id, "file_unique_id": "u", "file_name": "build.log", "file_size": 16,
    }});
    bot.api.message(OWNER, OWNER, document);
    bot.expect("What should I do with it?");
    bot.api.write(OWNER, "/new");
    bot.expect("new session");
    bot.api.write(OWNER, "Is there a file?");
    bot.expect("No file.");
    assert!(!last_text(&bot.server.requests()[0]).contains("Attached"));
}

#[test]
fn what_cannot_be_read_is_not_fetched_or_said() {
    let bot = Bot::start(Vec::new());
    bot.api.send_file(OWNER, "big.log", b"x", Some(50 << 20));
    bot.expect("`big.log` has 52428800 bytes");
    assert_eq!(bot.api.downloads(), 0);
    // Larger than reported.
    bot.api
        .send_file(OWNER, "liar.log", &vec![b'x'; 2 << 20], Some(10));
    bot.expect("`liar.log` could not be downloaded");
    bot.api
        .send_file(OWNER, "picture.bin", &[0xff, 0xfe, 0x00], None);
    bot.expect("`picture.bin` is not UTF-8 text");
    bot.expect("your question was not asked");
    let voice = json!({"voice": {
        "file_id": "v", "file_unique_id": "u", "duration": 3, "mime_type": "audio/ogg",
    }});
    bot.api.message(OWNER, OWNER, voice);
    bot.expect("I can't process voice and audio messages");
    // Of a kind that the library does not know.
    let voice = json!({"voice": {"file_id": "v", "file_unique_id": "u", "duration": "long"}});
    bot.api.message(OWNER, OWNER, voice);
    bot.expect("I can't process this kind of message");
    assert!(bot.server.requests().is_empty());
}

#[test]
fn photos_go_to_models_that_can_see() {
    let seeing = ServedModel {
        capabilities: vec!["completion", "tools", "vision"],
        ..ServedModel::default()
    };
    let server = ChatServer::with_models(vec![seeing], vec![Reply::text("A kettle.")]);
    let bot = Bot::start_with(server, |environment| environment, &[]);
    bot.api
        .send_photo(OWNER, b"\xff\xd8\xff\xe0 a photo", "What is this?");
    bot.expect("A kettle.");
    let request = &bot.server.requests()[0];
    let last = request["messages"].as_array().and_then(|all| all.last());
    let images = last.map(|message| message["images"].clone());
    assert_eq!(images, Some(json!(["/9j/4CBhIHBob3Rv"])));
    for text in texts_below(&bot.environment.data_folder().join("ollacode/sessions")) {
        assert!(!text.contains("/9j/4CBhIHBob3Rv"), "{text}");
    }
}

#[test]
fn a_model_that_cannot_see_says_so() {
    let bot = Bot::start(vec![Reply::text("I see nothing.")]);
    bot.api.send_photo(OWNER, b"a photo", "What is this?");
    bot.expect("I see nothing.");
    bot.expect("cannot see pictures");
    assert!(!bot.server.requests()[0].to_string().contains("\"images\""));
}
