//! Polling for updates; each is handled at most once.
//!
//! Updates that arrived while the bot was offline are not executed: the sender may have changed
//! their mind since.

use std::time::{Duration, SystemTime};

use anyhow::{Error, anyhow, bail};
use teloxide::prelude::*;
use teloxide::types::{AllowedUpdate, Me};
use teloxide::{ApiError, RequestError};
use tokio_util::sync::CancellationToken;

use super::api::{Api, is_unauthorized};
use super::dispatcher::Dispatcher;
use crate::frontends::{Notice, Notifier};

/// Duration of a long poll, in seconds.
const LONG_POLL: u32 = 30;
/// Updates per request.
const AT_ONCE: u8 = 100;
/// After this time without a connection, missed updates count as old.
const DOWNTIME: Duration = Duration::from_secs(300);
/// Timeout of the last request, which only confirms updates.
const CONFIRMATION: Duration = Duration::from_secs(3);
/// Maximum time between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateAge {
    New,
    /// It arrived while the bot was offline.
    Old,
}

pub struct UpdatePoller {
    api: Api,
    tell: Notifier,
    offset: i32,
    failures: u32,
    last_contact: Option<SystemTime>,
    /// The last problem that was reported.
    told: Option<String>,
}

impl UpdatePoller {
    /// Connects: asks who the bot is, and removes a webhook, which would prevent polling. Retries
    /// until that succeeds; `None` if it was stopped before. Fails if the token is rejected.
    pub async fn start(
        api: Api,
        tell: Notifier,
        stop: &CancellationToken,
    ) -> Result<Option<(UpdatePoller, Me)>, Error> {
        let mut poll = UpdatePoller {
            api,
            tell,
            offset: 0,
            failures: 0,
            last_contact: None,
            told: None,
        };
        loop {
            let Some(contact) = stop.run_until_cancelled(poll.contact()).await else {
                return Ok(None);
            };
            match contact {
                Ok(me) => {
                    poll.recovered();
                    return Ok(Some((poll, me)));
                }
                Err(error) => poll.failed(&error)?,
            }
            if stop.run_until_cancelled(poll.wait(None)).await.is_none() {
                return Ok(None);
            }
        }
    }

    async fn contact(&self) -> Result<Me, RequestError> {
        let bot = &self.api.bot;
        let me = bot.get_me().await?;
        if bot.get_webhook_info().await?.url.is_some() {
            let text = "the bot had a webhook, which prevents polling for messages; it was \
                        removed";
            (self.tell)(Notice::Warning(text.to_owned()));
            bot.delete_webhook().await?;
        }
        Ok(me)
    }

    /// Dispatches updates until it is stopped. An update is confirmed with the next request, so
    /// each is dispatched at most once. Fails if the token is rejected.
    pub async fn run(
        mut self,
        stop: &CancellationToken,
        dispatcher: &mut Dispatcher,
    ) -> Result<(), Error> {
        let mut age = UpdateAge::Old;
        loop {
            let waits = if age == UpdateAge::Old { 0 } else { LONG_POLL };
            let Some(asked) = stop.run_until_cancelled(self.ask(waits, AT_ONCE)).await else {
                break;
            };
            match asked {
                Ok(updates) => {
                    if self.recovered() > DOWNTIME {
                        age = UpdateAge::Old;
                    }
                    // A short list is the last one. An empty one cannot be demanded: a busy group
                    // might never allow that.
                    let is_last = updates.len() < usize::from(AT_ONCE);
                    for update in updates {
                        self.offset = update.id.as_offset();
                        dispatcher.dispatch(update, age);
                    }
                    // All old updates were received.
                    if is_last && age == UpdateAge::Old {
                        dispatcher.report_missed();
                        age = UpdateAge::New;
                    }
                }
                Err(error) => {
                    self.failed(&error)?;
                    let asked = match error {
                        RequestError::RetryAfter(wait) => Some(wait.duration()),
                        _ => None,
                    };
                    if stop.run_until_cancelled(self.wait(asked)).await.is_none() {
                        break;
                    }
                }
            }
        }
        self.confirm().await;
        Ok(())
    }

    /// Skips all old updates.
    pub async fn pass_over(&mut self) -> Result<(), Error> {
        loop {
            match self.ask(0, AT_ONCE).await {
                Ok(updates) => {
                    if let Some(update) = updates.last() {
                        self.offset = update.id.as_offset();
                    }
                    if updates.len() < usize::from(AT_ONCE) {
                        return Ok(());
                    }
                }
                Err(error) => {
                    self.failed(&error)?;
                    self.wait(None).await;
                }
            }
        }
    }

    /// The next updates, as soon as there are some.
    pub async fn next(&mut self) -> Result<Vec<Update>, Error> {
        loop {
            match self.ask(LONG_POLL, AT_ONCE).await {
                Ok(updates) => {
                    self.recovered();
                    if let Some(update) = updates.last() {
                        self.offset = update.id.as_offset();
                        return Ok(updates);
                    }
                }
                Err(error) => {
                    self.failed(&error)?;
                    self.wait(None).await;
                }
            }
        }
    }

    /// Confirms the dispatched updates; otherwise they would be received again as old.
    pub async fn confirm(&self) {
        match tokio::time::timeout(CONFIRMATION, self.ask(0, 1)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!("not confirmed: {}", self.api.describe(&error)),
            Err(_) => tracing::debug!("not confirmed in time"),
        }
    }

    async fn ask(&self, seconds: u32, most: u8) -> Result<Vec<Update>, RequestError> {
        self.api
            .bot
            .get_updates()
            .offset(self.offset)
            .timeout(seconds)
            .limit(most)
            .allowed_updates([
                AllowedUpdate::Message,
                AllowedUpdate::EditedMessage,
                AllowedUpdate::CallbackQuery,
            ])
            .await
    }

    /// Waits before the next attempt: as long as Telegram demands, or longer after each failure.
    async fn wait(&self, asked: Option<Duration>) {
        let grown = Duration::from_secs(1 << self.failures.saturating_sub(1).min(6));
        tokio::time::sleep(asked.unwrap_or(grown.min(LONGEST_WAIT))).await;
    }

    /// Connected again; returns how long the connection was lost. By wall-clock time, since the
    /// monotonic clock stops while a laptop sleeps.
    fn recovered(&mut self) -> Duration {
        self.failures = 0;
        if self.told.take().is_some() {
            (self.tell)(Notice::Note("connected to Telegram again".to_owned()));
        }
        let now = SystemTime::now();
        let last = self.last_contact.replace(now).unwrap_or(now);
        now.duration_since(last).unwrap_or_default()
    }

    /// Reports a problem once; fails if it is permanent.
    fn failed(&mut self, error: &RequestError) -> Result<(), Error> {
        self.failures += 1;
        if is_unauthorized(error) {
            bail!(
                "Telegram rejected the bot token: it is mistyped or was revoked; @BotFather shows the \
                 current one with /token"
            );
        }
        let words = match error {
            RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => {
                "another program polls for the messages of this bot, and Telegram allows only one: \
                 stop the other one, or create a bot for each; retrying"
                    .to_owned()
            }
            error => {
                let described = self.api.describe(error);
                format!("cannot reach Telegram: {described}; retrying")
            }
        };
        if self.told.as_ref() != Some(&words) {
            (self.tell)(Notice::Warning(words.clone()));
            self.told = Some(words);
        }
        Ok(())
    }
}

/// The error if the client cannot be created.
pub fn no_client(error: reqwest::Error) -> Error {
    anyhow!(error.without_url()).context("cannot create a client for Telegram")
}
