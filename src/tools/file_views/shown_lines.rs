//! Where the lines of a file are now that were shown with other numbers before.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::{FileLine, FileView, FileViews};
use crate::jail::Hash;

/// The lines of a version of a file that calls and questions showed or made, also those that were
/// shown of versions before and stayed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownLines {
    version: Option<Hash>,
    /// Their numbers now, by the number that they were shown with.
    places: HashMap<usize, BTreeSet<usize>>,
    /// All their numbers now.
    all: BTreeSet<usize>,
}

impl ShownLines {
    /// The numbers now of lines that were shown with a number: several if the file changed between.
    pub fn now(&self, number: usize) -> impl Iterator<Item = usize> {
        self.places.get(&number).into_iter().flatten().copied()
    }

    /// The first of some lines that was not shown; all are counted from 1.
    pub fn first_unseen(&self, mut lines: Range<usize>) -> Option<usize> {
        lines.find(|number| !self.all.contains(number))
    }

    /// Lines that are shown count in place of others that were shown with their numbers.
    fn show(&mut self, version: Hash, lines: &[FileLine]) {
        if self.version != Some(version) {
            *self = ShownLines {
                version: Some(version),
                ..ShownLines::default()
            };
        }
        for line in lines {
            let place = BTreeSet::from([line.number]);
            self.places.insert(line.number, place);
            self.all.insert(line.number);
        }
    }

    /// The file was changed; of `lines` it is not certain that they were shown.
    fn change(
        &mut self,
        (before, after): (Option<Hash>, Hash),
        kept: &[(usize, usize, usize)],
        lines: &[FileLine],
    ) {
        if self.version != before {
            *self = ShownLines::default();
        }
        self.version = Some(after);
        let moved = |numbers: &BTreeSet<usize>| -> BTreeSet<usize> {
            let after = |number: &usize| number_after(*number, kept);
            numbers.iter().filter_map(after).collect()
        };
        for place in self.places.values_mut() {
            *place = moved(&*place);
        }
        self.all = moved(&self.all);
        for line in lines {
            let place = self.places.entry(line.number).or_default();
            place.insert(line.number);
            self.all.insert(line.number);
        }
    }
}

/// The number of a line after a change; `None` if it did not stay.
fn number_after(number: usize, kept: &[(usize, usize, usize)]) -> Option<usize> {
    let behind = kept.partition_point(|(old, _, _)| *old <= number);
    let (old, new, count) = kept.get(behind.checked_sub(1)?)?;
    (number < old + count).then(|| number - old + new)
}

impl FileViews {
    /// The lines of this version of a file that were shown or made, in whatever version.
    pub fn shown_lines(&self, path: &str, version: &Hash) -> ShownLines {
        let mut files: HashMap<&str, ShownLines> = HashMap::new();
        let logged = self.log.iter().flat_map(|entry| &entry.views);
        for view in logged.chain(&self.fresh) {
            match view {
                FileView::Shown {
                    path: of,
                    hash,
                    lines,
                }
                | FileView::Found {
                    path: of,
                    hash,
                    lines,
                } => files.entry(of.as_str()).or_default().show(*hash, lines),
                FileView::Changed {
                    path: of,
                    before,
                    after,
                    kept,
                    lines,
                } => {
                    let file = files.entry(of.as_str()).or_default();
                    file.change((*before, *after), kept, lines);
                }
                FileView::Moved { from, to } => {
                    let file = files.remove(from.as_str());
                    files.extend(file.map(|file| (to.as_str(), file)));
                }
                FileView::Removed { path: of } => {
                    files.remove(of.as_str());
                }
            }
        }
        let lines = files.remove(path);
        let is_meant = |lines: &ShownLines| lines.version.as_ref() == Some(version);
        lines.filter(is_meant).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSIONS: [Hash; 3] = [[1; 32], [2; 32], [3; 32]];

    fn now(lines: &ShownLines, number: usize) -> Vec<usize> {
        lines.now(number).collect()
    }

    #[test]
    fn lines_are_followed_through_changes() {
        let [first, second, third] = VERSIONS;
        let old = "a\nb\nc\nd\n}\n}\ne\n";
        let new = "a\nb\nnew\nc\nd\n}\n}\ne\n";
        let mut views = FileViews::default();
        views.add(FileView::shown("f", first, old, 1..7));
        views.add(FileView::edited("f", (first, old), (second, new)));
        let lines = views.shown_lines("f", &second);
        assert_eq!(now(&lines, 1), [1]);
        assert_eq!(now(&lines, 6), [6, 7], "shown by both");
        assert_eq!(lines.first_unseen(1..8), None);
        assert_eq!(lines.first_unseen(1..9), Some(8));
        // What is shown now counts.
        views.add(FileView::found("f", second, new, 6..7));
        assert_eq!(now(&views.shown_lines("f", &second), 6), [6]);
        views.add(FileView::Moved {
            from: "f".to_owned(),
            to: "g".to_owned(),
        });
        assert_eq!(now(&views.shown_lines("g", &second), 4), [4, 5]);
        assert_eq!(views.shown_lines("f", &second), ShownLines::default());
        // Somebody else changed it.
        assert_eq!(views.shown_lines("g", &third), ShownLines::default());
        views.add(FileView::shown("g", third, new, 2..3));
        let lines = views.shown_lines("g", &third);
        assert_eq!((now(&lines, 1), now(&lines, 2)), (vec![], vec![2]));
    }

    #[test]
    fn a_changed_line_has_no_place() {
        let [first, second, _] = VERSIONS;
        let mut views = FileViews::default();
        let old: String = (1..=20).map(|number| format!("line {number}\n")).collect();
        views.add(FileView::shown("f", first, &old, 1..21));
        let new = old.replace("line 3\n", "").replace("line 20\n", "other\n");
        views.add(FileView::edited("f", (first, &old), (second, &new)));
        let lines = views.shown_lines("f", &second);
        assert_eq!(now(&lines, 10), [9]);
        assert_eq!(now(&lines, 20), Vec::<usize>::new());
    }
}
