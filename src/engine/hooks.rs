//! Runs hooks: commands of the user, and of repositories that the user trusts, at points of a turn. They
//! can forbid, and never allow. Which fit, what they are told and what their end means is in
//! [`crate::hooks`]; `running` runs those of an event, `around` those around a session and a turn, and
//! `calls` those around a call.

mod around;
mod running;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::spawn_blocking;

use super::Engine;
use super::turn::Turn;
use crate::hooks::repository::{HookContent, content};
use crate::permission::{Hook, HookPoint};
use crate::session::changes::ChangeRecord;
use crate::trust::{TrustKind, TrustStore};

pub(super) use running::HookRuns;

/// The hooks of a session.
#[derive(Clone, Debug, Default)]
pub struct HookSetup {
    /// Those of the user's `config.toml`.
    pub own: Vec<Hook>,
    /// Those of the repository's, which run only if they are trusted,
    pub repository: Vec<Hook>,
    /// by this; without it nothing is.
    pub trust: Option<TrustStore>,
}

/// The hooks as long as a session is open.
#[derive(Debug, Default)]
pub(super) struct SessionHooks {
    setup: HookSetup,
    has_begun: AtomicBool,
    /// Whether those of the repository were trusted at some time: from then on, one that is not is a
    /// guard that does not guard.
    were_trusted: AtomicBool,
}

/// The hooks of a turn.
#[derive(Debug, Default)]
pub(super) struct TurnHooks {
    /// What the call that runs changed, and is in the journal already.
    pub recorded: Vec<ChangeRecord>,
    /// How often hooks had the model go on.
    rounds: u32,
    /// Whether it was looked up in this turn that those of the repository are not trusted.
    are_untrusted: bool,
}

/// Whether the hooks of the repository may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RepositoryTrust {
    Trusted,
    Untrusted,
    /// They were trusted, and are others now.
    Ended,
}

impl Engine {
    /// Sets the hooks; otherwise there are none.
    #[must_use]
    pub fn with_hooks(mut self, setup: HookSetup) -> Engine {
        self.hooks = SessionHooks {
            setup,
            ..SessionHooks::default()
        };
        self
    }
}

impl SessionHooks {
    /// Whether there may be something to run at a point.
    pub(super) fn has(&self, on: HookPoint) -> bool {
        let setup = &self.setup;
        let mut hooks = setup.own.iter().chain(&setup.repository);
        hooks.any(|hook| hook.on == on)
    }

    /// As they were set up.
    #[cfg(test)]
    pub(super) fn setup(&self) -> HookSetup {
        self.setup.clone()
    }

    /// Whether this is the first time that a turn begins.
    fn begins(&self) -> bool {
        !self.has_begun.swap(true, Ordering::Relaxed)
    }
}

impl Turn<'_> {
    /// Whether the hooks of the repository may run, as they and their files are now.
    async fn repository_trust(&mut self) -> RepositoryTrust {
        if self.hooks.are_untrusted {
            return RepositoryTrust::Untrusted;
        }
        let trusted = match (self.repository_content().await, self.trust_of_hooks()) {
            (Ok(content), Some(trust)) => {
                let root = self.engine.context.jail.root().to_owned();
                let asking =
                    spawn_blocking(move || trust.trusts(TrustKind::Hooks, &root, content.bytes()));
                asking.await.unwrap_or(false)
            }
            _ => false,
        };
        let were_trusted = &self.engine.hooks.were_trusted;
        match trusted {
            true => {
                were_trusted.store(true, Ordering::Relaxed);
                RepositoryTrust::Trusted
            }
            false if were_trusted.load(Ordering::Relaxed) => RepositoryTrust::Ended,
            false => {
                self.hooks.are_untrusted = true;
                RepositoryTrust::Untrusted
            }
        }
    }

    fn trust_of_hooks(&self) -> Option<TrustStore> {
        self.engine.hooks.setup.trust.clone()
    }

    /// What the hooks of the repository would run now.
    async fn repository_content(&self) -> Result<HookContent, String> {
        let context = Arc::clone(&self.engine.context);
        let hooks = self.engine.hooks.setup.repository.clone();
        let reading = spawn_blocking(move || content(&context.jail, &hooks));
        let read = reading.await;
        read.unwrap_or_else(|error| Err(format!("they cannot be looked at: {error}")))
    }
}
