//! Times of a model: until its first token, of reading a prompt, and of writing, at several sizes.
//!
//! Each prompt begins with a text of its own, so that the server has nothing of it; then the same
//! prompt is sent once more, of which all is cached.

use std::fmt::Write;
use std::time::{Duration, Instant};

use futures::StreamExt;

use super::deadline::Deadline;
use super::report::{SpeedResult, Spread};
use crate::message::Message;
use crate::model::{ChatModel, ChatRequest, Delta, ModelError, Usage};
use crate::text::tokens::estimate_text;

/// Sizes of prompts in tokens; the full window follows.
const SIZES: [u32; 3] = [1_024, 4_096, 16_384];
/// Tokens of a reply: enough to measure the speed of writing.
const REPLY: u32 = 32;
/// Tokens of a reply that is not measured.
const WARM_UP_REPLY: u32 = 4;
/// A shorter reply says nothing about the speed of writing.
const SHORTEST_REPLY: u32 = 8;
/// From so many seconds on the server has loaded the model again: all that is known of a request is
/// what came after that.
const LOADED_AGAIN: f32 = 1.0;
/// Percent of the window that a prompt for the full window has: our count of tokens is an estimate.
const FULL_PERCENT: u32 = 90;
/// The next size must be larger by a quarter.
const STEP_PERCENT: u32 = 125;
/// Measurements at each size; there are fewer where time is short.
const ROUNDS: [usize; 4] = [5, 3, 2, 1];
/// Longer prompts are slower by the token.
const LONGER_IS_SLOWER: f64 = 1.3;

/// The times of one reply.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Timing {
    prompt_tokens: u32,
    first_token: f64,
    /// Tokens per second.
    prompt_speed: Option<f64>,
    reply_speed: Option<f64>,
    /// Seconds for all of it.
    whole: f64,
    /// Whether the server had to load the model for it, so that nothing was cached.
    was_loaded: bool,
}

/// Why there is no timing.
#[derive(Clone, Debug, PartialEq)]
enum NoTiming {
    OutOfTime,
    Failed(ModelError),
}

/// All measurements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speed {
    pub results: Vec<SpeedResult>,
    /// Why sizes were left out, a sentence each.
    pub notes: Vec<String>,
}

/// The sizes of prompts for a window, in tokens.
pub fn prompt_sizes(window: u32) -> Vec<u32> {
    let full = (window / 100 * FULL_PERCENT).saturating_sub(REPLY).max(1);
    let fits = |size: &u32| size * STEP_PERCENT / 100 <= full;
    let mut sizes: Vec<u32> = SIZES.into_iter().filter(fits).collect();
    sizes.push(full);
    sizes
}

/// Measures a model at all sizes that there is time for. `text` is what prompts are made of;
/// `listener` receives each size.
pub async fn measure_speed(
    model: &dyn ChatModel,
    text: &str,
    deadline: &Deadline,
    listener: &(dyn Fn(u32) + Sync),
) -> Speed {
    let mut meter = Meter {
        model,
        text,
        deadline,
        ratio: f64::from(model.tokens_per_estimate().unwrap_or(1.0)),
        last: None,
        rounds: 0,
    };
    let mut speed = Speed::default();
    // What a server does only once must not count.
    if let Err(why) = meter.time(&meter.prompt(1), WARM_UP_REPLY).await {
        speed.notes.push(why.words(0));
        return speed;
    }
    let sizes = prompt_sizes(model.profile().window);
    for (index, &size) in sizes.iter().enumerate() {
        let left = deadline.left();
        if let Some(expected) = meter.expected(size).filter(|expected| *expected > left) {
            speed.notes.push(format!(
                "prompts of {size} tokens were left out: one would take about {} s",
                expected.as_secs_f64().ceil()
            ));
            break;
        }
        listener(size);
        let part = u32::try_from(sizes.len() - index).unwrap_or(1);
        let rounds = ROUNDS[index.min(ROUNDS.len() - 1)];
        match meter.at_size(size, rounds, left / part).await {
            Ok(result) => speed.results.push(result),
            Err(why) => {
                speed.notes.push(why.words(size));
                break;
            }
        }
    }
    speed
}

