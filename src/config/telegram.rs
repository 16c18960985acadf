//! Settings of the Telegram bot: its token, and who may use it.
//!
//! They are checked when the bot starts, not with the other settings: a misspelled user id must
//! not stop a search.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::SettingOrigin;
use crate::visible::escape_hidden;

/// The token.
pub const TOKEN: &str = "TELEGRAM_BOT_TOKEN";
/// Another name for [`TOKEN`].
pub const TOKEN_OF_TELOXIDE: &str = "TELOXIDE_TOKEN";
/// The allowed users.
pub const USERS: &str = "TELEGRAM_ALLOWED_USERS";
/// The allowed groups.
pub const CHATS: &str = "TELEGRAM_ALLOWED_CHATS";
/// Another Bot API server.
pub const API_URL: &str = "TELEGRAM_API_URL";
/// How long an approval waits.
pub const APPROVAL_LIFE: &str = "TELEGRAM_APPROVAL_TIMEOUT";

/// Ids have at most 52 bits.
const LARGEST_ID: u64 = (1 << 52) - 1;

/// The token of a bot. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct BotToken(String);

/// The checked settings of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelegramSettings {
    pub token: BotToken,
    pub allowed: AllowList,
    /// A Bot API server other than Telegram's.
    pub api_url: Option<Url>,
    /// How long a question waits for a button to be pressed.
    pub approval_life: Duration,
}

impl TelegramSettings {
    /// Whether the Bot API server is on this machine.
    pub fn is_local(&self) -> bool {
        self.api_url.as_ref().is_some_and(is_here)
    }
}

/// Users and groups by id: names can change owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    /// The first is the owner.
    users: Vec<u64>,
    /// Group ids are negative.
    chats: Vec<i64>,
}

/// The unchecked settings; an empty one is not set. One of them is a secret, so `Debug` shows
/// none.
#[derive(Clone, Default)]
pub struct GivenTelegram {
    /// `TELEGRAM_BOT_TOKEN`, or else `TELOXIDE_TOKEN`.
    pub token: String,
    /// `TELEGRAM_ALLOWED_USERS`.
    pub users: String,
    /// Where they were set.
    pub users_origin: Option<SettingOrigin>,
    /// `TELEGRAM_ALLOWED_CHATS`.
    pub chats: String,
    /// `TELEGRAM_API_URL`.
    pub api_url: String,
    /// How long a question waits for a button to be pressed.
    pub approval_life: Duration,
}

impl fmt::Debug for GivenTelegram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GivenTelegram")
            .finish_non_exhaustive()
    }
}

/// Why the settings are invalid. No message contains a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelegramError {
    #[error(
        "`{TOKEN}` is not set: send `/newbot` to @BotFather in Telegram, and put the token that it \
         gives you into `~/.config/ollacode/.env`"
    )]
    NoToken,
    #[error(
        "`{TOKEN}` is not a valid token: copy it from @BotFather; it looks like `123456789:AAF…` \
         (digits, a colon and 35 characters)"
    )]
    BadToken,
    #[error(
        "`{USERS}` is empty, so nobody may use the bot: run `ollacode telegram --pair` and send the \
         bot the code that is shown, or set it to your numeric id (@userinfobot in Telegram shows \
         it)"
    )]
    NobodyAllowed,
    #[error(
        "`{setting}`: `{entry}` is not {wanted}; names are not accepted, since they can change \
         owners. @userinfobot in Telegram shows ids"
    )]
    BadId {
        setting: &'static str,
        /// With control characters escaped.
        entry: String,
        wanted: &'static str,
    },
    #[error("`{API_URL}` must be an address such as `http://127.0.0.1:8081`")]
    BadUrl,
    #[error(
        "`{API_URL}` must use `https` unless the server is on this machine: every request contains \
         the token"
    )]
    OpenUrl,
}

impl BotToken {
    /// Reads a token: `123456789:AAF…`.
    pub fn parse(text: &str) -> Result<BotToken, TelegramError> {
        let text = text.trim();
        let (number, secret) = text.split_once(':').ok_or(TelegramError::BadToken)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !is_number || secret.len() < 30 || !secret.bytes().all(is_sign) {
            return Err(TelegramError::BadToken);
        }
        Ok(BotToken(text.to_owned()))
    }

    /// The token itself, for the client only.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Removes the token from a text, such as an error that contains an address.
    pub fn redact(&self, text: &str) -> String {
        let secret = self
            .0
            .split_once(':')
            .map_or(self.0.as_str(), |(_, secret)| secret);
        let escaped = self.0.replace(':', "%3A");
        text.replace(&self.0, "***")
            .replace(&escaped, "***")
            .replace(secret, "***")
    }
}

impl fmt::Debug for BotToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for BotToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl GivenTelegram {
    /// Checks the settings and returns the first error.
    pub fn check(&self) -> Result<TelegramSettings, TelegramError> {
        let settings = self.check_for_pairing()?;
        if settings.allowed.users.is_empty() {
            return Err(TelegramError::NobodyAllowed);
        }
        Ok(settings)
    }

    /// The same, but without requiring an allowed user.
    pub fn check_for_pairing(&self) -> Result<TelegramSettings, TelegramError> {
        let token = self.token.trim();
        if token.is_empty() {
            return Err(TelegramError::NoToken);
        }
        Ok(TelegramSettings {
            token: BotToken::parse(token)?,
            allowed: AllowList::parse(&self.users, &self.chats)?,
            api_url: api_url(self.api_url.trim())?,
            approval_life: self.approval_life,
        })
    }
}

