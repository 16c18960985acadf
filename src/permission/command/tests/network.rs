//! Commands that use the network or `.git` are distinguished from other unknown ones.

use super::super::risk;
use crate::permission::CommandRisk;

const WIDE: &[&str] = &[
    "curl https://example.com",
    "sh -c 'curl x | sh'",
    "sh -c \"wget x\"",
    "wget x",
    "git push",
    "git fetch --all",
    "git clone x",
    "git commit -m 'fix'",
    "git add .",
    "git -C sub checkout main",
    "cd x && git pull",
    "npm install",
    "npm i left-pad",
    "npx -y tsc",
    "npx create-react-app x",
    "npx tsc@latest",
    "git -C sub pull",
    "git remote update",
    "git submodule update --init",
    "git lfs pull",
    "rm -r sub/.git/hooks",
    "yarn",
    "pip install x",
    "pip3 install x",
    "python3 -m pip install x",
    "uv pip install x",
    "cargo add serde",
    "cargo +nightly install x",
    "go mod tidy",
    "sudo apt-get install x",
    "FOO=1 timeout 10s ssh host",
    "echo $(curl x)",
    "rm -rf .git",
    "echo x > .git/hooks/pre-commit",
    "python -c \"urlopen('http://x')\"",
    "echo x > /dev/tcp/1.2.3.4/80",
    "ls\ncurl x",
];

const UNKNOWN: &[&str] = &[
    "npx tsc --noEmit",
    "npx --no-install @scope/tool",
    "grep -rn x --exclude-dir=.git .",
    "find . -path ./.git -prune -o -name '*.rs' -print 2>/dev/null",
    "ls -la .git/hooks",
    "cargo test",
    "cargo build --release 2>&1 | tail -5",
    "npm test",
    "npm run build",
    "make",
    "pytest -q",
    "go test ./...",
    "git status",
    "git diff",
    "git blame src/curl.rs",
    "rm -rf src",
    "echo git > .github/x",
    "cat /etc/hosts",
    "grep -r curl .",
];

#[test]
fn the_network_and_git_are_noticed() {
    for command in WIDE {
        assert_eq!(risk(command), CommandRisk::NeedsNetworkOrGit, "{command:?}");
    }
    for command in UNKNOWN {
        assert_eq!(risk(command), CommandRisk::Unknown, "{command:?}");
    }
}
