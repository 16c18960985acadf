//! What each request to the scripted server must keep to.

use std::collections::HashMap;

use serde_json::Value;

/// Everything that is wrong with a request.
pub(super) fn violations(request: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{what}: {request}"));
        }
    };
    for field in ["truncate", "shift"] {
        demand(request[field] == false, &format!("`{field}` must be false"));
    }
    demand(request["stream"] != false, "replies must stream");
    demand(
        request["keep_alive"].as_str() == Some("30m"),
        "`keep_alive` is missing",
    );
    demand(
        request["options"]["num_ctx"].is_u64(),
        "the window must be said",
    );
    let has_tools = request["tools"].as_array().is_some_and(|it| !it.is_empty());
    demand(
        request["format"].is_null() || !has_tools,
        "a format and tools do not go together",
    );
    match request["messages"].as_array() {
        Some(messages) if messages.is_empty() => {}
        Some(messages) => wrong.extend(in_messages(messages)),
        None => wrong.push(format!("there are no messages: {request}")),
    }
    wrong
}

fn in_messages(messages: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let is = |message: &Value, role: &str| message["role"] == role;
    let systems = messages.iter().filter(|message| is(message, "system"));
    if systems.count() != 1 || !is(&messages[0], "system") {
        wrong.push("one message of the system must be the first".to_owned());
    }
    if messages.last().is_some_and(|last| is(last, "assistant")) {
        wrong.push("the last message would be continued".to_owned());
    }
    let last_user = messages.iter().rposition(|message| is(message, "user"));
    let mut calls: HashMap<&str, &str> = HashMap::new();
    for (index, message) in messages.iter().enumerate() {
        let mut demand = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("message {index}: {what}: {message}"));
            }
        };
        demand(message["content"].is_string(), "its content is no text");
        let is_old = last_user.is_some_and(|last| index < last);
        demand(
            !is_old || message["thinking"].is_null(),
            "thoughts of an earlier turn",
        );
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let id = call["id"].as_str().unwrap_or_default();
            let name = call["function"]["name"].as_str().unwrap_or_default();
            demand(
                call["function"]["arguments"].is_object(),
                "arguments must be an object",
            );
            demand(!id.is_empty() && !name.is_empty(), "a call without a name");
            demand(calls.insert(id, name).is_none(), "an id is used twice");
        }
        if is(message, "tool") {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            demand(
                calls.contains_key(id) && calls.get(id).copied() == message["tool_name"].as_str(),
                "it answers no call",
            );
        }
    }
    wrong
}

/// The options that load a model again when they change, and those that have no reason to.
pub(super) fn lasting_options(request: &Value) -> Value {
    let mut options = request["options"].clone();
    if let Some(options) = options.as_object_mut() {
        options.remove("num_predict");
    }
    options
}

/// Whether a request, as it came, has all messages of the one before at its beginning, and the
/// same tools; thoughts and hits of the index may be left out of turns that are over.
pub(super) fn extends(before: &str, after: &str) -> Result<(), String> {
    let (old_tools, new_tools) = (field(before, "tools"), field(after, "tools"));
    if old_tools != new_tools {
        return Err(format!(
            "the tools were {old_tools:?} and are {new_tools:?}"
        ));
    }
    let messages = |request| parts(field(request, "messages").unwrap_or("[]"));
    let (old, new) = (messages(before), messages(after));
    if new.len() < old.len() {
        return Err(format!("it has {} messages, not {}", new.len(), old.len()));
    }
    let old_count = old.len();
    for (index, (old, new)) in old.iter().zip(&new).enumerate() {
        let read: Option<Value> = serde_json::from_str(new).ok();
        let goes_on = index + 1 == old_count && read.as_ref().is_some_and(|new| goes_on(old, new));
        let is_same = old == new || without_thoughts(old) == read;
        if !is_same && !goes_on && !lost_its_hits(old, read.as_ref()) {
            return Err(format!("message {index} was {old} and is {new}"));
        }
    }
    Ok(())
}

/// Whether a message of the user is the beginning of another one: more was said before an answer.
fn goes_on(old: &str, new: &Value) -> bool {
    let old: Value = serde_json::from_str(old).unwrap_or_default();
    let content = |message: &Value| message["content"].as_str().map(str::to_owned);
    old["role"] == "user"
        && new["role"] == "user"
        && content(new)
            .zip(content(&old))
            .is_some_and(|(new, old)| new.starts_with(&old))
}

/// Whether a message of the user is another one whose hits of the index, or what git showed in their
/// place, became one line, since its turn is over.
fn lost_its_hits(old: &str, new: Option<&Value>) -> bool {
    const SECTIONS: [(&str, &str); 2] = [
        ("## Found in the index\n\n", "(Hits of the index"),
        ("## Shown by git\n\n", "(What git showed"),
    ];
    let old: Value = serde_json::from_str(old).unwrap_or_default();
    let texts = old["content"]
        .as_str()
        .zip(new.and_then(|new| new["content"].as_str()));
    texts.is_some_and(|(old, new)| {
        let request = old.rsplit("\n## Request\n\n").next().unwrap_or_default();
        SECTIONS.iter().any(|(heading, line)| {
            let before = old.split(heading).next().unwrap_or_default();
            let is_line = new.starts_with(before) && new[before.len()..].starts_with(line);
            // More may have been said behind it before an answer.
            old.contains(heading) && is_line && new.contains(request)
        })
    })
}

fn without_thoughts(message: &str) -> Option<Value> {
    let mut message: Value = serde_json::from_str(message).ok()?;
    message.as_object_mut()?.remove("thinking");
    Some(message)
}

/// The bytes of a field's value.
fn field<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let key = format!("\"{name}\":");
    parts(object)
        .into_iter()
        .find_map(|part| part.strip_prefix(&key))
}

/// The bytes of each element of a list, or of each field of an object.
fn parts(json: &str) -> Vec<&str> {
    let inner = &json[1..json.len() - 1];
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < inner.len() {
        parts.push(&inner[start..]);
    }
    parts
}
