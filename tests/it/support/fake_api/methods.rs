//! What each method of the Bot API does, and what it refuses.

use serde_json::{Value, json};

use super::http::Request;
use super::markup;
use super::{Callback, Failure, Sent, State};

/// The result of a method, or its error.
pub type Answer = Result<Value, Failure>;

/// Longest text and caption, in UTF-16 units, and largest documents.
const MOST_UNITS: usize = 4_096;
const MOST_OF_CAPTION: usize = 1_024;
const LARGEST_UPLOAD: usize = 50 << 20;
const LARGEST_DOWNLOAD: usize = 20 << 20;
/// Bytes that are read of a text with its tags.
const MOST_BYTES: usize = 35_000;
/// Entities that are shown; Telegram forgets the others in silence.
const MOST_ENTITIES: usize = 100;

/// Runs a method; `getUpdates` is not among them, for it waits.
pub fn call(state: &mut State, method: &str, request: &Request) -> Answer {
    let fields = &request.fields;
    match method {
        "getme" => Ok(me()),
        "getwebhookinfo" => Ok(json!({
            "url": "", "has_custom_certificate": false, "pending_update_count": state.updates.len(),
        })),
        "deletewebhook" | "logout" | "close" => Ok(json!(true)),
        "sendmessage" => send_message(state, fields),
        "editmessagetext" => edit(state, fields, true),
        "editmessagereplymarkup" => edit(state, fields, false),
        "senddocument" => send_document(state, request),
        "deletemessage" => {
            let index = find(state, fields, "message to delete not found")?;
            state.messages[index].is_deleted = true;
            Ok(json!(true))
        }
        "answercallbackquery" => answer_callback(state, fields),
        "sendchataction" => chat_action(state, fields),
        "setmycommands" => set_commands(state, fields),
        "getfile" => get_file(state, fields),
        _ => {
            state.violations.push(format!("unknown method `{method}`"));
            Err(Failure::status(404, "Not Found"))
        }
    }
}

fn me() -> Value {
    json!({
        "id": 1, "is_bot": true, "first_name": "ollacode", "username": "ollacode_test_bot",
        "can_join_groups": true, "can_read_all_group_messages": false,
        "supports_inline_queries": false, "can_connect_to_business": false,
        "has_main_web_app": false,
    })
}

