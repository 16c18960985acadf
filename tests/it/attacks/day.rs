//! A working day: forty commands and the edits between them, in `--auto-edit`.

use super::*;

/// What a day asks about at most.
const MOST_ASKED: usize = 3;

const COMMANDS: &[&str] = &[
    "git status",
    "git log --oneline -5",
    "git branch -a",
    "ls -la",
    "cat README.md",
    "rg -n total",
    "grep -rn 'def ' src tests",
    "find . -name '*.py' | wc -l",
    "python3 -m unittest discover -s tests",
    "sed -n 1,20p src/shop.py",
    "head -n 5 tests/test_shop.py",
    "git diff",
    "python3 -m unittest discover -s tests 2>&1 | tail -5",
    "python3 -c 'import sys; print(sys.version)'",
    "make build",
    "make test",
    "make test | tail -3",
    "cat build/out.txt",
    "wc -l src/*.py",
    "git diff --stat",
    "git status --short",
    "for f in src/*.py; do python3 -m py_compile $f; done",
    "mkdir -p build/reports && date > build/reports/today.txt",
    "perl -ne 'print if /total/' src/shop.py",
    "awk '/def/ {print $2}' src/shop.py",
    "sort src/shop.py | uniq -c | sort -rn | head -3",
    "sed -i 's/colour/color/' README.md",
    "cp src/shop.py build/shop.py.bak",
    "diff src/shop.py build/shop.py.bak && echo same",
    "rm -f build/shop.py.bak",
    "tar czf build/src.tar.gz src && tar tzf build/src.tar.gz",
    "env | sort | head -3",
    "echo 'TODO: tidy' >> notes.txt",
    "cd src && ls && python3 shop.py",
    "sh check.sh",
    "time python3 src/shop.py",
    "git show --stat HEAD",
    "git blame src/shop.py | head -2",
    "git add -A",
    "git commit -q -m 'Add the tax'",
];

const SHOP: &str = "def total(prices):\n    return sum(prices)\n\n\nif __name__ == '__main__':\n    print(total([1, 2]))\n";
const TESTS: &str = "import sys\nimport unittest\n\nsys.path.insert(0, 'src')\nfrom shop import total\n\n\n\
    class Total(unittest.TestCase):\n    def test_total(self):\n        self.assertEqual(total([1, 2]), 3)\n";
const MAKEFILE: &str = "build:\n\tmkdir -p build\n\techo built > build/out.txt\n\n\
    test:\n\tpython3 -m unittest discover -s tests\n\n.PHONY: build test\n";

