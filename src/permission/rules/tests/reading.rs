//! Rule files: errors are reported, and a repository can only make things stricter.

use super::*;
use crate::jail::Jail;

/// Files of rules, and a part of the problem of each.
const WRONG: &[(&str, &str)] = &[
    (
        "\n[[dney]]\nread = 'a'",
        "2: there is no key `dney`; did you mean `deny`?",
    ),
    (
        "[[deny]]\nwrte = 'a'",
        "2: there is no key `wrte`; did you mean `write`?",
    ),
    (
        "[[deny]]\nread = 'a'\nexample = ['a']",
        "3: there is no key `example`; did you mean `examples`?",
    ),
    (
        "OLLAMA_MODEL = 'x'",
        "1: there is no key `OLLAMA_MODEL`; there are `deny`, `ask`, `allow`, `workspaces`, `check`",
    ),
    ("deny = 'x'", "1: `deny` must be a table"),
    ("deny = ['x']", "1: every entry of `deny` must be a table"),
    (
        "[[deny]]\nread = 1",
        "2: `deny read = 1` is not valid: it must be a string",
    ),
    ("[[deny]]\nread = []", "2: `deny read` is empty"),
    ("[[deny]]\nexamples = ['a']", "2: this `deny` is empty"),
    ("[[deny]]\nread = ''", "it must not be empty"),
    ("[[deny]]\nread = '../a'", "write it without `..`"),
    (
        "[[deny]]\nread = '~you/a'",
        "`~/` works only if `HOME` is set",
    ),
    (
        "[[deny]]\nread = 'a[b'",
        "2: `deny read = 'a[b'` is not valid: ",
    ),
    ("[[deny]]\ncommand = 'a; b'", "one plain command"),
    (
        "[[deny]]\ncommand = 'npm run test:*'",
        "`*` stands for a whole word, not a part of `test:*`",
    ),
    (
        "[[deny]]\ncommand = 'a ... b'",
        "`...` may stand only at the end",
    ),
    ("[[allow]]\ncommand = '...'", "name its program"),
    (
        "[[deny]]\nread = 'a'\ncommand = 'b'\nexamples = ['a']",
        "4: `examples` need a table with one kind",
    ),
    (
        "[[deny]]\nread = 'a/*'\nexamples = ['a/b', 'b']",
        "3: the rule `deny read = 'a/*'` (config.toml:2) does not match its example `b`",
    ),
    (
        "[[allow]]\nread = 'a/*'\nexamples = ['A/b']",
        "does not match its example `A/b`",
    ),
    (
        "[[allow]]\nread = '~/a/*'\ncounterexamples = ['~/a/b']",
        "matches its counterexample `~/a/b`",
    ),
    (
        "[[allow]]\ncommand = 'make'\nexamples = ['ls']",
        "does not match its example `ls`",
    ),
    ("xy = 1", "1: there is no key `xy`; there are"),
    (
        "[[allow]]\ncommand = 'make ...'\nexamples = ['make a; b']",
        "does not match its example",
    ),
    (
        "[[deny]]\ncommand = 'rm'\ncounterexamples = ['sudo rm x']",
        "matches its counterexample",
    ),
    (
        "[workspaces]\nshop = 'code'",
        "2: entries of `workspaces` look like",
    ),
    (
        "[workspaces]\nshop = 1",
        "2: entries of `workspaces` look like",
    ),
    ("a = \n", "1: not valid TOML: "),
    ("[[deny]]\nread = 'a'\nread = 'b'", "3: not valid TOML: "),
];

#[test]
fn what_is_wrong_is_named() {
    for &(text, expected) in WRONG {
        let (_, problems) = parsed(text);
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{text}: {problems:?}"
        );
    }
    let (user, problems) = parsed(
        "[workspaces]\nshop = '~/code/shop'\n[[deny]]\nread = ['a/b', '/c/d']\nexamples = ['a/b', '/c/d/e']\ncounterexamples = ['c/d', '/a/b']",
    );
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(user.workspaces["shop"], Path::new("/nowhere/me/code/shop"));
}

