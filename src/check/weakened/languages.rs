//! How tests look in each language.

/// How the body of a test is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    Braces,
    Indented,
    /// Ends with `end`.
    End,
}

/// How a line begins a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A function with one of the marks above it, and its name behind one of these words, or before
    /// its bracket if there are none.
    Marked(&'static [&'static str]),
    /// A function whose name begins with one of these.
    Named {
        word: &'static str,
        prefixes: &'static [&'static str],
    },
    /// A call with its name as a text: `it("adds", …)`.
    Called(&'static [&'static str]),
}

/// What is to be known of the tests of a language.
#[derive(Debug)]
pub struct Language {
    extensions: &'static [&'static str],
    pub block: Block,
    forms: &'static [Form],
    /// Beginnings of marks above a function.
    mark: &'static [&'static str],
    /// Marks that make a function a test.
    test_marks: &'static [&'static str],
    /// Calls that hold tests.
    groups: &'static [&'static str],
    /// Signs of a test that does not run, in its marks and its first line,
    skips: &'static [&'static str],
    /// and in its body.
    skips_inside: &'static [&'static str],
    only: &'static [&'static str],
    asserts: &'static [&'static str],
    /// Assertions that always hold.
    idle: &'static [&'static str],
    /// Signs of assertions that compare.
    comparing: &'static [&'static str],
    comment: &'static str,
}

const LANGUAGES: &[Language] = &[
    Language {
        extensions: &["rs"],
        block: Block::Braces,
        forms: &[Form::Marked(&["fn "])],
        mark: &["#["],
        test_marks: &["test]", "test(", "rstest", "test_case", "proptest"],
        groups: &[],
        skips: &["#[ignore"],
        skips_inside: &[],
        only: &[],
        asserts: &["assert", "panic!(", ".unwrap_err()", ".expect_err("],
        idle: &["assert!(true", "assert_eq!(true, true", "assert_eq!(1, 1"],
        comparing: &["_eq!", "_ne!", "==", "!=", "matches!", "snapshot"],
        comment: "//",
    },
    Language {
        extensions: &["py", "pyi"],
        block: Block::Indented,
        forms: &[Form::Named {
            word: "def ",
            prefixes: &["test"],
        }],
        mark: &["@"],
        test_marks: &[],
        groups: &[],
        skips: &["skip", "xfail", "expectedFailure"],
        skips_inside: &["pytest.skip(", "self.skipTest(", "pytest.xfail("],
        only: &[],
        asserts: &["assert", "raises(", "self.fail("],
        idle: &["assert True", "assert 1", "assertTrue(True"],
        comparing: &["==", "!=", "Equal", "raises(", " in ", " is ", "<", ">"],
        comment: "#",
    },
    Language {
        extensions: &["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts"],
        block: Block::Braces,
        forms: &[Form::Called(&[
            "it",
            "test",
            "specify",
            "xit",
            "xtest",
            "fit",
            "describe",
            "xdescribe",
            "fdescribe",
            "suite",
        ])],
        mark: &[],
        test_marks: &[],
        groups: &["describe", "xdescribe", "fdescribe", "suite"],
        skips: &[".skip", ".todo", "xit(", "xtest(", "xdescribe(", ".fails("],
        skips_inside: &["this.skip(", "t.skip("],
        only: &[".only", "fit(", "fdescribe("],
        asserts: &["expect(", "assert", "should."],
        idle: &[
            "expect(true).toBe(true",
            "expect(1).toBe(1",
            "assert(true",
            "assert.ok(true",
        ],
        comparing: &[
            "toBe(",
            "qual",
            "toMatch",
            "toContain",
            "toThrow",
            "toHave",
            "napshot",
            "throws(",
            "rejects(",
        ],
        comment: "//",
    },
    Language {
        extensions: &["go"],
        block: Block::Braces,
        forms: &[Form::Named {
            word: "func ",
            prefixes: &["Test", "Fuzz", "Example"],
        }],
        mark: &[],
        test_marks: &[],
        groups: &[],
        skips: &[],
        skips_inside: &[".Skip(", ".Skipf(", ".SkipNow("],
        only: &[],
        asserts: &[
            ".Error(", ".Errorf(", ".Fatal", ".Fail", "assert.", "require.",
        ],
        idle: &["assert.True(t, true", "require.True(t, true"],
        comparing: &[
            "Equal", ".Error(", ".Errorf(", ".Fatal", "Contains", "ErrorIs", "Len(",
        ],
        comment: "//",
    },
    Language {
        extensions: &["java", "kt", "scala", "groovy", "cs"],
        block: Block::Braces,
        forms: &[Form::Marked(&["fun ", "def ", "void ", "Task "])],
        mark: &["@", "["],
        test_marks: &[
            "@Test",
            "@ParameterizedTest",
            "@RepeatedTest",
            "[Fact",
            "[Theory",
            "[Test",
        ],
        groups: &[],
        skips: &[
            "@Disabled",
            "@Ignore",
            "Skip =",
            "Skip=",
            "[Ignore",
            "enabled = false",
        ],
        skips_inside: &[
            "Assume.",
            "assumeTrue(false",
            "Assert.Ignore(",
            "Assert.Inconclusive(",
        ],
        only: &[],
        asserts: &["assert", "Assert.", "verify(", ".Should(", "fail("],
        idle: &["assertTrue(true", "Assert.True(true", "assertEquals(1, 1"],
        comparing: &[
            "qual", "Same", "isIn", "ontains", "hrows", "==", "verify(", ".Be(",
        ],
        comment: "//",
    },
    Language {
        extensions: &["rb"],
        block: Block::End,
        forms: &[
            Form::Named {
                word: "def ",
                prefixes: &["test_"],
            },
            Form::Called(&[
                "it",
                "test",
                "specify",
                "xit",
                "fit",
                "xspecify",
                "describe",
                "context",
                "xdescribe",
                "fdescribe",
            ]),
        ],
        mark: &[],
        test_marks: &[],
        groups: &["describe", "context", "xdescribe", "fdescribe"],
        skips: &[
            "xit ",
            "xit(",
            "xspecify ",
            "xdescribe ",
            "skip:",
            "pending:",
        ],
        skips_inside: &["skip", "pending"],
        only: &["fit ", "fit(", "fdescribe ", "focus:", ":focus"],
        asserts: &["expect", "assert", "refute", "must_", ".should"],
        idle: &[
            "assert true",
            "expect(true).to be(true",
            "expect(true).to eq(true",
        ],
        comparing: &[
            "eq",
            "match",
            "raise",
            "include",
            "be(",
            "be_within",
            "change",
        ],
        comment: "#",
    },
];

