use std::fs;

use proptest::prelude::*;

use super::file::parse_user;
use super::*;
use crate::jail::Jail;
use crate::permission::command::risk;
use crate::permission::permission;

const MODES: [Mode; 4] = [Mode::Ask, Mode::AutoEdit, Mode::AutoApprove, Mode::Plan];
const LEVELS: [Confinement; 3] = [Confinement::Full, Confinement::Landlock, Confinement::None];

fn parsed(text: &str) -> (UserRules, Vec<String>) {
    let home = Some(Path::new("/nowhere/me"));
    let (user, problems) = parse_user(text, &"config.toml", home);
    let problem = |problem: file::Problem| format!("{}: {}", problem.line, problem.what);
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
    }
}

/// An effect in words: `read a`, `secret .env`, `write a`, `hook a`, `run ls`.
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
            runs_later: Some("runs later"),
        },
        "run" => command(rest),
        _ => panic!("{words}"),
    }
}

fn strictness(permission: &Permission) -> usize {
    match permission {
        Permission::Allow => 0,
        Permission::Ask(_) => 1,
        Permission::Deny(_) => 2,
    }
}

/// What happens in the four modes at full confinement: `+` runs, `?` asks, `-` is denied.
fn row(rules: &Rules, words: &str) -> String {
    let effect = effect(words);
    let sign = |mode| permission(&effect, mode, Confinement::Full, rules);
    let signs = MODES.map(|mode| ["+", "?", "-"][strictness(&sign(mode))]);
    signs.concat()
}

#[test]
fn the_strictest_wins_in_every_mode() {
    for (text, cases) in [
        (
            "[[deny]]\nwrite = 'a/**'\n[[allow]]\nwrite = '**'",
            &[
                "write a/b ----",
                "write a ----",
                "write A/b ----",
                "write c +++-",
                "hook c +++-",
            ][..],
        ),
        (
            "[[ask]]\nread = 'a/'\n[[allow]]\nread = ['a/', '.env']",
            &[
                "read a/b ??+?",
                "secret a/.env ???-",
                "secret .env +++-",
                "secret b/.env +++-",
            ],
        ),
        (
            "[deny]\nread = '*.csv'\n[allow]\nread = '~/notes/**'\nwrite = '/nowhere/x/'",
            &[
                "read /nowhere/me/notes/a ++++",
                "read /nowhere/me/notes/a.csv ++++",
                "read deep/a.CSV ----",
                "read /nowhere/me/.bashrc ----",
                "read /nowhere/menotes/a ----",
                "write /nowhere/x/y +++-",
                "write /nowhere/x ----",
                "write /nowhere/me/notes/a ----",
                "run cat deep/a.csv ----",
                "run python x.py --in=./deep/../a.csv ----",
                "run cp src/a.csv b ----",
                "run rm ${PWD}/x/a.csv ----",
                "run x > $HOME/deep/a.csv ?++-",
                "run tee deep/*.csv/x ----",
            ],
        ),
        (
            "[[ask]]\nread = '/nowhere/me/notes/private/**'\n[[allow]]\nread = '~/notes/**'",
            &[
                "read /nowhere/me/notes/private/a ??+?",
                "read /nowhere/me/notes/b ++++",
            ],
        ),
        // Only what is allowed can be asked: the rule tightens.
        ("[[ask]]\nread = '/etc/**'", &["read /etc/hosts ----"]),
        (
            "[[deny]]\nwrite = '~/code/**'\n[[allow]]\nwrite = '/w/ab/*'",
            &[
                "write /nowhere/me/code/a ----",
                "write ab/c +++-",
                "write ab/c/d ?++-",
            ],
        ),
    ] {
        let rules = rules(text);
        for case in cases {
            let (words, expected) = case.rsplit_once(' ').unwrap();
            assert_eq!(row(&rules, words), expected, "{text}\n{words}");
        }
    }
}

