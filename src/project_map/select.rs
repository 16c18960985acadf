//! Which files and definitions have room on a map.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ollacode_indexer::{FileId, FileRole};

use super::text::{aside_line, definition_line, file_line, last_line};
use super::{
    BUDGETS, MapAside, MapFile, MapOrder, MapReason, ProjectMap, ShownFiles, is_code, telling,
};
use crate::text::tokens::estimate_text;

/// Most lines about folders of tests, documents and the like, and their part of the budget.
const MOST_ASIDE: usize = 12;
const ASIDE_SHARE: u32 = 6;

/// Most definitions of one file.
const MOST_DEFINITIONS: usize = 24;

/// What a definition counts that nothing else uses, against the uses of others.
const UNUSED: f64 = 0.2;

/// The part of a file's rank that its mere name counts, for files whose definitions nobody uses.
const NAME_ALONE: f64 = 0.04;

/// Entries without room after which no more are tried.
const MOST_MISSES: usize = 40;

/// Something that may be on the map.
struct Entry {
    score: f64,
    file: FileId,
    /// Its place among the telling definitions of the file; `None` for the name alone.
    definition: Option<usize>,
}

pub(super) fn select(files: &ShownFiles, order: &MapOrder) -> ProjectMap {
    let budget = order.budget.clamp(*BUDGETS.start(), *BUDGETS.end());
    let rank = files.graph.rank(&order.focus);
    let mut room = Room {
        // For the line that says how many files are left out: at most all of them.
        left: budget
            - cost(&last_line(
                files.ids().count().max(1),
                files.graph.left_out(),
            )),
        files: Vec::new(),
        places: HashMap::new(),
    };
    for (file, reason) in wanted(files, &order.focus) {
        room.add_file(files, file, reason);
    }
    // Few lines, so that what is no code does not take the room of what is.
    let aside = aside(files, &mut room.left, budget / ASIDE_SHARE);
    room.fill(files, &entries(files, &rank, &order.focus));
    let is_left_out =
        |id: &FileId| is_code(files.graph.file(*id).role) && !room.places.contains_key(id);
    let left_out = files.ids().filter(is_left_out).count();
    ProjectMap {
        budget,
        files: room.finished(files, &rank),
        aside,
        left_out,
        unread: files.graph.left_out(),
    }
}

/// Tokens of a line, with its end.
fn cost(line: &str) -> u32 {
    estimate_text(&format!("{line}\n"))
}

/// The focus and all of its neighbours, the heaviest first.
fn wanted(files: &ShownFiles, focus: &[FileId]) -> Vec<(FileId, MapReason)> {
    let graph = &files.graph;
    let mut seen = BTreeSet::new();
    let mut wanted = Vec::new();
    for file in focus.iter().filter(|file| files.is_shown(**file)) {
        if seen.insert(*file) {
            wanted.push((*file, MapReason::Focus));
        }
    }
    let mut weights: BTreeMap<(FileId, MapReason), (bool, f32)> = BTreeMap::new();
    for file in focus {
        let used = graph.uses(*file).iter().map(|edge| (edge, MapReason::Used));
        let users = graph.used_by(*file).iter();
        let users = users.map(|edge| (edge, MapReason::User));
        for (edge, reason) in used.chain(users) {
            let weight = weights.entry((edge.file, reason)).or_default();
            weight.0 |= edge.is_import && reason == MapReason::Used;
            weight.1 += edge.weight;
        }
    }
    let mut neighbours: Vec<((FileId, MapReason), (bool, f32))> = weights.into_iter().collect();
    // What the focus imports comes first, then by weight; of equals by path.
    neighbours.sort_by(
        |(one, (imports, weight)), (other, (other_imports, other_weight))| {
            let imported = other_imports.cmp(imports);
            let weight = imported.then_with(|| other_weight.total_cmp(weight));
            weight.then_with(|| one.cmp(other))
        },
    );
    for ((file, reason), _) in neighbours {
        if files.is_shown(file) && seen.insert(file) {
            wanted.push((file, reason));
        }
    }
    wanted
}

/// Everything that may be on the map, the best first.
fn entries(files: &ShownFiles, rank: &[f64], focus: &[FileId]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for id in files.ids() {
        let file = files.graph.file(id);
        if !is_code(file.role) && !focus.contains(&id) {
            continue;
        }
        let rank = rank[id.0 as usize];
        let definitions = telling(&file.definitions);
        let uses = |uses: u32| f64::from(uses) + UNUSED;
        let all: f64 = definitions.iter().map(|it| uses(it.uses)).sum();
        let shown = definitions.iter().take(MOST_DEFINITIONS).enumerate();
        entries.extend(shown.map(|(at, it)| Entry {
            score: rank * uses(it.uses) / all,
            file: id,
            definition: Some(at),
        }));
        entries.push(Entry {
            score: rank * NAME_ALONE,
            file: id,
            definition: None,
        });
    }
    entries.sort_by(|one, other| {
        let score = other.score.total_cmp(&one.score);
        score.then_with(|| (one.file, one.definition).cmp(&(other.file, other.definition)))
    });
    entries
}

