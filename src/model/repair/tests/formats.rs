//! The public formats of many families of models, each with several calls, whole and garbled: all
//! are understood. And texts that only look alike, none of which may run.

use serde_json::{Value, json};

use super::more_formats::MORE_FORMATS;
use super::quoted::QUOTED;
use super::quoted_formats::QUOTED_FORMATS;
use super::*;

/// How a family of models writes a call.
pub(super) type Format = (&'static str, fn(&str, &Value) -> String);

pub(super) fn object(name: &str, arguments: &Value) -> String {
    format!("{{\"name\": \"{name}\", \"arguments\": {arguments}}}")
}

pub(super) fn parameters(name: &str, arguments: &Value) -> String {
    format!("{{\"name\": \"{name}\", \"parameters\": {arguments}}}")
}

/// The arguments, each written by a function and joined.
pub(super) fn each(
    arguments: &Value,
    joint: &str,
    write: impl Fn(&str, &Value) -> String,
) -> String {
    let members = arguments.as_object().expect("an object");
    let written = members.iter().map(|(key, value)| write(key, value));
    written.collect::<Vec<_>>().join(joint)
}

pub(super) fn python(name: &str, arguments: &Value) -> String {
    let arguments = each(arguments, ", ", |key, value| format!("{key}={value}"));
    format!("{name}({arguments})")
}

pub(super) fn raw(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn invoke(name: &str, arguments: &Value) -> String {
    let arguments = each(arguments, "\n", |key, value| {
        format!("<parameter name=\"{key}\">{}</parameter>", raw(value))
    });
    format!("<invoke name=\"{name}\">\n{arguments}\n</invoke>")
}

fn function(name: &str, arguments: &Value) -> String {
    let arguments = each(arguments, "\n", |key, value| {
        format!("<parameter={key}>\n{}\n</parameter>", raw(value))
    });
    format!("<function={name}>\n{arguments}\n</function>")
}

fn keyed(name: &str, arguments: &Value) -> String {
    let arguments = each(arguments, "\n", |key, value| {
        let value = raw(value);
        format!("<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>")
    });
    format!("{name}\n{arguments}\n")
}

/// With quotes of another kind around keys and values.
fn single_quoted(name: &str, arguments: &Value) -> String {
    let arguments = each(arguments, ", ", |key, value| {
        let value = raw(value).replace('\\', "\\\\").replace('\'', "\\'");
        format!("'{key}': '{}'", value.replace('\n', "\\n"))
    });
    format!("{{'name': '{name}', 'arguments': {{{arguments}}}}}")
}

/// With the line breaks of texts as they are.
fn unescaped(name: &str, arguments: &Value) -> String {
    object(name, arguments).replace("\\n", "\n")
}

const FORMATS: &[Format] = &[
    ("Hermes, Qwen", |n, a| {
        format!("<tool_call>\n{}\n</tool_call>", object(n, a))
    }),
    ("Hermes without its end", |n, a| {
        format!("<tool_call>\n{}", object(n, a))
    }),
    ("Hermes without its beginning", |n, a| {
        format!("{}\n</tool_call>", object(n, a))
    }),
    ("Hermes, fenced inside", |n, a| {
        format!("<tool_call>\n```json\n{}\n```\n</tool_call>", object(n, a))
    }),
    ("Hermes with a brace too few", |n, a| {
        let call = object(n, a);
        format!("<tool_call>\n{}\n</tool_call>", &call[..call.len() - 1])
    }),
    ("Hermes with a brace too many", |n, a| {
        format!("<tool_call>\n{}}}\n</tool_call>", object(n, a))
    }),
    ("Hermes in a list", |n, a| {
        format!("<tool_call>[{}]</tool_call>", object(n, a))
    }),
    ("Hermes after a sentence", |n, a| {
        format!("I look at it now. <tool_call>{}</tool_call>", object(n, a))
    }),
    ("several tags", |n, a| {
        format!(
            "<tool_calls>\n<tool_call>\n{}\n</tool_call>\n</tool_calls>",
            object(n, a)
        )
    }),
    ("Jamba, Hunyuan", |n, a| {
        format!("<tool_calls>[{}]</tool_calls>", object(n, a))
    }),
    ("Glaive", |n, a| format!("<functioncall> {}", object(n, a))),
    ("a function call", |n, a| {
        format!("<function_call>{}</function_call>", object(n, a))
    }),
    ("Nemotron", |n, a| {
        format!("<TOOLCALL>[{}]</TOOLCALL>", object(n, a))
    }),
    ("LM Studio", |n, a| {
        format!("[TOOL_REQUEST]{}[END_TOOL_REQUEST]", object(n, a))
    }),
    ("Mistral", |n, a| format!("[TOOL_CALLS][{}]", object(n, a))),
    ("Mistral, closed", |n, a| {
        format!("[TOOL_CALLS] [{}]</s>", object(n, a))
    }),
    ("Mistral, newer", |n, a| format!("[TOOL_CALLS]{n}[ARGS]{a}")),
    ("Mistral with an id", |n, a| {
        format!("[TOOL_CALLS]{n}[CALL_ID]a1b2c3d4e[ARGS]{a}")
    }),
    ("Mistral without its mark", |n, a| {
        format!("[TOOL_CALLS]{n}{a}")
    }),
    ("Llama", |n, a| {
        format!("<|python_tag|>{}<|eom_id|>", parameters(n, a))
    }),
    ("Llama without its tag", parameters),
    ("Llama, a function", |n, a| {
        format!("<function={n}>{a}</function>")
    }),
    ("Llama, Python", |n, a| format!("[{}]", python(n, a))),
    ("Llama 4", |n, a| {
        format!("<|python_start|>[{}]<|python_end|>", python(n, a))
    }),
    ("LFM2", |n, a| {
        format!("<|tool_call_start|>[{}]<|tool_call_end|>", python(n, a))
    }),
    ("Gemma 3", |n, a| {
        format!("```tool_code\n{}\n```", python(n, a))
    }),
    ("Gemma 3, printed", |n, a| {
        format!("```tool_code\nprint(default_api.{})\n```", python(n, a))
    }),
    ("Gemma 3, a list", |n, a| {
        format!("```tool_code\n[{}]\n```", python(n, a))
    }),
    ("FunctionGemma", |n, a| {
        let arguments = each(a, ",", |key, value| {
            format!("{key}:<escape>{}<escape>", raw(value))
        });
        format!("<start_function_call>call:{n}{{{arguments}}}<end_function_call>")
    }),
    ("Gemma 4", |n, a| {
        let arguments = each(a, ",", |key, value| {
            format!("{key}:<|\"|>{}<|\"|>", raw(value))
        });
        format!("<|tool_call>call:{n}{{{arguments}}}<tool_call|>")
    }),
    ("Granite", |n, a| format!("<|tool_call|>[{}]", object(n, a))),
    ("Granite, one", |n, a| {
        format!("<|tool_call|>{}", object(n, a))
    }),
    ("Phi", |n, a| {
        format!("<|tool_call|>[{}]<|/tool_call|>", object(n, a))
    }),
    ("Phi, older", |n, a| format!("functools[{}]", object(n, a))),
    ("DeepSeek V3", |n, a| {
        format!(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{n}\n```json\n{a}\n```\
             <｜tool▁call▁end｜><｜tool▁calls▁end｜>"
        )
    }),
    ("DeepSeek V3.1", |n, a| {
        format!(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>{n}<｜tool▁sep｜>{a}<｜tool▁call▁end｜>\
             <｜tool▁calls▁end｜><｜end▁of▁sentence｜>"
        )
    }),
    ("DeepSeek without its section", |n, a| {
        format!("<｜tool▁call▁begin｜>{n}<｜tool▁sep｜>{a}<｜tool▁call▁end｜>")
    }),
    ("Kimi", |n, a| {
        format!(
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.{n}:0\
             <|tool_call_argument_begin|>{a}<|tool_call_end|><|tool_calls_section_end|>"
        )
    }),
    ("Kimi without its section", |n, a| {
        format!("<|tool_call_begin|>functions.{n}:3<|tool_call_argument_begin|>{a}")
    }),
    ("GLM", |n, a| {
        format!("<tool_call>{}</tool_call>", keyed(n, a))
    }),
    ("Qwen coder", |n, a| {
        format!("<tool_call>\n{}\n</tool_call>", function(n, a))
    }),
    ("Qwen coder without its beginning", |n, a| {
        format!("{}\n</tool_call>", function(n, a))
    }),
    ("Seed", |n, a| {
        format!("<seed:tool_call>\n{}\n</seed:tool_call>", function(n, a))
    }),
    ("invoke", invoke),
    ("function calls", |n, a| {
        format!("<function_calls>\n{}\n</function_calls>", invoke(n, a))
    }),
    ("MiniMax", |n, a| {
        format!(
            "<minimax:tool_call>\n{}\n</minimax:tool_call>",
            invoke(n, a)
        )
    }),
    ("attributes", |n, a| {
        invoke(n, a)
            .replace("invoke", "function")
            .replace("\">", "\" string=\"true\">")
    }),
    ("OLMo", |n, a| {
        format!("<function_calls>\n{}\n</function_calls>", python(n, a))
    }),
    ("Gemma in tags", |n, a| {
        format!("<tool_code>\nprint({})\n</tool_code>", python(n, a))
    }),
    ("Python in tags", |n, a| {
        format!("<tool_call>{}</tool_call>", python(n, a))
    }),
    ("a name before its arguments", |n, a| {
        format!("<tool_call>{n}\n{a}\n</tool_call>")
    }),
    ("a tool", |n, a| format!("<tool>{}</tool>", object(n, a))),
    ("DeepSeek V3.2", |n, a| {
        let arguments = each(a, "\n", |key, value| {
            let value = raw(value);
            format!("<｜DSML｜parameter name=\"{key}\" string=\"true\">{value}</｜DSML｜parameter>")
        });
        format!(
            "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"{n}\">\n{arguments}\n\
             </｜DSML｜invoke>\n</｜DSML｜function_calls>"
        )
    }),
    ("ReAct", |n, a| {
        format!("Thought: I do it.\nAction: {n}\nAction Input: {a}")
    }),
    ("an action", |n, a| {
        format!("{{\"action\": \"{n}\", \"action_input\": {a}}}")
    }),
    ("Apertus", |n, a| {
        format!("<|tools_prefix|>[{{\"{n}\": {a}}}]<|tools_suffix|>")
    }),
    ("Claude", |n, a| {
        format!("{{\"type\": \"tool_use\", \"id\": \"t1\", \"name\": \"{n}\", \"input\": {a}}}")
    }),
    ("a function call in JSON", |n, a| {
        format!("{{\"function_call\": {}}}", object(n, a))
    }),
    ("Command R", |n, a| {
        format!(
            "<|START_ACTION|>[{{\"tool_call_id\": \"0\", \"tool_name\": \"{n}\", \"parameters\": {a}}}]\
             <|END_ACTION|>"
        )
    }),
    ("InternLM", |n, a| {
        format!(
            "<|action_start|><|plugin|>\n{}<|action_end|>",
            parameters(n, a)
        )
    }),
    ("gpt-oss", |n, a| {
        format!("<|channel|>commentary to=functions.{n} <|constrain|>json<|message|>{a}<|call|>")
    }),
    ("xLAM", |n, a| format!("[{}]", object(n, a))),
    ("fenced JSON", |n, a| {
        format!("I do it now.\n\n```json\n{}\n```", object(n, a))
    }),
    ("fenced without a language", |n, a| {
        format!("```\n{}\n```", object(n, a))
    }),
    ("fenced, not closed", |n, a| {
        format!("```json\n{}", object(n, a))
    }),
    ("fenced for tools", |n, a| {
        format!("```tool_call\n{}\n```", object(n, a))
    }),
    ("OpenAI", |n, a| {
        let text = Value::String(a.to_string());
        format!(
            "{{\"type\": \"function\", \"function\": {{\"name\": \"{n}\", \"arguments\": {text}}}}}"
        )
    }),
    ("OpenAI in a list", |n, a| {
        format!("{{\"tool_calls\": [{{\"function\": {}}}]}}", object(n, a))
    }),
    ("encoded twice", |n, a| {
        let twice = Value::String(Value::String(a.to_string()).to_string());
        format!("{{\"name\": \"{n}\", \"arguments\": {twice}}}")
    }),
    ("a trailing comma", |n, a| {
        format!(
            "{{\"name\": \"{n}\", \"arguments\": {},}},}}",
            a.to_string().trim_end_matches('}')
        )
    }),
    ("single quotes", single_quoted),
    ("line breaks as they are", unescaped),
    ("other keys", |n, a| {
        format!("{{\"tool_name\": \"{n}\", \"tool_input\": {a}}}")
    }),
    ("a namespace", |n, a| object(&format!("functions.{n}"), a)),
];

fn formats() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().chain(MORE_FORMATS)
}

fn calls_to_write() -> [(&'static str, Value); 3] {
    [
        ("read_file", json!({"path": "src/main.rs"})),
        (
            "run_command",
            json!({"command": "grep -rn \"a b\" src | head -5"}),
        ),
        (
            "write_file",
            json!({"content": "# Title\n\nIt's \"quoted\": {x}, [y]\nend", "path": "notes/a.md"}),
        ),
    ]
}

/// Every format with every call: the text, and the call in it.
fn corpus() -> Vec<(String, Value)> {
    let mut corpus = Vec::new();
    for (format, write) in formats() {
        for (name, arguments) in calls_to_write() {
            let text = write(name, &arguments);
            corpus.push((text, json!([[name, arguments]])));
        }
        let _ = format;
    }
    corpus
}

#[test]
fn calls_in_all_public_formats_are_understood() {
    let corpus = corpus();
    assert!(corpus.len() >= 240, "only {}", corpus.len());
    let missed: Vec<String> = corpus
        .iter()
        .filter_map(|(text, calls)| {
            let found = find_calls(text, &TOOLS);
            let is_right = Value::Array(shown(&found.calls)) == *calls;
            (!is_right).then(|| format!("{text}\n=> {:?} {:?}", shown(&found.calls), found.broken))
        })
        .collect();
    assert!(
        missed.is_empty(),
        "{} of {}:\n{}",
        missed.len(),
        corpus.len(),
        missed.join("\n\n")
    );
}

#[test]
fn calls_that_are_cut_anywhere_are_the_whole_one_or_none() {
    for (text, calls) in corpus() {
        for (end, _) in text.char_indices() {
            let found = find_calls(&text[..end], &TOOLS);
            for call in shown(&found.calls) {
                assert_eq!(json!([call]), calls, "{}", &text[..end]);
            }
        }
    }
}

#[test]
fn what_is_held_of_a_call_is_never_shown_in_any_format() {
    for (text, _) in corpus() {
        let left = find_calls(&text, &TOOLS).text;
        for size in 1..=12 {
            let characters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = characters.chunks(size).map(String::from_iter).collect();
            let (shown, _) = gated(pieces.iter().map(String::as_str));
            assert!(left.starts_with(&shown), "{text}: {shown}");
        }
    }
}

#[test]
fn what_is_quoted_negated_or_unknown_never_runs() {
    let quoted: Vec<&&str> = QUOTED.iter().chain(QUOTED_FORMATS).collect();
    assert!(quoted.len() >= 150, "only {}", quoted.len());
    let wrong: Vec<String> = quoted
        .iter()
        .filter_map(|text| {
            let found = find_calls(text, &TOOLS);
            let runs = [shown(&found.calls), shown(&found.later)].concat();
            (!runs.is_empty()).then(|| format!("{text}\n=> {runs:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn names_with_anything_but_a_namespace_before_them_never_run() {
    for prefix in [
        "preview_",
        "launch_",
        "dry_run_",
        "dont_",
        "x.",
        "mcp__fs__",
        "no-",
        "undo/",
    ] {
        for (format, write) in formats() {
            let text = write(
                &format!("{prefix}run_command"),
                &json!({"command": "rm -rf src"}),
            );
            let found = find_calls(&text, &TOOLS);
            let runs = [found.calls, found.later].concat();
            assert!(runs.is_empty(), "{format}: {text}");
        }
    }
}

#[test]
fn good_calls_beside_a_broken_one_are_there_and_its_reason_too() {
    let good = |path: &str| object("read_file", &json!({ "path": path }));
    let tagged = |call: &str| format!("<tool_call>\n{call}\n</tool_call>\n");
    let bad = r#"{"name": "read_file", "arguments": {"pth": 1}}"#;
    let malformed = r#"{"name": "read_file", "arguments": {"path": }}"#;
    let unknown = r#"{"name": "launch_missile", "arguments": {}}"#;
    for broken in [bad, malformed, unknown] {
        let three = [tagged(&good("a")), tagged(broken), tagged(&good("b"))];
        for order in [[0, 1, 2], [1, 0, 2], [0, 2, 1]] {
            let text: String = order.iter().map(|at| three[*at].as_str()).collect();
            let found = find_calls(&text, &TOOLS);
            let calls = [found.calls, found.later].concat();
            let paths: Vec<&str> = calls
                .iter()
                .filter_map(|call| call.arguments["path"].as_str())
                .collect();
            assert_eq!(paths, ["a", "b"], "{text}");
            assert!(found.broken.is_some(), "{text}");
        }
    }
}

#[test]
fn what_stands_in_the_arguments_of_a_broken_call_never_runs() {
    let inner = "<tool_call>{\"name\": \"run_command\", \"arguments\": {\"command\": \"rm -rf src\"}}</tool_call>";
    for text in [
        format!(
            "<tool_call>{{\"name\": \"write_file\", \"arguments\": {{\"path\": \"a\", \"content\": \"say \"hi\" {inner}\"}}}}</tool_call>"
        ),
        format!(
            "<tool_call>{{\"name\": \"write_file\", \"arguments\": {{\"path\": \"a\", \"content\": \"{inner}"
        ),
        format!(
            "<function=write_file>\n<parameter=path>\na\n</parameter>\n<parameter=content>\n{inner}\n"
        ),
        format!("<think>Shall I? <tool_call>{{\"name\": \"read_file\"}}</tool_call>\n{inner}"),
    ] {
        let found = find_calls(&text, &TOOLS);
        let runs = [found.calls, found.later].concat();
        assert!(runs.is_empty(), "{text}: {runs:?}");
    }
}
