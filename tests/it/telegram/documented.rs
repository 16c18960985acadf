//! The conversation in docs/telegram.md is generated from the built binary.

use super::*;
use crate::support::generated;

/// Number of unrelated files.
const OTHERS: usize = 600;

const SLUG: &str = "\
# The address of an article, made from its title.
slug() {
    printf '%s' \"$1\" | tr 'A-Z' 'a-z' | tr -cs 'a-z0-9' '-' | sed 's/-$//; s/.$//'
}
";

const TEST: &str = "\
. ./lib/slug.sh
found=$(slug 'Hello, World!')
[ \"$found\" = hello-world ] || { echo \"FAIL: $found\"; exit 1; }
echo 'ok: 1 test' > result && cat result && rm result
";

/// The replies of the model.
fn script() -> Vec<Reply> {
    vec![
        Reply::text(
            "`slug` makes them from the title: small letters, and a `-` for everything that is \
             neither letter nor digit (lib/slug.sh:2-4).",
        ),
        read("lib/slug.sh"),
        edit("lib/slug.sh", "sed 's/-$//; s/.$//'", "sed 's/-$//'"),
        run("sh tests/slug_test.sh"),
        Reply::text(
            "The last `sed` command cut any last letter, not only a `-` (lib/slug.sh:3). It is \
             gone, and the test passes.",
        ),
    ]
}

/// The chat at its end, without times.
fn conversation() -> String {
    let bot = Bot::made(ChatServer::start(script()), |environment| environment);
    let mut bot = bot;
    for number in 0..OTHERS {
        let path = format!("shop/part_{number}.py");
        let text = format!("def part_{number}(cups):\n    return cups * {number}\n");
        bot.environment.write(&path, text);
    }
    bot.environment.write("lib/slug.sh", SLUG);
    bot.environment.write("tests/slug_test.sh", TEST);
    bot.environment.remove("notes.txt");
    bot.environment.index();
    bot.go(&[]);
    let mut written = Vec::new();
    let mut write = |text: &str| written.push((bot.api.write(OWNER, text), text.to_owned()));
    write("where are the addresses of articles made?");
    bot.expect("(lib/slug.sh:2-4)");
    write("their last letter is missing: fix it, and run its test");
    let question = bot.expect_question("? edit lib/slug.sh");
    bot.press(&question, "Allow once");
    let question = bot.expect_question("? run a command");
    bot.press(&question, "Allow once");
    bot.expect("the test passes.");
    write("/diff");
    let diff = |sent: &Sent| sent.text.starts_with("--- a/lib/slug.sh");
    bot.api.wait_for(OWNER, PATIENCE, diff);
    wait_until("the end of the steps", || {
        bot.shown()
            .iter()
            .any(|text| text.contains("✓ run_command"))
    });
    let mut all: Vec<(i64, String)> = written
        .into_iter()
        .map(|(id, text)| (id, said("you", &text)))
        .collect();
    let sent = bot.api.chat(OWNER).into_iter();
    all.extend(sent.map(|sent| (sent.id, said("bot", &sent.text))));
    all.sort();
    all.into_iter().map(|(_, text)| text).collect()
}

/// A message with its author; further lines are indented.
fn said(who: &str, text: &str) -> String {
    let mut out = String::new();
    for (number, line) in without_times(text).lines().enumerate() {
        let lead = if number == 0 { who } else { "   " };
        out.push_str(format!("{lead}  {line}").trim_end());
        out.push('\n');
    }
    out
}

fn without_times(text: &str) -> String {
    let mut kept = Vec::new();
    for line in text.lines() {
        let parts: Vec<&str> = line
            .split(" · ")
            .filter(|part| {
                let number = part.strip_suffix(" ms").or_else(|| part.strip_suffix(" s"));
                number.is_none_or(|number| number.parse::<f64>().is_err())
            })
            .collect();
        kept.push(parts.join(" · "));
    }
    kept.join("\n")
}

#[test]
fn the_documented_conversation_is_what_is_shown() {
    let shown = format!("```\n{}```\n", conversation());
    generated::check_part("docs/telegram.md", "conversation", &shown);
}