/// What is chosen so far, and the tokens that are left.
struct Room {
    left: u32,
    files: Vec<Chosen>,
    places: HashMap<FileId, usize>,
}

struct Chosen {
    file: FileId,
    reason: MapReason,
    definitions: BTreeSet<usize>,
}

impl Room {
    fn take(&mut self, tokens: u32) -> bool {
        match self.left.checked_sub(tokens) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn add_file(&mut self, files: &ShownFiles, file: FileId, reason: MapReason) -> bool {
        if self.places.contains_key(&file) {
            return true;
        }
        let has_room = self.take(cost(&file_line(&files.graph.file(file).path)));
        if has_room {
            self.places.insert(file, self.files.len());
            self.files.push(Chosen {
                file,
                reason,
                definitions: BTreeSet::new(),
            });
        }
        has_room
    }

    /// Adds entries as long as there is room for some.
    fn fill(&mut self, files: &ShownFiles, entries: &[Entry]) {
        let mut misses = 0;
        for entry in entries {
            if misses == MOST_MISSES {
                return;
            }
            if !self.add_entry(files, entry) {
                misses += 1;
            }
        }
    }

    fn add_entry(&mut self, files: &ShownFiles, entry: &Entry) -> bool {
        let file = files.graph.file(entry.file);
        let Some(at) = entry.definition else {
            return self.add_file(files, entry.file, MapReason::Rank);
        };
        let Some(definition) = telling(&file.definitions).get(at).copied() else {
            return false;
        };
        let mut tokens = cost(&definition_line(definition));
        if !self.places.contains_key(&entry.file) {
            tokens += cost(&file_line(&file.path));
        }
        if tokens > self.left || !self.add_file(files, entry.file, MapReason::Rank) {
            return false;
        }
        let chosen = &mut self.files[self.places[&entry.file]];
        chosen.definitions.insert(at);
        self.take(cost(&definition_line(definition)))
    }

    fn finished(self, files: &ShownFiles, rank: &[f64]) -> Vec<MapFile> {
        let mut chosen = self.files;
        // The focus and its neighbours keep their order.
        chosen.sort_by(|one, other| {
            let is_ranked = |it: &Chosen| it.reason == MapReason::Rank;
            let order = is_ranked(one).cmp(&is_ranked(other));
            let by_rank = rank[other.file.0 as usize].total_cmp(&rank[one.file.0 as usize]);
            match is_ranked(one) && is_ranked(other) {
                true => by_rank.then_with(|| one.file.cmp(&other.file)),
                false => order,
            }
        });
        let finished = chosen.into_iter().map(|chosen| {
            let file = files.graph.file(chosen.file);
            let telling = telling(&file.definitions);
            let definitions = chosen.definitions.iter().filter_map(|at| telling.get(*at));
            let mut definitions: Vec<_> = definitions.map(|it| (*it).clone()).collect();
            definitions.sort_by_key(|it| it.line);
            MapFile {
                path: file.path.clone(),
                language: file.language.clone(),
                rank: rank[chosen.file.0 as usize],
                reason: chosen.reason,
                definitions,
            }
        });
        finished.collect()
    }
}

/// Files that are no code of the project, counted by kind and folder, as far as lines have room.
fn aside(files: &ShownFiles, left: &mut u32, most: u32) -> Vec<MapAside> {
    let mut counts: BTreeMap<(String, FileRole), usize> = BTreeMap::new();
    for id in files.ids() {
        let file = files.graph.file(id);
        if !is_code(file.role) {
            let folder = file.path.split_once('/').map_or("", |(folder, _)| folder);
            *counts.entry((folder.to_owned(), file.role)).or_default() += 1;
        }
    }
    let asides = counts.into_iter().map(|((folder, role), files)| MapAside {
        folder,
        role,
        files,
    });
    let mut asides: Vec<MapAside> = asides.collect();
    asides.sort_by(|one, other| {
        let most = other.files.cmp(&one.files);
        most.then_with(|| (&one.folder, one.role).cmp(&(&other.folder, other.role)))
    });
    let mut room = most.min(*left);
    let mut shown = Vec::new();
    for aside in asides.into_iter().take(MOST_ASIDE) {
        let Some(rest) = room.checked_sub(cost(&aside_line(&aside))) else {
            continue;
        };
        *left -= room - rest;
        room = rest;
        shown.push(aside);
    }
    shown
}