impl AllowList {
    /// Parses lists of ids, separated by commas, semicolons or blanks.
    pub fn parse(users: &str, chats: &str) -> Result<AllowList, TelegramError> {
        let user = |entry: &str| {
            let id = entry
                .parse()
                .ok()
                .filter(|id| (1..=LARGEST_ID).contains(id));
            id.ok_or_else(|| bad_id(USERS, entry, "a user id (a positive number)"))
        };
        let chat = |entry: &str| {
            let id: Option<i64> = entry.parse().ok();
            id.filter(|id| *id < 0 && id.unsigned_abs() <= LARGEST_ID)
                .ok_or_else(|| bad_id(CHATS, entry, "a group id (a negative number)"))
        };
        Ok(AllowList {
            users: entries(users).map(user).collect::<Result<_, _>>()?,
            chats: entries(chats).map(chat).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a user may use the bot in a chat; a private chat has the id of its user.
    pub fn permits(&self, user: u64, chat: i64) -> bool {
        let is_private = i64::try_from(user).is_ok_and(|user| user == chat);
        self.users.contains(&user) && (is_private || self.chats.contains(&chat))
    }

    /// The user who can resume sessions of the terminal.
    pub fn owner(&self) -> Option<u64> {
        self.users.first().copied()
    }

    pub fn users(&self) -> &[u64] {
        &self.users
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    let is_between = |sign: char| matches!(sign, ',' | ';') || sign.is_whitespace();
    list.split(is_between).filter(|entry| !entry.is_empty())
}

fn bad_id(setting: &'static str, entry: &str, wanted: &'static str) -> TelegramError {
    // The token may have been put here by mistake.
    let entry = match BotToken::parse(entry) {
        Ok(token) => token.to_string(),
        Err(_) => escape_hidden(entry).chars().take(40).collect(),
    };
    TelegramError::BadId {
        setting,
        entry,
        wanted,
    }
}

fn api_url(text: &str) -> Result<Option<Url>, TelegramError> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text).map_err(|_| TelegramError::BadUrl)?;
    if url.host().is_none() {
        return Err(TelegramError::BadUrl);
    }
    match url.scheme() {
        "https" => Ok(Some(url)),
        "http" if is_here(&url) => Ok(Some(url)),
        "http" => Err(TelegramError::OpenUrl),
        _ => Err(TelegramError::BadUrl),
    }
}

/// Whether an address is on this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "123456789:AAFabcdefghijklmnopqrstuvwxyz_-0123";

    fn written(users: &str, chats: &str) -> GivenTelegram {
        GivenTelegram {
            token: GOOD.to_owned(),
            users: users.to_owned(),
            chats: chats.to_owned(),
            ..GivenTelegram::default()
        }
    }

    #[test]
    fn the_token_is_never_shown() {
        let settings = written("7", "").check().expect("good settings");
        assert_eq!(
            format!("{} {:?}", settings.token, settings.token),
            "*** ***"
        );
        assert!(!format!("{settings:?}").contains("AAF"));
        let error = format!("error for url (https://api.telegram.org/bot{GOOD}/GetMe)");
        assert_eq!(
            settings.token.redact(&error),
            "error for url (https://api.telegram.org/bot***/GetMe)"
        );
        for place in [written(GOOD, ""), written("7", GOOD)] {
            let error = place.check().expect_err("a token is no id");
            assert!(!error.to_string().contains("AAFa") && !format!("{error:?}").contains("AAFa"));
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = |written: GivenTelegram| written.check().expect_err("an error").to_string();
        assert!(error(GivenTelegram::default()).contains("`TELEGRAM_BOT_TOKEN` is not set"));
        assert!(
            error(GivenTelegram {
                token: "  ".to_owned(),
                ..written("7", "")
            })
            .contains("BotFather")
        );
        assert!(
            error(GivenTelegram {
                token: "abc".to_owned(),
                ..written("7", "")
            })
            .contains("not a valid token")
        );
        for nobody in ["", " , ;"] {
            let error = error(written(nobody, "-5"));
            assert!(
                error.contains("`TELEGRAM_ALLOWED_USERS` is empty"),
                "{error}"
            );
            assert!(error.contains("@userinfobot") && error.contains("--pair"));
        }
        for bad in [
            "@me",
            "-7",
            "0",
            "7,x",
            "1.5",
            "99999999999999999999",
            "4503599627370496",
        ] {
            assert!(error(written(bad, "")).contains("positive number"), "{bad}");
        }
        assert!(error(written("7", "7")).contains("negative number"));
        assert!(written("", "").check_for_pairing().is_ok());
    }

    #[test]
    fn users_are_allowed_by_number() {
        let allowed = AllowList::parse("7, 8;9\n10", "-100123").expect("a list");
        assert_eq!((allowed.owner(), allowed.users().len()), (Some(7), 4));
        assert!(allowed.permits(7, 7) && allowed.permits(10, -100_123));
        assert!(!allowed.permits(11, 11), "a stranger");
        assert!(!allowed.permits(11, -100_123), "a stranger in the group");
        assert!(!allowed.permits(7, -5), "another group");
        assert!(!allowed.permits(7, 8), "somebody else's chat");
        assert!(!AllowList::default().permits(0, 0));
    }

    #[test]
    fn the_address_does_not_carry_the_token_in_the_open() {
        let read = |url: &str| {
            let given = GivenTelegram {
                api_url: url.to_owned(),
                ..written("7", "")
            };
            given.check()
        };
        for good in [
            "http://127.0.0.1:8081",
            "http://localhost:1",
            "http://[::1]:1/",
            "https://x.org",
        ] {
            assert!(
                read(good).is_ok_and(|settings| settings.api_url.is_some()),
                "{good}"
            );
        }
        assert_eq!(read("http://x.org"), Err(TelegramError::OpenUrl));
        assert_eq!(read("ftp://x.org"), Err(TelegramError::BadUrl));
        assert_eq!(read("x.org"), Err(TelegramError::BadUrl));
    }
}
