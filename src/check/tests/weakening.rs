//! Tests that edits remove or weaken, in each language.

use proptest::prelude::*;

use super::super::weakened::{EditedFile, weakened};

fn edited(path: &str, before: &str, after: &str) -> EditedFile {
    let side = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    EditedFile {
        path: path.to_owned(),
        before: side(before),
        after: side(after),
    }
}

/// What is said of an edit.
fn said(path: &str, before: &str, after: &str) -> Vec<String> {
    let found = weakened(&[edited(path, before, after)]);
    found.iter().map(|weakened| weakened.words()).collect()
}

const RUST: &str = "\
#[cfg(test)]
mod tests {
    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
        assert!(add(0, 0) == 0, \"{}\", '{');
    }

    #[tokio::test]
    async fn waits() {
        assert!(wait().await.is_ok());
    }
}
";
const PYTHON: &str = "\
class TestStats:
    def test_mean(self):
        assert mean([1, 2]) == 1.5
        assert mean([]) == 0

def test_total():
    with pytest.raises(ValueError):
        total(None)
";
const SCRIPT: &str = "\
describe('stats', () => {
  it('means', () => {
    expect(mean([1, 2])).toBe(1.5);
    expect(mean([])).toEqual(0);
  });
  test(\"totals\", async () => {
    expect(await total()).toBe(3);
  });
});
";
const GO: &str = "\
func TestMean(t *testing.T) {
\tif mean(1, 2) != 1.5 {
\t\tt.Errorf(\"got %v\", 1)
\t}
}

func TestTotal(t *testing.T) {
\trequire.Equal(t, 3, total())
}
";
const JAVA: &str = "\
class StatsTest {
    @Test
    void mean() {
        assertEquals(1.5, mean(1, 2));
    }

    @Test
    public void total()
    {
        assertThat(total()).isEqualTo(3);
    }
}
";
const RUBY: &str = "\
describe Stats do
  it \"means\" do
    expect(mean([1, 2])).to eq(1.5)
  end

  it \"totals\" do
    expect(total).to eq(3)
  end
end
";

#[test]
fn an_edit_that_weakens_nothing_is_not_named() {
    for (path, text) in [
        ("src/a.rs", RUST),
        ("test_a.py", PYTHON),
        ("a.test.ts", SCRIPT),
        ("a_test.go", GO),
        ("StatsTest.java", JAVA),
        ("stats_spec.rb", RUBY),
    ] {
        assert_eq!(said(path, text, text), Vec::<String>::new(), "{path}");
        let longer = format!("{text}\n");
        assert_eq!(said(path, text, &longer), Vec::<String>::new(), "{path}");
        assert_eq!(said(path, "", text), Vec::<String>::new(), "{path}");
    }
    let stronger = RUST.replace("wait().await.is_ok()", "wait().await == Ok(1)");
    assert_eq!(said("a.rs", RUST, &stronger), Vec::<String>::new());
}

#[test]
fn removed_tests_are_named_in_six_languages() {
    for (path, text, gone, test) in [
        ("src/a.rs", RUST, "#[tokio::test]", "waits"),
        ("test_a.py", PYTHON, "def test_total", "test_total"),
        ("a.test.ts", SCRIPT, "  test(\"totals\"", "totals"),
        ("a_test.go", GO, "func TestTotal", "TestTotal"),
        ("StatsTest.java", JAVA, "    @Test\n    public", "total"),
        ("stats_spec.rb", RUBY, "  it \"totals\"", "totals"),
    ] {
        let (kept, _) = text.split_once(gone).expect("it is there");
        assert_eq!(
            said(path, text, kept),
            [format!("`{test}` ({path}) was removed or renamed")],
            "{path}"
        );
        let all = said(path, text, "");
        assert_eq!(all.len(), 2, "{all:?}");
    }
}

#[test]
fn a_test_that_was_moved_is_not_removed() {
    let files = [
        edited("test_a.py", PYTHON, ""),
        edited("test_b.py", "", PYTHON),
    ];
    assert_eq!(weakened(&files), []);
}

