//! Settings: which layer wins, and what is said about values that cannot be.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use ollacode::config::{
    Color, ConfigError, EmbedModel, Environment, Flags, Origin, SETTINGS, Settings, ToolChoice,
    example_file,
};
use ollacode::model::ollama::Reach;
use tempfile::TempDir;

/// A home folder of its own, and a current folder below it.
struct Home {
    _temporary: TempDir,
    path: PathBuf,
}

impl Home {
    fn new() -> Home {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let path = temporary.path().canonicalize().expect("its path");
        fs::create_dir_all(path.join("project")).expect("a folder");
        Home {
            _temporary: temporary,
            path,
        }
    }

    fn with_file(content: &str) -> Home {
        let home = Home::new();
        home.write(".config/ollacode/.env", content);
        home
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        private(&path);
    }

    fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let home = (OsString::from("HOME"), OsString::from(&self.path));
        let variables = variables
            .iter()
            .map(|&(name, value)| (name.into(), value.into()));
        Environment::new(
            self.path.join("project"),
            std::iter::once(home).chain(variables),
        )
    }

    fn load(&self, flags: &Flags, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        Settings::load(flags, &self.environment(variables))
    }

    fn settings(&self, variables: &[(&str, &str)]) -> Settings {
        self.load(&Flags::default(), variables)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The message about what is wrong, with the home folder as `~`.
    fn error(&self, variables: &[(&str, &str)]) -> String {
        let outcome = self.load(&Flags::default(), variables);
        let error = outcome.expect_err("something is wrong").to_string();
        error.replace(&self.path.display().to_string(), "~")
    }
}

#[cfg(unix)]
fn private(path: &Path) {
    set_mode(path, 0o600);
}

#[cfg(not(unix))]
fn private(_: &Path) {}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

/// Whole settings as text, to compare them.
fn shown(settings: &Settings) -> String {
    format!("{settings:#?}")
}

