//! Parsing of values, and messages about invalid ones.

use super::*;

#[test]
fn values_are_read_as_people_write_them() {
    let home = Home::new();
    for (text, bytes) in [
        ("2048", 2048),
        ("500K", 500 << 10),
        ("2m", 2 << 20),
        ("1 MiB", 1 << 20),
        ("1GB", 1 << 30),
    ] {
        let settings = home.settings(&[("OLLACODE_MAX_FILE_SIZE", text)]);
        assert_eq!(settings.max_file_size, bytes, "{text}");
    }
    for (text, reach) in [
        ("true", NetworkScope::LoopbackOnly),
        ("1", NetworkScope::LoopbackOnly),
        ("YES", NetworkScope::LoopbackOnly),
        ("off", NetworkScope::Any),
        ("0", NetworkScope::Any),
        ("", NetworkScope::Any),
    ] {
        assert_eq!(
            home.settings(&[("OLLACODE_OFFLINE", text)]).reach,
            reach,
            "{text}"
        );
    }
    for (text, window) in [
        ("2048", Some(2048)),
        ("32k", Some(32_768)),
        ("1048576", Some(1 << 20)),
        (" ", None),
    ] {
        let settings = home.settings(&[("MAX_CONTEXT_TOKENS", text)]);
        assert_eq!(settings.max_context_tokens, window, "{text}");
    }
    for (text, choice) in [
        ("auto", ToolChoice::Auto),
        ("CORE", ToolChoice::Core),
        ("all", ToolChoice::All),
    ] {
        let settings = home.settings(&[("OLLACODE_TOOLS", text)]);
        assert_eq!(settings.tools, choice, "{text}");
    }
    for (text, form) in [
        ("auto", None),
        ("Search", Some(EditForm::Search)),
        ("anchors", Some(EditForm::Anchors)),
        ("whole", Some(EditForm::Whole)),
    ] {
        let settings = home.settings(&[("OLLACODE_EDIT_FORM", text)]);
        assert_eq!(settings.edit_form, form, "{text}");
    }
    assert!(!home.settings(&[("COMPACT_MODE", "off")]).compact);
    assert!(!home.settings(&[("OLLACODE_RAG", "no")]).rag);
    let steps = home.settings(&[("OLLACODE_MAX_STEPS", "500")]).max_steps;
    assert_eq!(steps, 500);
    for (text, tokens) in [("", Some(2_000)), ("500", Some(500)), ("0", None)] {
        let settings = home.settings(&[("OLLACODE_THINKING_TOKENS", text)]);
        assert_eq!(settings.thinking_tokens, tokens, "{text}");
    }
    for (text, port) in [("", None), ("0", Some(0)), ("8080", Some(8_080))] {
        let settings = home.settings(&[("OLLACODE_WEB_PORT", text)]);
        assert_eq!(settings.web_port, port, "{text}");
    }
    assert_eq!(home.settings(&[("NO_COLOR", "0")]).color, Color::Never);
    assert_eq!(home.settings(&[("NO_COLOR", "")]).color, Color::Auto);
    home.settings(&[("OLLACODE_LOG", "info, hyper=off")]);
}

