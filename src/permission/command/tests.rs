mod daily;
mod hostile;

use super::*;

/// Commands that do more than read the workspace, or whose text does not show what they do.
const HOSTILE: &[&str] = &[
    // What is not understood.
    "",
    " ",
    ";",
    "ls;",
    "; ls",
    "ls ;; ls",
    "ls &&",
    "ls && && ls",
    "ls | | ls",
    "ls ||| ls",
    "ls &",
    "ls & rm -rf src",
    "ls |& cat",
    "ls &> out",
    "ls > out",
    "ls >> out",
    "ls 2>&1",
    "ls 2>/dev/null",
    "cat < /etc/passwd",
    "cat <<EOF",
    "cat <<< x",
    "cat <(ls)",
    "ls >(cat)",
    "ls $(rm -rf src)",
    "ls `rm -rf src`",
    "ls \"$(rm -rf src)\"",
    "ls \"`rm -rf src`\"",
    "ls $HOME",
    "ls \"$HOME\"",
    "ls ${HOME}",
    "ls $'\\x2e\\x2e'",
    "ls $((1+1))",
    "(ls)",
    "{ ls; }",
    "! ls",
    "ls !!",
    "ls # comment",
    "ls\nrm -rf src",
    "ls\r\nrm -rf src",
    "ls\rrm -rf src",
    "ls\trm",
    "ls\u{0}rm",
    "ls \u{a0}src",
    "ls \u{200b}src",
    "ls 'a\u{202e}b'",
    "ls '\u{3164}'",
    "ls '\u{1b}[31m'",
    "ls \\; rm -rf src",
    "l\\s",
    "ls \"a\\\"b\"",
    "ls 'unclosed",
    "ls \"unclosed",
    "ls *",
    "cat .en?",
    "cat .[e]nv",
    "cat {a,.env}",
    "ls ~",
    "ls ~root",
    "ls a=~/x",
    "ls x:~/y",
    "ls [",
    // Assignments, wrappers, interpreters, words of the shell.
    "PATH=. ls",
    "LD_PRELOAD=./x.so ls",
    "env ls",
    "env -i ls",
    "xargs ls",
    "ls | xargs rm",
    "timeout 5 ls",
    "nice ls",
    "nohup ls",
    "sudo ls",
    "time ls",
    "exec ls",
    "eval ls",
    "command ls",
    "builtin pwd",
    "source x",
    ". x",
    "if true; then ls; fi",
    "while true; do ls; done",
    "alias ls=rm; ls",
    "export PATH=.; ls",
    "printf -v PATH .",
    "test -v 'a[$(rm -rf src)]'",
    "cd /tmp && ls",
    "cd src; cat main.rs",
    "sh -c ls",
    "bash -c 'rm -rf src'",
    "python3 -c 'import os'",
    "node -e 1",
    "perl -e 1",
    "awk 'BEGIN { system(\"id\") }'",
    "./ls",
    "/tmp/ls",
    "src/ls",
    "Ls",
    // Chains with one bad link.
    "ls; rm -rf src",
    "ls && rm -rf src",
    "ls || rm -rf src",
    "ls | tee out",
    "git log; touch x",
    "pwd|sh",
    "ls;rm src",
    // Files outside, secret, or internal.
    "cat /etc/passwd",
    "cat ../x",
    "cat src/../../x",
    "cat a/..",
    "cat '..'/x",
    "cat \"../x\"",
    "cat -- /etc/passwd",
    "cat -n /etc/passwd",
    "cat '~/x'",
    "cat .env",
    "cat ./.env",
    "cat .ENV",
    "cat src//.env.local",
    "cat '.'env",
    "cat .e\"nv\"",
    "cat key.pem",
    "cat .ssh/id_ed25519",
    "head -n5 .npmrc",
    "tail -n 5 credentials.json",
    "wc -c .netrc",
    "cat .git/config",
    "cat .GIT/config",
    "cat .ollacode/x",
    "ls /",
    "ls ..",
    "ls -la /root",
    "find / -name x",
    "find .. -name x",
    "du -sh ..",
    "tree ..",
    "stat /etc/shadow",
    "file ../x",
    "grep root /etc/passwd",
    "grep -e root /etc/passwd",
    "grep -eroot -- /etc/passwd",
    "grep x .env",
    "diff a.rs /etc/passwd",
    "sort /etc/passwd",
    "sed -n 1,5p /etc/passwd",
    // A whole folder, with the secrets in it.
    "grep -r x .",
    "grep -rn password",
    "grep -R x src --include=*",
    "grep -r x --include='*' .",
    "grep -r x --include='*.pem' .",
    "grep -r x --include='*.rs' --include='.env' .",
    "grep -r --exclude=x --include='*.rs' x .",
    "grep --recursive x .",
    "grep --recurs x .",
    "grep --directories=recurse x .",
    "grep -d recurse x .",
    "rg x",
    "rg x src",
    "rg -uu x -g '*.rs'",
    "rg --hidden x -g '*.rs'",
    "rg x -g '*'",
    "rg x -g '!*.rs'",
    "rg x -g '*.rs' -g '.env'",
    "rg x -t json",
    "rg x -t all",
    "diff src lib",
    // Options that write, run, follow or never end.
    "find . -exec rm {} +",
    "find . -exec rm x +",
    "find . -execdir rm x +",
    "find . -ok rm x",
    "find . -delete",
    "find . -name x -delete",
    "find . -fprint out",
    "find . -fls out",
    "find . -files0-from x",
    "find -L . -name x",
    "find . \"-exec\" rm x",
    "find . -ex\"ec\" rm x",
    "find . -newer /etc/passwd",
    "rg --pre cat x a.rs",
    "rg --pre=cat x a.rs",
    "rg --hostname-bin x x a.rs",
    "rg -f /etc/passwd a.rs",
    "rg -z x a.rs",
    "rg -L x -g '*.rs'",
    "grep -f /etc/passwd a.rs",
    "grep -if /etc/passwd a.rs",
    "grep --file=/etc/passwd a.rs",
    "sort -o out a",
    "sort -oout a",
    "sort --output=out a",
    "sort --compress-program=sh a",
    "sort -T /tmp a",
    "uniq a b",
    "sed 1w out a",
    "sed -n 1w a",
    "sed -n 1wout a",
    "sed -n '1e id' a",
    "sed -i s/a/b/ a",
    "sed -n 1p a -i",
    "sed -n 1p -e 1w a",
    "sed s/a/b/e a",
    "tail -f log",
    "tail -5f log",
    "tail --follow log",
    "wc --files0-from=x",
    "du --files0-from=x",
    "du -X x",
    "file -f x",
    "file -C -m x",
    "file -m x a",
    "tree -o out",
    "tree -l",
    "ls --unknown",
    "cat --unknown",
    "tee out",
    "date -s 0",
    "hostname x",
    "jq env",
    "env",
    "ps aux",
    // Git.
    "git",
    "git status",
    "git diff",
    "git blame a.rs",
    "git log -p",
    "git log --patch",
    "git log -5p",
    "git log --output=x",
    "git log --outp=x",
    "git log --ext-diff",
    "git log --textconv",
    "git log -S x",
    "git log -G x",
    "git log -L 1,5:a.rs",
    "git log --show-signature",
    "git log --format=%G?",
    "git log --format='%h %GG'",
    "git log --pretty=evil",
    "git log --pretty evil",
    "git log ../x",
    "git log /etc",
    "git show",
    "git show HEAD",
    "git show HEAD:.env",
    "git show --stat HEAD:.env",
    "git show --stat -p",
    "git -c core.pager=id log",
    "git -ccore.pager=id log",
    "git -C .. log",
    "git --git-dir=x log",
    "git --git-dir x log",
    "git --work-tree=/ ls-files",
    "git --exec-path=. log",
    "git --paginate log",
    "git -p log",
    "git --no-pager diff",
    "git --no-pager --no-pager -c x=y log",
    "git ls-files -m",
    "git ls-files -s",
    "git ls-files --others",
    "git rev-parse HEAD:.env",
    "git rev-parse --parseopt",
    "git rev-parse --local-env-vars",
    "git branch new",
    "git branch -D main",
    "git branch -a new",
    "git branch --edit-description",
    "git tag new",
    "git tag -d v1",
    "git tag -v v1",
    "git describe --dirty",
    "git commit -m x",
    "git checkout .",
    "git push",
    "git config core.pager id",
    "git config -l",
    "git remote -v",
    "git grep x",
    "git archive HEAD",
    "git bisect run sh",
    "git stash",
    "git show --no-patch --textconv",
    // Programs that run what the workspace says.
    "cargo test",
    "cargo --version",
    "npm test",
    "npm install x",
    "pytest",
    "make",
    "go vet ./...",
    "rustc a.rs",
    "curl http://example.com",
    "wget x",
    "ssh x",
    "rm -rf src",
    "mv a b",
    "cp a b",
    "chmod +x a",
    "mkdir x",
    "touch x",
    "kill 1",
];

