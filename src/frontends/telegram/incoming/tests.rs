use serde_json::json;

use super::*;

fn me() -> Me {
    serde_json::from_value(json!({
        "id": 1, "is_bot": true, "first_name": "o", "username": "Shop_bot",
        "can_join_groups": true, "can_read_all_group_messages": false,
        "supports_inline_queries": false, "can_connect_to_business": false,
        "has_main_web_app": false,
    }))
    .expect("a bot")
}

fn sorted(kind: &str, chat: i64, user: u64, more: Value) -> ClassifiedUpdate {
    let chat = if chat < 0 {
        json!({"id": chat, "type": "supergroup", "title": "G"})
    } else {
        json!({"id": chat, "type": "private", "first_name": "U"})
    };
    let mut message = json!({
        "message_id": 5, "date": 0, "chat": chat,
        "from": {"id": user, "is_bot": false, "first_name": "U"},
    });
    let fields = message.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    let given = json!({"update_id": 9, kind: message});
    let update: Result<Update, _> = serde_json::from_str(&given.to_string());
    let mut update = update.expect("an update");
    if let UpdateKind::Error(unread) = &mut update.kind {
        // As the client does.
        *unread = given;
    }
    let allowed = AllowList::parse("7", "-50").expect("a list");
    classify(update, &me(), &allowed)
}

fn text_of(sorted: ClassifiedUpdate) -> Option<String> {
    match sorted {
        ClassifiedUpdate::Allowed(_, Incoming::Text { text, .. }) => Some(text),
        _ => None,
    }
}

#[test]
fn strangers_are_told_apart_whatever_they_do() {
    let text = json!({"text": "hi"});
    assert_eq!(
        sorted("message", 8, 8, text.clone()),
        ClassifiedUpdate::Stranger(Some(8))
    );
    assert_eq!(
        sorted("edited_message", 8, 8, text.clone()),
        ClassifiedUpdate::Stranger(Some(8))
    );
    assert_eq!(
        sorted("message", -50, 8, text.clone()),
        ClassifiedUpdate::Stranger(Some(8))
    );
    assert_eq!(
        sorted("message", -51, 7, text.clone()),
        ClassifiedUpdate::Stranger(Some(7))
    );
    assert_eq!(
        sorted("message", 8, 7, text.clone()),
        ClassifiedUpdate::Stranger(Some(7))
    );
    let channel = json!({"text": "hi", "sender_chat": {"id": -9, "type": "channel", "title": "C"}});
    assert_eq!(
        sorted("message", 7, 7, channel),
        ClassifiedUpdate::Stranger(None)
    );
    assert_eq!(
        text_of(sorted("message", 7, 7, text)).as_deref(),
        Some("hi")
    );
}

#[test]
fn in_a_group_the_bot_must_be_addressed() {
    let said = |text: &str, kind: &str, length: usize| {
        let entities = json!([{"type": kind, "offset": 0, "length": length}]);
        text_of(sorted(
            "message",
            -50,
            7,
            json!({"text": text, "entities": entities}),
        ))
    };
    assert_eq!(
        said("@shop_bot where is it?", "mention", 9).as_deref(),
        Some("where is it?")
    );
    assert_eq!(
        said("/undo@Shop_bot", "bot_command", 14).as_deref(),
        Some("/undo")
    );
    assert_eq!(said("/undo", "bot_command", 5), None);
    assert_eq!(said("/undo@other_bot", "bot_command", 15), None);
    assert_eq!(said("@shop_bots hello", "mention", 10), None);
    assert_eq!(
        sorted("message", -50, 7, json!({"text": "hello"})),
        ClassifiedUpdate::Ignored
    );
    let answered = json!({
        "text": "and now?",
        "reply_to_message": {
            "message_id": 4, "date": 0, "text": "x",
            "chat": {"id": -50, "type": "supergroup", "title": "G"},
            "from": {"id": 1, "is_bot": true, "first_name": "o"},
        },
    });
    let answered = sorted("message", -50, 7, answered);
    assert_eq!(text_of(answered).as_deref(), Some("and now?"));
}

#[test]
fn files_and_other_things_are_told_apart() {
    let document = json!({
        "caption": "look", "document": {
            "file_id": "f", "file_unique_id": "u", "file_size": 12, "file_name": "../a.log",
        },
    });
    let ClassifiedUpdate::Allowed(_, Incoming::File { file, caption, .. }) =
        sorted("message", 7, 7, document)
    else {
        panic!("a file");
    };
    assert_eq!(
        (file.name.as_str(), file.size, caption.as_str()),
        ("a.log", Some(12), "look")
    );
    let photo = json!({"photo": [
        {"file_id": "s", "file_unique_id": "u", "file_size": 1, "width": 1, "height": 1},
        {"file_id": "l", "file_unique_id": "v", "file_size": 9, "width": 9, "height": 9},
    ]});
    let ClassifiedUpdate::Allowed(_, Incoming::File { file, .. }) = sorted("message", 7, 7, photo)
    else {
        panic!("a photo");
    };
    assert_eq!((file.id.0.as_str(), file.is_photo), ("l", true));
    let mut voice = json!({"voice": {
        "file_id": "f", "file_unique_id": "u", "duration": 3, "mime_type": "audio/ogg",
    }});
    let what = |sorted: ClassifiedUpdate| match sorted {
        ClassifiedUpdate::Allowed(_, Incoming::Unusable { what }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        what(sorted("message", 7, 7, voice.clone())),
        "voice and audio messages"
    );
    // Unknown kinds are answered, too.
    voice["voice"]["duration"] = json!("long");
    assert_eq!(
        what(sorted("message", 7, 7, voice.clone())),
        "this kind of message"
    );
    assert_eq!(
        sorted("message", 8, 8, voice.clone()),
        ClassifiedUpdate::Stranger(Some(8))
    );
    assert_eq!(sorted("message", -50, 7, voice), ClassifiedUpdate::Ignored);
}
