//! Chooses the context window of a chat model.
//!
//! Ollama fixes it when it loads a model, truncates longer conversations silently, and reloads the
//! model for another number. So one number is chosen before loading and checked afterwards.

use super::client::OllamaClient;
use super::wire::{LoadedModel, ModelInfo};

/// With less, tools and instructions leave no room for code.
const SMALL: u32 = 8_192;
/// Fits most machines.
const USUAL: u32 = 16_384;
/// For models that are large compared with the memory for it.
const LARGE: u32 = 32_768;
/// For a remote model, whose memory is not ours.
const ELSEWHERE: u32 = 32_768;
/// The smallest number in a Modelfile that is deliberate and not an old default.
const LEAST_CHOSEN: u32 = 4_096;

/// Most bytes for the usual window: more does not fit beside a model on small graphics cards.
const MOST_FOR_USUAL: u64 = 4 << 30;
/// The large window may use this part of the model's size.
const PART_FOR_LARGE: u64 = 5;

/// Bytes per number in the KV cache.
const NUMBER: u64 = 2;

/// Facts known before the model is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WindowInputs {
    /// What the user set, in tokens.
    pub wanted: Option<u32>,
    /// The longest window that the model was trained for.
    pub trained: Option<u32>,
    /// `num_ctx` of its Modelfile.
    pub set: Option<u32>,
    /// Its window if it is loaded now.
    pub loaded: Option<u32>,
    /// Bytes of memory per token of the window.
    pub cost: Option<u64>,
    /// Bytes of the model itself; 0 if unknown.
    pub size: u64,
    /// Whether it runs on another machine.
    pub elsewhere: bool,
}

impl WindowInputs {
    /// The window to request, in tokens.
    ///
    /// The user's number comes first. A loaded window is known to fit, and keeping it saves a load,
    /// unless it is too small. Then the Modelfile's number, otherwise one that fits the memory.
    pub(super) fn window(&self) -> u32 {
        let trained = self.trained.unwrap_or(u32::MAX);
        let chosen = self
            .wanted
            .or(self.loaded.filter(|&loaded| loaded >= SMALL))
            .or(self.set.filter(|&set| set >= LEAST_CHOSEN));
        match chosen {
            Some(tokens) => tokens.min(trained),
            None if self.elsewhere => self.trained.unwrap_or(ELSEWHERE),
            None => self.sensible().min(trained),
        }
    }

    fn sensible(&self) -> u32 {
        let Some(cost) = self.cost else {
            return USUAL;
        };
        let bytes = |window: u32| cost.saturating_mul(u64::from(window));
        if bytes(LARGE) <= self.size / PART_FOR_LARGE {
            LARGE
        } else if bytes(USUAL) <= MOST_FOR_USUAL {
            USUAL
        } else {
            SMALL
        }
    }
}

/// Bytes of memory per token of the window, if the metadata has the dimensions.
///
/// It is an upper bound: some models use a short attention window in most layers.
pub(super) fn token_cost(info: &ModelInfo) -> Option<u64> {
    let layers = info.number("block_count")?;
    let heads = info.number("attention.head_count")?.max(1);
    let groups = info.number("attention.head_count_kv").unwrap_or(heads);
    let width = || Some(info.embedding_length()? / heads);
    let key = info.number("attention.key_length").or_else(width)?;
    let value = info.number("attention.value_length").or_else(width)?;
    let cost = layers
        .checked_mul(groups)?
        .checked_mul(key.checked_add(value)?)?;
    Some(cost.saturating_mul(NUMBER)).filter(|&cost| cost > 0)
}

/// How a model is loaded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadedMemory {
    /// The actual context window of requests, in tokens.
    pub window: u32,
    /// How much of the model is on the graphics card, from 0 to 1; `None` if the server does not
    /// say.
    pub on_card: Option<f32>,
}

/// Asks for the actual window of a loaded model, after `asked` was requested.
///
/// If the server does not say, `asked` is assumed. It is never more: another program may have
/// loaded the model meanwhile, and our next request restores `asked`.
///
/// `digest` is that of its weights, if known.
pub async fn effective_window(
    client: &OllamaClient,
    model: &str,
    digest: &str,
    asked: u32,
) -> LoadedMemory {
    let models = client.ps().await.unwrap_or_default();
    let found = models.iter().find(|loaded| loaded.is(model, digest));
    LoadedMemory {
        window: found
            .and_then(context_length)
            .map_or(asked, |window| window.min(asked)),
        on_card: found.and_then(on_card),
    }
}

