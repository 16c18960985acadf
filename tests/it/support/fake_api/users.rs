//! What users do: they write, send files and press buttons.

use serde_json::{Value, json};

use super::{Callback, FakeApi, State};

impl FakeApi {
    /// A user writes in the private chat; gives the number of the message.
    pub fn write(&self, user: i64, text: &str) -> i64 {
        self.message(user, user, json!({ "text": text }))
    }

    /// A user writes in a chat, a group if it is negative.
    pub fn write_in(&self, chat: i64, user: i64, text: &str) -> i64 {
        self.message(chat, user, json!({ "text": text }))
    }

    /// A user sends a document; `announced` is the size that is said, if not the true one.
    pub fn send_file(&self, user: i64, name: &str, contents: &[u8], announced: Option<u64>) -> i64 {
        let id = self.keep_file(contents);
        let size = announced.unwrap_or(contents.len() as u64);
        let document = json!({
            "file_id": id, "file_unique_id": format!("u{id}"), "file_name": name,
            "mime_type": "text/plain", "file_size": size,
        });
        self.message(
            user,
            user,
            json!({ "document": document, "caption": "look at this" }),
        )
    }

    /// A user changes a message in the private chat.
    pub fn edit(&self, user: i64, message: i64, text: &str) {
        let edited = json!({
            "message_id": message, "date": 1_795_000_000, "edit_date": 1_795_000_001,
            "chat": chat_value(user), "from": person(user), "text": text,
        });
        self.push(json!({ "edited_message": edited }));
    }

    /// A user deletes a message of the bot.
    pub fn delete(&self, message: i64) {
        let mut state = self.shared.lock();
        let found = state.messages.iter_mut().find(|sent| sent.id == message);
        found.expect("a message").is_deleted = true;
    }

    /// A user sends a photo, and writes below it.
    pub fn send_photo(&self, user: i64, contents: &[u8], caption: &str) -> i64 {
        let id = self.keep_file(contents);
        let photo = json!([{
            "file_id": id, "file_unique_id": format!("u{id}"), "width": 640, "height": 480,
            "file_size": contents.len(),
        }]);
        self.message(user, user, json!({ "photo": photo, "caption": caption }))
    }

    /// Keeps a file that can be fetched, and gives its id.
    pub fn keep_file(&self, contents: &[u8]) -> String {
        let mut state = self.shared.lock();
        let id = format!("file{}", state.files.len());
        let path = format!("documents/{id}");
        state.files.insert(id.clone(), (path, contents.to_vec()));
        id
    }

    /// A user sends something else, such as `{"voice": {…}}`.
    pub fn message(&self, chat: i64, user: i64, contents: Value) -> i64 {
        let mut state = self.shared.lock();
        state.chats.insert(chat);
        state.last_message += 1;
        let id = state.last_message;
        let mut message = json!({
            "message_id": id, "date": 1_795_000_000, "chat": chat_value(chat), "from": person(user),
        });
        if let (Some(message), Some(contents)) = (message.as_object_mut(), contents.as_object()) {
            message.extend(contents.clone());
        }
        self.update(&mut state, json!({ "message": message }));
        id
    }

    /// Presses the first button whose text contains `label`; gives the number of the press.
    #[track_caller]
    pub fn press(&self, user: i64, message: i64, label: &str) -> String {
        let sent = self.sent(message).expect("a message with a button");
        let rows = sent.keyboard["inline_keyboard"].as_array().cloned();
        let mut buttons = rows.into_iter().flatten();
        let mut buttons = buttons
            .by_ref()
            .flat_map(|row| row.as_array().cloned().unwrap_or_default());
        let button =
            buttons.find(|button| button["text"].as_str().is_some_and(|it| it.contains(label)));
        let data = button.expect("the button")["callback_data"]
            .as_str()
            .expect("data")
            .to_owned();
        self.press_data(user, sent.chat, message, &data)
    }

    /// A press with any data, such as a forged one, or one of a message that has changed since.
    pub fn press_data(&self, user: i64, chat: i64, message: i64, data: &str) -> String {
        let mut state = self.shared.lock();
        let id = format!("press{}", state.callbacks.len());
        state.callbacks.push(Callback {
            id: id.clone(),
            answer: None,
        });
        let of = json!({
            "message_id": message, "date": 1_795_000_000, "chat": chat_value(chat),
            "from": bot(), "text": "…",
        });
        let query = json!({
            "id": id, "from": person(user), "message": of, "chat_instance": "1", "data": data,
        });
        self.update(&mut state, json!({ "callback_query": query }));
        id
    }

    /// Any other update.
    pub fn push(&self, update: Value) {
        let mut state = self.shared.lock();
        self.update(&mut state, update);
    }

    fn update(&self, state: &mut State, mut update: Value) {
        state.last_update += 1;
        update["update_id"] = json!(state.last_update);
        state.updates.push_back(update);
        self.shared.changed.notify_all();
    }
}

pub(super) fn bot() -> Value {
    json!({"id": 1, "is_bot": true, "first_name": "ollacode", "username": "ollacode_test_bot"})
}

fn person(user: i64) -> Value {
    json!({"id": user, "is_bot": false, "first_name": format!("User {user}")})
}

pub(super) fn chat_value(chat: i64) -> Value {
    if chat < 0 {
        json!({"id": chat, "type": "supergroup", "title": "Group"})
    } else {
        json!({"id": chat, "type": "private", "first_name": format!("User {chat}")})
    }
}