#[test]
fn what_forbids_a_command_is_generous() {
    let rules =
        rules("[[deny]]\ncommand = ['git push', 'curl', [ 'rm', '-rf' ], 'docker * prune']");
    for text in "git push ¦ git push --force ¦ git -C /x push ¦ git -c a=b --no-pager push ¦ \
         git  push ¦ /usr/bin/git push ¦ 'git' push ¦ g\"i\"t push ¦ g\\it push ¦ \
         git pu''sh ¦ GIT push ¦ ls && git push ¦ ls; git push ¦ ls | git push ¦ \
         ls\ngit push ¦ git \\\n push ¦ (git push) ¦ { git push; } ¦ $(git push) ¦ \
         `git push` ¦ FOO=1 git push ¦ env git push ¦ sudo -E git push ¦ \
         timeout 5 git push ¦ bash -c 'git push' ¦ sh -c \"cd x; git push\" ¦ \
         xargs git push ¦ git push > out ¦ git push & ¦ git$IFS'push' ¦ git${IFS}push ¦ \
         npm exec -- git push ¦ git submodule foreach 'git push' ¦ \
         if true; then git push; fi ¦ curl ¦ curl x ¦ /opt/curl x ¦ curl.exe x ¦ \
         find . -exec curl x + ¦ echo $(curl x) ¦ {curl,x} ¦ rm -rf x ¦ \
         docker image prune ¦ docker system prune -a ¦ ls \u{1}; git push"
        .split(" ¦ ")
    {
        assert_eq!(row(&rules, &format!("run {text}")), "----", "{text:?}");
    }
    for text in "git status ¦ git log --grep push ¦ echo curl ¦ grep -n curl a.rs ¦ rm x ¦ \
         docker ps"
        .split(" ¦ ")
    {
        assert_ne!(row(&rules, &format!("run {text}")), "----", "{text:?}");
    }
    let versions = self::rules("[[deny]]\ncommand = 'python'");
    assert_eq!(row(&versions, "run python3.12 x.py"), "----");
    // Trying every way to pass over options would take for ever.
    let many = format!("git {} pull", "-a ".repeat(20_000));
    assert_ne!(row(&rules, &format!("run {many}")), "----");
}

#[test]
fn what_allows_a_command_is_strict() {
    let rules =
        rules("[[allow]]\ncommand = ['cargo test ...', 'make', 'npm run *', ['cat', '**']]");
    for text in "cargo test ¦ cargo test -- a ¦ make ¦ npm run x ¦ cat /etc/hosts ¦ \
         'cargo' test | tail -5 ¦ cargo test && make ¦ cargo test; echo done ¦ \
         npm run x || make"
        .split(" ¦ ")
    {
        assert_eq!(row(&rules, &format!("run {text}")), "+++-", "{text:?}");
    }
    for text in "cargo build ¦ make x ¦ npm run ¦ npm run x y ¦ ./make ¦ /bin/make ¦ MAKE ¦ \
         FOO=1 make ¦ make; rm x ¦ make && cat x | sh ¦ make > out ¦ make & ¦ make $(x) ¦ \
         make `x` ¦ (make) ¦ env make ¦ make\nmake ¦ make # x ¦ make ~ ¦ cargo -q test ¦ \
         make; git log ¦ make 2>&1 ¦ make; cd x ¦ make <<x ¦ make *"
        .split(" ¦ ")
    {
        let first = &row(&rules, &format!("run {text}"))[..1];
        assert_eq!(first, "?", "{text:?}");
    }
}

#[test]
fn the_network_is_opened_by_rules() {
    let rules = rules(
        "[allow]\nnetwork = 'cargo fetch ...'\n[ask]\nnetwork = 'npm'\n[deny]\nnetwork = 'pip'\n",
    );
    for (text, without, with_flag) in [
        ("cargo fetch", true, true),
        ("cargo fetch --locked", true, true),
        ("cargo fetch; x", false, true),
        ("npm ci", true, true),
        ("npm ci && cargo fetch", true, true),
        ("x; npm ci", false, true),
        ("sh -c 'npm ci'", false, true),
        ("make", false, true),
        ("pip download x", false, false),
        ("sh -c 'pip download x'", false, false),
    ] {
        assert_eq!(rules.opens_network(text, false), without, "{text}");
        assert_eq!(rules.opens_network(text, true), with_flag, "{text}");
    }
    assert_eq!(row(&rules, "run npm test"), "??+-");
    assert_eq!(row(&rules, "run pip check"), "?++-");
    assert!(rules.asks(&effect("run npm test")) && !rules.asks(&effect("run make")));
    let at = |level| permission(&command("pip check"), Mode::AutoApprove, level, &rules);
    let Permission::Deny(why) = at(Confinement::Landlock) else {
        panic!("nothing keeps it from the network");
    };
    assert_eq!(
        why,
        "the rule `deny network = 'pip'` (config.toml:6) forbids it"
    );
}

