//! Which parts are described anew, and what becomes of the others.

use super::outline::outline;
use super::parts::parts;
use super::samples::{definition, tree};
use super::source::SourceTree;
use super::*;

/// The name of the workspace, where no description cites a file.
const NO_FILES: (&str, &FileLines) = ("shop", &FileLines::new());

fn sample() -> SourceTree {
    let mut paths = Vec::new();
    for folder in ["app", "net", "store"] {
        paths.extend(["a", "b", "c"].map(|name| format!("{folder}/{name}.rs")));
    }
    tree(&paths)
        .defining("net/a.rs", &[definition("dial", 3, 2)])
        .using("app/a.rs", "net/a.rs", 4, "dial")
}

fn project(tree: SourceTree) -> Project {
    Project {
        outline: outline(&tree, &parts(&tree)),
        existing: claims::Existing::default(),
        tree,
    }
}

/// Descriptions of some parts.
fn words(parts: &[usize]) -> BTreeMap<usize, String> {
    let words = parts.iter().map(|part| (*part, format!("Words {part}.")));
    words.collect()
}

/// A document of a project, made anew.
fn document(project: &Project, described: &[usize]) -> String {
    let plan = Plan::new(project, &[], &FileLines::new(), None);
    plan.document(project, &[], &words(described), NO_FILES)
}

fn plan_for(project: &Project, text: &str, chosen: Option<&[usize]>) -> Plan {
    let segments = segments(text).expect("marks that fit");
    Plan::new(project, &segments, &FileLines::new(), chosen)
}

#[test]
fn a_goal_may_be_in_quotes() {
    let goal = |argument: &str| DesignOrder::parse(argument).map(|order| order.goal);
    assert_eq!(goal(""), Ok(None));
    assert_eq!(goal("  "), Ok(None));
    assert_eq!(
        goal("\"export orders\""),
        Ok(Some("export orders".to_owned()))
    );
    assert_eq!(goal(" export orders"), Ok(Some("export orders".to_owned())));
    assert!(goal("\"\"").is_err());
    // Else a draft for the goal "--part src" would be made.
    assert!(goal("--part src").is_err());
}

#[test]
fn the_first_document_has_every_part_and_a_title() {
    let project = project(sample());
    assert_eq!(plan_for(&project, "", None).wanted, [0, 1, 2]);
    let text = document(&project, &[0, 1, 2]);
    assert!(
        text.starts_with("# Architecture of `shop`\n\n<!-- "),
        "{text}"
    );
    assert_eq!(text.matches("\n## ").count(), 4, "{text}");
    assert!(text.contains("Words 2."), "{text}");
}

#[test]
fn only_what_changed_is_described_anew() {
    let before = project(sample());
    let text = document(&before, &[0, 1, 2]);
    let same = plan_for(&before, &text, None);
    assert_eq!((same.wanted.len(), same.kept.len()), (0, 3));
    let old = segments(&text).expect("marks that fit");
    let again = same.document(&before, &old, &BTreeMap::new(), NO_FILES);
    assert_eq!(again, text, "nothing changed");

    let after = project(sample().defining("store/b.rs", &[definition("open", 1, 0)]));
    let plan = plan_for(&after, &text, None);
    assert_eq!((plan.wanted.as_slice(), plan.kept.len()), (&[2][..], 2));
    // Without a model the earlier description stays, and is asked for again.
    let without = plan.document(&after, &old, &BTreeMap::new(), NO_FILES);
    assert!(without.contains("Words 2."), "{without}");
    assert_eq!(plan_for(&after, &without, None).wanted, [2]);
    let new = BTreeMap::from([(2, "New words.".to_owned())]);
    let text = plan.document(&after, &old, &new, NO_FILES);
    assert!(text.contains("New words.") && !text.contains("Words 2."));
    assert_eq!(plan_for(&after, &text, None).wanted, Vec::<usize>::new());
}

#[test]
fn a_part_without_words_is_asked_for_again() {
    let project = project(sample());
    let text = document(&project, &[0]);
    assert_eq!(plan_for(&project, &text, None).wanted, [1, 2]);
    assert!(text.contains("1 of 3 parts"), "{text}");
}

