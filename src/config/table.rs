//! The table of settings, and the example file that is generated from it.

/// One setting, as users see it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable, and the name in the user's file.
    pub name: &'static str,
    /// Empty if there is none.
    pub default: &'static str,
    /// One line for the documentation.
    pub meaning: &'static str,
    /// A value to show where the default is not a good example.
    pub example: Option<&'static str>,
    /// Whether the value must never be shown.
    pub secret: bool,
}

/// Every setting, in the order of the example file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "WORKSPACE_DIR",
        default: "",
        meaning: "Folder to work on; by default the indexed folder or git repository around the current one.",
        example: Some("~/code/shop"),
        secret: false,
    },
    Setting {
        name: "OLLAMA_HOST",
        default: "http://127.0.0.1:11434",
        meaning: "Address of the Ollama server.",
        example: Some("https://gpu.example.org/ollama"),
        secret: false,
    },
    Setting {
        name: "OLLAMA_API_KEY",
        default: "",
        meaning: "API key for the server; only sent over https or to this machine.",
        example: None,
        secret: true,
    },
    Setting {
        name: "OLLACODE_SERVER",
        default: "",
        meaning: "Address of a server of any kind (Ollama, llama.cpp, LM Studio, vLLM, any OpenAI-compatible one), used instead of OLLAMA_HOST.",
        example: Some("http://127.0.0.1:8080"),
        secret: false,
    },
    Setting {
        name: "OLLACODE_SERVER_KEY",
        default: "",
        meaning: "API key for the server of OLLACODE_SERVER; only sent over https or to this machine.",
        example: None,
        secret: true,
    },
    Setting {
        name: "OLLAMA_MODEL",
        default: "qwen3-coder:30b",
        meaning: "Chat model of the server, as with `--model`.",
        example: None,
        secret: false,
    },
    Setting {
        name: "MAX_CONTEXT_TOKENS",
        default: "",
        meaning: "Context window in tokens, 2048 to 1048576; by default chosen to fit the model.",
        example: Some("32768"),
        secret: false,
    },
    Setting {
        name: "OLLAMA_TIMEOUT",
        default: "600",
        meaning: "Maximum seconds without output from the server, also before the first token; raise it on slow machines.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLAMA_EMBED_MODEL",
        default: "qwen3-embedding:0.6b",
        meaning: "Embedding model of the server; `none` for lexical search only.",
        example: None,
        secret: false,
    },
    Setting {
        name: "COMPACT_MODE",
        default: "true",
        meaning: "`false`: do not summarise older turns when the context window is nearly full.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_TOOLS",
        default: "auto",
        meaning: "Tools for the model: `core` for weak models, `all`, or `auto` to choose by model.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_EDIT_FORM",
        default: "auto",
        meaning: "How the model edits files: `search` (search and replace), `anchors` (line anchors), `whole` (whole files), or `auto` to choose by how often its edits work.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_MAX_STEPS",
        default: "25",
        meaning: "Maximum number of steps per question, 1 to 500; a step is one model reply, with at most 4 tool calls on average.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_THINKING_TOKENS",
        default: "2000",
        meaning: "Maximum number of tokens that the model may think in one reply, 0 to 131072; then it is asked again with thinking off. `0`: no limit.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_RAG",
        default: "true",
        meaning: "`false`: do not search the index for each question, as with `--no-rag`.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_COMMIT",
        default: "off",
        meaning: "When what a session changed is committed by itself: `off`, or `turn`, after each turn that was answered and whose checks did not fail; unasked only with `auto-edit` and `auto-approve`.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_CHECK",
        default: "ask",
        meaning: "Run the project's checks after edits, before an answer is accepted: `off`, `ask` (once a session) or `auto` (unasked where commands are fully confined).",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_COMMIT_TRAILER",
        default: "",
        meaning: "Line that stands last in the message of each commit; `{model}` is the name of the model. By default there is none.",
        example: Some("Assisted-by: ollacode ({model})"),
        secret: false,
    },
    Setting {
        name: "OLLACODE_SANDBOX",
        default: "best",
        meaning: "`best`: the best confinement available; `required`: no session without full confinement; `off` only as a flag.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_COMMAND_MEMORY",
        default: "",
        meaning: "Maximum memory of a confined command; by default three quarters of the machine's.",
        example: Some("4G"),
        secret: false,
    },
    Setting {
        name: "OLLACODE_COMMAND_DISK",
        default: "16G",
        meaning: "Maximum disk space that a confined command may use while it runs.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_DATA_DIR",
        default: "~/.local/share/ollacode",
        meaning: "Folder for indexes, sessions and the embedding cache ($XDG_DATA_HOME/ollacode if that is set).",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_MAX_FILE_SIZE",
        default: "1M",
        meaning: "Maximum size of an indexed file, in bytes or with K, M or G.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_CACHE_SIZE",
        default: "2G",
        meaning: "Maximum size of the embedding cache, which all workspaces share.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_SHARED_CACHE",
        default: "",
        meaning: "Folder (absolute) or bucket (`s3://`, `gs://`, `az://`) where a team shares vectors, so that nobody embeds again what another has embedded.",
        example: Some("s3://team-vectors/ollacode"),
        secret: false,
    },
    Setting {
        name: "OLLACODE_SHARED_CACHE_WRITE",
        default: "false",
        meaning: "`true`: also write vectors that are computed here into the shared cache.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_SHARED_CACHE_CHECK",
        default: "false",
        meaning: "`true`: also compute 1 of 200 vectors of the shared cache here, at least one of each pack, to find bad ones.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_SHARED_CACHE_KEY",
        default: "",
        meaning: "Secret of the team, at least 16 characters: without it, nobody can tell which texts are in the shared cache.",
        example: None,
        secret: true,
    },
    Setting {
        name: "OLLACODE_OFFLINE",
        default: "false",
        meaning: "`true`: connect to this machine only, as with `--offline`.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_LOG",
        default: "error",
        meaning: "Log level on stderr, for everything or per module.",
        example: Some("warn,ollacode=debug"),
        secret: false,
    },
    Setting {
        name: "OLLACODE_NOTIFY",
        default: "bell",
        meaning: "How the terminal tells that ollacode asks something, or has finished, after 10 seconds: `bell`, `desktop` (OSC 9) or `off`.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_WEB_PORT",
        default: "",
        meaning: "Port of `ollacode web`, or `0` for any free one; by default 4780, or any free one if that is in use.",
        example: Some("8080"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_BOT_TOKEN",
        default: "",
        meaning: "Token of the Telegram bot, from @BotFather; required by `ollacode telegram`.",
        example: None,
        secret: true,
    },
    Setting {
        name: "TELOXIDE_TOKEN",
        default: "",
        meaning: "Used if TELEGRAM_BOT_TOKEN is not set.",
        example: None,
        secret: true,
    },
    Setting {
        name: "TELEGRAM_ALLOWED_USERS",
        default: "",
        meaning: "Ids of the users who may use the bot; the first is the owner. `ollacode telegram --pair` adds one.",
        example: Some("123456789"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_ALLOWED_CHATS",
        default: "",
        meaning: "Ids of the groups in which these users may use the bot, by addressing it.",
        example: Some("-1001234567890"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_API_URL",
        default: "",
        meaning: "Your own Bot API server; by default Telegram's.",
        example: Some("http://127.0.0.1:8081"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_APPROVAL_TIMEOUT",
        default: "600",
        meaning: "Seconds to wait for an approval; after that the call is denied.",
        example: None,
        secret: false,
    },
    Setting {
        name: "NO_COLOR",
        default: "",
        meaning: "Any value turns colours off.",
        example: Some("1"),
        secret: false,
    },
];

const HEAD: &str = "\
# Settings of ollacode, each with its default. To change some, copy this file:
#
#     mkdir -p ~/.config/ollacode
#     cp .env.example ~/.config/ollacode/.env
#     chmod 600 ~/.config/ollacode/.env
#
# ($XDG_CONFIG_HOME/ollacode/.env if that variable is set), and remove the `#` in front of the
# settings that you change. Flags take precedence over environment variables of these names, and
# those over the file; an empty value means the default. A `.env` in the workspace, or above it,
# is never read.
";

/// The text of `.env.example`: every setting with its default and meaning.
pub fn example_file() -> String {
    let mut text = HEAD.to_owned();
    for Setting {
        name,
        default,
        meaning,
        example,
        ..
    } in SETTINGS
    {
        let example = example
            .map(|value| format!(" Example: {value}"))
            .unwrap_or_default();
        text.push_str(&format!("\n# {meaning}{example}\n#{name}={default}\n"));
    }
    text
}