#[test]
fn skipped_tests_are_named() {
    for (path, text, from, to, test) in [
        (
            "a.rs",
            RUST,
            "    #[test]\n",
            "    #[test]\n    #[ignore]\n",
            "adds",
        ),
        (
            "test_a.py",
            PYTHON,
            "def test_total",
            "@pytest.mark.xfail\ndef test_total",
            "test_total",
        ),
        (
            "test_a.py",
            PYTHON,
            "    with pytest",
            "    pytest.skip(\"later\")\n    with pytest",
            "test_total",
        ),
        (
            "a.test.ts",
            SCRIPT,
            "it('means'",
            "it.skip('means'",
            "means",
        ),
        ("a.test.ts", SCRIPT, "it('means'", "xit('means'", "means"),
        (
            "a_test.go",
            GO,
            "\trequire",
            "\tt.Skip()\n\trequire",
            "TestTotal",
        ),
        (
            "StatsTest.java",
            JAVA,
            "    @Test\n    void",
            "    @Test\n    @Disabled\n    void",
            "mean",
        ),
        (
            "stats_spec.rb",
            RUBY,
            "it \"means\"",
            "xit \"means\"",
            "means",
        ),
    ] {
        let after = text.replace(from, to);
        assert_ne!(text, after, "{from}");
        assert_eq!(
            said(path, text, &after),
            [format!("`{test}` ({path}) is skipped now")],
            "{to}"
        );
    }
}

#[test]
fn runs_that_are_limited_to_one_test_are_named() {
    let after = SCRIPT.replace("it('means'", "it.only('means'");
    assert_eq!(
        said("a.test.ts", SCRIPT, &after),
        ["`means` (a.test.ts) is the only one of its file that runs now"]
    );
    let after = format!("{SCRIPT}it.only('new', () => {{}});\n");
    assert_eq!(
        said("a.test.ts", SCRIPT, &after),
        ["`new` (a.test.ts) is the only one of its file that runs now"]
    );
    // The word in a name is no sign.
    let named = SCRIPT.replace("means", "skips .only()");
    assert_eq!(said("b.js", &named, &named), Vec::<String>::new());
}

#[test]
fn assertions_that_are_gone_or_say_less_are_named() {
    for (path, text, from, to, expected) in [
        (
            "a.rs",
            RUST,
            "        assert_eq!(add(1, 2), 3);\n",
            "",
            "`adds` (a.rs) has 1 assertions, and had 2",
        ),
        (
            "a.rs",
            RUST,
            "assert!(wait().await.is_ok());",
            "assert!(true);",
            "`waits` (a.rs) has no assertion any more",
        ),
        (
            "test_a.py",
            PYTHON,
            "mean([]) == 0",
            "mean([])",
            "`test_mean` (test_a.py) compares less than before",
        ),
        (
            "a.test.ts",
            SCRIPT,
            "toBe(3)",
            "toBeDefined()",
            "`totals` (a.test.ts) compares less than before",
        ),
        (
            "a_test.go",
            GO,
            "\trequire.Equal(t, 3, total())\n",
            "",
            "`TestTotal` (a_test.go) has no assertion any more",
        ),
        (
            "StatsTest.java",
            JAVA,
            "        assertThat(total()).isEqualTo(3);\n",
            "",
            "`total` (StatsTest.java) has no assertion any more",
        ),
        (
            "stats_spec.rb",
            RUBY,
            "    expect(total).to eq(3)\n",
            "",
            "`totals` (stats_spec.rb) has no assertion any more",
        ),
    ] {
        let after = text.replace(from, to);
        assert_ne!(text, after, "{from}");
        assert_eq!(said(path, text, &after), [expected], "{path}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(
        before in "(.|[\\n#@'\"`{}()]|fn |def |test|it\\(|end|describe\\(){0,200}",
        after in "(.|[\\n#@'\"`{}()]|#\\[test\\]|func Test|@Test|it \"a\" do){0,200}",
    ) {
        for path in ["a.rs", "a.py", "a.ts", "a.go", "A.java", "a.rb", "a.txt", "a"] {
            weakened(&[edited(path, &before, &after)]);
        }
    }
}
