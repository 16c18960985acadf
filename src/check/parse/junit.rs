//! JUnit XML, which runners of many languages can print.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{CheckFailure, ParsedOutput};

/// Most events that are read of a document.
const MOST_EVENTS: usize = 500_000;
/// Longest text of a failure, in bytes.
const LONGEST_TEXT: usize = 64 << 10;

pub(super) fn parse(lines: &[&str]) -> Option<ParsedOutput> {
    let is_start = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("<testsuite") || (line.starts_with("<?xml") && line.contains("<testsuite"))
    };
    let first = lines.iter().position(is_start)?;
    let document = lines[first..].join("\n");
    let report = Report::read(&document);
    (report.cases > 0).then(|| report.parsed())
}

/// What is read of a document so far.
#[derive(Default)]
struct Report {
    cases: u64,
    skipped: u64,
    failures: Vec<CheckFailure>,
    /// The test that is open, without what it said.
    case: CheckFailure,
    /// The text of the failure that is open.
    text: Option<String>,
}

impl Report {
    /// Reads a document as far as it is one.
    fn read(document: &str) -> Report {
        let mut reader = Reader::from_str(document);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        let mut report = Report::default();
        for _ in 0..MOST_EVENTS {
            match reader.read_event() {
                Ok(Event::Start(element)) => report.begin(&element, false),
                Ok(Event::Empty(element)) => report.begin(&element, true),
                Ok(Event::Text(text)) => report.add(&text),
                Ok(Event::CData(text)) => report.add(&text),
                Ok(Event::GeneralRef(reference)) => report.add_reference(&reference),
                Ok(Event::End(element)) if is_failure(element.name().as_ref()) => report.end(),
                Ok(Event::Eof) | Err(_) => break,
                Ok(_) => {}
            }
        }
        report.end();
        report
    }

    fn begin(&mut self, element: &BytesStart<'_>, is_empty: bool) {
        match element.name().as_ref() {
            "testcase" => {
                self.end();
                self.cases = self.cases.saturating_add(1);
                self.case = test_case(element);
            }
            "skipped" => self.skipped = self.skipped.saturating_add(1),
            name if is_failure(name) => {
                self.end();
                let mut message = attribute(element, "message").unwrap_or_default();
                message.push('\n');
                self.text = Some(message);
                if is_empty {
                    self.end();
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if let Some(said) = &mut self.text
            && said.len() + text.len() <= LONGEST_TEXT
        {
            said.push_str(text);
        }
    }

    /// `&lt;` and `&#10;`
    fn add_reference(&mut self, reference: &BytesRef<'_>) {
        match reference.resolve_char_ref() {
            Ok(Some(sign)) => self.add(sign.encode_utf8(&mut [0; 4])),
            _ => self.add(&unescaped(&format!("&{};", &**reference))),
        }
    }

    /// Ends the failure that is open, if one is.
    fn end(&mut self) {
        let Some(text) = self.text.take() else {
            return;
        };
        match self.failures.last_mut() {
            Some(last) if last.name == self.case.name => last.add_lines(text.lines()),
            _ => {
                let failure = self.case.clone().with_lines(text.lines());
                self.failures.push(failure);
            }
        }
    }

    fn parsed(self) -> ParsedOutput {
        let failed = self.failures.len() as u64;
        let others = failed.saturating_add(self.skipped);
        let failures = self.failures.into_iter().map(CheckFailure::trimmed);
        ParsedOutput {
            passed: Some(self.cases.saturating_sub(others)),
            failed: Some(failed),
            skipped: Some(self.skipped),
            failures: failures.collect(),
            ..ParsedOutput::default()
        }
    }
}

fn is_failure(name: &str) -> bool {
    matches!(name, "failure" | "error")
}

fn test_case(element: &BytesStart<'_>) -> CheckFailure {
    let name = attribute(element, "name").unwrap_or_default();
    let full = match attribute(element, "classname") {
        Some(class) if !class.is_empty() => format!("{class}.{name}"),
        _ => name,
    };
    let failure = CheckFailure::named(&full);
    let line = attribute(element, "line").and_then(|line| line.parse().ok());
    match attribute(element, "file") {
        Some(file) if !file.is_empty() => failure.at(&file, line),
        _ => failure,
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let attributes = attributes.with_checks(false);
    let found = attributes
        .flatten()
        .find(|attribute| attribute.key.as_ref() == name)?;
    Some(unescaped(&found.value))
}

/// A text without the five entities of XML and the breaks of lines that stand as numbers.
fn unescaped(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#10;", "\n"),
        ("&#xA;", "\n"),
        ("&amp;", "&"),
    ];
    let mut text = text.to_owned();
    for (entity, sign) in pairs {
        text = text.replace(entity, sign);
    }
    text
}