#[test]
fn searches_pass_over_what_is_kept() {
    let rules = rules(
        "[[deny]]\nread = ['a/b/**', '*.key']\n[[ask]]\nread = 'c/d.txt'\n[[allow]]\nread = '**'",
    );
    for (path, hidden) in [
        ("a/b/c", true),
        ("a/b", true),
        ("x/Y.KEY", true),
        ("c/d.txt", true),
        ("a/c", false),
    ] {
        assert_eq!(rules.hides(path), hidden, "{path}");
    }
    assert!(rules.may_hide_below("."));
    let rules = self::rules("[[deny]]\nread = 'a/b/**'\nwrite = 'c/**'");
    for (folder, maybe) in [
        (".", true),
        ("a", true),
        ("A/b/c", true),
        ("ab", false),
        ("a/bc", false),
        ("c", false),
    ] {
        assert_eq!(rules.may_hide_below(folder), maybe, "{folder}");
    }
    // A folder around what is kept.
    assert_eq!(row(&rules, "run rm -r a"), "??+-");
    assert_eq!(row(&rules, "run rm -r c/x"), "----");
    assert_eq!(row(&rules, "run ls a"), "++++");
    assert_eq!(row(&rules, "run cat c/x"), "++++");
}

#[test]
fn confinement_is_told_of_folders() {
    let rules = rules(
        "[deny]\nread = ['a/b/**', '~/x', 'any', '**/c/**', '~/a*/b']\nwrite = ['d/', '/w/e/f']\n\
         [allow]\nread = ['~/notes/**', '~/one', '~/*/two/']\nwrite = ['/nowhere/x/', '/']\n",
    );
    let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
    let expected = Mounts {
        readable: paths(&["/nowhere/me/notes"]),
        writable: paths(&["/nowhere/x"]),
        hidden: paths(&["/w/a/b", "/nowhere/me/x"]),
        unwritable: paths(&["/w/d", "/w/e/f"]),
    };
    assert_eq!(rules.mounts(), expected);
}

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in [
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
            "1: there is no key `OLLAMA_MODEL`; there are `deny`, `ask`, `allow`, `workspaces`",
        ),
        ("deny = 'x'", "1: `deny` is a table"),
        ("deny = ['x']", "1: `deny` holds tables only"),
        (
            "[[deny]]\nread = 1",
            "2: `deny read = 1` does not hold: it has to be a text",
        ),
        ("[[deny]]\nread = []", "2: `deny read` names nothing"),
        ("[[deny]]\nexamples = ['a']", "2: this `deny` names nothing"),
        ("[[deny]]\nread = ''", "it has to name something"),
        ("[[deny]]\nread = '../a'", "write it without `..`"),
        ("[[deny]]\nread = '~you/a'", "`~/` is your home folder"),
        (
            "[[deny]]\nread = 'a[b'",
            "2: `deny read = 'a[b'` does not hold: ",
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
            "3: the rule `deny read = 'a/*'` (config.toml:2) does not name its example `b`",
        ),
        (
            "[[allow]]\nread = 'a/*'\nexamples = ['A/b']",
            "does not name its example `A/b`",
        ),
        (
            "[[allow]]\nread = '~/a/*'\ncounterexamples = ['~/a/b']",
            "names its counterexample `~/a/b`",
        ),
        (
            "[[allow]]\ncommand = 'make'\nexamples = ['ls']",
            "does not name its example `ls`",
        ),
        ("xy = 1", "1: there is no key `xy`; there are"),
        (
            "[[allow]]\ncommand = 'make ...'\nexamples = ['make a; b']",
            "does not name its example",
        ),
        (
            "[[deny]]\ncommand = 'rm'\ncounterexamples = ['sudo rm x']",
            "names its counterexample",
        ),
        ("[workspaces]\nshop = 'code'", "2: `workspaces` holds"),
        ("[workspaces]\nshop = 1", "2: `workspaces` holds"),
        ("a = \n", "1: this is no TOML: "),
        ("[[deny]]\nread = 'a'\nread = 'b'", "3: this is no TOML: "),
    ] {
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

#[cfg(unix)]
#[test]
fn folders_that_are_links_have_two_names() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    fs::create_dir_all(top.join("real/notes")).unwrap();
    std::os::unix::fs::symlink("real", top.join("home")).unwrap();
    let text = "[deny]\nread = '~/notes/**'\n[allow]\nwrite = '~/notes/**'";
    let (user, problems) = parse_user(text, &"config.toml", Some(&top.join("home")));
    assert!(problems.is_empty());
    let rules = Rules::new(&top.join("real"), &user, RepositoryRules::default());
    assert_eq!(row(&rules, "read notes/a"), "----");
    assert_eq!(
        row(&rules, &format!("write {}/real/notes/a", top.display())),
        "+++-"
    );
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
        "`OLLAMA_HOST` is not for a repository",
        "`allow` is not for",
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
        ("run sh x", "?++-"),
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

/// Tables of rules, and effects that some of them name.
fn table() -> impl Strategy<Value = (&'static str, String)> {
    let path = "(a|b|\\*|\\*\\*|c\\.txt|/etc|/w/a|~|\\.env)(/(a|b|\\*|\\*\\*))?/?";
    let command = "(make|ls|git|sh)( (a|push|-x|\\*)){0,2}( \\.\\.\\.)?";
    let rule = prop_oneof![
        ("(read|write)", path).prop_map(|(kind, text)| format!("{kind} = '{text}'")),
        ("(command|network)", command).prop_map(|(kind, text)| format!("{kind} = '{text}'")),
    ];
    (prop_oneof![Just("deny"), Just("ask"), Just("allow")], rule)
}

fn joined(tables: &[(&str, String)]) -> String {
    let table = |(verdict, rule): &(&str, String)| format!("[[{verdict}]]\n{rule}\n");
    tables.iter().map(table).collect()
}

fn any_effect() -> impl Strategy<Value = String> {
    prop_oneof![
        "(read|write|secret|hook) (a|b|A|\\.env|c\\.txt)(/(a|b|c))?",
        "(read|write) /(etc|nowhere/me|tmp)(/(a|b))?",
        "run (make|ls|git|sh|cat)( (a|b/c|push|-x|/etc/a)){0,3}((; |\\| |\\$\\()(ls|git push|make\\)?))?",
    ]
}

/// How strict the rules are with an effect in each mode and at each level.
fn outcomes(text: &str, words: &str) -> Vec<usize> {
    let (rules, effect) = (rules(text), effect(words));
    let all = MODES
        .iter()
        .flat_map(|mode| LEVELS.iter().map(move |level| (*mode, *level)));
    all.map(|(mode, level)| strictness(&permission(&effect, mode, level, &rules)))
        .collect()
}

proptest! {
    #[test]
    fn order_makes_no_difference(
        tables in prop::collection::vec(table(), 0..6).prop_shuffle(),
        words in any_effect(),
    ) {
        let (tables, _): (Vec<_>, Vec<_>) = tables.into_iter()
            .partition(|table| parsed(&joined(std::slice::from_ref(table))).1.is_empty());
        let mut sorted = tables.clone();
        sorted.sort();
        prop_assert_eq!(outcomes(&joined(&tables), &words), outcomes(&joined(&sorted), &words));
    }

    #[test]
    fn what_forbids_never_loosens_and_what_allows_never_tightens(
        tables in prop::collection::vec(table(), 0..5),
        added in table(),
        words in any_effect(),
    ) {
        let holds = |table: &(&str, String)| parsed(&joined(std::slice::from_ref(table))).1.is_empty();
        prop_assume!(holds(&added));
        let mut tables: Vec<_> = tables.into_iter().filter(holds).collect();
        let before = outcomes(&joined(&tables), &words);
        let loosens = added.0 == "allow";
        tables.push(added);
        for (before, after) in before.into_iter().zip(outcomes(&joined(&tables), &words)) {
            let is_right = if loosens { after <= before } else { after >= before };
            prop_assert!(is_right);
            // Nothing lifts a denial, but that of what lies outside.
            prop_assert!(before < 2 || after == 2 || words.contains(" /"));
        }
    }

    #[test]
    fn any_bytes_are_taken(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        pieces in "(\\[\\[|\\]\\]|deny|allow|exclude|read|command|=|'|\"|\\[|\\]|,|\n| |\\*|\\.\\.\\.|\u{202e}|é|~|/){0,30}",
        words in any_effect(),
    ) {
        for text in [String::from_utf8_lossy(&bytes).into_owned(), pieces] {
            let (user, _) = parsed(&text);
            let repository = RepositoryRules::parse(&text);
            prop_assert!(repository.rules.iter().all(|rule| rule.verdict != Verdict::Allow));
            let rules = Rules::new(Path::new("/w"), &user, repository);
            let _ = permission(&effect(&words), Mode::Ask, Confinement::Full, &rules);
            let _ = permission(&command(&text), Mode::Ask, Confinement::Full, &rules);
        }
    }
}
