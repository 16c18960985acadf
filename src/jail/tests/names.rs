//! Which file a path means, and which paths are invalid.

use super::*;

#[test]
fn paths_are_read_as_they_are_meant() {
    let world = World::new();
    let root = world.jail.root().to_str().expect("a plain path").to_owned();
    let long = "n".repeat(255);
    for (given, wanted) in [
        (".", "."),
        ("./", "."),
        ("./.", "."),
        ("src", "src"),
        ("src/", "src"),
        ("src//", "src"),
        ("./src/main.rs", "src/main.rs"),
        ("././src/./main.rs", "src/main.rs"),
        ("src//main.rs", "src/main.rs"),
        ("src/main.rs/", "src/main.rs"),
        ("src/main.rs/.", "src/main.rs"),
        ("src/../src/main.rs", "src/main.rs"),
        ("src/..", "."),
        ("a/b/../../c", "c"),
        ("a/../b/../c", "c"),
        ("Src/Main.rs", "Src/Main.rs"),
        ("SRC/MAIN.RS", "SRC/MAIN.RS"),
        ("...", "..."),
        ("..a", "..a"),
        ("a..", "a.."),
        ("a../b", "a../b"),
        (".../x", ".../x"),
        ("src/main.rs.", "src/main.rs."),
        ("src/main.rs ", "src/main.rs "),
        (" src", " src"),
        ("-rf", "-rf"),
        ("a b/c d.txt", "a b/c d.txt"),
        ("日本/한국.rs", "日本/한국.rs"),
        ("a~", "a~"),
        ("src/~x", "src/~x"),
        ("$HOME/x", "$HOME/x"),
        ("%2e%2e/x", "%2e%2e/x"),
        ("a\\..\\b", "a\\..\\b"),
        ("C:x", "C:x"),
        (long.as_str(), long.as_str()),
    ] {
        assert_eq!(world.path(given).as_str(), wanted, "{given:?}");
    }
    for (given, wanted) in [
        ("", "."),
        ("/", "."),
        ("/src/main.rs", "src/main.rs"),
        ("//src///main.rs", "src/main.rs"),
        ("/./src/../src", "src"),
        ("/.", "."),
    ] {
        let given = format!("{root}{given}");
        assert_eq!(world.path(&given).as_str(), wanted, "{given:?}");
    }
}

#[test]
fn paths_that_lead_out_are_refused() {
    let world = World::new();
    let root = world.jail.root().to_str().expect("a plain path").to_owned();
    let name = world.jail.root().file_name().expect("a name");
    let name = name.to_str().expect("a plain name");
    for given in [
        "..".to_owned(),
        "../".to_owned(),
        "../..".to_owned(),
        "../evil/secret".to_owned(),
        "./../evil/secret".to_owned(),
        "src/../../evil/secret".to_owned(),
        "a/b/../../../evil/secret".to_owned(),
        "../root-evil/secret".to_owned(),
        format!("../{name}/src/main.rs"),
        "/".to_owned(),
        "/etc/passwd".to_owned(),
        "//etc/passwd".to_owned(),
        "/proc/self/environ".to_owned(),
        format!("{root}-evil/secret"),
        format!("{root}/../evil/secret"),
        format!("{root}/../{name}-evil/secret"),
        format!("{root}/src/../../evil/secret"),
        format!("{root}/../{name}/src/main.rs"),
        format!("{}x", root),
        root[..root.len() - 1].to_owned(),
        root.to_uppercase(),
    ] {
        let error = world.jail.path(&given).expect_err(&given);
        assert!(matches!(error, JailError::Outside(_)), "{given:?}: {error}");
        assert!(error.to_string().contains(&given), "{error}");
    }
}

#[test]
fn what_is_no_path_is_refused() {
    let world = World::new();
    let long = "n".repeat(256);
    let deep = "d/".repeat(2500);
    for given in [
        "",
        " ",
        "\t",
        "a\0b",
        "src/main.rs\0.txt",
        "a\nb",
        "src/main.rs\n",
        "a\rb",
        "a\tb",
        "a\u{1b}[2Jb",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{2028}b",
        "~",
        "~/x",
        "~root/.ssh/id_rsa",
        "./~/x",
        "src/../~x",
        long.as_str(),
        deep.as_str(),
    ] {
        let error = world.jail.path(given).expect_err(given);
        assert!(matches!(error, JailError::BadPath(_)), "{given:?}: {error}");
        let message = error.to_string();
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(message.len() < 2_000, "{} bytes", message.len());
    }
}
