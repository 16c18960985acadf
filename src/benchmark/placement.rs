//! Whether a model runs where it should: on the graphics card, if there is one.
//!
//! Ollama says how much of a loaded model is on a card, and nothing about the card. That there is
//! one is known only if another model is on it, or if the server is this machine and the card can be
//! seen here. Where nothing is known, nothing is claimed.

use serde::{Deserialize, Serialize};

use crate::model::server::LoadedModel;
use crate::text::size;

/// The share from which on a model counts as being on the card as a whole.
const WHOLE: f64 = 0.99;

/// The memory of a loaded model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelMemory {
    /// All of it, in bytes.
    pub bytes: u64,
    /// How much of it is on a graphics card, in bytes.
    pub gpu_bytes: u64,
}

impl ModelMemory {
    /// The memory that the server reports; `None` if it reports none.
    pub fn of(model: &LoadedModel) -> Option<ModelMemory> {
        (model.size > 0).then_some(ModelMemory {
            bytes: model.size,
            gpu_bytes: model.size_vram.min(model.size),
        })
    }

    /// How much of it is on a graphics card, from 0 to 1.
    pub fn gpu_share(&self) -> f64 {
        self.gpu_bytes as f64 / self.bytes.max(1) as f64
    }
}

/// A sentence if a model is not as a whole on a card that is known to be there.
///
/// `others` are the other models in memory; `gpu` is a card that can be seen on the machine of the
/// server.
pub fn warning(memory: &ModelMemory, others: &[LoadedModel], gpu: Option<&str>) -> Option<String> {
    let share = memory.gpu_share();
    if share >= WHOLE {
        return None;
    }
    let largest = others.iter().max_by_key(|other| other.size_vram);
    let largest = largest.filter(|other| other.size_vram > 0);
    let missing = memory.bytes - memory.gpu_bytes;
    if memory.gpu_bytes == 0 {
        return match (largest, gpu) {
            (Some(other), _) => Some(format!(
                "it runs on the CPU, though Ollama has a graphics card: `{}` has {} on it; make \
                 room with `ollama stop {}`",
                other.name,
                size(other.size_vram),
                other.name
            )),
            (None, Some(gpu)) => Some(format!(
                "it runs on the CPU, though this machine has a graphics card ({gpu}): Ollama's log \
                 says why"
            )),
            (None, None) => None,
        };
    }
    let percent = ((1.0 - share) * 100.0).round();
    let help = match largest {
        Some(other) if other.size_vram >= missing => format!(
            "`{}` has {} of the card; make room with `ollama stop {}`",
            other.name,
            size(other.size_vram),
            other.name
        ),
        _ => {
            "a smaller window (`MAX_CONTEXT_TOKENS`) or a smaller model would fit the graphics card"
                .to_owned()
        }
    };
    Some(format!(
        "{percent} % of it ({}) is on the CPU, which makes it slow: {help}",
        size(missing)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(name: &str, size: u64, size_vram: u64) -> LoadedModel {
        LoadedModel {
            name: name.to_owned(),
            size,
            size_vram,
            ..LoadedModel::default()
        }
    }

    #[test]
    fn only_what_is_known_is_claimed() {
        const GB: u64 = 1_000_000_000;
        let memory =
            |on_card: u64| ModelMemory::of(&loaded("m", 8 * GB, on_card * GB)).expect("a size");
        let other = [loaded("big", 12 * GB, 12 * GB)];
        let small = [loaded("small", GB, GB)];
        for (on_card, others, gpu, expected) in [
            (8, &other[..], Some("NVIDIA"), ""),
            (0, &[], None, ""),
            (0, &other, None, "`big` has 12 GB on it"),
            (
                0,
                &[],
                Some("NVIDIA"),
                "this machine has a graphics card (NVIDIA)",
            ),
            (6, &other, None, "25 % of it (2.0 GB) is on the CPU"),
            (6, &other, None, "`ollama stop big`"),
            (6, &small, None, "a smaller window"),
            (6, &[], Some("NVIDIA"), "a smaller window"),
        ] {
            let said = warning(&memory(on_card), others, gpu).unwrap_or_default();
            assert_eq!(said.is_empty(), expected.is_empty(), "{on_card}: {said}");
            assert!(said.contains(expected), "{on_card}: {said}");
        }
        assert_eq!(ModelMemory::of(&loaded("m", 0, 0)), None);
    }
}
