//! Pairing: a code shown on the terminal, which the new user sends to the bot in a private chat.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, anyhow, bail};
use teloxide::prelude::*;
use teloxide::types::UpdateKind;
use tokio_util::sync::CancellationToken;

use super::api::Api;
use super::poll::{UpdatePoller, no_client};
use super::quoted::is_by_others;
use crate::app::App;
use crate::config::{AllowList, SettingOrigin, set_in_user_file};
use crate::frontends::{Notice, Notifier};

/// How long the code is valid.
const LIFE: Duration = Duration::from_secs(300);
/// Wrong codes, from anybody, after which it becomes invalid.
const MOST_TRIES: usize = 5;
/// 32 characters that are not easily confused.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Length of a code: 40 bits, and five attempts to guess them.
const SIGNS: usize = 8;
const USERS: &str = "TELEGRAM_ALLOWED_USERS";

/// Shows a code, waits for it, and allows the user who sends it.
pub async fn run(app: &App, tell: Notifier, stop: CancellationToken) -> Result<(), Error> {
    let settings = app.settings.telegram.check_for_pairing()?;
    super::check_reach(app, &settings)?;
    let api = Api::new(&settings).map_err(no_client)?;
    let Some((mut poll, me)) = UpdatePoller::start(api.clone(), Arc::clone(&tell), &stop).await?
    else {
        return Ok(());
    };
    // Old messages cannot contain the new code.
    let Some(passed) = stop.run_until_cancelled(poll.pass_over()).await else {
        return Ok(());
    };
    passed?;
    let code = code();
    tell(Notice::Note(format!(
        "send this code to @{} within five minutes: {}-{}\nor open https://t.me/{}?start={code}",
        me.username(),
        &code[..SIGNS / 2],
        &code[SIGNS / 2..],
        me.username(),
    )));
    let waiting = tokio::time::timeout(LIFE, wait(&mut poll, &code, &stop));
    let Ok(found) = waiting.await else {
        bail!("nobody sent the code within five minutes; run the command again for a new one");
    };
    let Some(user) = found? else {
        return Ok(());
    };
    let_in(app, user, &settings.allowed, &tell)?;
    let words =
        "You are allowed to use this bot. Start it with `ollacode telegram`, then write to me.";
    let sent = api.bot.send_message(UserId(user), words).await;
    if let Err(error) = sent {
        tracing::warn!(
            "cannot send a message to the user: {}",
            api.describe(&error)
        );
    }
    poll.confirm().await;
    Ok(())
}

/// Waits for the code and returns its sender; `None` if stopped.
async fn wait(
    poll: &mut UpdatePoller,
    code: &str,
    stop: &CancellationToken,
) -> Result<Option<u64>, Error> {
    let mut tries = 0;
    loop {
        let Some(updates) = stop.run_until_cancelled(poll.next()).await else {
            return Ok(None);
        };
        for update in updates? {
            let UpdateKind::Message(message) = update.kind else {
                continue;
            };
            // A forwarded code does not count.
            let is_own = message.chat.is_private() && !is_by_others(&message);
            let Some(user) = message.from.as_ref().filter(|_| is_own) else {
                continue;
            };
            match code_in(message.text().unwrap_or_default()) {
                Some(given) if given == code => return Ok(Some(user.id.0)),
                Some(_) => tries += 1,
                // Not a code, such as the `/start` of every new chat.
                None => {}
            }
            if tries == MOST_TRIES {
                bail!("five wrong codes were sent; run the command again for a new one");
            }
        }
    }
}

/// The code in a message, if there is one.
fn code_in(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("/start").unwrap_or(text);
    let signs = text
        .chars()
        .filter(|sign| !sign.is_whitespace() && *sign != '-');
    let given: String = signs.map(|sign| sign.to_ascii_uppercase()).collect();
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric();
    (given.len() == SIGNS && given.bytes().all(is_sign)).then_some(given)
}

/// Adds a user to the user's settings file, unless the list is set elsewhere.
fn let_in(app: &App, user: u64, allowed: &AllowList, tell: &Notifier) -> Result<(), Error> {
    if allowed.users().contains(&user) {
        tell(Notice::Note(format!("user {user} is already allowed")));
        return Ok(());
    }
    let mut users: Vec<String> = allowed.users().iter().map(u64::to_string).collect();
    users.push(user.to_string());
    let users = users.join(",");
    if let Some(SettingOrigin::Environment) = app.settings.telegram.users_origin {
        tell(Notice::Warning(format!(
            "`{USERS}` is set in the environment, which overrides the file: set it to `{users}` \
             there"
        )));
        return Ok(());
    }
    let file = app
        .user_file()
        .ok_or_else(|| anyhow!("there is no home folder: set `{USERS}` to `{users}`"))?;
    let shown = file.display().to_string();
    set_in_user_file(&file, USERS, &users)
        .with_context(|| format!("cannot write {shown}: set `{USERS}` to `{users}` there"))?;
    tell(Notice::Note(format!(
        "user {user} is allowed: `{USERS}={users}` in {shown}; start the bot with `ollacode telegram`"
    )));
    Ok(())
}

/// An unpredictable code: the keys of the standard library's hash tables are random.
fn code() -> String {
    let mut code = String::with_capacity(SIGNS);
    while code.len() < SIGNS {
        let mut chance = RandomState::new().build_hasher().finish();
        for _ in 0..SIGNS / 2 {
            code.push(char::from(
                ALPHABET[usize::try_from(chance % 32).unwrap_or_default()],
            ));
            chance /= 32;
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        for text in ["ABCD2345", "abcd-2345", " ABCD 2345 ", "/start ABCD2345"] {
            assert_eq!(code_in(text).as_deref(), Some("ABCD2345"), "{text}");
        }
        for text in [
            "/start",
            "hello there",
            "ABCD234",
            "ABCD23456",
            "ÄBCD2345",
            "",
        ] {
            assert_eq!(code_in(text), None, "{text}");
        }
    }

    #[test]
    fn codes_differ_and_have_their_shape() {
        let codes: std::collections::BTreeSet<String> = (0..1_000).map(|_| code()).collect();
        assert_eq!(codes.len(), 1_000);
        assert!(
            codes
                .iter()
                .all(|code| code_in(code).as_deref() == Some(code))
        );
    }
}