#[test]
fn citations_follow_their_lines_and_a_lost_one_asks_again() {
    let project = project(sample());
    let lines = |lines: [&str; 2]| lines.map(str::to_owned).to_vec();
    let before = FileLines::from([
        ("app/a.rs".to_owned(), lines(["fn begin()", "fn end()"])),
        ("net/a.rs".to_owned(), lines(["fn dial()", "fn wait()"])),
    ]);
    let plan = Plan::new(&project, &[], &before, None);
    let cited = BTreeMap::from([
        (0, "It begins (`app/a.rs:1`).".to_owned()),
        (1, "It waits (`net/a.rs:2`).".to_owned()),
        (
            2,
            "It stores (`store/lost.rs:1`), at localhost:8080.".to_owned(),
        ),
    ]);
    let text = plan.document(&project, &[], &cited, ("shop", &before));
    let old = segments(&text).expect("marks that fit");
    let after = FileLines::from([
        ("app/a.rs".to_owned(), lines(["// new", "fn begin()"])),
        (
            "net/a.rs".to_owned(),
            lines(["fn dial()", "fn wait(x: u8)"]),
        ),
    ]);
    let plan = Plan::new(&project, &old, &after, None);
    assert_eq!(plan.wanted, [1, 2]);
    let new = plan.document(&project, &old, &BTreeMap::new(), ("shop", &after));
    assert!(new.contains("It begins (`app/a.rs:2`)."), "{new}");
    // Once more: the lines are known by what they say.
    let old = segments(&new).expect("marks that fit");
    assert_eq!(Plan::new(&project, &old, &after, None).kept, plan.kept);
}

#[test]
fn what_was_changed_by_hand_stays_until_it_is_named() {
    let project = project(sample());
    let text = document(&project, &[0, 1, 2]);
    let edited = text.replace("Words 1.", "My own words.");
    let plan = plan_for(&project, &edited, None);
    assert_eq!((plan.wanted.len(), plan.by_hand.as_slice()), (0, &[1][..]));
    let old = segments(&edited).expect("marks that fit");
    assert_eq!(
        plan.document(&project, &old, &BTreeMap::new(), NO_FILES),
        edited
    );
    let named = plan_for(&project, &edited, Some(&[1]));
    assert_eq!(
        (named.wanted.as_slice(), named.by_hand.len()),
        (&[1][..], 0)
    );
    // Without an answer, it stays even then.
    let kept = named.document(&project, &old, &BTreeMap::new(), NO_FILES);
    assert_eq!(kept, edited);
    let renewed = named.document(&project, &old, &words(&[1]), NO_FILES);
    assert_eq!(renewed, text);
    let overview = text.replace("| part |", "| Part |");
    let plan = plan_for(&project, &overview, None);
    let old = segments(&overview).expect("marks that fit");
    assert!(plan.overview_by_hand);
    assert_eq!(
        plan.document(&project, &old, &BTreeMap::new(), NO_FILES),
        overview
    );
}

#[test]
fn a_part_that_is_gone_is_taken_out_and_the_users_text_stays() {
    let before = project(sample());
    let text = document(&before, &[0, 1, 2]);
    let text =
        text.replacen("# Architecture of `shop`\n", "# Our shop\n\nWelcome.\n", 1) + "\nBye.";
    let mut fewer = sample();
    let gone = fewer.at("store/a.rs");
    fewer.files.truncate(gone);
    let after = project(fewer);
    let plan = plan_for(&after, &text, None);
    assert_eq!((plan.gone, plan.wanted.len()), (1, 0));
    let old = segments(&text).expect("marks that fit");
    let new = plan.document(&after, &old, &BTreeMap::new(), NO_FILES);
    assert!(new.starts_with("# Our shop\n\nWelcome.\n\n<!-- "), "{new}");
    assert!(new.ends_with("design -->\n\nBye."), "{new}");
    assert!(!new.contains("## `store`"), "{new}");
}

#[test]
fn a_chosen_part_is_the_only_one_that_is_asked_about() {
    let mut project = project(sample());
    for file in &project.tree.files {
        project.existing.add_path(&file.path);
    }
    assert_eq!(plan_for(&project, "", Some(&[1])).wanted, [1]);
    assert_eq!(chosen(&project, None), Ok(None));
    assert_eq!(chosen(&project, Some("net/")), Ok(Some(vec![1])));
    assert_eq!(chosen(&project, Some("./store/a.rs")), Ok(Some(vec![2])));
    let error = chosen(&project, Some("nowhere")).expect_err("no part");
    let TurnEnd::Failed(failure) = error else {
        panic!("{error:?}");
    };
    let message = failure.message;
    assert!(message.contains("`app`, `net`, `store`"), "{message}");
}

#[test]
fn a_report_says_what_did_not_hold() {
    let project = project(sample());
    let plan = plan_for(&project, "", None);
    let described = Described {
        words: words(&[0]),
        doubts: vec![
            Doubt::Uncited,
            Doubt::Citation("a.rs:9".to_owned()),
            Doubt::Unfit,
        ],
        empty: vec![1],
        gave_up: None,
    };
    assert_eq!(
        report(&project, &plan, &described),
        "1 part described, 0 kept. 3 sentences of the model did not hold and were taken out, 2 for \
         their citation: `a.rs:9`. No new description came of it for `net`."
    );
}
