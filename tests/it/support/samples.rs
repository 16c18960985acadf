//! A small workspace in three languages.

use super::environment::Environment;

/// A file in Rust.
pub const PARSER: &str = "\
//! Reads the headers of packets.

/// A parser with a position.
pub struct HeaderParser {
    position: usize,
}

impl HeaderParser {
    /// Reads the next header of the packet.
    pub fn read_header(&mut self, packet: &[u8]) -> Option<u8> {
        let byte = packet.get(self.position).copied();
        self.position += 1;
        byte
    }
}
";

/// A file in Python.
pub const WRITER: &str = "\
\"\"\"Writes reports.\"\"\"


class ReportWriter:
    def __init__(self, folder):
        self.folder = folder

    def write_report(self, name, lines):
        with open(self.folder / name, \"w\") as report:
            report.writelines(lines)
";

/// A file in Markdown.
pub const README: &str = "\
# Telescope

Points the mirror at a star.

## Calibration

Turn the azimuth wheel until the needle rests.
";

/// Writes the files of a small workspace.
pub fn write_samples(environment: &Environment) {
    environment.write("src/parser.rs", PARSER);
    environment.write("tools/writer.py", WRITER);
    environment.write("README.md", README);
}

/// A Rust file with so many functions of names of its own, long enough for a chunk each.
pub fn functions(stem: &str, count: usize) -> String {
    (0..count).map(|number| function(stem, number)).collect()
}

/// One function of some 400 characters; the number makes its text unlike those of others.
pub fn function(stem: &str, number: usize) -> String {
    let mut text = format!(
        "/// Computes the {stem} of step {number}.\npub fn {stem}_{number}(value: u64) -> u64 {{\n"
    );
    for line in 0..8 {
        let summand = number * 31 + line;
        text.push_str(&format!(
            "    let {stem}_part_{line} = value.wrapping_mul({summand});\n"
        ));
    }
    text.push_str(&format!("    {stem}_part_0 + {stem}_part_7\n}}\n\n"));
    text
}
