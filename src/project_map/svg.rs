//! The parts of a project as a picture: boxes in columns, those that are used to the right of those
//! that use them. It has no script, loads nothing, and follows the colours of the reader.

use std::cmp::Ordering;
use std::fmt::Write;

use super::mermaid::folder_name;
use super::{PartEdge, Parts};

/// Sizes in pixels.
const BOX_WIDTH: usize = 190;
const BOX_HEIGHT: usize = 48;
const COLUMN: usize = 290;
const ROW: usize = 84;
const MARGIN: usize = 28;

/// Longest name in a box, in characters.
const LONGEST: usize = 24;

const STYLE: &str = "\
svg { color-scheme: light dark; }
.back { fill: #ffffff; }
.box { fill: #f4f6fa; stroke: #8a94a6; stroke-width: 1.2; }
.name { fill: #1c2430; font: 600 14px system-ui, sans-serif; }
.files { fill: #5b6675; font: 12px system-ui, sans-serif; }
.edge { fill: none; stroke: #6c7a91; stroke-opacity: 0.7; }
.tip { fill: #6c7a91; }
.count { fill: #38465a; font: 11px system-ui, sans-serif; paint-order: stroke; stroke: #ffffff; stroke-width: 3px; }
@media (prefers-color-scheme: dark) {
.back { fill: #14181f; }
.box { fill: #202733; stroke: #5b6b84; }
.name { fill: #e8edf5; }
.files { fill: #9fadc2; }
.edge { stroke: #8495b0; }
.tip { fill: #8495b0; }
.count { fill: #c6d2e4; stroke: #14181f; }
}
";

/// A picture in SVG. The same parts give the same bytes.
pub fn svg(parts: &Parts) -> String {
    let places = Places::of(parts);
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
         viewBox=\"0 0 {w} {h}\" role=\"img\" style=\"max-width: 100%; height: auto\">\n\
         <title>Parts of the project</title>\n<desc>{}</desc>\n<style>\n{STYLE}</style>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
         <path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
         <rect class=\"back\" width=\"100%\" height=\"100%\"/>",
        escaped(&description(parts)),
        w = places.width,
        h = places.height,
    );
    for edge in &parts.edges {
        draw_edge(&mut text, &places, edge);
    }
    for (at, part) in parts.parts.iter().enumerate() {
        let (x, y) = places.boxes[at];
        let files = match part.files.len() {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        };
        let _ = writeln!(
            text,
            "<g transform=\"translate({x} {y})\"><title>{}</title>\
             <rect class=\"box\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"8\"/>\
             <text class=\"name\" x=\"12\" y=\"21\">{}</text>\
             <text class=\"files\" x=\"12\" y=\"38\">{files}</text></g>",
            escaped(&folder_name(&part.folder, 400)),
            escaped(&folder_name(&part.folder, LONGEST)),
        );
    }
    text.push_str("</svg>\n");
    text
}

fn description(parts: &Parts) -> String {
    let left_out = match parts.left_out {
        0 => String::new(),
        left_out => format!(" {left_out} lighter connections are left out."),
    };
    format!(
        "Boxes are folders; an arrow leads to what files of a folder use, with the number of pairs \
         of files.{left_out}"
    )
}

fn draw_edge(text: &mut String, places: &Places, edge: &PartEdge) {
    let width = (1.0 + f64::from(edge.count).ln() * 0.6).min(5.0);
    let curve = curve(places.boxes[edge.from], places.boxes[edge.to]);
    let [(x1, y1), (x2, y2), (x3, y3), (x4, y4)] = curve;
    // The middle of the curve, where the count stands.
    let middle = |[one, two, three, four]: [usize; 4]| (one + 3 * two + 3 * three + four) / 8;
    let (x, y) = (middle([x1, x2, x3, x4]), middle([y1, y2, y3, y4]));
    let _ = writeln!(
        text,
        "<path class=\"edge\" stroke-width=\"{width:.1}\" marker-end=\"url(#tip)\" \
         d=\"M{x1} {y1}C{x2} {y2} {x3} {y3} {x4} {y4}\"/>\
         <text class=\"count\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
        edge.count,
    );
}

/// The points of the curve from one box to another: forward from side to side, within a column around
/// the right sides, and back below the boxes, where it does not lie on the curve forward.
fn curve(from: (usize, usize), to: (usize, usize)) -> [(usize, usize); 4] {
    let side = |(x, y): (usize, usize)| (x + BOX_WIDTH, y + BOX_HEIGHT / 2);
    let (start, end) = (side(from), (to.0, to.1 + BOX_HEIGHT / 2));
    match from.0.cmp(&to.0) {
        Ordering::Less => {
            let bend = (end.0 - start.0) / 2;
            [start, (start.0 + bend, start.1), (end.0 - bend, end.1), end]
        }
        Ordering::Equal => {
            let end = side(to);
            let bend = start.0 + 44;
            [start, (bend, start.1), (bend, end.1), end]
        }
        Ordering::Greater => {
            let below = |(x, y): (usize, usize)| (x + BOX_WIDTH / 2, y + BOX_HEIGHT);
            let (start, end) = (below(from), below(to));
            let low = start.1.max(end.1) + depth(from.0 - to.0);
            [start, (start.0, low), (end.0, low), end]
        }
    }
}

/// How far below the boxes the points are that bend a curve back over so many pixels; the curve itself
/// goes three quarters of that.
fn depth(distance: usize) -> usize {
    (40 + distance / 10).min(120)
}

/// Where the boxes are.
struct Places {
    boxes: Vec<(usize, usize)>,
    width: usize,
    height: usize,
}

impl Places {
    fn of(parts: &Parts) -> Places {
        let columns = columns(parts);
        let mut count = columns.iter().copied().max().map_or(1, |last| last + 1);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (part, column) in columns.iter().enumerate() {
            rows[*column].push(part);
        }
        rows.retain(|column| !column.is_empty());
        count = rows.len().max(1);
        let tallest = rows.iter().map(Vec::len).max().unwrap_or(1);
        let mut boxes = vec![(0, 0); parts.parts.len()];
        for (column, parts_in) in rows.iter_mut().enumerate() {
            // Near the middle of those that use them, which have their places already.
            parts_in.sort_by_key(|part| (height_of_users(*part, parts, &boxes), *part));
            let top = MARGIN + (tallest - parts_in.len()) * ROW / 2;
            for (row, part) in parts_in.iter().enumerate() {
                boxes[*part] = (MARGIN + column * COLUMN, top + row * ROW);
            }
        }
        let curves = parts.edges.iter();
        let curves = curves.map(|edge| curve(boxes[edge.from], boxes[edge.to]));
        let bends = curves.flat_map(|[_, second, third, _]| [second, third]);
        let (right, low) = bends.fold((0, 0), |(right, low), (x, y)| (x.max(right), y.max(low)));
        let width = 2 * MARGIN + (count - 1) * COLUMN + BOX_WIDTH;
        let height = 2 * MARGIN + (tallest - 1) * ROW + BOX_HEIGHT;
        Places {
            boxes,
            // No curve goes further than its points.
            width: width.max(right + MARGIN),
            height: height.max(low),
        }
    }
}

fn height_of_users(part: usize, parts: &Parts, boxes: &[(usize, usize)]) -> usize {
    let users = parts.edges.iter().filter(|edge| edge.to == part);
    let placed = users.map(|edge| boxes[edge.from].1).filter(|y| *y > 0);
    let (mut sum, mut count) = (0, 0);
    for y in placed {
        sum += y;
        count += 1;
    }
    usize::checked_div(sum, count).unwrap_or_default()
}

/// The column of each part: to the right of all that use it, where there is no circle. Of those in a
/// circle the heavier connections decide.
fn columns(parts: &Parts) -> Vec<usize> {
    let count = parts.parts.len();
    let mut kept: Vec<(usize, usize)> = Vec::new();
    for edge in &parts.edges {
        if !leads(&kept, edge.to, edge.from) {
            kept.push((edge.from, edge.to));
        }
    }
    let mut columns = vec![0; count];
    // A path without a circle has fewer steps than there are parts.
    for _ in 0..count {
        for (from, to) in &kept {
            columns[*to] = columns[*to].max(columns[*from] + 1);
        }
    }
    columns
}

/// Whether connections lead from one part to another.
fn leads(edges: &[(usize, usize)], from: usize, to: usize) -> bool {
    let mut pending = vec![from];
    let mut seen = Vec::new();
    while let Some(at) = pending.pop() {
        if at == to {
            return true;
        }
        if !seen.contains(&at) {
            seen.push(at);
            let next = edges.iter().filter(|(start, _)| *start == at);
            pending.extend(next.map(|(_, end)| *end));
        }
    }
    false
}

/// A text between tags, or in an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no such characters, not even as entities.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            sign if sign.is_control() => escaped.push('\u{fffd}'),
            sign => escaped.push(sign),
        }
    }
    escaped
}