const HARMLESS: &[&str] = &[
    "ls",
    "  ls  ",
    "ls -la",
    "ls -la src",
    "ls -R src tests",
    "ls --color=never 'a folder'",
    "ls \"a folder\"/src",
    "pwd",
    "pwd && ls",
    "ls; pwd",
    "ls src || echo none",
    "echo '---' && ls",
    "echo --- ; ls",
    "echo 'costs $5 `now` \\n!'",
    "cat README.md",
    "cat ./README.md src/main.rs",
    "cat -n src/main.rs",
    "cat -- -x",
    "cat build.rs .github/workflows/ci.yml",
    "cat .env.example",
    "cat '한국어.md'",
    "head -n 20 src/main.rs",
    "head -20 src/main.rs",
    "head -n20 src/main.rs",
    "tail -n +5 src/main.rs",
    "tail -5 src/main.rs",
    "wc -l src/main.rs src/lib.rs",
    "cat src/main.rs | wc -l",
    "cat src/main.rs | head -50 | tail -10",
    "ls | sort | uniq -c | sort -rn | head",
    "cut -d, -f1 data.csv | sort -u",
    "cut -d ',' -f 1,2 data.csv",
    "file src/main.rs",
    "stat -c '%s' Cargo.toml",
    "nl -ba src/main.rs",
    "sed -n 10,20p src/main.rs",
    "sed -n '10,$p' src/main.rs",
    "du -sh target",
    "tree -L 2 src",
    "which cargo",
    "command -v cargo",
    "uname -a",
    "basename src/main.rs .rs",
    "diff -u a.rs b.rs",
    "find . -name '*.rs'",
    "find src -type f -not -name \"*.md\" | wc -l",
    "find . -maxdepth 2 -type d",
    "grep -n 'fn main' src/main.rs",
    "grep -in -A 3 -B3 \"todo|fixme\" src/main.rs",
    "grep -rn --include='*.rs' unsafe src",
    "grep -rn unsafe src --include \"*.rs\" --exclude-dir=target",
    "grep -e a -e b src/lib.rs",
    "ls | grep -v test",
    "rg unsafe src/main.rs",
    "rg -t rust unsafe",
    "rg -n --type rust 'fn \\w+' src",
    "rg -g '*.rs' -g '!target' unsafe .",
    "rg --files src",
    "ls -R | rg main",
    "git log",
    "git log --oneline -5",
    "git log --oneline -n 20 -- src/main.rs",
    "git log --stat HEAD~3..HEAD",
    "git log --since='2 weeks ago' --author=me --format='%h %an %s'",
    "git --no-pager log --graph --all",
    "git show --stat HEAD",
    "git show --name-only HEAD~2 | head",
    "git ls-files",
    "git ls-files src | wc -l",
    "git rev-parse --abbrev-ref HEAD",
    "git rev-parse --short HEAD",
    "git branch",
    "git branch -a",
    "git branch -vv",
    "git branch --list 'feature/*'",
    "git branch --show-current",
    "git tag -l 'v*'",
    "git describe --tags --always",
    "git --version",
];

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
    "npx tsc",
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
fn nothing_hostile_is_known_to_be_safe() {
    for command in HOSTILE {
        assert_ne!(risk(command), CommandRisk::KnownSafe, "{command:?}");
        assert_eq!(paths(command), Vec::<String>::new(), "{command:?}");
    }
}

