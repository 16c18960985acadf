//! The machine that a benchmark ran on, as far as it can be known without starting a program.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Least memory of a graphics card that is worth naming, in bytes: processors with graphics show a
/// small part of the main memory as theirs.
const LEAST_CARD: u64 = 2 << 30;

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Such as `linux x86_64`.
    pub system: String,
    /// Name of the processor, if known.
    pub cpu: Option<String>,
    /// Processors that this program may use.
    pub cores: usize,
    /// Main memory in bytes, if known.
    pub memory: Option<u64>,
    /// A graphics card that Ollama could use, if one can be seen; in a container or a virtual
    /// machine there may be one all the same.
    pub gpu: Option<String>,
}

impl Machine {
    /// This machine.
    pub fn here() -> Machine {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Machine {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpu: cpu_of(&read("/proc/cpuinfo")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory_of(&read("/proc/meminfo")),
            gpu: gpu(Path::new("/")),
        }
    }
}

fn cpu_of(text: &str) -> Option<String> {
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        let value = line.split_once(':')?.1.trim();
        (!value.is_empty()).then(|| value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    value("model name").or_else(|| value("Model"))
}

fn memory_of(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// A card whose driver runs, found below a root folder.
fn gpu(root: &Path) -> Option<String> {
    if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        return Some("Apple".to_owned());
    }
    let has_nvidia = fs::read_dir(root.join("proc/driver/nvidia/gpus"))
        .is_ok_and(|mut cards| cards.next().is_some());
    if has_nvidia {
        return Some("NVIDIA".to_owned());
    }
    let cards = fs::read_dir(root.join("sys/class/drm")).ok()?;
    let memory = cards.flatten().filter_map(|card| {
        let file = card.path().join("device/mem_info_vram_total");
        fs::read_to_string(file).ok()?.trim().parse::<u64>().ok()
    });
    let largest = memory.max().filter(|&bytes| bytes >= LEAST_CARD)?;
    Some(format!("AMD with {} GB", largest >> 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_and_memory_are_read_from_their_tables() {
        let intel = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 85\nmodel name\t: \
                     Xeon(R)  CPU @ 2.00GHz\n";
        assert_eq!(cpu_of(intel).as_deref(), Some("Xeon(R) CPU @ 2.00GHz"));
        let board = "processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 5\n";
        assert_eq!(cpu_of(board).as_deref(), Some("Raspberry Pi 5"));
        assert_eq!(cpu_of(""), None);
        let memory = "MemTotal:       16384 kB\nMemFree:  1 kB\n";
        assert_eq!(memory_of(memory), Some(16 << 20));
        assert_eq!(memory_of("MemFree: 1 kB\n"), None);
        let here = Machine::here();
        assert!(here.cores > 0 && !here.system.is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_card_is_known_by_its_driver() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        assert_eq!(gpu(root), None);
        let card = root.join("sys/class/drm/card0/device");
        fs::create_dir_all(&card).expect("folders");
        fs::write(card.join("mem_info_vram_total"), "536870912\n").expect("a file");
        assert_eq!(gpu(root), None, "a part of the main memory");
        fs::write(card.join("mem_info_vram_total"), "17163091968\n").expect("a file");
        assert_eq!(gpu(root).as_deref(), Some("AMD with 15 GB"));
        fs::create_dir_all(root.join("proc/driver/nvidia/gpus/0000:01:00.0")).expect("folders");
        assert_eq!(gpu(root).as_deref(), Some("NVIDIA"));
    }
}
