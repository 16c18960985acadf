//! Secrets are never shown, and one that others can read is a warning.

use super::*;

#[test]
fn secrets_are_never_shown() {
    let home = Home::with_file("OLLAMA_API_KEY=sesame\n");
    let settings = home.settings(&[]);
    assert_eq!(
        settings
            .ollama_api_key
            .as_ref()
            .map(ToString::to_string)
            .as_deref(),
        Some("***")
    );
    assert!(!shown(&settings).contains("sesame"));
    let environment = home.environment(&[("OLLAMA_API_KEY", "sesame")]);
    assert!(!format!("{environment:?}").contains("sesame"));
    let broken = [
        ("OLLAMA_API_KEY=\"sesame\\nopen\"", "OLLAMA_API_KEY"),
        ("OLLAMA_API_KEY='sesame", ".env:1"),
        ("OLLAMA_API_KEY: sesame", ".env:1"),
        ("OLLAMA_HOST=http://me:sesame@gpu", "OLLAMA_HOST"),
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