fn shop() -> Environment {
    let environment = Environment::new();
    for (path, text) in [
        ("README.md", "# Shop\n\nIts colour is blue.\n"),
        ("src/shop.py", SHOP),
        ("tests/test_shop.py", TESTS),
        ("Makefile", MAKEFILE),
        ("check.sh", "test -f src/shop.py && echo fine\n"),
        ("notes.txt", "Notes.\n"),
        (".gitignore", "build\n__pycache__\n"),
    ] {
        environment.write(path, text);
    }
    environment.git(&["init", "-q", "-b", "main"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-q", "-m", "begin"]);
    environment
}

#[test]
fn a_working_day_asks_three_times_at_most() {
    if !is_full("a_working_day_asks_three_times_at_most") {
        return;
    }
    assert_eq!(COMMANDS.len(), 40);
    let run = |command: &&str| {
        let arguments = serde_json::json!({ "command": command });
        Reply::text("").call("run_command", arguments)
    };
    let mut script: Vec<Reply> = COMMANDS.iter().map(run).collect();
    for (at, replace) in [
        (30, "    tax = 2"),
        (20, "    # Prices with tax."),
        (10, "    # Sums."),
    ] {
        let arguments = serde_json::json!({
            "path": "src/shop.py", "search": "    return", "replace": format!("{replace}\n    return"),
        });
        script.insert(at, Reply::text("").call("edit_file", arguments));
        let read = serde_json::json!({"path": "src/shop.py"});
        script.insert(at, Reply::text("").call("read_file", read));
    }
    script.push(Reply::text("That was a day."));
    let server = ChatServer::start(script);
    // Programs of the system: those of a home folder need the home that they were installed in. What
    // the program checks by itself is no command of the day.
    let environment = shop()
        .with("OLLACODE_CHECK", "off")
        .with("PATH", "/usr/local/bin:/usr/bin:/bin")
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    let arguments = [
        "chat",
        "--json",
        "--no-rag",
        "--auto-edit",
        "--max-steps",
        "60",
        "-p",
        "Work on the shop.",
    ];
    let output = environment.run(&arguments).expect_success();
    let done = Done {
        events: output.json_lines(),
        requests: server.requests(),
        output,
    };
    let made = done.calls();
    assert_eq!(made.len(), COMMANDS.len() + 6, "{done}");
    let ended = done
        .events
        .iter()
        .filter(|event| event["event"] == "tool_finished");
    let started = done
        .events
        .iter()
        .filter(|event| event["event"] == "tool_started");
    let asked: Vec<String> = started
        .zip(ended)
        .filter(|(_, end)| end["outcome"] == "denied")
        .map(|(start, _)| start["what"].to_string())
        .collect();
    assert!(asked.len() <= MOST_ASKED, "asked about {asked:#?}");
    let failed: Vec<&String> = made
        .iter()
        .filter(|call| call.ends_with(" failed"))
        .collect();
    assert!(failed.is_empty(), "{done}");
    let told = done.told();
    let fails = |text: &&&str| text.starts_with("exit code") && !text.starts_with("exit code 0,");
    let failing: Vec<&&str> = told.iter().filter(fails).collect();
    // Not every machine has each program.
    let missing = |text: &&&str| text.starts_with("exit code 127,");
    assert!(failing.iter().all(missing), "{failing:#?}");
}

/// A day of reading, which the unit tests of `permission` judge by its text alone.
const READING: &str = include_str!("reading.txt");

#[test]
fn a_day_of_reading_is_hardly_asked_about_in_ask_mode() {
    if !is_full("a_day_of_reading_is_hardly_asked_about_in_ask_mode") {
        return;
    }
    let mut environment = shop().with("PATH", "/usr/local/bin:/usr/bin:/bin");
    environment.write("package.json", "{\"name\": \"shop\", \"scripts\": {}}\n");
    let commands: Vec<&str> = READING.lines().collect();
    let before = tree(&environment.workspace(), &|_| true);
    let mut asked = Vec::new();
    for commands in commands.chunks(50) {
        let run = |command: &&str| {
            let arguments = serde_json::json!({"command": command, "timeout": 20});
            Reply::text("").call("run_command", arguments)
        };
        let mut script: Vec<Reply> = commands.iter().map(run).collect();
        script.push(Reply::text("That was read."));
        let server = ChatServer::start(script);
        environment = environment
            .with("OLLAMA_HOST", &server.uri())
            .with("OLLAMA_MODEL", CHAT_MODEL);
        let arguments = "chat --json --no-rag --max-steps 60 -p Read.".split(' ');
        let output = environment
            .run(&arguments.collect::<Vec<_>>())
            .expect_success();
        let done = Done {
            events: output.json_lines(),
            requests: server.requests(),
            output,
        };
        let made = done.calls();
        assert_eq!(made.len(), commands.len(), "{done}");
        let denied = commands
            .iter()
            .zip(&made)
            .filter(|(_, made)| made.ends_with(" denied"));
        asked.extend(denied.map(|(command, _)| *command));
    }
    assert!(
        asked.len() * 100 <= commands.len() * 3,
        "asked about {asked:#?}"
    );
    assert!(tree(&environment.workspace(), &|_| true) == before);
}
