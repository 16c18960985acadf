//! Formats that differ from the common ones in more than a word: calls in tags of their own names,
//! names on lines of their own, and the dialects of signs that servers and distilled models leave.

use super::formats::{Format, each, invoke, object, parameters, python, raw};

/// Cline and its relatives.
fn tags(name: &str, arguments: &serde_json::Value) -> String {
    let arguments = each(arguments, "\n", |key, value| {
        format!("<{key}>{}</{key}>", raw(value))
    });
    format!("<{name}>\n{arguments}\n</{name}>")
}

fn tags_in_lines(name: &str, arguments: &serde_json::Value) -> String {
    let arguments = each(arguments, "\n", |key, value| {
        format!("<{key}>\n{}\n</{key}>", raw(value))
    });
    format!("<{name}>\n{arguments}\n</{name}>")
}

fn keyed(prefix: &str, arguments: &serde_json::Value) -> String {
    each(arguments, "\n", |key, value| {
        let value = raw(value);
        format!(
            "<{prefix}arg_key>{key}</{prefix}arg_key>\n<{prefix}arg_value>{value}</{prefix}arg_value>"
        )
    })
}

pub(super) const MORE_FORMATS: &[Format] = &[
    ("Cline", tags),
    ("Cline, in lines", tags_in_lines),
    ("Cline after a sentence", |n, a| {
        format!("I look at it now.\n\n{}", tags(n, a))
    }),
    ("Cline after thoughts", |n, a| {
        format!("<thinking>\nI do it.\n</thinking>\n\n{}\n", tags(n, a))
    }),
    ("Cline, indented", |n, a| {
        tags(n, a).replacen(">\n<", ">\n  <", 1)
    }),
    ("Roo", |n, a| {
        let inside = tags("args", a);
        format!("<{n}>\n{inside}\n</{n}>")
    }),
    ("Cline, fenced", |n, a| {
        format!("```xml\n{}\n```", tags(n, a))
    }),
    ("tags within a sign", |n, a| {
        format!("<tool_call>\n{}\n</tool_call>", tags(n, a))
    }),
    ("Functionary v2", |n, a| {
        format!("<|from|>assistant\n<|recipient|>{n}\n<|content|>{a}<|stop|>")
    }),
    ("Functionary v2 without its beginning", |n, a| {
        format!("<|recipient|>{n}\n<|content|>{a}")
    }),
    ("Functionary v3", |n, a| format!(">>>{n}\n{a}")),
    ("GLM 4", |n, a| format!("{n}\n{a}")),
    ("LongCat", |n, a| {
        let arguments = keyed("longcat_", a);
        format!("<longcat_tool_call>{n}\n{arguments}\n</longcat_tool_call>")
    }),
    ("LongCat in JSON", |n, a| {
        format!("<longcat_tool_call>{}</longcat_tool_call>", object(n, a))
    }),
    ("GLM 4.7", |n, a| {
        let arguments = keyed("", a).replace(">\n<arg", "><arg");
        format!("<tool_call>{n}{arguments}</tool_call>")
    }),
    ("Hunyuan 3", |n, a| {
        let arguments = keyed("", a);
        format!("<tool_calls>\n<tool_call>{n}<tool_sep>\n{arguments}\n</tool_call>\n</tool_calls>")
    }),
    ("Hunyuan", |n, a| {
        format!(
            "<tool_calls><tool_call>function<tool_sep>{n}\n```json\n{a}\n```\n</tool_call></tool_calls>"
        )
    }),
    ("Step", |n, a| {
        let invoked = invoke(n, a)
            .replace("<invoke", "<steptml:invoke")
            .replace("</invoke", "</steptml:invoke")
            .replace("<parameter", "<steptml:parameter")
            .replace("</parameter", "</steptml:parameter");
        format!(
            "<｜tool_calls_begin｜>\n<｜tool_call_begin｜>function<｜tool_sep｜>{invoked}\
             <｜tool_call_end｜>\n<｜tool_calls_end｜>"
        )
    }),
    ("Solar", |n, a| {
        format!(
            "<|tool_calls|><|tool_call:begin|>b462b4f8<|tool_call:name|>{n}<|tool_call:args|>{a}\
             <|tool_call:end|><|calls|>"
        )
    }),
    ("DeepSeek in ASCII", |n, a| {
        format!(
            "<|tool_calls_begin|><|tool_call_begin|>function<|tool_sep|>{n}\n```json\n{a}\n```\
             <|tool_call_end|><|tool_calls_end|>"
        )
    }),
    ("DeepSeek, wide bars alone", |n, a| {
        format!(
            "<｜tool_calls_begin｜><｜tool_call_begin｜>{n}<｜tool_sep｜>{a}<｜tool_call_end｜>"
        )
    }),
    ("gpt-oss from its start", |n, a| {
        format!(
            "<|start|>assistant<|channel|>commentary to=functions.{n} <|constrain|>json<|message|>{a}\
             <|call|>"
        )
    }),
    ("gpt-oss, the name first", |n, a| {
        format!(
            "<|start|>assistant to=functions.{n}<|channel|>commentary json<|message|>{a}<|call|>"
        )
    }),
    ("gpt-oss in its analysis", |n, a| {
        format!("<|channel|>analysis to=functions.{n} code<|message|>{a}<|call|>")
    }),
    ("gpt-oss without signs", |n, a| {
        format!("commentary to=functions.{n} json{a}")
    }),
    ("gpt-oss without signs, from its start", |n, a| {
        format!("assistantcommentary to=functions.{n}commentary json{a}")
    }),
    ("Command R", |n, a| {
        format!("Action: ```json\n[\n    {{\"tool_name\": \"{n}\", \"parameters\": {a}}}\n]\n```")
    }),
    ("MiniMax M1", |n, a| {
        format!("<tool_calls>\n{}\n</tool_calls>", object(n, a))
    }),
    ("Granite 4", |n, a| {
        format!("<tool_call>\n{}\n</tool_call><|end_of_text|>", object(n, a))
    }),
    ("capitals", |n, a| {
        format!("<Tool_Call>\n{}\n</Tool_Call>", object(n, a))
    }),
    ("described", |n, a| {
        format!("<tool_call>\n<name>{n}</name>\n<arguments>{a}</arguments>\n</tool_call>")
    }),
    ("described in tags", |n, a| {
        let arguments = tags("parameters", a);
        format!("<invoke>\n<tool_name>{n}</tool_name>\n{arguments}\n</invoke>")
    }),
    ("a name as an attribute", |n, a| {
        format!("<tool_call name=\"{n}\">\n{a}\n</tool_call>")
    }),
    ("a function's name as an attribute", |n, a| {
        format!("<function_call name=\"{n}\">{a}</function_call>")
    }),
    ("a tool's name as an attribute", |n, a| {
        invoke(n, a).replace("invoke", "tool")
    }),
    ("Python on a line", python),
    ("Python after a sentence", |n, a| {
        format!("I look at it now.\n\n{}", python(n, a))
    }),
    ("Python with a namespace", |n, a| {
        format!("default_api.{}", python(n, a))
    }),
    ("Python in a block", |n, a| {
        format!("```\n{}\n```", python(n, a))
    }),
    ("InternLM without its plugin", |n, a| {
        format!("<|action_start|>\n{}<|action_end|>", parameters(n, a))
    }),
];
