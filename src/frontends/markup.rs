//! What front ends make of the links and fences in a model's Markdown, which is untrusted.

/// Longest address of a link, in bytes; longer ones are shown as text.
pub const LONGEST_ADDRESS: usize = 1_000;

/// The language of a code fence, if it is a plausible name.
pub fn language(info: &str) -> Option<String> {
    let word = info.split([' ', ',', '{', '\t']).next().unwrap_or_default();
    let is_name = (1..=32).contains(&word.len())
        && word
            .chars()
            .all(|sign| sign.is_ascii_alphanumeric() || "+#-_.".contains(sign));
    is_name.then(|| word.to_ascii_lowercase())
}

/// Whether a link leads to the web: addresses of other kinds trigger actions.
pub fn is_web_address(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else {
        return false;
    };
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_ascii = address.chars().all(|sign| sign.is_ascii_graphic());
    is_web && is_ascii && url.username().is_empty() && address.len() <= LONGEST_ADDRESS
}

/// Whether a text looks like an address.
pub fn looks_like_address(text: &str) -> bool {
    let text = text.trim();
    let is_host = text.contains('.') && !text.contains(char::is_whitespace);
    text.contains("://") || text.starts_with("www.") || is_host
}

/// Whether a link's text is its address.
pub fn same_address(text: &str, address: &str) -> bool {
    let bare = |address: &str| {
        let address = address.trim().trim_end_matches('/');
        let address = address.strip_prefix("mailto:").unwrap_or(address);
        let address = address.strip_prefix("https://").unwrap_or(address);
        address
            .strip_prefix("http://")
            .unwrap_or(address)
            .to_owned()
    };
    bare(text) == bare(address)
}

/// The address of a link that leads to the web, in the form that browsers make of it.
///
/// None with a backslash, which people and browsers read differently: `https://a.org\@b.org`.
pub fn web_address(address: &str) -> Option<String> {
    let is_clear = is_web_address(address) && !address.contains('\\');
    let url = is_clear.then(|| url::Url::parse(address).ok());
    url.flatten().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for (address, expected) in [
            ("https://x.org", Some("https://x.org/")),
            ("HTTP://X.org/a?b=c#d", Some("http://x.org/a?b=c#d")),
            ("https://bad.org\\@good.org", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("https://good.org@bad.org", None),
            ("https://x.org/\u{202e}", None),
            ("//x.org", None),
            ("src/a.rs", None),
            ("", None),
        ] {
            assert_eq!(web_address(address).as_deref(), expected, "{address}");
        }
    }
}
