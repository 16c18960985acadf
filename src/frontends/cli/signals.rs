//! Signals that stop a command cleanly; the exit code says which signal it was, as in shells.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{CommandEnd, say};

/// The signals that stop a command.
pub const STOPPING: [SignalKind; 3] = [
    SignalKind::interrupt(),
    SignalKind::terminate(),
    SignalKind::hangup(),
];

/// The number of the signal that Ctrl-C sends.
pub const INTERRUPT: u8 = 2;

/// The first signal that stopped what [`stop_signal`] watches; 0 for none.
static STOPPED_BY: AtomicU8 = AtomicU8::new(0);

/// The exit code of a command that a signal ended.
pub fn exit_code(signal: u8) -> u8 {
    128_u8.saturating_add(signal)
}

/// Cancelled by the first Ctrl-C, SIGTERM or SIGHUP, which prints `words`; a second one ends the
/// process.
pub fn stop_signal(words: &'static str) -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    // Registered before any work that a signal should stop.
    let mut signals: Vec<(u8, Signal)> = STOPPING.into_iter().filter_map(watched).collect();
    tokio::spawn(async move {
        let first = next(&mut signals).await;
        STOPPED_BY.store(first, Ordering::Relaxed);
        token.cancel();
        say(format_args!("{words} (press Ctrl-C again to exit at once)"));
        let second = next(&mut signals).await;
        std::process::exit(exit_code(second).into());
    });
    stop
}

/// How a command ended, if a signal stopped it.
pub fn stopped() -> Option<CommandEnd> {
    match STOPPED_BY.load(Ordering::Relaxed) {
        0 => None,
        signal => Some(CommandEnd::Signal(signal)),
    }
}

/// Without a handler, the default action ends the process.
fn watched(kind: SignalKind) -> Option<(u8, Signal)> {
    let number = u8::try_from(kind.as_raw_value()).ok()?;
    Some((number, signal(kind).ok()?))
}

async fn next(signals: &mut [(u8, Signal)]) -> u8 {
    if signals.is_empty() {
        return std::future::pending().await;
    }
    let waits = signals.iter_mut().map(|(number, signal)| {
        let number = *number;
        Box::pin(async move {
            if signal.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            number
        })
    });
    futures::future::select_all(waits).await.0
}