/// The language of a file, if its tests are known.
pub fn language_of(path: &str) -> Option<&'static Language> {
    let (_, extension) = path.rsplit_once('.')?;
    LANGUAGES
        .iter()
        .find(|language| language.extensions.contains(&extension))
}

impl Language {
    /// Whether a line is a mark of what follows it.
    pub fn is_mark(&self, line: &str) -> bool {
        self.mark.iter().any(|mark| line.starts_with(mark))
    }

    pub fn is_comment(&self, line: &str) -> bool {
        line.starts_with(self.comment)
    }

    /// The name of the test, or of the group of tests, that a line begins.
    pub fn test_in(&self, line: &str, marks: &[&str]) -> Option<String> {
        self.forms.iter().find_map(|form| match form {
            Form::Marked(words) => {
                let is_test = marks
                    .iter()
                    .any(|mark| self.test_marks.iter().any(|test| mark.contains(test)));
                let rest = words.iter().find_map(|word| behind(line, word));
                rest.filter(|_| is_test).and_then(name)
            }
            Form::Named { word, prefixes } => {
                let name = name(behind(line, word)?)?;
                let is_test = prefixes.iter().any(|prefix| name.starts_with(prefix));
                is_test.then_some(name)
            }
            Form::Called(calls) => called(line, calls),
        })
    }

    /// Whether a line begins a group of tests.
    pub fn is_group(&self, line: &str) -> bool {
        self.groups.iter().any(|group| {
            line.strip_prefix(group)
                .is_some_and(|rest| rest.starts_with(['(', '.', ' ']))
        })
    }

    /// Whether a mark or the first line of a test keeps it from running.
    pub fn skips(&self, line: &str) -> bool {
        // The name of a test is no sign.
        let line = without_texts(line);
        let is_mark_only = self.mark == ["@"] && !line.starts_with('@');
        !is_mark_only && self.skips.iter().any(|sign| line.contains(sign))
    }

    /// Whether a line of its body does.
    pub fn skips_inside(&self, line: &str) -> bool {
        self.skips_inside.iter().any(|sign| {
            let is_word = sign.chars().all(char::is_alphabetic);
            match is_word {
                true => line
                    .strip_prefix(sign)
                    .is_some_and(|rest| !rest.starts_with(|sign: char| sign.is_alphanumeric())),
                false => line.contains(sign),
            }
        })
    }

    pub fn is_only(&self, line: &str) -> bool {
        let line = without_texts(line);
        self.only.iter().any(|sign| match sign.starts_with('.') {
            true => line.contains(&format!("{sign}(")) || line.contains(&format!("{sign}.")),
            false => line.starts_with(sign) || (sign.contains(':') && line.contains(sign)),
        })
    }

    /// How many assertions that can fail a line has.
    pub fn asserts(&self, line: &str) -> usize {
        let is_idle = self.idle.iter().any(|sign| line.starts_with(sign));
        let has_one = self.asserts.iter().any(|sign| line.contains(sign));
        usize::from(has_one && !is_idle)
    }

    pub fn compares(&self, line: &str) -> bool {
        self.comparing.iter().any(|sign| line.contains(sign))
    }
}

/// What stands behind a word, at the beginning or behind a space.
fn behind<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let at = line.find(word)?;
    let is_word = at == 0 || line[..at].ends_with([' ', '\t', '(']);
    is_word.then(|| &line[at + word.len()..])
}

/// The name at the beginning of a text; Kotlin has some with spaces in back quotes.
fn name(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('`') {
        return rest.split_once('`').map(|(name, _)| name.to_owned());
    }
    let is_sign = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '?' | '!');
    let end = text.find(|sign: char| !is_sign(sign)).unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The name in `it("adds", …)`, `test.skip('adds', …)` and `it "adds" do`.
fn called(line: &str, calls: &[&str]) -> Option<String> {
    let end = line.find(|sign: char| !sign.is_alphanumeric())?;
    if !calls.contains(&&line[..end]) {
        return None;
    }
    let rest = &line[end..];
    let open = rest.find(['"', '\'', '`'])?;
    // `it.only(`, `test.each([1, 2])(`, ` ` of Ruby.
    let is_call = rest[..open].starts_with(['(', '.', ' ']) && !rest[..open].contains('=');
    let quote = rest[open..].chars().next()?;
    let text = &rest[open + quote.len_utf8()..];
    let close = text.find(quote)?;
    (is_call && close > 0).then(|| text[..close].to_owned())
}

/// A line without what is quoted in it.
fn without_texts(line: &str) -> String {
    let mut text = String::new();
    let mut quote: Option<char> = None;
    for sign in line.chars() {
        match quote {
            Some(open) if sign == open => quote = None,
            Some(_) => {}
            None if matches!(sign, '"' | '\'' | '`') => quote = Some(sign),
            None => text.push(sign),
        }
    }
    text
}