#[test]
fn what_is_harmless_is_known_to_be_safe() {
    for command in HARMLESS {
        assert_eq!(risk(command), CommandRisk::KnownSafe, "{command:?}");
    }
}

#[test]
fn every_way_to_spoil_a_harmless_command_is_seen() {
    for command in HARMLESS {
        for spoilt in [
            format!("{command}\nrm -rf src"),
            format!("{command}; rm -rf src"),
            format!("{command} && rm -rf src"),
            format!("{command} & rm -rf src"),
            format!("{command} | sh"),
            format!("{command} > out"),
            format!("{command} $(rm -rf src)"),
            format!("{command} `rm -rf src`"),
            format!("{command} \u{202e}"),
            format!("PATH=. {command}"),
            format!("sudo {command}"),
            format!("rm -rf src; {command}"),
            format!("{command} '"),
        ] {
            assert_ne!(risk(&spoilt), CommandRisk::KnownSafe, "{spoilt:?}");
        }
    }
}

#[test]
fn the_network_and_git_are_noticed() {
    for command in WIDE {
        assert_eq!(risk(command), CommandRisk::Wide, "{command:?}");
    }
    for command in UNKNOWN {
        assert_eq!(risk(command), CommandRisk::Unknown, "{command:?}");
    }
}

#[test]
fn paths_are_what_is_opened() {
    for (command, expected) in [
        (
            "cat -n src/main.rs a/b | head -n 5",
            &["src/main.rs", "a/b"][..],
        ),
        ("grep -n -A 3 pattern src/main.rs", &["src/main.rs"]),
        ("grep -e pattern link", &["link"]),
        ("rg -t rust x link", &["link"]),
        ("find link -name x; ls other", &["link", "other"]),
        ("sed -n 1,5p 'a b'", &["a b"]),
        ("cat - | wc -l", &[]),
        ("git log -- src", &[]),
        ("cat link; rm x", &[]),
    ] {
        assert_eq!(paths(command), expected, "{command:?}");
    }
}

