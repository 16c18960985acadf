//! Names in other spellings: `user account` as `user_account`, `UserAccount`, `user-account`.

/// A spelling of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    Snake,
    Kebab,
    Camel,
    Pascal,
    /// `USER_ACCOUNT`.
    Upper,
    /// `User account`.
    Title,
}

impl Spelling {
    pub const ALL: [Spelling; 6] = [
        Spelling::Snake,
        Spelling::Kebab,
        Spelling::Camel,
        Spelling::Pascal,
        Spelling::Upper,
        Spelling::Title,
    ];

    /// Its name as a filter of a placeholder.
    pub fn name(self) -> &'static str {
        match self {
            Spelling::Snake => "snake",
            Spelling::Kebab => "kebab",
            Spelling::Camel => "camel",
            Spelling::Pascal => "pascal",
            Spelling::Upper => "upper_snake",
            Spelling::Title => "title_words",
        }
    }

    pub fn of(self, text: &str) -> String {
        let words = words(text);
        match self {
            Spelling::Snake => words.join("_"),
            Spelling::Kebab => words.join("-"),
            Spelling::Upper => words.join("_").to_uppercase(),
            Spelling::Pascal => words.iter().map(|word| capitalised(word)).collect(),
            Spelling::Camel => {
                let mut words = words.iter();
                let first = words.next().cloned().unwrap_or_default();
                words.fold(first, |name, word| name + capitalised(word).as_str())
            }
            Spelling::Title => capitalised(&words.join(" ")),
        }
    }
}

/// The words of a name, in small letters: at anything but letters and digits, and before a capital that
/// follows a small letter or begins a word (`HTTPServer` is `http server`).
pub fn words(text: &str) -> Vec<String> {
    let signs: Vec<char> = text.chars().collect();
    let mut words = vec![String::new()];
    for (at, sign) in signs.iter().enumerate() {
        if !sign.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| signs.get(at));
        let after = signs.get(at + 1);
        let follows_small = before.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let begins_word =
            before.is_some_and(|c| c.is_uppercase()) && after.is_some_and(|c| c.is_lowercase());
        if sign.is_uppercase() && (follows_small || begins_word) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(sign.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn capitalised(word: &str) -> String {
    let mut signs = word.chars();
    match signs.next() {
        Some(first) => first.to_uppercase().chain(signs).collect(),
        None => String::new(),
    }
}
