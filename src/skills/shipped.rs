//! The skills of this program: short, in steps, and with the names of our tools, for small models.

/// Their names and texts, by name.
pub(super) static SHIPPED: &[(&str, &str)] = &[
    (
        "changelog-entry",
        include_str!("shipped/changelog-entry.md"),
    ),
    ("explain-module", include_str!("shipped/explain-module.md")),
    ("review-changes", include_str!("shipped/review-changes.md")),
    (
        "upgrade-dependency",
        include_str!("shipped/upgrade-dependency.md"),
    ),
    ("write-tests", include_str!("shipped/write-tests.md")),
];
