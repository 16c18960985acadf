//! Arguments of `web`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::EngineArguments;

/// Examples of `ollacode web`.
pub(super) const WEB_HELP: &str = "\
Examples:
  ollacode web                                   open the address that is printed
  ollacode web --workspace ~/code/shop --port 0  another folder, on any free port
  ollacode web --token-file ~/.ollacode-token    for scripts: the token of the HTTP API

The page is for this machine only, and each request needs the token that is in the printed
address. From another machine, use a tunnel: ssh -L 4780:127.0.0.1:4780 HOST";

/// Arguments of `ollacode web`.
#[derive(Args, Clone, Debug)]
pub struct WebArguments {
    /// Port; by default 4780, or any free one if that is in use; 0 for any free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,

    /// Listen on this address of the machine, too, so that other machines reach the page
    #[arg(long, value_name = "ADDR", value_parser = one_address)]
    pub listen: Option<IpAddr>,

    /// Approve everything without asking, except secrets and protected files
    #[arg(long)]
    pub auto_approve: bool,

    /// Write the token to this file, which only you can read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,

    /// The model and its permissions
    #[command(flatten)]
    pub engine: EngineArguments,
}

/// Parses an address that a browser can connect to. `0.0.0.0` stands for every address of the machine,
/// and is never the one in a request.
fn one_address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text
        .parse()
        .map_err(|_| "an IP address such as `192.168.1.5` is needed".to_owned())?;
    let address = address.to_canonical();
    if address.is_unspecified() {
        return Err(
            "name one address of this machine, such as `192.168.1.5`: requests for other names are \
             refused"
                .to_owned(),
        );
    }
    Ok(address)
}