impl NoTiming {
    fn words(&self, size: u32) -> String {
        let what = match size {
            0 => "a short prompt".to_owned(),
            size => format!("a prompt of {size} tokens"),
        };
        match self {
            NoTiming::OutOfTime => format!("{what} got no whole reply in the time for it"),
            NoTiming::Failed(error) => format!("{what} failed: {}", error.failure().message),
        }
    }
}

/// Measures one model.
struct Meter<'a> {
    model: &'a dyn ChatModel,
    text: &'a str,
    deadline: &'a Deadline,
    /// The server's tokens per estimated token.
    ratio: f64,
    /// The last prompt of which nothing was cached.
    last: Option<Timing>,
    /// Prompts so far, so that each is another one.
    rounds: u32,
}

impl Meter<'_> {
    /// Measures at one size, several times if that is within `time`.
    async fn at_size(
        &mut self,
        size: u32,
        rounds: usize,
        time: Duration,
    ) -> Result<SpeedResult, NoTiming> {
        let started = Instant::now();
        let (mut fresh, mut cached) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            let messages = self.prompt(size);
            self.rounds += 1;
            match self.time(&messages, REPLY).await {
                Ok(timing) => {
                    fresh.push(timing);
                    self.learn(size, timing);
                }
                Err(why) if fresh.is_empty() => return Err(why),
                Err(_) => break,
            }
            match self.time(&messages, REPLY).await {
                Ok(timing) if timing.was_loaded => {}
                Ok(timing) => cached.push(timing.first_token),
                // What is there is worth something without it.
                Err(_) => break,
            }
            let average = started.elapsed() / u32::try_from(round).unwrap_or(1);
            if started.elapsed() + average > time {
                break;
            }
        }
        let spread = |value: &dyn Fn(&Timing) -> Option<f64>| {
            let values: Vec<f64> = fresh.iter().filter_map(value).collect();
            Spread::of(&values)
        };
        let counted = fresh.iter().map(|timing| timing.prompt_tokens);
        Ok(SpeedResult {
            prompt_tokens: counted.max().filter(|&tokens| tokens > 0).unwrap_or(size),
            first_token_seconds: spread(&|timing| Some(timing.first_token)),
            cached_first_token_seconds: Spread::of(&cached),
            prompt_tokens_per_second: spread(&|timing| timing.prompt_speed),
            reply_tokens_per_second: spread(&|timing| timing.reply_speed),
        })
    }

    /// A prompt of about so many tokens that begins like no other.
    fn prompt(&self, size: u32) -> Vec<Message> {
        let wanted = (f64::from(size) / self.ratio.max(0.1)) as u32;
        let number = self.rounds;
        let mut text = String::new();
        let mut tokens = 0;
        'filling: while tokens < wanted {
            let before = tokens;
            for line in self.text.lines() {
                tokens += estimate_text(line) + 1;
                if tokens > wanted {
                    break 'filling;
                }
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{line}");
            }
            if tokens == before {
                break;
            }
        }
        let system = format!(
            "{} This is measurement {number} of the speed of a model.",
            nonce(number)
        );
        text.push_str("\nWrite the numbers from one to fifty as words, and nothing else.");
        vec![Message::System { text: system }, Message::user(text)]
    }

    fn learn(&mut self, size: u32, timing: Timing) {
        let asked = f64::from(size) / self.ratio;
        if timing.prompt_tokens > 0 && asked >= 1.0 {
            // One odd count must not make the next prompt ten times as long.
            self.ratio = (f64::from(timing.prompt_tokens) / asked).clamp(0.5, 3.0);
            self.last = Some(timing);
        }
    }

    /// About how long a prompt of this size takes; `None` if that is not known.
    fn expected(&self, size: u32) -> Option<Duration> {
        let last = self.last?;
        let factor = f64::from(size) / f64::from(last.prompt_tokens.max(1));
        let reading = last.first_token * factor * LONGER_IS_SLOWER;
        let writing = last.whole - last.first_token;
        Some(Duration::from_secs_f64((reading + writing).max(0.0)))
    }

    async fn time(&self, messages: &[Message], reply: u32) -> Result<Timing, NoTiming> {
        let timed = self.deadline.run(timed(self.model, messages, reply)).await;
        timed.ok_or(NoTiming::OutOfTime)?.map_err(NoTiming::Failed)
    }
}

