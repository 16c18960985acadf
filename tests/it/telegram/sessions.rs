//! Many conversations at once.

use super::*;

/// Number of users.
const USERS: i64 = 50;
/// Maximum memory, in kilobytes.
const MOST_MEMORY: u64 = 300_000;

#[test]
fn fifty_sessions_fit_into_memory() {
    let users: Vec<String> = (1..=USERS).map(|user| user.to_string()).collect();
    let users = users.join(",");
    let bot = Bot::start_with(
        ChatServer::start(vec![
            Reply::text("At ninety degrees, notes.txt:1.").repeated(),
        ]),
        |environment| environment.with("TELEGRAM_ALLOWED_USERS", &users),
        &[],
    );
    for user in 1..=USERS {
        bot.api.write(user, "When does the kettle boil?");
    }
    for user in 1..=USERS {
        bot.expect_in(user, "At ninety degrees");
    }
    let process = bot.running.as_ref().expect("it runs").id();
    let memory = memory_of(process);
    assert!(memory < MOST_MEMORY, "{memory} kB");
    assert_eq!(bot.api.rate_violations(), Vec::<String>::new());
}

/// Memory of a process and its children, in kilobytes.
fn memory_of(process: u32) -> u64 {
    let status = |process: u32| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        status.unwrap_or_default()
    };
    let field = |status: &str, name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.split_whitespace().next());
        value
            .and_then(|value| value.parse().ok())
            .unwrap_or_default()
    };
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let all = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = all.filter(|&other| field(&status(other), "PPid:") == u64::from(process));
    let resident = |process: u32| field(&status(process), "VmRSS:");
    resident(process) + children.map(resident).sum::<u64>()
}
