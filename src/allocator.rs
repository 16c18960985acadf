//! The allocator of the program, and when it gives memory back to the system.
//!
//! mimalloc keeps what is freed for a second, for the next allocation, and gives it back at an
//! allocation after that: a program that waits for the next question keeps all of it. So what is free
//! is kept for a tenth of that, and what a search leaves is given back when no other follows.

use std::ffi::{c_int, c_long};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mimalloc::MiMalloc;

/// The allocator: glibc's keeps memory that LanceDB frees, and faults its pages in again for each scan.
pub const ALLOCATOR: MiMalloc = MiMalloc;

/// For how long memory that is free is kept, in milliseconds.
const KEPT: c_long = 100;
/// For how long after a search another one is expected.
const IDLE: Duration = Duration::from_secs(1);
/// The number of `mi_option_purge_delay`.
const PURGE_DELAY: c_int = 15;

unsafe extern "C" {
    fn mi_option_set_default(option: c_int, value: c_long);
    fn mi_collect(force: bool);
}

/// Sets how long memory that is free is kept, unless `MIMALLOC_PURGE_DELAY` says it.
pub fn set_up() {
    // SAFETY: the number is one of mimalloc's options, which may be set at any time.
    unsafe { mi_option_set_default(PURGE_DELAY, KEPT) }
}

/// Gives memory back in a second, unless this is called again until then. To be called within a
/// runtime.
pub fn release_when_idle() {
    static USES: AtomicU64 = AtomicU64::new(0);
    let use_number = USES.fetch_add(1, Ordering::Relaxed) + 1;
    tokio::spawn(async move {
        tokio::time::sleep(IDLE).await;
        if USES.load(Ordering::Relaxed) == use_number {
            release();
        }
    });
}

/// Gives back what is free.
fn release() {
    // SAFETY: mimalloc frees no memory that is in use, and may be asked in any thread.
    unsafe { mi_collect(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" {
        fn mi_option_get(option: c_int) -> c_long;
    }

    #[test]
    fn memory_is_kept_for_a_tenth_of_a_second() {
        // SAFETY: as above; a missing option is 0.
        let kept = || unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(kept(), 1_000, "another option has this number");
        set_up();
        assert_eq!(kept(), KEPT);
        release();
    }
}