/// A text that no earlier process used as the beginning of a prompt.
fn nonce(number: u32) -> String {
    format!("{}-{number}", crate::model::repair::new_call_id())
}

async fn timed(
    model: &dyn ChatModel,
    messages: &[Message],
    reply_tokens: u32,
) -> Result<Timing, ModelError> {
    let started = Instant::now();
    let mut reply = model.reply(ChatRequest {
        messages,
        tools: &[],
        format: None,
        without_thoughts: true,
        reply_tokens: Some(reply_tokens),
    });
    let mut first = None;
    while let Some(delta) = reply.next().await {
        let usage = match delta? {
            Delta::Done(usage) => usage,
            _ => {
                first = first.or_else(|| Some(started.elapsed()));
                continue;
            }
        };
        return Ok(timing(&usage, first, started.elapsed()));
    }
    Err(ModelError::Incomplete)
}

/// The times of a reply whose first token came after `first`.
fn timing(usage: &Usage, first: Option<Duration>, whole: Duration) -> Timing {
    let loading = usage.load_seconds.filter(|&time| time >= LOADED_AGAIN);
    let since = |time: Duration| (time.as_secs_f64() - loading.map_or(0.0, f64::from)).max(0.0);
    let first_token = since(first.unwrap_or(whole));
    let prompt_tokens = usage.prompt_tokens.unwrap_or(0);
    // Without the server's own time, that of the first token is all that is known.
    let reading = usage.prompt_seconds.map_or(first_token, f64::from);
    let prompt_speed = f64::from(prompt_tokens) / reading.max(1e-6);
    let reply_speed = usage.tokens_per_second.map(f64::from);
    let is_short = |tokens| tokens < SHORTEST_REPLY;
    Timing {
        prompt_tokens,
        first_token,
        prompt_speed: (prompt_tokens > 0).then_some(prompt_speed),
        reply_speed: reply_speed.filter(|_| !usage.reply_tokens.is_some_and(is_short)),
        whole: since(whole),
        was_loaded: loading.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use futures::stream::{self, BoxStream};
    use parking_lot::Mutex;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::model::ModelProfile;

    /// A model that counts a token for each of our estimated ones, and writes 50 of them a second.
    struct Steady {
        profile: ModelProfile,
        asked: Mutex<Vec<String>>,
        /// Tokens from which on it never answers.
        hangs_from: u32,
    }

    impl Steady {
        fn new(window: u32, hangs_from: u32) -> Steady {
            Steady {
                profile: ModelProfile {
                    name: "steady".to_owned(),
                    window,
                    tools: true,
                    vision: false,
                    weak: false,
                    thinks_in_text: false,
                    remote: None,
                },
                asked: Mutex::default(),
                hangs_from,
            }
        }
    }

    impl ChatModel for Steady {
        fn profile(&self) -> &ModelProfile {
            &self.profile
        }

        fn reply<'a>(
            &'a self,
            request: ChatRequest<'a>,
        ) -> BoxStream<'a, Result<Delta, ModelError>> {
            let texts = request.messages.iter().map(|message| match message {
                Message::System { text } | Message::User { text, .. } => text.as_str(),
                other => panic!("{other:?}"),
            });
            let prompt = texts.collect::<Vec<_>>().join("\n");
            let tokens = estimate_text(&prompt);
            self.asked.lock().push(prompt);
            if tokens >= self.hangs_from {
                return stream::pending().boxed();
            }
            let usage = Usage {
                prompt_tokens: Some(tokens),
                reply_tokens: Some(REPLY),
                tokens_per_second: Some(50.0),
                prompt_seconds: Some(tokens as f32 / 1_000.0),
                ..Usage::default()
            };
            let deltas = [Ok(Delta::Text("one".to_owned())), Ok(Delta::Done(usage))];
            stream::iter(deltas).boxed()
        }
    }

    const TEXT: &str = "fn main() {\n    let total = values.iter().sum();\n}\n";

    async fn measured(model: &Steady, time: Duration) -> Speed {
        let deadline = Deadline::after(time, &CancellationToken::new());
        measure_speed(model, TEXT, &deadline, &|_| {}).await
    }

    #[test]
    fn sizes_end_with_the_full_window() {
        for (window, expected) in [
            (2_048, &[1_024, 1_768][..]),
            (8_192, &[1_024, 4_096, 7_258]),
            (16_384, &[1_024, 4_096, 14_638]),
            (131_072, &[1_024, 4_096, 16_384, 117_868]),
            (1_024, &[868]),
        ] {
            assert_eq!(prompt_sizes(window), expected, "{window}");
        }
    }

    #[tokio::test]
    async fn each_size_is_measured_with_prompts_that_begin_anew() {
        let model = Steady::new(8_192, u32::MAX);
        let speed = measured(&model, Duration::from_secs(60)).await;
        assert_eq!(speed.notes, Vec::<String>::new());
        let tokens = speed.results.iter().map(|result| result.prompt_tokens);
        for (tokens, wanted) in tokens.zip(prompt_sizes(8_192)) {
            assert!(
                tokens.abs_diff(wanted) < wanted / 3,
                "{tokens} for {wanted}"
            );
        }
        let runs = speed.results.iter().map(|result| {
            let spread = result.reply_tokens_per_second.expect("a speed");
            assert_eq!(spread.median, 50.0);
            let reading = result.prompt_tokens_per_second.expect("a speed");
            assert!((reading.median - 1_000.0).abs() < 1.0, "{reading:?}");
            spread.runs
        });
        assert_eq!(runs.collect::<Vec<_>>(), ROUNDS[..3]);
        let asked = model.asked.lock();
        // The first one warms up, then each comes twice.
        for pair in asked[1..].chunks(2) {
            assert_eq!(pair[0], pair[1]);
        }
        let mut beginnings: Vec<&str> = asked.iter().map(|text| &text[..20]).collect();
        beginnings.dedup();
        assert_eq!(beginnings.len(), 1 + asked[1..].len() / 2);
    }

    #[test]
    fn loading_and_short_replies_do_not_count_as_speed() {
        let usage = Usage {
            prompt_tokens: Some(1_000),
            reply_tokens: Some(REPLY),
            tokens_per_second: Some(50.0),
            prompt_seconds: Some(2.0),
            load_seconds: Some(0.1),
            ..Usage::default()
        };
        let [first, whole] = [13, 14].map(Duration::from_secs);
        let usual = timing(&usage, Some(first), whole);
        assert_eq!((usual.first_token, usual.whole), (13.0, 14.0));
        assert_eq!(
            (usual.prompt_speed, usual.reply_speed),
            (Some(500.0), Some(50.0))
        );
        let again = Usage {
            reply_tokens: Some(2),
            load_seconds: Some(11.0),
            ..usage
        };
        let again = timing(&again, Some(first), whole);
        assert_eq!((again.first_token, again.whole), (2.0, 3.0));
        assert_eq!((again.reply_speed, again.was_loaded), (None, true));
        // What a server says may be odd.
        let odd = Usage {
            load_seconds: Some(1e9),
            ..Usage::default()
        };
        let odd = timing(&odd, None, whole);
        assert_eq!((odd.first_token, odd.prompt_speed), (0.0, None));
    }

    #[tokio::test]
    async fn a_size_that_does_not_end_is_left_out_and_so_are_larger_ones() {
        let model = Steady::new(8_192, 3_000);
        let started = Instant::now();
        let speed = measured(&model, Duration::from_millis(200)).await;
        assert!(started.elapsed() < Duration::from_secs(10));
        assert_eq!(speed.results.len(), 1);
        let note = "a prompt of 4096 tokens got no whole reply in the time for it";
        assert_eq!(speed.notes, [note]);
        let silent = measured(&Steady::new(8_192, 0), Duration::from_millis(20)).await;
        assert_eq!(silent.results, []);
        assert_eq!(silent.notes.len(), 1);
    }
}
