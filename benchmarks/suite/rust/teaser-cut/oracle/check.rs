use site::{index_line, monogram, teaser};

#[test]
fn plain_texts_are_cut_as_before() {
    for (text, limit, expected) in [
        ("The ferry is late", 100, "The ferry is late"),
        ("The ferry is late", 17, "The ferry is late"),
        ("The ferry is late", 16, "The ferry is…"),
        ("The ferry is late", 12, "The ferry is…"),
        ("The ferry is late", 11, "The ferry…"),
        ("The ferry is late", 3, "The…"),
        ("The ferry is late", 2, "Th…"),
        ("Timetable", 4, "Time…"),
        ("  The ferry  ", 9, "The ferry"),
        ("", 5, ""),
        ("   ", 0, ""),
    ] {
        assert_eq!(teaser(text, limit), expected, "{text:?} {limit}");
    }
}

#[test]
fn the_article_of_the_crash_has_a_line() {
    let title = "Fährverbindungen nach Föhr: nun neu für den Sommer";
    assert_eq!(
        index_line("Jürgen Großmann", title),
        "[JG] Fährverbindungen nach Föhr: nun neu für…"
    );
}

#[test]
fn the_limit_counts_characters() {
    for (text, limit, expected) in [
        ("üüüü", 4, "üüüü"),
        ("üüüü", 3, "üüü…"),
        ("äö üß", 4, "äö…"),
        ("äö üß", 5, "äö üß"),
        ("äö üß ä", 5, "äö üß…"),
        ("船が遅れています", 3, "船が遅…"),
        ("船が遅れています", 8, "船が遅れています"),
        ("🚢 ⚓ 🌊", 3, "🚢 ⚓…"),
        ("🚢🚢🚢", 1, "🚢…"),
        ("ü", 0, "…"),
    ] {
        assert_eq!(teaser(text, limit), expected, "{text:?} {limit}");
    }
}

#[test]
fn no_limit_crashes() {
    let text = "Ein Übergang für 10 € – naïve Ärzte 🚢 zögern nicht";
    for limit in 0..60 {
        let cut = teaser(text, limit);
        let shown = cut.trim_end_matches('…').chars().count();
        assert!(shown <= limit, "{limit}: {cut}");
    }
}

#[test]
fn monograms_are_made_of_any_name() {
    for (author, expected) in [
        ("Ada Lind", "AL"),
        ("ada de la cruz", "AC"),
        ("Prince", "P"),
        ("élodie Östberg", "ÉÖ"),
        ("Ñ", "Ñ"),
        ("山田 太郎", "山太"),
        ("", "?"),
        ("   ", "?"),
    ] {
        assert_eq!(monogram(author), expected, "{author:?}");
    }
    assert_eq!(index_line("", ""), "[?] ");
}
