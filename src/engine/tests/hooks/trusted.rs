//! Hooks of a repository: never before they are trusted, and not after a change.

use super::*;
use crate::hooks::repository::content;
use crate::trust::{TrustKind, TrustStore};

const CANARY: &str = "canary.txt";

/// A workspace whose repository has a hook, and the file of what is trusted.
fn brought(script: Vec<Line>, on: &str) -> (Lab, TrustStore) {
    let mut lab = Lab::new(script);
    let trust = TrustStore::new(lab.root.with_file_name("trusted.json"));
    fs::write(lab.root.join("hook.sh"), format!("echo ran >> {CANARY}\n")).expect("a file");
    lab.engine = lab.engine.with_hooks(HookSetup {
        repository: hooks(&hook(on, "", "sh hook.sh")),
        trust: Some(trust.clone()),
        ..HookSetup::default()
    });
    (lab, trust)
}

/// Trusts the hook as it is now.
fn trust(lab: &Lab, store: &TrustStore, on: &str) {
    let jail = &lab.engine.context.jail;
    let now = content(jail, &hooks(&hook(on, "", "sh hook.sh"))).expect("a content");
    assert_eq!(now.files, [("hook.sh".to_owned(), 1)]);
    let trusted = store.trust(TrustKind::Hooks, jail.root(), now.bytes());
    trusted.expect("written");
}

#[tokio::test]
async fn an_untrusted_hook_never_runs_and_is_mentioned_once() {
    for on in ["session_start", "before_tool", "after_tool", "turn_end"] {
        let script = vec![read("main.rs"), text("It greets."), text("It does.")];
        let (mut lab, _) = brought(script, on);
        let (_, events) = lab.ask("What does it do?").await;
        assert_eq!(outcomes(&events), [ToolOutcome::Done]);
        let said = notices(&events);
        assert_eq!(said.len(), 1, "{on}: {said:?}");
        assert!(
            said[0].contains("brings a hook in `.ollacode/config.toml`"),
            "{said:?}"
        );
        let (_, events) = lab.ask("Really?").await;
        assert_eq!(notices(&events), Vec::<&str>::new());
        assert!(!lab.root.join(CANARY).exists(), "{on}");
        // Nor is it mentioned again in another session, as long as it is the same.
        lab.model.script.lock().push_back(text("It does indeed."));
        let setup = lab.engine.hooks.setup();
        lab.engine = lab.engine.with_hooks(setup);
        let (_, events) = lab.ask("Are you sure?").await;
        assert_eq!(notices(&events), Vec::<&str>::new());
        assert_eq!(ran(&lab), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_trusted_hook_runs_until_it_or_its_script_changes() {
    let script = vec![
        read("main.rs"),
        text("It greets."),
        read("main.rs"),
        text("It may not be read."),
        read("main.rs"),
        text("It greets again."),
    ];
    let (mut lab, store) = brought(script, "before_tool");
    trust(&lab, &store, "before_tool");
    let (_, events) = lab.ask("What does it do?").await;
    assert_eq!(notices(&events), Vec::<&str>::new());
    assert_eq!(lab.file(CANARY), "ran\n");
    // A guard that is another one does not guard: nothing happens without it.
    fs::write(
        lab.root.join("hook.sh"),
        format!("echo other >> {CANARY}\n"),
    )
    .expect("a file");
    let (_, events) = lab.ask("And now?").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Denied]);
    let result = lab.results().pop().unwrap_or_default();
    assert!(result.contains("not what was trusted any more"), "{result}");
    assert_eq!(lab.file(CANARY), "ran\n");
    trust(&lab, &store, "before_tool");
    let (_, events) = lab.ask("And now?").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(lab.file(CANARY), "ran\nother\n");
}

#[tokio::test]
async fn trust_in_another_folder_is_no_trust_here() {
    let (mut lab, store) = brought(vec![read("main.rs"), text("It greets.")], "before_tool");
    let jail = &lab.engine.context.jail;
    let now = content(jail, &hooks(&hook("before_tool", "", "sh hook.sh"))).expect("a content");
    let elsewhere = std::path::Path::new("/elsewhere");
    store
        .trust(TrustKind::Hooks, elsewhere, now.bytes())
        .expect("written");
    store
        .trust(TrustKind::McpServers, jail.root(), now.bytes())
        .expect("written");
    lab.ask("What does it do?").await;
    assert!(!lab.root.join(CANARY).exists());
}

#[tokio::test]
async fn the_users_own_hooks_come_first_and_need_no_trust() {
    let script = vec![read("main.rs"), text("It greets.")];
    let (mut lab, store) = brought(script, "after_tool");
    trust(&lab, &store, "after_tool");
    let mut setup = lab.engine.hooks.setup();
    setup.own = hooks(&hook("after_tool", "", &format!("echo own >> {CANARY}")));
    lab.engine = lab.engine.with_hooks(setup);
    lab.ask("What does it do?").await;
    assert_eq!(lab.file(CANARY), "own\nran\n");
}
