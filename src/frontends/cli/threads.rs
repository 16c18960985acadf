//! Checks at the start that enough threads can be started: libraries fail in the middle of their
//! work if they cannot.

use std::io;
use std::sync::RwLock;
use std::thread::{Builder, Scope, ScopedJoinHandle, available_parallelism, scope};

use anyhow::{Error, bail};

#[cfg_attr(not(target_os = "linux"), path = "threads/limits_unknown.rs")]
mod limits;

/// Threads for files, signals and keys, independent of the number of processors.
const BESIDES: usize = 16;
/// Threads per processor: of the runtime, the store and the index.
const PER_PROCESSOR: usize = 4;
/// Stack of a thread that only waits.
const STACK: usize = 64 << 10;

type WaitTask<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Fails if too few threads can be started.
pub fn check() -> Result<(), Error> {
    let processors = available_parallelism().map_or(2, usize::from);
    let wanted = BESIDES + PER_PROCESSOR * processors.min(8);
    // Starting them all takes longer than reading the limits.
    if limits::leave_room(wanted) {
        return Ok(());
    }
    let (started, error) = started(wanted, |scope, wait| {
        let builder = Builder::new().stack_size(STACK);
        builder.spawn_scoped(scope, wait)
    });
    match error {
        None => Ok(()),
        Some(error) => bail!(
            "ollacode needs {wanted} threads, but the system allows {started} ({error}): raise the \
             process limit (`ulimit -u`, or the one of the container)"
        ),
    }
}

/// Starts waiting threads at the same time; returns their number, and the error that stopped it.
fn started(
    wanted: usize,
    spawn: impl for<'scope> Fn(
        &'scope Scope<'scope, '_>,
        WaitTask<'scope>,
    ) -> io::Result<ScopedJoinHandle<'scope, ()>>,
) -> (usize, Option<io::Error>) {
    let gate = RwLock::new(());
    scope(|threads| {
        let closed = gate.write();
        let mut count = 0;
        let mut error = None;
        while count < wanted && error.is_none() {
            match spawn(threads, Box::new(|| drop(gate.read()))) {
                Ok(_) => count += 1,
                Err(why) => error = Some(why),
            }
        }
        drop(closed);
        (count, error)
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn too_few_threads_are_counted() {
        let left = Cell::new(5);
        let (count, error) = started(20, |scope, wait| {
            left.set(left.get() - 1);
            if left.get() < 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Builder::new().spawn_scoped(scope, wait)
        });
        assert_eq!(count, 5);
        assert!(error.is_some());
        assert!(check().is_ok());
    }
}
