//! The strictest rule wins, for files and for the folders around them.

use super::*;

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
                "run x > $HOME/deep/a.csv r++r",
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
fn what_is_denied_is_told_by_its_paths_wherever_it_lies() {
    let rules = rules(
        "[deny]\nread = ['*.key', 'a/b.txt']\nwrite = ['/o/notes/priv/**', '/o/*/x.txt', 'docs/']\n\
         [ask]\nwrite = 'asked/'\n[allow]\nwrite = '/o/notes/**'\n",
    );
    let denied = |path: &str, reading| {
        let mut denied = rules.denied_paths();
        denied.any(|it| it.reading == reading && it.names(Path::new(path)))
    };
    for (path, read, write) in [
        ("/o/notes/priv", false, true),
        ("/o/notes/priv/a/b", false, true),
        ("/o/notes/Priv/a", false, true),
        ("/o/notes/private", false, false),
        ("/o/notes/a", false, false),
        ("/o/notes/x.txt", false, true),
        ("/w/docs/new/a.md", false, true),
        ("/w/deep/er/my.KEY", true, false),
        ("/o/my.key", false, false),
        ("/w/a/b.txt", true, false),
        ("/w/asked/a", false, false),
    ] {
        assert_eq!(denied(path, true), read, "reading {path}");
        assert_eq!(denied(path, false), write, "writing {path}");
    }
    let may_be_below = |folder: &str| {
        let mut denied = rules.denied_paths().filter(|it| !it.reading);
        denied.any(|it| it.may_be_below(Path::new(folder)))
    };
    assert!(may_be_below("/o/notes") && may_be_below("/o") && may_be_below("/w/docs/a"));
    assert!(!may_be_below("/other"));
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
