//! What may be said about the Telegram bot.

use clap::Args;

use super::EngineArguments;

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

    /// What answers, and how
    #[command(flatten)]
    pub engine: EngineArguments,
}
