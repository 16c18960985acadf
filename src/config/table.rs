//! The table of settings, and the example file that is written from it.

/// One setting, as users see it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable, and the name in the user's file.
    pub name: &'static str,
    /// What holds if nobody sets it; empty if that is nothing.
    pub default: &'static str,
    /// One line of meaning.
    pub meaning: &'static str,
    /// A value worth showing, where the default does not say how one looks.
    pub example: Option<&'static str>,
    /// Whether the value must never be shown.
    pub secret: bool,
}

/// Every setting, in the order of the example file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "WORKSPACE_DIR",
        default: "",
        meaning: "The folder to work on; else the indexed one or git work tree around you.",
        example: Some("~/code/shop"),
        secret: false,
    },
    Setting {
        name: "OLLAMA_HOST",
        default: "http://127.0.0.1:11434",
        meaning: "Where Ollama answers.",
        example: Some("https://gpu.example.org/ollama"),
        secret: false,
    },
    Setting {
        name: "OLLAMA_API_KEY",
        default: "",
        meaning: "Key for a server that asks for one; sent only over https or to this machine.",
        example: None,
        secret: true,
    },
    Setting {
        name: "OLLAMA_MODEL",
        default: "qwen3-coder:30b",
        meaning: "The model of Ollama that answers and edits, as `--model` does.",
        example: None,
        secret: false,
    },
    Setting {
        name: "MAX_CONTEXT_TOKENS",
        default: "",
        meaning: "The model's window in tokens, 2048 to 1048576; else chosen from what fits.",
        example: Some("32768"),
        secret: false,
    },
    Setting {
        name: "OLLAMA_TIMEOUT",
        default: "600",
        meaning: "Seconds that Ollama may be silent, before a first word too; slow machines need more.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLAMA_EMBED_MODEL",
        default: "qwen3-embedding:0.6b",
        meaning: "The model of Ollama that turns code into vectors; `none`: lexical search only.",
        example: None,
        secret: false,
    },
    Setting {
        name: "COMPACT_MODE",
        default: "true",
        meaning: "`false`: do not summarise older turns when the window is nearly full.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_TOOLS",
        default: "auto",
        meaning: "Which tools the model has: `core` for weak ones, `all`, or `auto`, as it can bear.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_MAX_STEPS",
        default: "25",
        meaning: "Most steps for one question, 1 to 500; a step is one reply, with 4 calls at most on average.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_RAG",
        default: "true",
        meaning: "`false`: do not search the index for each question, as `--no-rag` does.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_SANDBOX",
        default: "best",
        meaning: "`required`: nothing runs unless commands are fully confined; `off` only as a flag.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_COMMAND_MEMORY",
        default: "",
        meaning: "Most memory that a confined command may use; else three quarters of the machine's.",
        example: Some("4G"),
        secret: false,
    },
    Setting {
        name: "OLLACODE_COMMAND_DISK",
        default: "16G",
        meaning: "Most disk space that a confined command may fill while it runs.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_DATA_DIR",
        default: "~/.local/share/ollacode",
        meaning: "Where indexes, sessions and the cache are kept ($XDG_DATA_HOME/ollacode if that is set).",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_MAX_FILE_SIZE",
        default: "1M",
        meaning: "Larger files are not indexed; bytes, or with K, M or G.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_CACHE_SIZE",
        default: "2G",
        meaning: "Most disk space of the embedding cache, which all workspaces share.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_OFFLINE",
        default: "false",
        meaning: "`true`: call no address but this machine's, as `--offline` does.",
        example: None,
        secret: false,
    },
    Setting {
        name: "OLLACODE_LOG",
        default: "error",
        meaning: "What is logged to stderr: a level, or several by module.",
        example: Some("warn,ollacode=debug"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_BOT_TOKEN",
        default: "",
        meaning: "Token of the Telegram bot, from @BotFather; needed by `ollacode telegram`.",
        example: None,
        secret: true,
    },
    Setting {
        name: "TELOXIDE_TOKEN",
        default: "",
        meaning: "The same, where TELEGRAM_BOT_TOKEN is not set.",
        example: None,
        secret: true,
    },
    Setting {
        name: "TELEGRAM_ALLOWED_USERS",
        default: "",
        meaning: "Ids of the users who may talk to the bot; the first is its owner. `ollacode telegram --pair` adds one.",
        example: Some("123456789"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_ALLOWED_CHATS",
        default: "",
        meaning: "Ids of the groups in which these users may, when they address the bot.",
        example: Some("-1001234567890"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_API_URL",
        default: "",
        meaning: "A server of the Bot API of your own; else Telegram's.",
        example: Some("http://127.0.0.1:8081"),
        secret: false,
    },
    Setting {
        name: "TELEGRAM_APPROVAL_TIMEOUT",
        default: "600",
        meaning: "Seconds that a question waits for its button; then it is denied.",
        example: None,
        secret: false,
    },
    Setting {
        name: "NO_COLOR",
        default: "",
        meaning: "Any value: no colours.",
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
# ($XDG_CONFIG_HOME/ollacode/.env if that variable is set), and there take away the `#` in front
# of what you change. Flags win over environment variables of these names, and those over the
# file; an empty value stands for the default. A `.env` in the folder that ollacode works on, or
# above it, is never read.
";

/// Writes the example file: every setting with its default and meaning.
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
