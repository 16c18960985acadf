use std::process::ExitCode;

fn main() -> ExitCode {
    let text = std::env::args().nth(1).unwrap_or_default();
    match settings::parse(&text) {
        Ok(settings) => {
            println!("{settings:?}");
            ExitCode::SUCCESS
        }
        Err(message) if message.contains("unknown key") => {
            eprintln!("warning: {message}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
