//! The parts of a project as a picture: boxes in columns, those that are used to the right of those
//! that use them. It has no script, loads nothing, and follows the colours of the reader.

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
    let [(from_x, from_y), (to_x, to_y)] = [edge.from, edge.to].map(|at| places.boxes[at]);
    let width = (1.0 + f64::from(edge.count).ln() * 0.6).min(5.0);
    let (from_y, to_y) = (from_y + BOX_HEIGHT / 2, to_y + BOX_HEIGHT / 2);
    let is_forward = to_x > from_x;
    // Forward from side to side; back, or within a column, around the right sides.
    let (start, end) = match is_forward {
        true => (from_x + BOX_WIDTH, to_x),
        false => (from_x + BOX_WIDTH, to_x + BOX_WIDTH),
    };
    let bend = match is_forward {
        true => (end - start) / 2,
        false => 44 + start.abs_diff(end) / 8,
    };
    let (first, second) = match is_forward {
        true => (start + bend, end - bend),
        false => (start + bend, end + bend),
    };
    // The middle of the curve, where the count stands.
    let middle_x = (start + 3 * first + 3 * second + end) / 8;
    let middle_y = (from_y + to_y) / 2;
    let _ = writeln!(
        text,
        "<path class=\"edge\" stroke-width=\"{width:.1}\" marker-end=\"url(#tip)\" \
         d=\"M{start} {from_y}C{first} {from_y} {second} {to_y} {end} {to_y}\"/>\
         <text class=\"count\" x=\"{middle_x}\" y=\"{middle_y}\" text-anchor=\"middle\">{}</text>",
        edge.count,
    );
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
        Places {
            boxes,
            // Curves of the last column go around its right side.
            width: 2 * MARGIN + (count - 1) * COLUMN + BOX_WIDTH + 110,
            height: 2 * MARGIN + (tallest - 1) * ROW + BOX_HEIGHT,
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