fn bad(description: &str) -> Failure {
    Failure::status(400, &format!("Bad Request: {description}"))
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn chat_of(state: &State, fields: &Value) -> Result<i64, Failure> {
    let chat = number(&fields["chat_id"]).ok_or(bad("chat_id is empty"))?;
    // A bot cannot begin a conversation.
    if !state.chats.contains(&chat) {
        return Err(bad("chat not found"));
    }
    Ok(chat)
}

/// Counts something against the limits, and refuses it while the chat is held back.
fn count(state: &mut State, chat: i64, is_edit: bool) -> Result<(), Failure> {
    if let Some((seconds, was_told)) = state.rates.blocked(chat) {
        if was_told {
            let violation = format!("chat {chat}: `retry_after` was not obeyed");
            state.violations.push(violation);
        }
        return Err(Failure::retry_after(seconds));
    }
    let limits = state.limits;
    let broken = state.rates.note(chat, is_edit, &limits);
    state.rate_violations.extend(broken);
    Ok(())
}

/// The text that is shown of a text or a caption. What Telegram would leave out without a word is
/// a violation.
fn shown(state: &mut State, fields: &Value, field: &str, most: usize) -> Result<String, Failure> {
    let raw = fields[field].as_str().unwrap_or_default();
    if raw.len() > MOST_BYTES {
        return Err(bad("message is too long"));
    }
    let markup::Shown { text, entities } = match fields["parse_mode"].as_str() {
        None => markup::Shown {
            text: raw.to_owned(),
            entities: 0,
        },
        Some("HTML") => {
            markup::read(raw).map_err(|why| bad(&format!("can't parse entities: {why}")))?
        }
        Some(_) => return Err(bad("unsupported parse_mode")),
    };
    let blank = |sign: char| sign.is_whitespace() || sign.is_control() || sign == '\u{2800}';
    let trimmed = text.trim_matches(blank).to_owned();
    if trimmed.encode_utf16().count() > most {
        return Err(bad("message is too long"));
    }
    if entities > MOST_ENTITIES {
        let violation = format!("{entities} entities in a {field}");
        state.violations.push(violation);
    }
    if let Some(dropped) = text.chars().find(|sign| is_dropped(*sign)) {
        let violation = format!("a {field} with {}", dropped.escape_unicode());
        state.violations.push(violation);
    }
    Ok(trimmed)
}

/// Whether Telegram takes a character out of every text, or makes it a blank.
fn is_dropped(sign: char) -> bool {
    let is_control = sign.is_ascii_control() && sign != '\n';
    is_control
        || matches!(
            sign,
            '\u{2028}'..='\u{202e}' | '\u{30a}' | '\u{333}' | '\u{33f}'
        )
}

/// The keyboard, if every button of it can be pressed.
fn keyboard(fields: &Value) -> Answer {
    let markup = &fields["reply_markup"];
    let rows = markup["inline_keyboard"].as_array();
    for button in rows
        .into_iter()
        .flatten()
        .flat_map(|row| row.as_array().into_iter().flatten())
    {
        let data = button["callback_data"].as_str().unwrap_or_default();
        if button["text"]
            .as_str()
            .is_none_or(|text| text.trim().is_empty())
        {
            return Err(bad("text buttons are unallowed in the inline keyboard"));
        }
        if button["url"].is_null() && !(1..=64).contains(&data.len()) {
            return Err(bad("BUTTON_DATA_INVALID"));
        }
    }
    Ok(if rows.is_none_or(Vec::is_empty) {
        Value::Null
    } else {
        markup.clone()
    })
}

fn send_message(state: &mut State, fields: &Value) -> Answer {
    let chat = chat_of(state, fields)?;
    count(state, chat, false)?;
    let text = shown(state, fields, "text", MOST_UNITS)?;
    if text.is_empty() {
        return Err(bad("message text is empty"));
    }
    let sent = Sent {
        chat,
        topic: number(&fields["message_thread_id"]),
        html: fields["text"].as_str().unwrap_or_default().to_owned(),
        text,
        keyboard: keyboard(fields)?,
        ..Sent::default()
    };
    Ok(add(state, sent))
}

fn send_document(state: &mut State, request: &Request) -> Answer {
    let fields = &request.fields;
    let chat = chat_of(state, fields)?;
    count(state, chat, false)?;
    // The field may hold the file, or `attach://` and the name of the field that does.
    let field = fields["document"].as_str().unwrap_or("document");
    let field = field.strip_prefix("attach://").unwrap_or(field);
    let file = request.files.iter().find(|file| file.0 == field);
    let (_, name, contents) = file.ok_or(bad("there is no document in the request"))?;
    if contents.is_empty() {
        return Err(bad("file must be non-empty"));
    }
    if contents.len() > LARGEST_UPLOAD {
        return Err(Failure::status(413, "Request Entity Too Large"));
    }
    let sent = Sent {
        chat,
        topic: number(&fields["message_thread_id"]),
        html: fields["caption"].as_str().unwrap_or_default().to_owned(),
        text: shown(state, fields, "caption", MOST_OF_CAPTION)?,
        keyboard: keyboard(fields)?,
        document: Some((name.clone(), contents.clone())),
        ..Sent::default()
    };
    Ok(add(state, sent))
}

fn add(state: &mut State, mut sent: Sent) -> Value {
    state.last_message += 1;
    sent.id = state.last_message;
    let value = sent.value();
    state.messages.push(sent);
    value
}

fn find(state: &State, fields: &Value, missing: &str) -> Result<usize, Failure> {
    let chat = chat_of(state, fields)?;
    let id = number(&fields["message_id"]);
    let is_it = |sent: &Sent| sent.chat == chat && Some(sent.id) == id && !sent.is_deleted;
    state
        .messages
        .iter()
        .position(is_it)
        .ok_or_else(|| bad(missing))
}

fn edit(state: &mut State, fields: &Value, has_text: bool) -> Answer {
    let index = find(state, fields, "message to edit not found")?;
    let chat = state.messages[index].chat;
    count(state, chat, true)?;
    let text = if has_text {
        shown(state, fields, "text", MOST_UNITS)?
    } else {
        state.messages[index].text.clone()
    };
    let before = &state.messages[index];
    let html = if has_text {
        fields["text"].as_str().unwrap_or_default()
    } else {
        &before.html
    };
    if has_text && before.document.is_some() {
        return Err(bad("there is no text in the message to edit"));
    }
    if text.is_empty() && has_text {
        return Err(bad("message text is empty"));
    }
    let keyboard = keyboard(fields)?;
    if before.html == html && before.keyboard == keyboard {
        state
            .violations
            .push(format!("chat {chat}: an edit of unchanged text"));
        return Err(bad(
            "message is not modified: specified new message content and reply markup are exactly \
             the same as a current content and reply markup of the message",
        ));
    }
    let html = html.to_owned();
    let sent = &mut state.messages[index];
    (sent.html, sent.text, sent.keyboard) = (html, text, keyboard);
    sent.edits += 1;
    Ok(sent.value())
}

fn answer_callback(state: &mut State, fields: &Value) -> Answer {
    let id = fields["callback_query_id"].as_str().unwrap_or_default();
    let text = fields["text"].as_str().unwrap_or_default();
    if text.chars().count() > 200 {
        return Err(bad("MESSAGE_TOO_LONG"));
    }
    let is_open = |callback: &&mut Callback| callback.id == id && callback.answer.is_none();
    let Some(callback) = state.callbacks.iter_mut().find(is_open) else {
        state
            .violations
            .push(format!("callback `{id}` is unknown, or was answered"));
        return Err(bad(
            "query is too old and response timeout expired or query ID is invalid",
        ));
    };
    callback.answer = Some(text.to_owned());
    Ok(json!(true))
}

fn chat_action(state: &mut State, fields: &Value) -> Answer {
    let chat = chat_of(state, fields)?;
    let action = fields["action"].as_str().unwrap_or_default();
    if !matches!(action, "typing" | "upload_document" | "upload_photo") {
        return Err(bad("wrong parameter action in request"));
    }
    if let Some((seconds, _)) = state.rates.blocked(chat) {
        return Err(Failure::retry_after(seconds));
    }
    let action = match number(&fields["message_thread_id"]) {
        None => action.to_owned(),
        Some(topic) => format!("{action} in {topic}"),
    };
    state.actions.push((chat, action));
    Ok(json!(true))
}

fn set_commands(state: &mut State, fields: &Value) -> Answer {
    let commands = fields["commands"].as_array().cloned().unwrap_or_default();
    let is_sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_good = |command: &Value| {
        let name = command["command"].as_str().unwrap_or_default();
        let description = command["description"].as_str().unwrap_or_default();
        (1..=32).contains(&name.len())
            && name.bytes().all(is_sign)
            && (1..=256).contains(&description.chars().count())
    };
    if commands.len() > 100 || !commands.iter().all(is_good) {
        return Err(bad("BOT_COMMAND_INVALID"));
    }
    state.commands = commands;
    Ok(json!(true))
}

fn get_file(state: &mut State, fields: &Value) -> Answer {
    let id = fields["file_id"].as_str().unwrap_or_default();
    let (path, contents) = state.files.get(id).ok_or(bad("invalid file_id"))?;
    if contents.len() > LARGEST_DOWNLOAD {
        return Err(bad("file is too big"));
    }
    Ok(json!({
        "file_id": id, "file_unique_id": format!("u{id}"), "file_size": contents.len(),
        "file_path": path,
    }))
}
