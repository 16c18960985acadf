//! Secrets are never shown; files that other users can read or write.

use super::*;

#[test]
fn secrets_are_never_shown() {
    let home = Home::with_file("OLLAMA_API_KEY=sesame\n");
    let settings = home.settings(&[]);
    assert_eq!(
        settings.server.key.as_ref().map(ToString::to_string),
        Some("***".to_owned())
    );
    assert!(!shown(&settings).contains("sesame"));
    let environment = home.environment(&[("OLLAMA_API_KEY", "sesame")]);
    assert!(!format!("{environment:?}").contains("sesame"));
    let secret = "OLLACODE_SHARED_CACHE_KEY=sesame, open your door\n";
    let settings = Home::with_file(secret).settings(&[]);
    assert!(settings.shared_cache.secret.is_some());
    assert!(!shown(&settings).contains("sesame"));
    let broken = [
        (
            "OLLACODE_SHARED_CACHE_KEY=sesame",
            "OLLACODE_SHARED_CACHE_KEY",
        ),
        (
            "OLLACODE_SHARED_CACHE=s3://me:sesame@team",
            "OLLACODE_SHARED_CACHE",
        ),
        ("OLLAMA_API_KEY=\"sesame\\nopen\"", "OLLAMA_API_KEY"),
        ("OLLAMA_API_KEY='sesame", ".env:1"),
        ("OLLAMA_API_KEY: sesame", ".env:1"),
        ("OLLAMA_HOST=http://me:sesame@gpu", "OLLAMA_HOST"),
        ("OLLACODE_SERVER=http://me:sesame@gpu", "OLLACODE_SERVER"),
        (
            "OLLACODE_SERVER_KEY=\"sesame\\nopen\"",
            "OLLACODE_SERVER_KEY",
        ),
    ];
    for (content, expected) in broken {
        let outcome = Home::with_file(content).load(&Flags::default(), &[]);
        let error = outcome.expect_err("something is wrong");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(
            !format!("{error} {error:?}").contains("sesame"),
            "{error:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_a_warning() {
    let cases = [
        ("OLLAMA_API_KEY=sesame\n", 0o644, 1),
        ("OLLAMA_API_KEY=sesame\n", 0o640, 1),
        ("OLLAMA_API_KEY=sesame\n", 0o600, 0),
        ("OLLAMA_API_KEY=\n", 0o644, 0),
        (
            "OLLACODE_SHARED_CACHE_KEY=sesame, open your door\n",
            0o644,
            1,
        ),
        ("OLLAMA_HOST=gpu\n", 0o644, 0),
    ];
    for (content, mode, expected) in cases {
        let home = Home::with_file(content);
        set_mode(&home.path.join(".config/ollacode/.env"), mode);
        let warnings = home.settings(&[]).warnings;
        assert_eq!(warnings.len(), expected, "{content} {mode:o}: {warnings:?}");
        assert!(
            warnings.iter().all(|warning| warning.contains("chmod 600")),
            "{warnings:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn what_others_can_write_is_not_obeyed() {
    for (file, content) in [
        (".config/ollacode/.env", "OLLACODE_RAG=false\n"),
        (
            ".config/ollacode/config.toml",
            "[workspaces]\nshop = '~/shop'\n",
        ),
    ] {
        for (mode, is_obeyed) in [(0o600, true), (0o644, true), (0o622, false), (0o666, false)] {
            let home = Home::new();
            home.write(file, content);
            set_mode(&home.path.join(file), mode);
            let loaded = home.load(&Flags::default(), &[]);
            assert_eq!(loaded.is_ok(), is_obeyed, "{file} {mode:o}");
            if !is_obeyed {
                let expected = format!(
                    "refusing to read settings from ~/{file}: other users can write to it; \
                     fix it with `chmod go-w '~/{file}'`"
                );
                assert_eq!(home.error(&[]), expected);
            }
        }
        let home = Home::new();
        home.write(file, content);
        set_mode(&home.path.join(".config/ollacode"), 0o777);
        assert!(
            home.error(&[])
                .contains("settings from ~/.config/ollacode: other users")
        );
        // The target of a link is checked, too.
        let home = Home::new();
        home.write("dotfiles/theirs", content);
        set_mode(&home.path.join("dotfiles/theirs"), 0o666);
        home.write(".config/ollacode/other", "");
        let link = home.path.join(file);
        std::os::unix::fs::symlink(home.path.join("dotfiles/theirs"), link).expect("a link");
        assert!(
            home.error(&[])
                .contains("settings from ~/dotfiles/theirs: other users")
        );
    }
}

#[test]
fn a_mistyped_setting_in_the_environment_is_a_warning() {
    let warnings = Home::new()
        .settings(&[("OLLACODE_SANBOX", "sesame")])
        .warnings;
    assert_eq!(
        warnings,
        [
            "environment variable `OLLACODE_SANBOX` is not a setting of ollacode and has no effect; \
             did you mean `OLLACODE_SANDBOX`?"
        ]
    );
}
