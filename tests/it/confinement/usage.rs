//! A command that takes too much memory or disk space is ended, and that is said.

use std::time::Instant;

use super::{ChatServer, Reply, SURVIVAL, environment, is_full, results, run};

/// Runs commands in one session, with a setting.
fn said(commands: &[&str], name: &str, value: &str) -> Vec<String> {
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = environment(&server).with(name, value);
    let began = Instant::now();
    let said = results(&environment, &[], &server);
    assert!(began.elapsed() < SURVIVAL * 10, "{:?}", began.elapsed());
    said
}

#[test]
fn memory_and_disk_space_have_limits() {
    if !is_full("memory_and_disk_space_have_limits") {
        return;
    }
    let commands = [
        "echo begin; (head -c 2000M /dev/zero | tail | sleep 50) & sleep 60",
        "echo fine",
    ];
    let memory = said(&commands, "OLLACODE_COMMAND_MEMORY", "200M");
    assert!(memory[0].contains("used too much memory"), "{}", memory[0]);
    assert!(!memory[1].contains("killed"), "{}", memory[1]);
    // Others write on the same disk, but hardly as much.
    let commands = [
        "echo begin; head -c 8G /dev/zero > /tmp/large; sleep 60",
        "echo begin; head -c 8G /dev/zero > large; sleep 60",
        "echo fine; head -c 1M /dev/zero > small",
    ];
    let disk = said(&commands, "OLLACODE_COMMAND_DISK", "1G");
    assert!(disk[0].contains("filled the disk"), "{}", disk[0]);
    assert!(disk[1].contains("filled the disk"), "{}", disk[1]);
    assert!(!disk[2].contains("killed"), "{}", disk[2]);
}
