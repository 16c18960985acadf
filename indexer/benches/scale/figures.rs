//! What this process uses: CPU time of all its threads, bytes, memory; and the rows of the table.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Error};
use rustix::time::{ClockId, clock_gettime};

/// What was used between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Time that passed.
    pub wall: Duration,
    /// CPU time of all threads, in the system and outside.
    pub cpu: Duration,
    /// Bytes that were read, from the page cache or the disk.
    pub read: u64,
    /// Bytes that had to be read from the disk.
    pub read_from_disk: u64,
    /// Bytes that were written to files.
    pub written: u64,
    /// Bytes that were or will be written to the disk.
    pub written_to_disk: u64,
}

impl Usage {
    /// Wall and CPU time in words.
    pub fn times(&self) -> String {
        format!("{} wall, {} CPU", duration(self.wall), duration(self.cpu))
    }
}

/// Measures from its start on.
pub struct Meter {
    started: Instant,
    cpu: Duration,
    io: Io,
}

impl Meter {
    /// Starts to measure.
    pub fn start() -> Result<Meter, Error> {
        Ok(Meter {
            io: Io::now()?,
            cpu: cpu_time()?,
            started: Instant::now(),
        })
    }

    /// What was used since.
    pub fn usage(&self) -> Result<Usage, Error> {
        let (wall, cpu, io) = (self.started.elapsed(), cpu_time()?, Io::now()?);
        Ok(Usage {
            wall,
            cpu: cpu.saturating_sub(self.cpu),
            read: io.read - self.io.read,
            read_from_disk: io.read_from_disk - self.io.read_from_disk,
            written: io.written - self.io.written,
            written_to_disk: io.written_to_disk - self.io.written_to_disk,
        })
    }
}

/// CPU time of all threads of this process so far.
fn cpu_time() -> Result<Duration, Error> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).context("the CPU clock is before its start")
}

/// Bytes so far, as in `/proc/self/io`.
struct Io {
    read: u64,
    read_from_disk: u64,
    written: u64,
    written_to_disk: u64,
}

impl Io {
    fn now() -> Result<Io, Error> {
        let text = proc_file("io")?;
        let value = |name: &str| number_after(&text, name);
        Ok(Io {
            read: value("rchar:")?,
            read_from_disk: value("read_bytes:")?,
            written: value("wchar:")?,
            written_to_disk: value("write_bytes:")?,
        })
    }
}

/// Memory of this process, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What it has now.
    pub now: u64,
    /// The most since [`reset_peak`].
    pub peak: u64,
}

impl Memory {
    /// Reads `/proc/self/status`.
    pub fn read() -> Result<Memory, Error> {
        let text = proc_file("status")?;
        Ok(Memory {
            now: 1024 * number_after(&text, "VmRSS:")?,
            peak: 1024 * number_after(&text, "VmHWM:")?,
        })
    }
}

/// Forgets the peak of memory so far.
pub fn reset_peak() -> Result<(), Error> {
    fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be reset")
}

fn proc_file(name: &str) -> Result<String, Error> {
    let path = format!("/proc/self/{name}");
    fs::read_to_string(&path).with_context(|| format!("`{path}` cannot be read; this needs Linux"))
}

fn number_after(text: &str, name: &str) -> Result<u64, Error> {
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    let word = word.with_context(|| format!("no `{name}`"))?;
    Ok(word.parse()?)
}

/// The value below which so many hundredths of some values are, by nearest rank.
pub fn percentile<T: Copy + Ord + Default>(values: &[T], hundredths: usize) -> T {
    let mut values = values.to_vec();
    values.sort_unstable();
    let rank = (values.len() * hundredths).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or_default()
}

/// The median and the 95th percentile of durations, in words.
pub fn percentiles(times: &[Duration]) -> String {
    let (middle, high) = (percentile(times, 50), percentile(times, 95));
    format!("p50 {}, p95 {}", duration(middle), duration(high))
}

/// A duration in words.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 {
        format!("{:.1} ms", 1_000.0 * seconds)
    } else {
        format!("{seconds:.1} s")
    }
}

/// A number of bytes in words.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// How many times as much one number is as another, in words.
pub fn times(number: f64, other: f64) -> String {
    if other > 0.0 {
        format!("{:.2} ×", number / other)
    } else {
        "–".to_owned()
    }
}

/// Prints the head of the table.
pub fn print_head() {
    row("measure", "what", "measured", "wanted");
    row("---", "---", "---", "---");
}

/// Prints a row of the table.
pub fn row(measure: &str, what: &str, measured: &str, wanted: &str) {
    let measured = measured.replace(['\n', '|'], " ");
    println!("| {measure} | {what} | {measured} | {wanted} |");
}
