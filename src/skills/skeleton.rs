//! The beginning of a new skill.

/// The text of a new `SKILL.md`, to be filled in by the user; it is a skill that can be used.
pub fn skeleton(name: &str) -> String {
    include_str!("skeleton.md").replace("{name}", name)
}
