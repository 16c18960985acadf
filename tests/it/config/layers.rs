//! Precedence of flags, environment, file and defaults, and which files count.

use super::*;

#[test]
fn defaults_hold_when_nothing_is_set() {
    let home = Home::new();
    let settings = home.settings(&[]);
    assert_eq!(settings.workspace, None);
    assert_eq!(
        settings.server.address.to_string(),
        "http://127.0.0.1:11434"
    );
    assert!(settings.server.key.is_none());
    assert_eq!(settings.model, "qwen3-coder:30b");
    assert_eq!(settings.max_context_tokens, None);
    assert_eq!(
        settings.embed_model,
        EmbedModel::Named("qwen3-embedding:0.6b".into())
    );
    assert_eq!(
        (settings.compact, settings.rag, settings.max_steps),
        (true, true, 25)
    );
    assert_eq!(settings.tools, ToolChoice::Auto);
    assert_eq!(
        settings.data_folder,
        home.path.join(".local/share/ollacode")
    );
    assert_eq!(
        (settings.max_file_size, settings.cache_size),
        (1 << 20, 2 << 30)
    );
    assert_eq!(
        (settings.reach, settings.color),
        (NetworkScope::Any, Color::Auto)
    );
    assert_eq!(settings.log.to_string().to_lowercase(), "error");
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let home = Home::with_file("OLLAMA_EMBED_MODEL=file\nOLLAMA_HOST=file\n");
    let flags = Flags::default().with("OLLAMA_EMBED_MODEL", "--embed-model", Some("flag"));
    let variables = [
        ("OLLAMA_EMBED_MODEL", "variable"),
        ("OLLAMA_HOST", "variable"),
    ];
    let named = |name: &str| EmbedModel::Named(name.into());
    let all = home.load(&flags, &variables).expect("settings");
    assert_eq!(all.embed_model, named("flag"));
    assert_eq!(all.server.address.to_string(), "http://variable:11434");
    assert_eq!(home.settings(&variables).embed_model, named("variable"));
    assert_eq!(home.settings(&[]).embed_model, named("file"));
    // An empty value overrides the file with the default.
    let undone = home.settings(&[("OLLAMA_HOST", "")]);
    assert_eq!(undone.server.address.to_string(), "http://127.0.0.1:11434");
}

#[test]
fn every_flag_reaches_its_setting() {
    let home = Home::new();
    let given = |line: &[&str]| Arguments::read(line).expect("a command line").flags();
    let line = [
        "ollacode",
        "--workspace=sub/.",
        "--data-dir=~/data",
        "--model=qwen2.5-coder:7b",
        "--embed-model=NONE",
        "--tools=core",
        "--max-steps=3",
        "--no-rag",
        "--sandbox=required",
        "--network",
        "--offline",
        "-vv",
        "--color=always",
    ];
    let flags = given(&line);
    let settings = home.load(&flags, &[("NO_COLOR", "1")]).expect("settings");
    let workspace = settings.workspace.expect("a workspace");
    assert_eq!(workspace.path, home.path.join("project/sub"));
    assert_eq!(workspace.origin, SettingOrigin::Flag("--workspace"));
    assert_eq!(settings.data_folder, home.path.join("data"));
    assert_eq!(settings.model, "qwen2.5-coder:7b");
    assert_eq!(settings.embed_model, EmbedModel::None);
    assert_eq!(settings.tools, ToolChoice::Core);
    assert_eq!((settings.max_steps, settings.rag), (3, false));
    assert_eq!(
        (settings.reach, settings.color),
        (NetworkScope::LoopbackOnly, Color::Always)
    );
    assert!(
        settings
            .log
            .to_string()
            .to_lowercase()
            .contains("ollacode=debug"),
        "{}",
        settings.log
    );
    assert_eq!(
        (settings.sandbox, settings.network),
        (SandboxChoice::Required, true)
    );
    let path = given(&["ollacode", "index", "/elsewhere"]);
    let workspace = home
        .load(&path, &[])
        .expect("settings")
        .workspace
        .expect("a workspace");
    assert_eq!(workspace.path, Path::new("/elsewhere"));
}

#[test]
fn a_file_in_the_workspace_or_above_it_is_never_read() {
    let home = Home::new();
    for path in [
        "project/.env",
        ".env",
        "project/ollacode/.env",
        "project/.config/ollacode/.env",
    ] {
        home.write(
            path,
            "OLLAMA_HOST=http://evil.example\nOLLACODE_NONSENSE=1\n",
        );
    }
    // Relative folders would lead into the workspace, so they count as unset.
    let unset: [&[(&str, &str)]; 3] = [
        &[],
        &[("XDG_CONFIG_HOME", ".config")],
        &[("XDG_CONFIG_HOME", "")],
    ];
    for variables in unset {
        let settings = home.settings(variables);
        assert_eq!(
            settings.server.address.to_string(),
            "http://127.0.0.1:11434",
            "{variables:?}"
        );
    }
}

#[test]
fn folders_of_the_xdg_specification_count() {
    let home = Home::new();
    home.write("elsewhere/ollacode/.env", "OLLAMA_EMBED_MODEL=there\n");
    let config = home.path.join("elsewhere");
    let variables = [
        ("XDG_CONFIG_HOME", config.to_str().expect("UTF-8")),
        ("XDG_DATA_HOME", "/data"),
    ];
    let settings = home.settings(&variables);
    assert_eq!(settings.embed_model, EmbedModel::Named("there".into()));
    assert_eq!(settings.data_folder, Path::new("/data/ollacode"));
    assert_eq!(
        home.settings(&[("OLLACODE_DATA_DIR", "/x/")]).data_folder,
        Path::new("/x")
    );
}

#[test]
fn without_a_home_folder_the_data_folder_must_be_named() {
    let environment = |value: &str| Environment::new("/", [("OLLACODE_DATA_DIR", value)]);
    let load = |value: &str| Settings::load(&Flags::default(), &environment(value));
    assert_eq!(
        load("/data").expect("settings").data_folder,
        Path::new("/data")
    );
    for value in ["", "~/data"] {
        let error = load(value).expect_err("no home");
        assert!(
            matches!(
                error,
                ConfigError::NoHome {
                    name: "OLLACODE_DATA_DIR"
                }
            ),
            "{error:?}"
        );
    }
}