#[test]
fn rules_of_an_earlier_version_mean_what_they_meant() {
    let rules = rules(include_str!("../../../../tests/it/fixtures/rules.toml"));
    for (words, expected) in [
        ("read payroll/may", "----"),
        ("read x/key.p12", "----"),
        ("run git push", "----"),
        ("run npm publish", "----"),
        ("write migrations/1.sql", "??+-"),
        ("read /nowhere/me/notes/a", "++++"),
        ("read /nowhere/me/other", "----"),
    ] {
        assert_eq!(row(&rules, words), expected, "{words}");
    }
    assert!(row(&rules, "run cargo test --lib").starts_with("+++"));
    assert!(rules.opens_network("cargo fetch --locked", false));
    assert!(rules.hides("payroll/may") && !rules.hides("src/a.rs"));
}

#[test]
fn a_file_that_cannot_be_read_is_no_absent_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let read = |path: &Path| UserRules::read(path, Some(Path::new("/nowhere/me")));
    assert!(read(&path).unwrap().rules.is_empty());
    fs::write(&path, b"[[deny]]\nread = '\xff'").unwrap();
    assert!(matches!(read(&path), Err(RulesError::Unreadable { .. })));
    assert!(matches!(
        read(folder.path()),
        Err(RulesError::Unreadable { .. })
    ));
    fs::write(&path, "[[alow]]\nread = 'x'").unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("config.toml:1: there is no key `alow`; did you mean `allow`?"),
        "{error}"
    );
    fs::write(&path, " ".repeat(300 << 10)).unwrap();
    assert!(matches!(read(&path), Err(RulesError::Unreadable { .. })));
    #[cfg(unix)]
    {
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(matches!(read(&link), Err(RulesError::Unreadable { .. })));
    }
}

#[test]
fn a_repository_only_tightens() {
    let folder = tempfile::tempdir().unwrap();
    let jail = Jail::open(folder.path()).unwrap();
    let own = folder.path().join(".ollacode");
    assert!(RepositoryRules::read(&jail).warning.is_none());
    fs::create_dir(&own).unwrap();
    let text = "OLLAMA_HOST = 'http://evil'\nexclude = ['dist/', 3, '/etc']\n[[deny]]\nwrite = 'a/**'\n\
                examples = ['never checked']\n[[ask]]\ncommand = 'make'\nread = '/etc/**'\n\
                [[allow]]\nwrite = '**'\ncommand = 'sh ...'\nnetwork = '...'\n";
    fs::write(own.join("config.toml"), text).unwrap();
    let found = RepositoryRules::read(&jail);
    let warning = found.warning.clone().unwrap();
    for named in [
        "a repository cannot set `OLLAMA_HOST`",
        "a repository cannot set `allow`",
        "line 2",
        "`ask read = '/etc/**'`",
    ] {
        assert!(warning.contains(named), "{warning}");
    }
    assert_eq!(found.exclude, ["dist/"]);
    assert!(!warning.contains('\n'));
    let rules = Rules::new(jail.root(), &UserRules::default(), found);
    for (words, expected) in [
        ("write a/b", "----"),
        ("write b", "?++-"),
        ("run make", "??+-"),
        ("run sh x", "r++r"),
    ] {
        assert_eq!(row(&rules, words), expected, "{words}");
    }
    // What is broken does not take the rest with it.
    let broken =
        RepositoryRules::parse("[[deny]]\nwrite = 'a/**'\n[[ask]\nx = = 1\n[[deny]]\nread = 'b'\n");
    assert!(broken.warning.is_some());
    let rules = Rules::new(Path::new("/w"), &UserRules::default(), broken);
    assert_eq!(row(&rules, "write a/b"), "----");
    fs::write(own.join("config.toml"), vec![b'#'; 300 << 10]).unwrap();
    assert!(
        RepositoryRules::read(&jail)
            .warning
            .unwrap()
            .contains("larger")
    );
}
