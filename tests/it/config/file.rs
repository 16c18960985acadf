//! The settings file: the example, parsing, and unknown names.

use ollacode::config::{SETTINGS, example_file};

use super::*;

#[test]
fn the_example_file_is_what_the_code_says() {
    assert_eq!(include_str!("../../../.env.example"), example_file());
    for setting in SETTINGS {
        assert!(!setting.meaning.contains('\n'), "{}", setting.name);
        assert!(
            !setting.secret || setting.default.is_empty(),
            "{}",
            setting.name
        );
    }
}

#[test]
fn the_example_file_changes_nothing_as_it_is_and_with_every_line_in_force() {
    let plain = shown(&Home::new().settings(&[("HOME", "/no/such/home")]));
    let in_force: String = example_file()
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|line| !line.starts_with(' '))
                .unwrap_or(line)
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(in_force.contains("\nOLLAMA_HOST="), "{in_force}");
    for content in [example_file(), in_force] {
        let home = Home::with_file(&content);
        let file = home.path.join(".config");
        let variables = [
            ("HOME", "/no/such/home"),
            ("XDG_CONFIG_HOME", file.to_str().expect("UTF-8")),
        ];
        assert_eq!(shown(&home.settings(&variables)), plain);
    }
}

#[test]
fn the_file_is_read_as_people_write_it() {
    let cases = [
        ("OLLAMA_EMBED_MODEL=m", "m"),
        ("  OLLAMA_EMBED_MODEL = m  # mine", "m"),
        ("export OLLAMA_EMBED_MODEL=m\r", "m"),
        ("\u{feff}OLLAMA_EMBED_MODEL=\"m\"", "m"),
        ("OLLAMA_EMBED_MODEL='m'# mine", "m"),
        ("OLLAMA_EMBED_MODEL=m#1", "m#1"),
        ("OLLAMA_EMBED_MODEL=$HOME", "$HOME"),
        ("OLLAMA_EMBED_MODEL=\"a\\\\b\\\"c\\d\"", "a\\b\"c\\d"),
        ("OLLAMA_EMBED_MODEL='a\\b'", "a\\b"),
        ("OLLAMA_EMBED_MODEL=", "qwen3-embedding:0.6b"),
        ("OLLAMA_EMBED_MODEL= # none", "qwen3-embedding:0.6b"),
    ];
    for (content, model) in cases {
        let settings = Home::with_file(content).settings(&[]);
        assert_eq!(
            settings.embed_model,
            EmbedModel::Named(model.into()),
            "{content}"
        );
    }
    let tilde = Home::with_file("WORKSPACE_DIR=~/my code\n");
    let workspace = tilde.settings(&[]).workspace.expect("a workspace");
    assert_eq!(workspace.path, tilde.path.join("my code"));
    let path = tilde.path.join(".config/ollacode/.env");
    assert_eq!(workspace.origin, SettingOrigin::File { path, line: 1 });
}

#[test]
fn files_of_an_earlier_version_mean_what_they_meant() {
    let plain = Home::new().settings(&[]);
    let home = Home::with_file(include_str!("../fixtures/settings.env"));
    home.write(
        ".config/ollacode/config.toml",
        include_str!("../fixtures/rules.toml"),
    );
    let settings = home.settings(&[]);
    assert_eq!(settings.warnings, Vec::<String>::new());
    let workspace = settings.workspace.as_ref().expect("a workspace");
    assert_eq!(workspace.path, home.path.join("code/shop"));
    assert!(settings.server.key.is_some());
    assert_eq!(settings.model, "qwen3-coder:30b");
    assert_eq!(settings.max_context_tokens, Some(32_768));
    assert_eq!(settings.first_word.as_secs(), 900);
    assert_eq!(settings.embed_model, EmbedModel::None);
    assert_eq!(settings.tools, ToolChoice::Core);
    assert_eq!(settings.max_steps, 50);
    assert!(!settings.compact && !settings.rag);
    assert_eq!(settings.data_folder, home.path.join("data"));
    assert_eq!(settings.max_file_size, 2 * plain.max_file_size);
    assert_eq!(2 * settings.cache_size, plain.cache_size);
    let shop = &settings.rules.workspaces["shop"];
    assert_eq!(*shop, home.path.join("code/shop"));
}

#[test]
fn names_that_nobody_knows_are_told() {
    let home = Home::with_file("OLAMA_HOST=gpu\nTELEGRAM_BOT_TOKEN=1:secret\n");
    let warnings = home.settings(&[]).warnings.join("\n");
    assert!(
        warnings.contains(".env:1: `OLAMA_HOST` is not a setting of ollacode"),
        "{warnings}"
    );
    assert!(!warnings.contains("secret"), "{warnings}");
    let port = home
        .settings(&[("OLLAMA_HOST", "gpu:x")])
        .warnings
        .join("\n");
    assert!(port.contains("11434 is used"), "{port}");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let folder = Home::new();
    fs::create_dir_all(folder.path.join(".config/ollacode/.env")).expect("a folder");
    assert_eq!(
        folder.error(&[]),
        "cannot read the settings file ~/.config/ollacode/.env"
    );
    let binary = Home::with_file("");
    fs::write(
        binary.path.join(".config/ollacode/.env"),
        b"NO_COLOR=\xff\n",
    )
    .expect("a file");
    assert_eq!(
        binary.error(&[]),
        "cannot read the settings file ~/.config/ollacode/.env"
    );
}
