//! Secrets are planted from templates, so that none stands in these files:
//! `|` parts what a scanner would see, and `{class:n}` is drawn.

mod any_text;
mod escapes;
mod harmless;
mod key_blocks;
mod secret_paths;
mod templates;
mod values;

/// Expands a template.
fn planted(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let drawn = after.split_once('}').and_then(|(spec, rest)| {
            let (class, count) = spec.split_once(':')?;
            Some((class, count.parse::<u64>().ok()?, rest))
        });
        match drawn {
            Some((class, count, after)) => {
                out.push_str(&draw(class, count));
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.replace('|', "")
}

/// Characters of a class, always the same ones.
fn draw(class: &str, count: u64) -> String {
    let alphabet: &[u8] = match class {
        "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "digit" => b"1234567890",
        "hex" => b"0123456789abcdef",
        "lower" => b"abcdefghijklmnopqrstuvwxyz0123456789",
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "mixed" => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        _ => panic!("no class {class}"),
    };
    let mut state = count + 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let index = usize::try_from(state >> 33).unwrap_or_default() % alphabet.len();
            char::from(alphabet[index])
        })
        .collect()
}

/// What is before, in and behind the secret of a template.
fn parts(template: &str) -> (String, String, String) {
    let (before, rest) = template
        .split_once("<<")
        .expect("a template marks its secret");
    let (secret, after) = rest.split_once(">>").expect("a template marks its secret");
    (planted(before), planted(secret), planted(after))
}
