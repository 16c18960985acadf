//! The client of the Bot API. Its errors are shown without the token that is part of every URL.

use std::time::Duration;

use teloxide::prelude::*;
use teloxide::{ApiError, DownloadError, RequestError};

use crate::config::{BotToken, TelegramSettings};
use crate::network::Obstacle;

/// Timeout of a request: longer than a long poll, and than a large file on a slow line.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// A client for the bot. Clones share it.
#[derive(Clone)]
pub struct Api {
    /// Sends requests. Show its errors with [`Api::describe`] only.
    pub bot: Bot,
    pub token: BotToken,
    /// Whether the API server is on this machine.
    pub is_local: bool,
}

impl Api {
    /// Creates a client without sending a request. Fails if the system lacks something, such as
    /// certificates.
    pub fn new(settings: &TelegramSettings) -> Result<Api, reqwest::Error> {
        let mut client = reqwest::Client::builder()
            .connect_timeout(LONGEST_CONNECT)
            .timeout(LONGEST_REQUEST)
            .tcp_nodelay(true);
        if settings.is_local() {
            client = client.no_proxy();
        }
        let mut bot = Bot::with_client(settings.token.reveal(), client.build()?);
        if let Some(url) = &settings.api_url {
            bot = bot.set_api_url(url.clone());
        }
        Ok(Api {
            bot,
            token: settings.token.clone(),
            is_local: settings.is_local(),
        })
    }

    /// Describes an error without the token.
    pub fn describe(&self, error: &RequestError) -> String {
        let words = match error {
            RequestError::Network(error) => network(error),
            RequestError::InvalidJson { .. } => "the answer is not JSON".to_owned(),
            RequestError::Api(error) => error.to_string(),
            other => other.to_string(),
        };
        self.token.redact(&words)
    }

    pub fn describe_download(&self, error: &DownloadError) -> String {
        let words = match error {
            DownloadError::Network(error) => network(error),
            DownloadError::Io(error) => error.to_string(),
        };
        self.token.redact(&words)
    }
}

/// Whether Telegram rejects the token.
pub fn is_unauthorized(error: &RequestError) -> bool {
    matches!(error, RequestError::Api(ApiError::InvalidToken))
}

/// Describes a network error; its own message contains the URL.
fn network(error: &reqwest::Error) -> String {
    if error.is_connect()
        && let Some(obstacle) = Obstacle::of(error)
    {
        return format!("{}; {}", obstacle.what(), obstacle.help());
    }
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the connection was lost"
    };
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut innermost = None;
    while let Some(inner) = cause {
        innermost = Some(inner.to_string());
        cause = inner.source();
    }
    match innermost {
        Some(why) => format!("{what} ({why})"),
        None => what.to_owned(),
    }
}
