//! A Mermaid flow chart of the parts.

use super::outline::Outline;
use crate::visible::visible_name;

/// Most nodes.
pub(super) const MOST_NODES: usize = 15;
/// Most edges, the heaviest: more make a ball of wool.
const MOST_EDGES: usize = 40;
/// Longest label, in characters.
const LONGEST_LABEL: usize = 60;

/// A chart, and how many parts it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chart {
    /// Without a fence.
    pub text: String,
    pub left_out: usize,
}

/// Draws the parts that are most connected; `None` where there is nothing to connect.
pub(super) fn chart(outline: &Outline) -> Option<Chart> {
    let weights = weights(outline);
    let mut order: Vec<usize> = (0..outline.parts.len()).collect();
    order.sort_by_key(|part| {
        let lines = outline.parts[*part].lines;
        (std::cmp::Reverse((weights[*part], lines)), *part)
    });
    order.truncate(MOST_NODES);
    order.sort_unstable();
    let mut edges: Vec<(usize, usize, usize, bool)> = Vec::new();
    for from in &order {
        for used in &outline.parts[*from].uses {
            if order.contains(&used.part) {
                edges.push((*from, used.part, used.count, used.only_tests));
            }
        }
    }
    if edges.is_empty() {
        return None;
    }
    edges.sort_by_key(|(from, to, count, _)| (std::cmp::Reverse(*count), *from, *to));
    edges.truncate(MOST_EDGES);
    edges.sort_unstable_by_key(|(from, to, ..)| (*from, *to));
    let mut lines = vec!["flowchart LR".to_owned()];
    for part in &order {
        let label = escaped(outline.label(*part));
        lines.push(format!("    p{part}[\"{label}\"]"));
    }
    for (from, to, count, only_tests) in edges {
        let arrow = if only_tests { "-.->" } else { "-->" };
        lines.push(format!("    p{from} {arrow}|{count}| p{to}"));
    }
    Some(Chart {
        text: lines.join("\n"),
        left_out: outline.parts.len() - order.len(),
    })
}

/// The uses from and to each part.
fn weights(outline: &Outline) -> Vec<usize> {
    let mut weights = vec![0; outline.parts.len()];
    for (from, part) in outline.parts.iter().enumerate() {
        for used in &part.uses {
            weights[from] += used.count;
            weights[used.part] += used.count;
        }
    }
    weights
}

/// A label between quotes: letters, digits and harmless signs as they are, the rest as Mermaid's
/// character codes. Nothing in it can end the label, the line or the block.
fn escaped(name: &str) -> String {
    let name = visible_name(name);
    let mut label = String::new();
    for (at, character) in name.chars().enumerate() {
        if at == LONGEST_LABEL {
            label.push('…');
            break;
        }
        if character.is_alphanumeric() || " /._-+@".contains(character) {
            label.push(character);
        } else {
            label.push_str(&format!("#{};", u32::from(character)));
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::super::outline::{PartOutline, PartUse};
    use super::*;

    fn part(path: &str, uses: &[(usize, usize, bool)]) -> PartOutline {
        let uses = uses.iter().map(|(part, count, only_tests)| PartUse {
            part: *part,
            count: *count,
            only_tests: *only_tests,
            names: Vec::new(),
        });
        PartOutline {
            path: path.to_owned(),
            uses: uses.collect(),
            ..PartOutline::default()
        }
    }

    #[test]
    fn edges_have_counts_and_those_of_tests_are_dotted() {
        let outline = Outline {
            parts: vec![
                part("", &[(1, 3, false)]),
                part("src/a", &[(2, 12, true)]),
                part("src/b", &[]),
            ],
            ..Outline::default()
        };
        let chart = chart(&outline).expect("a chart");
        assert_eq!(
            chart.text,
            "flowchart LR\n    p0[\".\"]\n    p1[\"src/a\"]\n    p2[\"src/b\"]\n    \
             p0 -->|3| p1\n    p1 -.->|12| p2"
        );
        assert_eq!(chart.left_out, 0);
    }

    #[test]
    fn names_cannot_leave_their_label() {
        let hostile = [
            "a\"] --> evil[\"b",
            "```\n# Title",
            "x\n    click p0 \"javascript:alert(1)\"",
            "<script>alert(1)</script>",
            "%% comment",
            "end; subgraph",
            "#quot;",
            "\u{202e}txt",
            "a|b|c",
            "`**bold**`",
        ];
        for name in hostile {
            let outline = Outline {
                parts: vec![part(name, &[(1, 1, false)]), part("b", &[])],
                ..Outline::default()
            };
            let text = chart(&outline).expect("a chart").text;
            assert_eq!(text.lines().count(), 4, "{text}");
            let line = text.lines().nth(1).expect("a node");
            let label = line.strip_prefix("    p0[\"").expect("a label");
            let label = label.strip_suffix("\"]").expect("an end");
            let harmless = |c: char| c.is_alphanumeric() || " /._-+@#;…".contains(c);
            assert!(label.chars().all(harmless), "{label}");
            // Every `#` begins a code.
            for code in label.split('#').skip(1) {
                let digits = code.split(';').next().unwrap_or_default();
                assert!(digits.parse::<u32>().is_ok(), "{label}");
            }
        }
        assert_eq!(
            escaped(&"long".repeat(50)).chars().count(),
            LONGEST_LABEL + 1
        );
        assert_eq!(escaped("한글/src"), "한글/src");
    }

    #[test]
    fn there_are_at_most_so_many_nodes_and_no_chart_without_edges() {
        let all: Vec<(usize, usize, bool)> = (0..40).map(|to| (to, 1, false)).collect();
        let parts = (0..40).map(|number| {
            let uses = all.iter().filter(|(to, ..)| *to != number);
            part(&format!("p{number}"), &uses.copied().collect::<Vec<_>>())
        });
        let outline = Outline {
            parts: parts.collect(),
            ..Outline::default()
        };
        let drawn = chart(&outline).expect("a chart");
        assert_eq!(drawn.left_out, 40 - MOST_NODES);
        assert_eq!(drawn.text.matches("[\"").count(), MOST_NODES);
        assert_eq!(drawn.text.matches("-->").count(), MOST_EDGES);
        let alone = Outline {
            parts: vec![part("src", &[]), part("lib", &[])],
            ..Outline::default()
        };
        assert_eq!(chart(&alone), None);
    }
}