/// The window of a loaded model, if the server reports it.
pub(super) fn context_length(model: &LoadedModel) -> Option<u32> {
    let length = model.context_length.filter(|&length| length > 0)?;
    Some(u32::try_from(length).unwrap_or(u32::MAX))
}

fn on_card(model: &LoadedModel) -> Option<f32> {
    (model.size > 0).then(|| (model.size_vram as f64 / model.size as f64).min(1.0) as f32)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn info(fields: serde_json::Value) -> ModelInfo {
        serde_json::from_value(json!({ "model_info": fields })).expect("an answer of show")
    }

    #[test]
    fn memory_for_a_token_is_counted_from_the_metadata() {
        let coder = info(json!({
            "general.architecture": "qwen3moe", "qwen3moe.block_count": 48,
            "qwen3moe.attention.head_count": 32, "qwen3moe.attention.head_count_kv": 4,
            "qwen3moe.attention.key_length": 128, "qwen3moe.attention.value_length": 128,
            "qwen3moe.embedding_length": 2048,
        }));
        assert_eq!(token_cost(&coder), Some(98_304));
        let small = info(json!({
            "general.architecture": "qwen2", "qwen2.block_count": 28,
            "qwen2.attention.head_count": 28, "qwen2.attention.head_count_kv": 4,
            "qwen2.embedding_length": 3584,
        }));
        assert_eq!(token_cost(&small), Some(57_344));
        assert_eq!(token_cost(&info(json!({}))), None);
        let odd = info(json!({
            "general.architecture": "x", "x.block_count": u64::MAX,
            "x.attention.head_count": 0, "x.attention.key_length": 9, "x.attention.value_length": 9,
        }));
        assert_eq!(token_cost(&odd), None);
    }

    const TRAINED: Option<u32> = Some(262_144);

    /// Facts, each with what they are and the window that is chosen from them.
    #[track_caller]
    fn check(cases: &[(&str, WindowInputs, u32)]) {
        for (what, facts, expected) in cases {
            assert_eq!(facts.window(), *expected, "{what}");
        }
    }

    #[test]
    fn the_window_of_a_model_depends_on_the_memory_that_it_takes() {
        const GB: u64 = 1_000_000_000;
        let nothing = WindowInputs::default();
        check(&[
            ("nothing is known", nothing, 16_384),
            (
                "a large model with a cheap window",
                WindowInputs {
                    trained: TRAINED,
                    cost: Some(98_304),
                    size: 18 * GB,
                    ..nothing
                },
                32_768,
            ),
            (
                "a small model",
                WindowInputs {
                    trained: TRAINED,
                    cost: Some(57_344),
                    size: 5 * GB,
                    ..nothing
                },
                16_384,
            ),
            (
                "a window that costs half a megabyte a token",
                WindowInputs {
                    trained: TRAINED,
                    cost: Some(524_288),
                    size: 4 * GB,
                    ..nothing
                },
                8_192,
            ),
            (
                "trained for less",
                WindowInputs {
                    trained: Some(4_096),
                    ..nothing
                },
                4_096,
            ),
        ]);
    }

    #[test]
    fn a_window_that_somebody_chose_goes_before() {
        let nothing = WindowInputs::default();
        check(&[
            (
                "the user's number",
                WindowInputs {
                    wanted: Some(65_536),
                    loaded: Some(8_192),
                    set: Some(4_096),
                    trained: TRAINED,
                    ..nothing
                },
                65_536,
            ),
            (
                "more than it was trained for",
                WindowInputs {
                    wanted: Some(65_536),
                    trained: Some(32_768),
                    ..nothing
                },
                32_768,
            ),
            (
                "what is loaded",
                WindowInputs {
                    loaded: Some(40_960),
                    set: Some(8_192),
                    ..nothing
                },
                40_960,
            ),
            (
                "what is loaded is too small",
                WindowInputs {
                    loaded: Some(4_096),
                    ..nothing
                },
                16_384,
            ),
            (
                "the Modelfile's number",
                WindowInputs {
                    set: Some(24_000),
                    trained: TRAINED,
                    ..nothing
                },
                24_000,
            ),
            (
                "a number of older times",
                WindowInputs {
                    set: Some(2_048),
                    trained: TRAINED,
                    ..nothing
                },
                16_384,
            ),
        ]);
    }

    #[test]
    fn a_model_elsewhere_takes_no_memory_here() {
        let nothing = WindowInputs::default();
        check(&[
            (
                "elsewhere",
                WindowInputs {
                    trained: TRAINED,
                    elsewhere: true,
                    ..nothing
                },
                262_144,
            ),
            (
                "elsewhere, and nothing is known",
                WindowInputs {
                    elsewhere: true,
                    ..nothing
                },
                32_768,
            ),
        ]);
    }
}
