//! The verdicts of rules in each mode, and errors in rules.

mod commands;
mod generated;
mod reading;
mod tools;
mod winning;

use std::fs;

use super::file::parse_user;
use super::*;
use crate::jail::classify;
use crate::permission::command::risk;
use crate::permission::{Confinement, Effect, Mode, Permission, permission};

const MODES: [Mode; 4] = [Mode::Ask, Mode::AutoEdit, Mode::AutoApprove, Mode::Plan];

fn parsed(text: &str) -> (UserRules, Vec<String>) {
    let home = Some(Path::new("/nowhere/me"));
    let (user, problems) = parse_user(text, &"config.toml", home);
    let problem = |problem: file::RulesProblem| format!("{}: {}", problem.line, problem.what);
    (user, problems.into_iter().map(problem).collect())
}

fn rules(text: &str) -> Rules {
    let (user, problems) = parsed(text);
    assert!(problems.is_empty(), "{text}: {problems:?}");
    Rules::new(Path::new("/w"), &user, RepositoryRules::default())
}

fn command(text: &str) -> Effect {
    Effect::Command {
        text: text.to_owned(),
        risk: risk(text),
        network: false,
        tool: None,
    }
}

/// An effect in words: `read a`, `secret .env`, `write a`, `hook a`, `run ls`, `call server.tool`, `own
/// tool ls`.
fn effect(words: &str) -> Effect {
    let (kind, rest) = words.split_once(' ').unwrap();
    let path = rest.to_owned();
    match kind {
        "read" if rest.starts_with('/') => Effect::ReadOutside { path },
        "write" if rest.starts_with('/') => Effect::WriteOutside { path },
        "read" => Effect::ReadFile { path },
        "secret" => Effect::ReadSecret { path },
        "write" => Effect::Write {
            path,
            runs_later: None,
        },
        "hook" => Effect::Write {
            path,
            runs_later: classify(".git/hooks/x"),
        },
        "run" => command(rest),
        "call" => {
            let (server, tool) = rest.split_once('.').unwrap();
            Effect::External {
                server: server.to_owned(),
                tool: tool.to_owned(),
            }
        }
        "own" => {
            let (tool, line) = rest.split_once(' ').unwrap();
            Effect::Command {
                text: line.to_owned(),
                risk: risk(line),
                network: false,
                tool: Some(tool.to_owned()),
            }
        }
        _ => panic!("{words}"),
    }
}

fn strictness(permission: &Permission) -> usize {
    match permission {
        Permission::Allow => 0,
        Permission::ReadOnly => 1,
        Permission::Ask(_) => 2,
        Permission::Deny(_) => 3,
    }
}

/// What happens in the four modes at full confinement: `+` runs, `r` runs read-only,
/// `?` asks, `-` is denied.
fn row(rules: &Rules, words: &str) -> String {
    let effect = effect(words);
    let sign = |mode| permission(&effect, mode, Confinement::Full, rules);
    let signs = MODES.map(|mode| ["+", "r", "?", "-"][strictness(&sign(mode))]);
    signs.concat()
}