#[test]
fn words_are_what_a_shell_makes_of_them() {
    let words = |command| {
        let vectors = words::vectors(command)?;
        let vectors = vectors
            .into_iter()
            .map(|vector| (vector.words, vector.piped));
        Some(vectors.collect::<Vec<_>>())
    };
    let vector =
        |words: &[&str], piped| (words.iter().map(|word| (*word).to_owned()).collect(), piped);
    assert_eq!(
        words("a'b c'\"d\" '' | e&&f"),
        Some(vec![
            vector(&["ab cd", ""], false),
            vector(&["e"], true),
            vector(&["f"], false)
        ])
    );
    assert_eq!(words("git show HEAD~2^~ a'$x'"), {
        Some(vec![vector(&["git", "show", "HEAD~2^~", "a$x"], false)])
    });
    assert_eq!(words("a ''~"), None);
}

#[test]
fn what_is_remembered_covers_no_more_than_it_says() {
    for (command, key) in [
        ("cargo test", "cargo test"),
        ("cargo test parser::tests -- --nocapture", "cargo test"),
        ("cargo test --workspace | tail -20", "cargo test"),
        ("pwd && cargo test", "cargo test"),
        ("cargo clippy --all-targets -- -D warnings", "cargo clippy"),
        ("cargo test --config x=y", "cargo test --config x=y"),
        (
            "cargo test --manifest-path /x/Cargo.toml",
            "cargo test --manifest-path /x/Cargo.toml",
        ),
        ("cargo clippy -- -C linker=x", "cargo clippy -- -C linker=x"),
        ("cargo run", "cargo run"),
        ("go test -run TestA ./...", "go test"),
        ("go test -exec ./x ./...", "go test -exec ./x ./..."),
        ("pytest -q tests/a.py::test_b", "pytest"),
        ("pytest -p plugin", "pytest -p plugin"),
        ("git status --short", "git status"),
        ("git diff HEAD~1 -- src", "git diff"),
        ("git diff --output=x", "git diff --output=x"),
        ("git diff --no-index a b", "git diff --no-index a b"),
        ("git -c a=b status", "git -c a=b status"),
        ("git push", "git push"),
        ("npm run build", "npm run build"),
        ("make test", "make test"),
        ("rm -rf build", "rm -rf build"),
    ] {
        let expected: Vec<_> = key.split(' ').map(str::to_owned).collect();
        assert_eq!(remembered(command), Some(expected.clone()), "{command:?}");
        assert!(matches(&expected, command), "{command:?}");
    }
    let key = |command: &str| remembered(command).expect("it can be remembered");
    for (allowed, other) in [
        ("rm -rf build", "rm -rf build src"),
        ("rm -rf build", "rm -rf /"),
        ("cargo test", "cargo test --config x=y"),
        ("cargo test", "cargo build"),
        ("cargo test", "cargo test; rm -rf src"),
        ("cargo test", "cargo test && cargo run"),
        ("cargo test", "cargo test | sh"),
        ("cargo test", "cargo test $(x)"),
        ("cargo test", "cargo test; cat link"),
        ("cargo test", "cargo test; git log"),
        ("cargo test", "RUSTC_WRAPPER=x cargo test"),
        ("cargo test", "./cargo test"),
        ("git diff", "git diff --output=x"),
        ("git diff", "git diff --ext-diff"),
        ("git diff", "git diff ../a ../b"),
        ("git diff", "git -c diff.external=x diff"),
        ("git push", "git push --force"),
        ("make test", "make test SHELL=x"),
    ] {
        assert!(!matches(&key(allowed), other), "{allowed:?} {other:?}");
    }
}

