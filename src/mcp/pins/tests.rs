use std::time::Duration;

use serde_json::json;

use super::super::ServerTool;
use super::super::definitions::definitions;
use super::*;

fn server(name: &str, argv: &[&str]) -> McpServer {
    McpServer {
        name: name.to_owned(),
        transport: McpTransport::Command {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            env: Vec::new(),
            network: false,
        },
        expose: Vec::new(),
        timeout: Duration::from_secs(1),
    }
}

fn defined(tools: &[(&str, &str)]) -> Vec<Definition> {
    let tools = tools.iter().map(|(name, description)| ServerTool {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        schema: json!({"type": "object"}),
    });
    definitions(tools.collect()).0
}

fn store() -> (tempfile::TempDir, PinStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = PinStore::new(folder.path().join("data/mcp/pins.json"));
    (folder, store)
}

#[test]
fn what_was_seen_is_recognised_and_what_changed_stays_blocked_until_accepted() {
    let (_folder, store) = store();
    let id = ServerIdentity::of(&server("a", &["run"]), None);
    let compare = |tools: &[(&str, &str)]| {
        let states = store.compare(&id, "a", &defined(tools));
        states.expect("a file that can be written")
    };
    let same = |is_shown| PinState::Same { is_shown };
    let before = Box::new(defined(&[("x", "one")]).remove(0));
    let changed = PinState::Changed { before };

    assert_eq!(compare(&[("x", "one")]), [PinState::New]);
    assert_eq!(
        compare(&[("x", "one"), ("y", "")]),
        [same(false), PinState::New]
    );
    assert_eq!(compare(&[("x", "two")]).first(), Some(&changed));
    // It is not enough to give it again, nor to have no such tool meanwhile.
    assert!(compare(&[]).is_empty());
    assert_eq!(
        compare(&[("x", "two"), ("z", "")]),
        [changed, PinState::New]
    );
    store
        .note_shown(&id, "a", &defined(&[("x", "two")])[0])
        .expect("written");
    assert_eq!(compare(&[("x", "one")]), [same(false)], "another was shown");
    store
        .note_shown(&id, "a", &defined(&[("x", "one")])[0])
        .expect("written");
    assert_eq!(compare(&[("x", "one")]), [same(true)]);
    store
        .accept(&id, "a", &defined(&[("x", "two")])[0])
        .expect("written");
    assert_eq!(compare(&[("x", "two")]), [same(true)]);
    assert!(matches!(
        compare(&[("x", "one")])[..],
        [PinState::Changed { .. }]
    ));
    let pinned = store.pinned(&id).expect("a file");
    let names: Vec<&str> = pinned.keys().map(String::as_str).collect();
    assert_eq!(names, ["x", "y", "z"]);
}

#[test]
fn another_command_name_or_folder_is_another_server() {
    let first = ServerIdentity::of(&server("a", &["run", "x"]), None);
    for other in [
        ServerIdentity::of(&server("b", &["run", "x"]), None),
        ServerIdentity::of(&server("a", &["run", "y"]), None),
        ServerIdentity::of(&server("a", &["run x"]), None),
        ServerIdentity::of(&server("a", &["run", "x"]), Some(Path::new("/w"))),
    ] {
        assert_ne!(first, other);
    }
    let (_folder, store) = store();
    let tools = defined(&[("x", "one")]);
    store.compare(&first, "a", &tools).expect("written");
    let other = ServerIdentity::of(&server("a", &["run", "y"]), None);
    let states = store.compare(&other, "a", &tools).expect("written");
    assert_eq!(states, [PinState::New]);
}

#[test]
fn a_damaged_file_is_named_and_stays() {
    let (_folder, store) = store();
    let id = ServerIdentity::of(&server("a", &["run"]), None);
    let definitions = defined(&[("x", "")]);
    store.compare(&id, "a", &definitions).expect("written");
    let path = store.file.path();
    std::fs::write(path, "{").expect("written");
    let error = store.compare(&id, "a", &definitions);
    let error = error.expect_err("a damaged file").to_string();
    assert!(error.contains("is damaged"), "{error}");
    assert!(error.contains("`ollacode mcp list`"), "{error}");
    assert!(store.accept(&id, "a", &definitions[0]).is_err());
    assert_eq!(std::fs::read_to_string(path).expect("a file"), "{");
}

#[test]
fn there_are_not_ever_more_servers() {
    let (_folder, store) = store();
    let id = |at: usize| ServerIdentity(format!("{at}"));
    let changed = store.file.change(|file: &mut PinFile| {
        for at in 0..MOST_SERVERS + 3 {
            let pin = Pin {
                definition: defined(&[("x", "")]).remove(0),
                is_shown: true,
            };
            file.server(&id(at), "a").insert("x".to_owned(), pin);
        }
        Some(())
    });
    changed.expect("written");
    let known = |at| !store.pinned(&id(at)).expect("a file").is_empty();
    assert!(!known(0) && !known(2) && known(3) && known(MOST_SERVERS + 2));
}

#[test]
fn a_server_that_makes_up_ever_more_tools_harms_no_other() {
    let (_folder, store) = store();
    let of = |name: &str| ServerIdentity::of(&server(name, &["run"]), None);
    let tools = |from: usize| {
        let names: Vec<String> = (from..from + 900).map(|at| format!("t{at}")).collect();
        let tools: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        store.compare(&of("a"), "a", &defined(&tools))
    };
    assert!(tools(0).is_ok() && tools(900).is_ok());
    let before = std::fs::read(store.file.path()).expect("a file");
    let error = tools(1_800).expect_err("too many").to_string();
    assert!(error.contains("`a` makes up ever more tools"), "{error}");
    assert_eq!(std::fs::read(store.file.path()).expect("a file"), before);
    // What it had before is known, and others go on.
    let known = PinState::Same { is_shown: false };
    assert_eq!(tools(0).expect("known").first(), Some(&known));
    let other = store.compare(&of("b"), "b", &defined(&[("x", "")]));
    assert_eq!(other.expect("written"), [PinState::New]);
    // It is the same with a few large ones.
    let long = "x".repeat(2_000);
    let mut sizes = (0..9).map(|round| {
        let names: Vec<String> = (0..200).map(|at| format!("{round}_{at}")).collect();
        let schema = json!({"type": "object", "description": "x".repeat(4_000)});
        let tools = names.iter().map(|name| ServerTool {
            name: name.clone(),
            description: long.clone(),
            schema: schema.clone(),
        });
        let tools = definitions(tools.collect()).0;
        store.compare(&of("c"), "c", &tools).is_ok()
    });
    assert!(sizes.next() == Some(true) && !sizes.all(|is_ok| is_ok));
}
