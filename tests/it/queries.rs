//! What people ask: places, several wordings, long texts; and that neither copies nor the number of
//! hits change the answer.

use serde_json::{Value, json};

use crate::support::environment::{hits_of, paths_of};
use crate::support::samples::functions;
use crate::support::{Environment, ModelServer};

/// A file with two functions of many lines, and blank lines between them: 45 to 48.
fn with_a_gap() -> Environment {
    let environment = Environment::new();
    let function = |name: &str| {
        let body: String = (0..40)
            .map(|number| format!("    total += weight_of_{name}({number});\n"))
            .collect();
        format!("fn {name}() -> u32 {{\n    let mut total = 0;\n{body}    total\n}}\n")
    };
    let text = format!("{}\n\n\n\n{}", function("sum"), function("other"));
    environment.write("src/sum.rs", text);
    environment.write("src/more.rs", functions("orbit", 30));
    environment.index();
    environment
}

#[test]
fn a_line_that_a_query_names_is_in_the_first_hit_and_shown() {
    let environment = with_a_gap();
    let answer = environment.search_json("panicked at src/sum.rs:30:9: attempt to add");
    let best = &hits_of(&answer)[0];
    assert_eq!(best["path"], "src/sum.rs", "{best:#}");
    assert_eq!(best["line"], 30, "{best:#}");
    let printed = environment.run(&["search", "-n", "1", "src/sum.rs:30"]);
    let printed = printed.expect_success().stdout;
    assert!(printed.starts_with("src/sum.rs:30 "), "{printed}");
    assert!(
        printed.contains("    30  ") && printed.contains("weight_of_sum(27)"),
        "{printed}"
    );
}

#[test]
fn a_line_in_no_chunk_stands_for_the_nearest() {
    let environment = with_a_gap();
    let lines = |place: &str| {
        let answer = environment.search_json(place);
        let hit = &hits_of(&answer)[0];
        assert_eq!(hit["path"], "src/sum.rs", "{place}: {hit:#}");
        (hit["start_line"].as_u64(), hit["end_line"].as_u64())
    };
    assert_eq!(lines("src/sum.rs:46").1, Some(44));
    assert_eq!(lines("src/sum.rs:48").0, Some(49));
    assert_eq!(lines("src/sum.rs:5000").1, Some(92));
}

#[test]
fn the_line_that_defines_a_symbol_is_named() {
    let environment = Environment::new();
    environment.write(
        "src/limits.py",
        "# MAX_DEPTH comes last.\nMIN = 1\nMAX = 2\nLIMIT = MIN + MAX\n\nMAX_DEPTH = 9\n",
    );
    environment.index();
    let answer = environment.search_json("MAX_DEPTH");
    assert_eq!(hits_of(&answer)[0]["line"], 6, "{answer:#}");
}

#[test]
fn other_wordings_find_what_the_first_does_not() {
    let environment = Environment::new();
    environment.write("src/star.rs", "fn telescope_mirror() { polish(); }\n");
    environment.write("src/sea.rs", "fn harbour_crane() { lift(); }\n");
    environment.index();
    let asked = |also: &[&str]| {
        let more: Vec<&str> = also.iter().flat_map(|also| ["--also", also]).collect();
        let mut paths = paths_of(&environment.search_json_with("telescope mirror", &more));
        paths.sort();
        paths
    };
    assert_eq!(asked(&[]), ["src/star.rs"]);
    assert_eq!(asked(&["harbour crane"]), ["src/sea.rs", "src/star.rs"]);
    // A wording that finds nothing takes nothing away.
    assert_eq!(asked(&["zeppelin"]), ["src/star.rs"]);
    environment
        .run(&["search", "telescope", "--also", ""])
        .expect_code(2);
}

#[test]
fn copies_are_one_hit_that_counts_all_of_them() {
    let environment = Environment::new();
    let text = "fn polish_the_mirror() -> u32 {\n    grind();\n    41 + 1\n}\n";
    for number in 0..150 {
        environment.write(&format!("copies/p{number:03}/mirror.rs"), text);
    }
    environment.write("src/other.rs", "fn polish_a_shoe() { brush(); }\n");
    environment.index();
    let answer = environment.search_json("polish the mirror");
    let hits = hits_of(&answer);
    assert_eq!(hits.len(), 2, "{answer:#}");
    assert_eq!(hits[0]["path"], "copies/p000/mirror.rs");
    assert_eq!(hits[0]["copies"], 149);
    assert_eq!(hits[1]["path"], "src/other.rs");
    assert_eq!(hits[1]["copies"], Value::Null);
}

#[test]
fn the_first_hits_do_not_depend_on_how_many_are_wanted() {
    let environment = Environment::new();
    for number in 0..40 {
        let stem = format!("orbit{number}");
        environment.write(&format!("src/{stem}.rs"), functions(&stem, 6));
        environment.write(
            &format!("docs/{stem}.md"),
            format!("# {stem}\n\nAn orbit.\n"),
        );
    }
    environment.index();
    for query in [
        "orbit",
        "orbit7",
        "which function computes an orbit",
        "orbit12_3",
    ] {
        let places = |limit: &str| -> Vec<Value> {
            let answer = environment.search_json_with(query, &["-n", limit]);
            let place = |hit: &Value| json!([hit["path"], hit["start_line"], hit["score"]]);
            hits_of(&answer).iter().map(place).collect()
        };
        let most = places("100");
        for limit in [1, 2, 5, 10, 40] {
            let expected = &most[..limit.min(most.len())];
            assert_eq!(places(&limit.to_string()), expected, "{query} -n {limit}");
        }
    }
}

#[test]
fn a_query_longer_than_the_window_is_embedded_in_parts() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    environment.write(
        "src/garage.rs",
        "/// Parks the car of the doctor.\npub fn park() {}\n",
    );
    environment.write("src/sea.rs", functions("harbour", 5));
    environment.index();
    let before = server.received().len();
    let filler =
        "The weather was fine and nothing of note took place on that long day. ".repeat(400);
    let query = format!("{filler}\nWhere does the automobile of the physician go?\n");
    let answer = environment.search_json(query.trim());
    assert_eq!(answer["mode"], "hybrid", "{answer:#}");
    let notes = answer["notes"].to_string();
    assert!(notes.contains("longer than the window"), "{notes}");
    let parts = server.received().len() - before;
    assert!((2..=8).contains(&parts), "{parts} texts were embedded");
}
