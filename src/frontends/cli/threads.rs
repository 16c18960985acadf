//! Whether the system lets as many threads be started as are needed. Libraries take that for
//! granted: where it does not hold, they break in the middle of their work.

use std::io;
use std::sync::RwLock;
use std::thread::{Builder, Scope, ScopedJoinHandle, available_parallelism, scope};

use anyhow::{Error, bail};

/// Threads that wait for files, signals and keys, whatever the number of processors is.
const BESIDES: usize = 16;
/// Those that a search starts for each processor: the runtime's, the store's and the index's.
const PER_PROCESSOR: usize = 4;
/// Each needs a stack only to wait on.
const STACK: usize = 64 << 10;

/// What such a thread does: it waits.
type Wait<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Refuses to start where there are too few.
pub fn check() -> Result<(), Error> {
    let processors = available_parallelism().map_or(2, usize::from);
    let wanted = BESIDES + PER_PROCESSOR * processors.min(8);
    let (started, error) = started(wanted, |scope, wait| {
        let builder = Builder::new().stack_size(STACK);
        builder.spawn_scoped(scope, wait)
    });
    match error {
        None => Ok(()),
        Some(error) => bail!(
            "the system lets ollacode start {started} threads, and it needs {wanted} ({error}): \
             raise the limit of processes (`ulimit -u`, or that of the container)"
        ),
    }
}

/// Starts threads that do nothing, all at a time; gives how many there were, and why not more.
fn started(
    wanted: usize,
    spawn: impl for<'scope> Fn(
        &'scope Scope<'scope, '_>,
        Wait<'scope>,
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
