//! What the size of a model says about it, and how models are asked.

/// Models with up to this many billions of parameters leak calls into their text when they have
/// many tools, and plan without acting when they think. The largest that do are called 14B, and
/// have 14.8.
pub(super) const MOST_WEAK: f64 = 15.0;

/// Temperature for exact calls. Not 0: a request that is repeated after an unusable reply should
/// not get the same reply.
pub(super) const COOL: f32 = 0.2;

/// Temperature for thinking models, as their makers suggest: at low ones they loop.
pub(super) const THINKING: f32 = 0.6;

/// Parses a size such as `30.5B`, `137M` or `8x7B`.
pub(super) fn billions(size: &str) -> Option<f64> {
    let size = size.trim().to_ascii_uppercase();
    let unit = match size.chars().last()? {
        'T' => 1e3,
        'B' => 1.0,
        'M' => 1e-3,
        'K' => 1e-6,
        _ => return None,
    };
    let mut number = 1.0;
    for factor in size[..size.len() - 1].split('X') {
        number *= factor.trim().parse::<f64>().ok()?;
    }
    Some(number * unit).filter(|number| number.is_finite() && *number > 0.0)
}

/// The size in the name of a model, such as `Qwen2.5-Coder-7B-Instruct`: the first word of it that
/// is one.
pub(super) fn billions_in(name: &str) -> Option<f64> {
    let name = name.strip_suffix(".gguf").unwrap_or(name);
    let words = name.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    words
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .filter(|word| word.ends_with(['b', 'B', 'm', 'M']))
        .find_map(billions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (size, expected) in [
            ("30.5B", Some(30.5)),
            ("7b", Some(7.0)),
            ("500M", Some(0.5)),
            ("8x7B", Some(56.0)),
            ("1T", Some(1000.0)),
            ("", None),
            ("large", None),
            ("B", None),
            ("7é", None),
        ] {
            assert_eq!(billions(size), expected, "{size}");
        }
    }

    #[test]
    fn a_size_is_found_in_a_name() {
        for (name, expected) in [
            ("Qwen/Qwen2.5-Coder-7B-Instruct", Some(7.0)),
            ("qwen3-30b-a3b-instruct-2507-q4_k_m.gguf", Some(30.0)),
            ("mixtral-8x7b.gguf", Some(56.0)),
            ("Qwen3-Embedding-0.6B", Some(0.6)),
            ("gpt-oss:20b", Some(20.0)),
            ("smollm2-135M-instruct", Some(0.135)),
            ("gpt-4o", None),
            ("default", None),
        ] {
            assert_eq!(billions_in(name), expected, "{name}");
        }
    }
}
