//! What may be said about the Telegram bot.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::ChatArguments;

/// How a bot is made and started.
pub(super) const TELEGRAM_HELP: &str = "\
To begin:
  1. In Telegram, write /newbot to @BotFather; it gives you a token.
  2. Put it into ~/.config/ollacode/.env: TELEGRAM_BOT_TOKEN=123456789:AAF…  (chmod 600)
  3. ollacode telegram --pair    and send the bot the code that is shown
  4. ollacode telegram --workspace ~/code/shop

Texts pass Telegram's servers, which can read them. Secrets are taken out of everything that is
sent, but your code is not.";

/// Arguments of `ollacode telegram`.
#[derive(Args, Clone, Debug)]
pub struct TelegramArguments {
    /// Wait for a code from somebody who is to be allowed, and end
    #[arg(long)]
    pub pair: bool,

    /// Do everything without asking, but for secrets and what runs later
    #[arg(long, conflicts_with = "pair")]
    pub auto_approve: bool,

    /// Talk to this model of Ollama
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub model: Option<String>,

    /// Which tools the model has: few for weak ones, all, or as many as it can bear
    #[arg(long, value_name = "WHICH", value_parser = ["auto", "core", "all"])]
    pub tools: Option<String>,

    /// Stop after so many replies of the model to one question
    #[arg(long, value_name = "N")]
    pub max_steps: Option<u32>,

    /// Do not search the index for each question
    #[arg(long)]
    pub no_rag: bool,

    /// Confine commands as well as the system can, fully or not at all, or never
    #[arg(long, value_name = "HOW", value_parser = ["best", "required", "off"])]
    pub sandbox: Option<String>,

    /// Let commands use the network
    #[arg(long)]
    pub network: bool,
}

impl TelegramArguments {
    /// What it says about settings, as `chat` would say it.
    pub(super) fn as_chat(&self) -> ChatArguments {
        ChatArguments {
            model: self.model.clone(),
            tools: self.tools.clone(),
            max_steps: self.max_steps,
            no_rag: self.no_rag,
            sandbox: self.sandbox.clone(),
            network: self.network,
            ..ChatArguments::default()
        }
    }
}