#[test]
fn a_bad_value_is_told_with_its_place_and_what_is_allowed() {
    let sizes = "a size from `1K` to `1G`, such as `500K` or `2M`";
    for value in [
        "12Q",
        "-1",
        "0",
        "1.5M",
        "2G",
        "M",
        "99999999999999999999",
        "9999999999999G",
    ] {
        let message = Home::new().error(&[("OLLACODE_MAX_FILE_SIZE", value)]);
        let from = format!("`OLLACODE_MAX_FILE_SIZE` is `{value}` (from the environment)");
        assert_eq!(message, format!("{from}, but must be {sizes}"));
    }
    let cases = [
        (
            "OLLACODE_CACHE_SIZE=10",
            "`OLLACODE_CACHE_SIZE` is `10` (from ~/.config/ollacode/.env:2)",
        ),
        ("OLLACODE_OFFLINE=maybe", "but must be `true` or `false`"),
        (
            "OLLACODE_WEB_PORT=65536",
            "a port from `1` to `65535`, or `0` for any free one",
        ),
        ("OLLACODE_LOG=wran", "but must be `off`, `error`, `warn`"),
        (
            "OLLACODE_LOG=ollacode=loud",
            "but must be `off`, `error`, `warn`",
        ),
        ("OLLAMA_EMBED_MODEL=a b", "or `none`"),
        (
            "OLLAMA_MODEL=a b",
            "`OLLAMA_MODEL` is `a b` (from ~/.config/ollacode/.env:2), but must be the name of a model",
        ),
        (
            "MAX_CONTEXT_TOKENS=2047",
            "`MAX_CONTEXT_TOKENS` is `2047` (from ~/.config/ollacode/.env:2), but must be a number of tokens",
        ),
        ("MAX_CONTEXT_TOKENS=2M", "from `2048` to `1048576`"),
        ("MAX_CONTEXT_TOKENS=many", "from `2048` to `1048576`"),
        ("COMPACT_MODE=maybe", "but must be `true` or `false`"),
        ("OLLACODE_RAG=2", "but must be `true` or `false`"),
        ("OLLACODE_TOOLS=few", "but must be `auto`, `core` or `all`"),
        ("OLLACODE_CHECK=on", "but must be `off`, `ask` or `auto`"),
        (
            "OLLACODE_EDIT_FORM=diff",
            "but must be `auto`, `search`, `anchors` or `whole`",
        ),
        (
            "OLLACODE_MAX_STEPS=0",
            "a number of steps from `1` to `500`",
        ),
        (
            "OLLACODE_MAX_STEPS=501",
            "a number of steps from `1` to `500`",
        ),
        (
            "OLLACODE_MAX_STEPS=1K",
            "a number of steps from `1` to `500`",
        ),
        (
            "OLLACODE_THINKING_TOKENS=-1",
            "a number of tokens from `0` (no limit) to `131072`",
        ),
        ("OLLAMA_HOST=ftp://x", "begins with `ftp://`"),
        ("OLLAMA_HOST=a b", "(from ~/.config/ollacode/.env:2)"),
        ("WORKSPACE_DIR=code", "or one that starts with `~/`"),
        (
            "OLLACODE_OFLINE=1",
            "~/.config/ollacode/.env:2: unknown setting `OLLACODE_OFLINE`",
        ),
        ("ollacode_offline=1", "unknown setting `ollacode_offline`"),
        (
            "NO_COLOR=1\nNO_COLOR=2",
            ".env:3: `NO_COLOR` is already set in line 2",
        ),
        ("nonsense", ".env:2: expected `NAME=value`"),
        ("A B=c", ".env:2: expected `NAME=value`"),
        ("NO_COLOR='1", ".env:2: the closing quote is missing"),
        (
            "NO_COLOR=\"1\" 2",
            ".env:2: unexpected text after the closing quote",
        ),
    ];
    for (line, expected) in cases {
        let message = Home::with_file(&format!("# mine\n{line}\n")).error(&[]);
        assert!(message.contains(expected), "{line}: {message}");
    }
    let flags = Flags::default().with("OLLAMA_EMBED_MODEL", "--embed-model", Some("a b"));
    let error = Home::new()
        .load(&flags, &[])
        .expect_err("a bad model")
        .to_string();
    assert!(error.contains("`a b` (from `--embed-model`)"), "{error}");
    let flags = Flags::default().with("OLLACODE_MAX_STEPS", "--max-steps", Some("0"));
    let error = Home::new()
        .load(&flags, &[])
        .expect_err("no steps")
        .to_string();
    assert!(error.contains("`0` (from `--max-steps`)"), "{error}");
}
