use std::process::ExitCode;

use settings::SettingsError;

fn main() -> ExitCode {
    let text = std::env::args().nth(1).unwrap_or_default();
    match settings::parse(&text) {
        Ok(settings) => {
            println!("{settings:?}");
            ExitCode::SUCCESS
        }
        Err(error @ SettingsError::UnknownKey { .. }) => {
            eprintln!("warning: {error}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