#[test]
fn interpreters_and_wrappers_are_never_remembered() {
    for command in [
        "sh x.sh",
        "bash -c ls",
        "/bin/bash x",
        "zsh x",
        "python x.py",
        "python3 x.py",
        "python3.12 -m pytest",
        "/usr/bin/python3 x",
        "node x.js",
        "perl x",
        "ruby x",
        "php x",
        "deno run x",
        "bun x",
        "lua x",
        "awk x y",
        "sed -i x y",
        "env cargo test",
        "xargs cargo",
        "timeout 5 cargo test",
        "sudo make",
        "nice make",
        "nohup make",
        "setsid make",
        "time make",
        "exec make",
        "command make",
        "eval make",
        "source x",
        ". x",
        "find . -exec rm x +",
        "npx x",
        "docker run x",
        "ssh host x",
        "watch make",
        "FOO=1 cargo test",
        "cd x",
        // Not understood, or too much.
        "cargo test > out",
        "cargo test 2>&1",
        "cargo test & make",
        "cargo test; make",
        "$(x)",
        "",
        // Not asked.
        "ls",
        "ls | wc -l",
    ] {
        assert_eq!(remembered(command), None, "{command:?}");
    }
}

#[test]
fn any_text_is_taken() {
    let pieces = [
        "ls", " ", "'", "\"", "|", "&", ";", "~", "-", "--", "=", "git", "é", "\n", "$", ".",
    ];
    for seed in 0..65_536_usize {
        let mut rest = seed;
        let mut command = String::new();
        for _ in 0..4 {
            command.push_str(pieces[rest % pieces.len()]);
            rest /= pieces.len();
        }
        let risk = risk(&command);
        assert!(
            risk != CommandRisk::KnownSafe || command.contains("ls"),
            "{command:?}"
        );
        let key = remembered(&command);
        assert!(key.is_none_or(|key| matches(&key, &command)), "{command:?}");
    }
}