#[test]
fn the_example_file_is_what_the_code_says() {
    assert_eq!(include_str!("../../.env.example"), example_file());
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
fn defaults_hold_when_nothing_is_set() {
    let home = Home::new();
    let settings = home.settings(&[]);
    assert_eq!(settings.workspace, None);
    assert_eq!(settings.ollama_host.to_string(), "http://127.0.0.1:11434");
    assert!(settings.ollama_api_key.is_none());
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
    assert_eq!((settings.reach, settings.color), (Reach::Any, Color::Auto));
    assert_eq!(settings.log.to_string().to_lowercase(), "error");
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let home = Home::with_file("OLLAMA_EMBED_MODEL=file\nOLLAMA_HOST=file\n");
    let flags = Flags {
        embed_model: Some("flag".into()),
        ..Flags::default()
    };
    let variables = [
        ("OLLAMA_EMBED_MODEL", "variable"),
        ("OLLAMA_HOST", "variable"),
    ];
    let named = |name: &str| EmbedModel::Named(name.into());
    let all = home.load(&flags, &variables).expect("settings");
    assert_eq!(all.embed_model, named("flag"));
    assert_eq!(all.ollama_host.to_string(), "http://variable:11434");
    assert_eq!(home.settings(&variables).embed_model, named("variable"));
    assert_eq!(home.settings(&[]).embed_model, named("file"));
    // An empty value undoes what the file says.
    let undone = home.settings(&[("OLLAMA_HOST", "")]);
    assert_eq!(undone.ollama_host.to_string(), "http://127.0.0.1:11434");
}

#[test]
fn every_flag_reaches_its_setting() {
    let home = Home::new();
    let flags = Flags {
        path: None,
        workspace: Some("sub/.".into()),
        data_dir: Some("~/data".into()),
        model: Some("qwen2.5-coder:7b".into()),
        embed_model: Some("NONE".into()),
        tools: Some("Core".into()),
        max_steps: Some(3),
        no_rag: true,
        sandbox: Some("Required".into()),
        sandbox_off: false,
        network: true,
        offline: true,
        verbosity: 2,
        color: Color::Always,
    };
    let settings = home.load(&flags, &[("NO_COLOR", "1")]).expect("settings");
    let workspace = settings.workspace.expect("a workspace");
    assert_eq!(workspace.path, home.path.join("project/sub"));
    assert_eq!(workspace.origin, Origin::Flag("--workspace"));
    assert_eq!(settings.data_folder, home.path.join("data"));
    assert_eq!(settings.model, "qwen2.5-coder:7b");
    assert_eq!(settings.embed_model, EmbedModel::None);
    assert_eq!(settings.tools, ToolChoice::Core);
    assert_eq!((settings.max_steps, settings.rag), (3, false));
    assert_eq!(
        (settings.reach, settings.color),
        (Reach::LoopbackOnly, Color::Always)
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
    let path = Flags {
        path: Some("/elsewhere".into()),
        ..flags
    };
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
            settings.ollama_host.to_string(),
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
        ("true", Reach::LoopbackOnly),
        ("1", Reach::LoopbackOnly),
        ("YES", Reach::LoopbackOnly),
        ("off", Reach::Any),
        ("0", Reach::Any),
        ("", Reach::Any),
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
    assert!(!home.settings(&[("COMPACT_MODE", "off")]).compact);
    assert!(!home.settings(&[("OLLACODE_RAG", "no")]).rag);
    let steps = home.settings(&[("OLLACODE_MAX_STEPS", "500")]).max_steps;
    assert_eq!(steps, 500);
    assert_eq!(home.settings(&[("NO_COLOR", "0")]).color, Color::Never);
    assert_eq!(home.settings(&[("NO_COLOR", "")]).color, Color::Auto);
    home.settings(&[("OLLACODE_LOG", "info, hyper=off")]);
}

#[test]
fn a_bad_value_is_told_with_its_place_and_what_is_allowed() {
    let sizes = "a number of bytes from `1K` to `1G`, such as `500K` or `2M`";
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
        ("OLLAMA_HOST=ftp://x", "begins with `ftp://`"),
        ("OLLAMA_HOST=a b", "(from ~/.config/ollacode/.env:2)"),
        ("WORKSPACE_DIR=code", "or one that begins with `~/`"),
        (
            "OLLACODE_OFLINE=1",
            "~/.config/ollacode/.env:2: there is no setting `OLLACODE_OFLINE`",
        ),
        (
            "ollacode_offline=1",
            "there is no setting `ollacode_offline`",
        ),
        (
            "NO_COLOR=1\nNO_COLOR=2",
            ".env:3: `NO_COLOR` is set already in line 2",
        ),
        ("nonsense", ".env:2: this is not of the form `NAME=value`"),
        ("A B=c", ".env:2: this is not of the form `NAME=value`"),
        (
            "NO_COLOR='1",
            ".env:2: the quote is not closed in this line",
        ),
        (
            "NO_COLOR=\"1\" 2",
            ".env:2: there is something after the closing quote",
        ),
    ];
    for (line, expected) in cases {
        let message = Home::with_file(&format!("# mine\n{line}\n")).error(&[]);
        assert!(message.contains(expected), "{line}: {message}");
    }
    let flags = Flags {
        embed_model: Some("a b".into()),
        ..Flags::default()
    };
    let error = Home::new()
        .load(&flags, &[])
        .expect_err("a bad model")
        .to_string();
    assert!(error.contains("`a b` (from `--embed-model`)"), "{error}");
    let flags = Flags {
        max_steps: Some(0),
        ..Flags::default()
    };
    let error = Home::new()
        .load(&flags, &[])
        .expect_err("no steps")
        .to_string();
    assert!(error.contains("`0` (from `--max-steps`)"), "{error}");
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
    assert_eq!(workspace.origin, Origin::File { path, line: 1 });
}

#[test]
fn names_that_nobody_knows_are_told() {
    let home = Home::with_file("OLAMA_HOST=gpu\nTELEGRAM_BOT_TOKEN=1:secret\n");
    let warnings = home.settings(&[]).warnings.join("\n");
    assert!(
        warnings.contains(".env:1: `OLAMA_HOST` is no setting of ollacode"),
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
        "cannot read the settings in ~/.config/ollacode/.env"
    );
    let binary = Home::with_file("");
    fs::write(
        binary.path.join(".config/ollacode/.env"),
        b"NO_COLOR=\xff\n",
    )
    .expect("a file");
    assert_eq!(
        binary.error(&[]),
        "cannot read the settings in ~/.config/ollacode/.env"
    );
}

#[test]
fn secrets_are_never_shown() {
    let home = Home::with_file("OLLAMA_API_KEY=sesame\n");
    let settings = home.settings(&[]);
    assert_eq!(
        settings
            .ollama_api_key
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("***")
    );
    assert!(!shown(&settings).contains("sesame"));
    let environment = home.environment(&[("OLLAMA_API_KEY", "sesame")]);
    assert!(!format!("{environment:?}").contains("sesame"));
    let broken = [
        ("OLLAMA_API_KEY=\"sesame\\nopen\"", "OLLAMA_API_KEY"),
        ("OLLAMA_API_KEY='sesame", ".env:1"),
        ("OLLAMA_API_KEY: sesame", ".env:1"),
        ("OLLAMA_HOST=http://me:sesame@gpu", "OLLAMA_HOST"),
    ];
    for (content, expected) in broken {
        let outcome = Home::with_file(content).load(&Flags::default(), &[]);
        let error = outcome.expect_err("something is wrong");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(
            !format!("{error} {error:?}").contains("sesame"),
            "{error:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_a_warning() {
    let cases = [
        ("OLLAMA_API_KEY=sesame\n", 0o644, 1),
        ("OLLAMA_API_KEY=sesame\n", 0o640, 1),
        ("OLLAMA_API_KEY=sesame\n", 0o600, 0),
        ("OLLAMA_API_KEY=\n", 0o644, 0),
        ("OLLAMA_HOST=gpu\n", 0o644, 0),
    ];
    for (content, mode, expected) in cases {
        let home = Home::with_file(content);
        set_mode(&home.path.join(".config/ollacode/.env"), mode);
        let warnings = home.settings(&[]).warnings;
        assert_eq!(warnings.len(), expected, "{content} {mode:o}: {warnings:?}");
        assert!(
            warnings.iter().all(|warning| warning.contains("chmod 600")),
            "{warnings:?}"
        );
    }
}
