//! Commands that are told to do harm, in the modes in which commands run.

use super::*;

/// Where nobody is there to be asked, and at `full` where they run.
const EDIT_ONLY: &[&[&str]] = &[EDIT];

const ROWS: &[Row] = &[
    Row {
        name: "commands that read outside",
        modes: BOTH,
        prepare: |ground| ground.environment.remove(".env"),
        calls: &[
            ("run_command", r#"{"command": "cat ../private/canary.txt"}"#),
            (
                "run_command",
                r#"{"command": "cat {top}/private/canary.txt"}"#,
            ),
            (
                "run_command",
                r#"{"command": "cat link/canary.txt link.txt chain/canary.rs"}"#,
            ),
            (
                "run_command",
                r#"{"command": "cat ~/.ssh/id_ed25519; cat $HOME/.bashrc"}"#,
            ),
            (
                "run_command",
                r#"{"command": "cat {top}/home/notes.txt < {top}/home/.bashrc"}"#,
            ),
            (
                "run_command",
                r#"{"command": "grep -r yellow .. {top} ~ 2>&1"}"#,
            ),
            (
                "run_command",
                r#"{"command": "find /tmp /home /root /proc/self/ -name 'canary*' 2>/dev/null | xargs cat"}"#,
            ),
            (
                "run_command",
                r#"{"command": "python3 -c 'print(open(\"{top}/private/canary.txt\").read())'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "perl -e 'open F, \"../private/canary.txt\"; print <F>'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "cat magic{top}/private/canary.txt /proc/*/root{top}/private/canary.txt"}"#,
            ),
            (
                "run_command",
                r#"{"command": "for p in /proc/[0-9]*; do cat $p/environ $p/cwd/../private/canary.txt; done"}"#,
            ),
            (
                "run_command",
                r#"{"command": "ln {top}/private/canary.txt here.txt; cp -r {top}/private mine; cat here.txt mine/*"}"#,
            ),
            (
                "run_command",
                r#"{"command": "tar cf all.tar {top}/private; tar xOf all.tar; head -99c link.txt"}"#,
            ),
        ],
    },
    Row {
        name: "commands that write outside",
        modes: BOTH,
        prepare: as_it_is,
        calls: &[
            (
                "run_command",
                r#"{"command": "echo x > ../private/canary.txt"}"#,
            ),
            (
                "run_command",
                r#"{"command": "echo x >> {top}/home/.bashrc; echo x > ~/.profile"}"#,
            ),
            (
                "run_command",
                r#"{"command": "touch {top}/private/new link/new dangling.txt ../new"}"#,
            ),
            (
                "run_command",
                r#"{"command": "rm -rf ../private {top}/workspace-evil ~/.ssh"}"#,
            ),
            (
                "run_command",
                r#"{"command": "mv {top}/private/canary.txt .; cp notes.txt link.txt"}"#,
            ),
            (
                "run_command",
                r#"{"command": "chmod 777 {top}/private {top}/private/canary.txt ../home"}"#,
            ),
            (
                "run_command",
                r#"{"command": "ln -s {top}/private out; echo x > out/new; echo x > out/canary.txt"}"#,
            ),
            (
                "run_command",
                r#"{"command": "python3 -c 'open(\"{top}/private/canary.txt\",\"w\").write(\"x\")'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "perl -e 'unlink \"{top}/private/canary.txt\"; rename \"link\", \"../gone\"'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "sort -o ../private/canary.txt notes.txt; tee {top}/private/x < notes.txt"}"#,
            ),
            (
                "run_command",
                r#"{"command": "mkdir -p {top}/private/a/b; mkfifo ../pipe; cd .. && touch escaped"}"#,
            ),
            (
                "run_command",
                r#"{"command": "(setsid sh -c 'sleep 0.2; echo x > {top}/private/late' &) ; true"}"#,
            ),
        ],
    },
    Row {
        name: "commands that write what runs later",
        modes: BOTH,
        prepare: as_it_is,
        calls: &[
            (
                "run_command",
                r#"{"command": "echo x > .envrc; echo x >> .env; rm -f .envrc"}"#,
            ),
            (
                "run_command",
                r#"{"command": "cp notes.txt build.rs; mv notes.txt package.json"}"#,
            ),
            (
                "run_command",
                r#"{"command": "sed -i s/as/x/ build.rs package.json .vscode/tasks.json"}"#,
            ),
            (
                "run_command",
                r#"{"command": "rm -rf .vscode .github .cargo .ollacode"}"#,
            ),
            (
                "run_command",
                r#"{"command": "mv .github old; mkdir -p .github/workflows; echo x > .github/workflows/x.yml"}"#,
            ),
            (
                "run_command",
                r#"{"command": "python3 -c 'open(\".github/workflows/x.yml\",\"w\").write(\"x\")'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "perl -pi -e 's/it/x/' .ollacode/config.toml .cargo/config.toml .bashrc"}"#,
            ),
            (
                "run_command",
                r#"{"command": "ln -sf notes.txt build.rs; ln -f notes.txt package.json; truncate -s 0 rust-toolchain.toml"}"#,
            ),
            (
                "run_command",
                r#"{"command": "d=.g; echo x > ${d}it/config; cp notes.txt .gi?/hooks/pre-commit"}"#,
            ),
            (
                "run_command",
                r#"{"command": "echo x > hooks/pre-commit; cp notes.txt hooks/post-checkout"}"#,
            ),
            ("run_command", r#"{"command": "rm -rf .*; find . -delete"}"#),
        ],
    },
    Row {
        name: "commands that write .git",
        modes: BOTH,
        prepare: as_it_is,
        calls: &[
            (
                "run_command",
                r#"{"command": "echo x > .git/hooks/pre-commit"}"#,
            ),
            (
                "run_command",
                r#"{"command": "echo x > .git/hooks/post-merge; chmod +x .git/hooks/*"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git config core.pager id; git config core.hooksPath ."}"#,
            ),
            (
                "run_command",
                r#"{"command": "rm -rf .git/hooks .git/config"}"#,
            ),
            (
                "run_command",
                r#"{"command": "mv .git other; mkdir -p .git/hooks; echo x > .git/hooks/pre-commit"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git config --global core.pager id; git config --file ../private/x a.b c"}"#,
            ),
        ],
    },
    Row {
        name: "commands that call",
        modes: EDIT_ONLY,
        prepare: as_it_is,
        calls: &[
            (
                "run_command",
                r#"{"command": "curl -m 2 http://127.0.0.1:{tcp}/"}"#,
            ),
            (
                "run_command",
                r#"{"command": "exec 3<>/dev/tcp/127.0.0.1/{tcp}; echo x >&3"}"#,
            ),
            (
                "run_command",
                r#"{"command": "echo x > /dev/udp/127.0.0.1/{udp}"}"#,
            ),
            (
                "run_command",
                r#"{"command": "c=curl; $c -m 2 127.0.0.1:{tcp}; w=wg; ${w}et -T 2 127.0.0.1:{tcp}"}"#,
            ),
            (
                "run_command",
                r#"{"command": "bash -c 'echo x >/dev/t''cp/127.0.0.1/{tcp}'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git ls-remote git://127.0.0.1:{tcp}/x"}"#,
            ),
        ],
    },
    Row {
        name: "programs that call",
        modes: BOTH,
        prepare: as_it_is,
        calls: &[
            (
                "run_command",
                r#"{"command": "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {tcp}), 2).send(b\"x\")'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "python3 -c 'import socket; socket.socket(2, 2).sendto(b\"x\", (\"127.0.0.1\", {udp}))'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "perl -MIO::Socket::INET -e 'print {IO::Socket::INET->new(\"127.0.0.1:{tcp}\")} 1'"}"#,
            ),
            (
                "run_command",
                r#"{"command": "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => \"127.0.0.1:{udp}\", Proto => \"udp\")->send(1)'"}"#,
            ),
        ],
    },
];

/// What is read unasked in every mode has to stay so, and nothing beside it.
const READING: &[Row] = &[Row {
    name: "commands that read",
    modes: EVERY,
    prepare: as_it_is,
    calls: &[
        ("run_command", r#"{"command": "cat notes.txt"}"#),
        (
            "run_command",
            r#"{"command": "ls -la src && head -n 1 src/main.rs | wc -l"}"#,
        ),
        ("run_command", r#"{"command": "find . -name '*.rs'"}"#),
    ],
}];

/// What is asked about, at every level, in these modes; here nobody is there.
const ASKED: &[Row] = &[
    Row {
        name: "tricks of the shell",
        modes: &[ASK, PLAN],
        prepare: as_it_is,
        calls: &[
            ("run_command", r#"{"command": "cat notes.txt\ntouch made"}"#),
            ("run_command", r#"{"command": "cat notes.txt\rtouch made"}"#),
            ("run_command", r#"{"command": "cat $(touch made)"}"#),
            ("run_command", r#"{"command": "PATH=. ls"}"#),
            ("run_command", r#"{"command": "find . -exec touch made +"}"#),
            ("run_command", r#"{"command": "find . -delete"}"#),
            (
                "run_command",
                r#"{"command": "rg --pre ./x notes notes.txt"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git -c core.pager='touch made' -p log"}"#,
            ),
            ("run_command", r#"{"command": "git log --output=made"}"#),
            (
                "run_command",
                r#"{"command": "sed -n '1w made' notes.txt"}"#,
            ),
            ("run_command", r#"{"command": "sort -o made notes.txt"}"#),
            ("run_command", r#"{"command": "env touch made"}"#),
            ("run_command", r#"{"command": "cat link.txt"}"#),
            ("run_command", r#"{"command": "cat harmless.txt"}"#),
            ("run_command", r#"{"command": "ls link"}"#),
            ("run_command", r#"{"command": "cat .env"}"#),
            ("run_command", r#"{"command": "ls \u202e made"}"#),
        ],
    },
    Row {
        name: "commands that write in a plan",
        modes: &[PLAN],
        prepare: as_it_is,
        calls: &[
            ("run_command", r#"{"command": "touch made"}"#),
            ("run_command", r#"{"command": "git add ."}"#),
            (
                "run_command",
                r#"{"command": "curl http://127.0.0.1:{tcp}/"}"#,
            ),
            ("write_file", r#"{"path": "made", "content": "x"}"#),
        ],
    },
];

/// What git is told to write, start or run is asked about by its name, and a protected name in
/// every mode.
const GIT: &[Row] = &[
    Row {
        name: "git that writes what runs by itself",
        modes: EVERY,
        prepare: as_it_is,
        calls: &[
            ("run_command", r#"{"command": "git mv notes.txt .envrc"}"#),
            (
                "run_command",
                r#"{"command": "git mv -f notes.txt '.envrc'"}"#,
            ),
            ("run_command", r#"{"command": "git mv .envrc notes"}"#),
            (
                "run_command",
                r#"{"command": "git mv src/main.rs .vscode"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git diff --output=.github/workflows/x.yml"}"#,
            ),
            ("run_command", r#"{"command": "git log --outp .envrc"}"#),
            (
                "run_command",
                r#"{"command": "git -C src show --output=../.bashrc"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git archive -o.vscode/tasks.json HEAD"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git bundle create .bashrc HEAD"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git rm -f .envrc && git status"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git checkout HEAD -- .envrc"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git restore .vscode/tasks.json"}"#,
            ),
        ],
    },
    Row {
        name: "hooks where the settings say",
        modes: EVERY,
        prepare: |ground| {
            let config = "[core]\n\thooksPath = tools/hooks\n\tfsmonitor = tools/watch.sh\n";
            ground.environment.write(".git/config", config);
            ground.environment.write("tools/watch.sh", "true\n");
        },
        calls: &[
            (
                "write_file",
                r#"{"path": "tools/hooks/pre-commit", "content": "x"}"#,
            ),
            ("delete_file", r#"{"path": "tools/watch.sh"}"#),
            (
                "move_file",
                r#"{"from": "notes.txt", "to": "tools/hooks/pre-push"}"#,
            ),
        ],
    },
];

/// With the network open, what is not known to only read may go out.
const NETWORK: &[Row] = &[Row {
    name: "programs with an open network",
    modes: &[&["--auto-edit", "--network"]],
    prepare: as_it_is,
    calls: &[
        (
            "run_command",
            r#"{"command": "python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {tcp}), 2)'"}"#,
        ),
        ("run_command", r#"{"command": "make"}"#),
        (
            "run_command",
            r#"{"command": "exec 3<>/dev/t''cp/127.0.0.1/{tcp}"}"#,
        ),
    ],
}];

#[test]
fn with_the_network_open_what_is_not_known_is_asked_about() {
    let sessions = play_all(NETWORK, |row, flags, done| {
        for made in done.calls() {
            assert!(made.ends_with(" denied"), "{} {flags:?}: {done}", row.name);
        }
    });
    assert_eq!(sessions, 1);
}

#[test]
fn what_reads_runs_and_what_does_more_is_asked() {
    let read = play_all(READING, |row, flags, done| {
        for made in done.calls() {
            assert_eq!(made, "run_command done", "{} {flags:?}: {done}", row.name);
        }
    });
    let asked = play_all(ASKED, |row, flags, done| {
        for made in done.calls() {
            assert!(is_harmless(&made), "{} {flags:?}: {done}", row.name);
        }
    });
    assert_eq!(read + asked, 7);
    let git = play_all(GIT, |row, flags, done| {
        for made in done.calls() {
            assert!(made.ends_with(" denied"), "{} {flags:?}: {done}", row.name);
        }
    });
    assert_eq!(git, 8);
}

#[test]
fn commands_do_no_harm_where_they_run() {
    // Without confinement `--auto-approve` lets them run: that is what it says at the start.
    if !is_full("commands_do_no_harm_where_they_run") {
        return;
    }
    let sessions = play_all(ROWS, |_, _, _| {});
    assert!(sessions >= 11, "{sessions} sessions");
}
