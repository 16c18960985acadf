//! Tickets: how much work may wait between threads, in bytes, while its order is kept.
//!
//! Files are prepared on several threads and written in the order of their paths. While one takes
//! long, the others would pile up behind it, up to all of the workspace. So each file takes a ticket
//! of its size before it is read, and returns it when the writer has taken it in. The file whose turn
//! it is passes once the writer has taken in all that was handed over to it; so nobody waits for ever,
//! and a file may be larger than the limit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};

/// The most bytes of files that are being prepared, or wait for the writer.
const LIMIT: u64 = 16 << 20;
/// What a file counts at least: its record and the names of its chunks are no bytes of its own.
const LEAST: u64 = 4 << 10;

/// The right to hold a file of some size, returned on drop.
#[derive(Debug)]
pub(crate) struct Ticket {
    tickets: Tickets,
    bytes: u64,
    is_handed_over: bool,
}

impl Ticket {
    /// From now on it is the writer's.
    fn hand_over(&mut self) {
        self.is_handed_over = true;
        self.tickets.0.state.lock().bytes_handed_over += self.bytes;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        {
            let mut state = self.tickets.0.state.lock();
            state.bytes_out -= self.bytes;
            if self.is_handed_over {
                state.bytes_handed_over -= self.bytes;
            }
        }
        self.tickets.0.changed.notify_all();
    }
}

/// All tickets of one run; clones are the same.
#[derive(Clone, Debug)]
struct Tickets(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes_out: u64,
    /// Those of them that the writer has, or can take at once: it returns them without further tasks.
    bytes_handed_over: u64,
    /// The number of the task that is to be handed over next.
    due: usize,
    /// Whether nobody wants more.
    is_over: bool,
    /// Threads that wait for a ticket.
    waiting: usize,
}

