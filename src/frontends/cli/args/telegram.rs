//! Arguments of `telegram`.

use clap::Args;

use super::EngineArguments;

/// How to create and start a bot.
pub(super) const TELEGRAM_HELP: &str = "\
Setup:
  1. In Telegram, send /newbot to @BotFather; it gives you a token.
  2. Put the token into ~/.config/ollacode/.env: TELEGRAM_BOT_TOKEN=123456789:AAF…  (chmod 600)
  3. ollacode telegram --pair    and send the bot the code that is shown
  4. ollacode telegram --workspace ~/code/shop

Telegram's servers can read all messages. Secrets are removed from everything that is sent, but
your code is not.";

/// Arguments of `ollacode telegram`.
#[derive(Args, Clone, Debug)]
pub struct TelegramArguments {
    /// Allow one more user: show a code, wait until it is sent to the bot, and exit
    #[arg(long)]
    pub pair: bool,

    /// Approve everything without asking, except secrets and protected files
    #[arg(long, conflicts_with = "pair")]
    pub auto_approve: bool,

    /// The model and its permissions
    #[command(flatten)]
    pub engine: EngineArguments,
}