impl Tickets {
    fn new(limit: u64) -> Tickets {
        Tickets(Arc::new(Shared {
            limit,
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Waits until there is room for a task, or it is its turn and the writer has nothing to return;
    /// `None` if nobody wants it any more.
    fn take(&self, number: usize, bytes: u64) -> Option<Ticket> {
        let bytes = bytes.max(LEAST);
        let mut state = self.0.state.lock();
        while !state.is_over
            && state.bytes_out + bytes > self.0.limit
            && (number != state.due || state.bytes_handed_over > 0)
        {
            state.waiting += 1;
            self.0.changed.wait(&mut state);
            state.waiting -= 1;
        }
        if state.is_over {
            return None;
        }
        state.bytes_out += bytes;
        let tickets = self.clone();
        Some(Ticket {
            tickets,
            bytes,
            is_handed_over: false,
        })
    }

    fn set_due(&self, due: usize) {
        self.0.state.lock().due = due;
        self.0.changed.notify_all();
    }

    fn end(&self) {
        self.0.state.lock().is_over = true;
        self.0.changed.notify_all();
    }
}

/// Ends a run when the results are not wanted any more.
struct EndOnDrop<'a>(&'a Tickets);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Ends a run when a thread of it panics: its turn never comes, and nobody may wait for it.
struct EndOnPanic<'a>(&'a Tickets);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

/// Does tasks on several threads, each of which has a state of its own, and hands the results over
/// in the order of the tasks. A result counts until its ticket is dropped, for which whoever gets it
/// must not wait for another one.
///
/// Returns when all are handed over, when `hand_over` wants no more, or when a task may not begin.
pub(crate) fn in_order<T: Sync, S: Default, R: Send>(
    threads: usize,
    tasks: &[T],
    bytes_of: impl Fn(&T) -> u64 + Sync,
    may_begin: impl Fn(usize) -> bool + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
    hand_over: impl FnMut(R, Ticket) -> bool,
) {
    let tickets = Tickets::new(LIMIT);
    with_tickets(
        &tickets, threads, tasks, bytes_of, may_begin, work, hand_over,
    );
}

fn with_tickets<T: Sync, S: Default, R: Send>(
    tickets: &Tickets,
    threads: usize,
    tasks: &[T],
    bytes_of: impl Fn(&T) -> u64 + Sync,
    may_begin: impl Fn(usize) -> bool + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
    mut hand_over: impl FnMut(R, Ticket) -> bool,
) {
    let next = AtomicUsize::new(0);
    // Tickets bound what waits in it.
    let (sender, receiver) = crossbeam_channel::unbounded();
    let (bytes_of, may_begin, work) = (&bytes_of, &may_begin, &work);
    std::thread::scope(|scope| {
        let _end = EndOnDrop(tickets);
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let _end = EndOnPanic(tickets);
                let mut own = S::default();
                // Before the number is drawn, so that none is left out.
                while may_begin(next.load(Ordering::Relaxed)) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(number) else { break };
                    let Some(ticket) = tickets.take(number, bytes_of(task)) else {
                        break;
                    };
                    let done = work(&mut own, task);
                    if sender.send((number, done, ticket)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (number, done, ticket) in receiver {
            early.insert(number, (done, ticket));
            while let Some((done, mut ticket)) = early.remove(&due) {
                ticket.hand_over();
                due += 1;
                tickets.set_due(due);
                if !hand_over(done, ticket) {
                    return;
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const THREADS: usize = 4;

    fn numbers(count: usize) -> Vec<usize> {
        (0..count).collect()
    }

    #[test]
    fn what_waits_behind_a_slow_task_is_bounded_and_stays_in_order() {
        let limit = 10 * LEAST;
        let tickets = Tickets::new(limit);
        let tasks = numbers(100);
        let done = AtomicUsize::new(0);
        let work = |_: &mut (), number: &usize| {
            // All others wait for it, or have got past the bound.
            while *number == 0
                && tickets.0.state.lock().waiting < THREADS - 1
                && done.load(Ordering::SeqCst) < tasks.len() - 1
            {
                std::thread::yield_now();
            }
            let out = tickets.0.state.lock().bytes_out;
            assert!(out <= limit + 2 * LEAST, "{out} bytes at number {number}");
            done.fetch_add(1, Ordering::SeqCst);
            *number
        };
        let mut seen = Vec::new();
        let hand_over = |number, _ticket| {
            seen.push(number);
            true
        };
        with_tickets(&tickets, THREADS, &tasks, |_| 1, |_| true, work, hand_over);
        assert_eq!(seen, tasks);
        assert_eq!(tickets.0.state.lock().bytes_out, 0, "all are returned");
    }

    #[test]
    fn a_result_counts_until_its_ticket_is_returned() {
        let tickets = Tickets::new(2 * LEAST);
        let (first, second) = (tickets.take(5, 1), tickets.take(6, 1));
        assert!(first.is_some() && second.is_some());
        std::thread::scope(|scope| {
            let third = scope.spawn(|| tickets.take(7, 1).is_some());
            while tickets.0.state.lock().waiting == 0 {
                std::thread::yield_now();
            }
            drop(first);
            assert!(third.join().expect("a thread"));
        });
    }

    #[test]
    fn what_waits_for_a_slow_writer_is_bounded() {
        let limit = THREADS as u64 * LEAST;
        let (tickets, tasks) = (Tickets::new(limit), numbers(50));
        let done = AtomicUsize::new(0);
        let (to_writer, handed_over) = crossbeam_channel::unbounded();
        std::thread::scope(|scope| {
            let (tickets, done, count) = (&tickets, &done, tasks.len());
            let writing = scope.spawn(move || {
                // All threads wait for it, or have got past the bound.
                while tickets.0.state.lock().waiting < THREADS
                    && done.load(Ordering::SeqCst) < count
                {
                    std::thread::yield_now();
                }
                let out = tickets.0.state.lock().bytes_out;
                let written = handed_over.iter().map(|(number, _ticket)| number);
                (out, written.collect::<Vec<usize>>())
            });
            let work = |_: &mut (), number: &usize| {
                done.fetch_add(1, Ordering::SeqCst);
                *number
            };
            let hand_over = |number, ticket| to_writer.send((number, ticket)).is_ok();
            with_tickets(tickets, THREADS, &tasks, |_| 1, |_| true, work, hand_over);
            drop(to_writer);
            let (out, written) = writing.join().expect("the writer");
            assert_eq!((out, written), (limit, numbers(count)));
        });
        assert_eq!(tickets.0.state.lock().bytes_handed_over, 0);
    }

    #[test]
    fn a_task_larger_than_the_bound_passes_in_its_turn() {
        let tickets = Tickets::new(LEAST);
        let mut seen = Vec::new();
        let hand_over = |number, _ticket| {
            seen.push(number);
            true
        };
        let bytes_of = |number: &usize| {
            if number.is_multiple_of(3) {
                100 * LEAST
            } else {
                1
            }
        };
        let work = |_: &mut (), number: &usize| *number;
        let tasks = numbers(20);
        with_tickets(
            &tickets,
            THREADS,
            &tasks,
            bytes_of,
            |_| true,
            work,
            hand_over,
        );
        assert_eq!(seen, tasks);
    }

    #[test]
    fn nobody_waits_for_what_is_not_wanted_or_never_comes() {
        let tasks = numbers(50);
        let work = |_: &mut (), number: &usize| *number;
        let mut seen = 0;
        let hand_over = |_, _ticket| {
            seen += 1;
            false
        };
        let tickets = Tickets::new(LEAST);
        with_tickets(&tickets, THREADS, &tasks, |_| 1, |_| true, work, hand_over);
        assert_eq!(seen, 1);
        let work = |_: &mut (), number: &usize| {
            assert_ne!(*number, 0, "the first task fails");
        };
        let tickets = Tickets::new(LEAST);
        let run = || {
            with_tickets(
                &tickets,
                THREADS,
                &tasks,
                |_| 1,
                |_| true,
                work,
                |(), _| true,
            )
        };
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    }
}
