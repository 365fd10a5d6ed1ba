//! What of an address may stand in the log: its path without what looks like a secret, and names of its query.

/// In the place of what is not kept.
const HIDDEN: &str = "…";
/// Longest path, in characters.
const PATH: usize = 500;
/// Longest part of a path, and longest name, in characters.
const PART: usize = 128;
const NAME: usize = 64;
/// Most names.
const NAMES: usize = 15;

/// A path as it is kept. People put keys into addresses: what looks like one is left out. So is who somebody is, since an
/// erasure has to find every name.
pub fn shown_path(path: &str) -> String {
    let mut before = "";
    let parts: Vec<&str> = path
        .split('/')
        .map(|this| {
            let of_identity = std::mem::replace(&mut before, this) == "identities";
            if of_identity { HIDDEN } else { part(this) }
        })
        .collect();
    let whole = parts.join("/");
    if whole.chars().count() <= PATH {
        return whole;
    }
    whole.chars().take(PATH).chain(HIDDEN.chars()).collect()
}

fn part(part: &str) -> &str {
    // Parameters of a part, as `;name=value` (RFC 3986 §3.3).
    let part = part.split(';').next().unwrap_or_default();
    // A connection's key ends with its identity.
    let part = part.split('|').next().unwrap_or_default();
    let part = match part.to_ascii_lowercase().find("%7c") {
        Some(end) => part.get(..end).unwrap_or_default(),
        None => part,
    };
    let secret = ["sk_", "whsec_", "lks_"].iter().any(|start| part.contains(start))
        || part.starts_with("eyJ")
        || part.contains('=')
        || part.to_ascii_lowercase().contains("%3d")
        || is_address(part)
        || part.chars().count() > PART;
    if secret { HIDDEN } else { part }
}

/// An address of somebody, also one that was encoded, once or more often.
fn is_address(part: &str) -> bool {
    let mut part = part.to_owned();
    while part.contains("%25") {
        part = part.replace("%25", "%");
    }
    part.contains('@') || part.contains("%40")
}

/// The names in a query, separated by `&`, each once. What stands alone may be a value and is left out.
pub fn query_names(query: Option<&str>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let plain = |name: &&str| {
            name.len() <= NAME
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]$%:".contains(&byte))
        };
        let name = pair.split_once('=').map(|(name, _)| name).filter(plain);
        let name = name
            .filter(|name| !name.is_empty() && part(name) != HIDDEN)
            .unwrap_or(HIDDEN);
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() == NAMES {
            break;
        }
    }
    names.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_what_names_a_thing() {
        for path in [
            "/v1/users/me/messages",
            "/v1/vault/connections/test::gmail::default::0123456789abcdef",
            "/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
            "/",
            "",
        ] {
            assert_eq!(shown_path(path), path);
        }
    }

    #[test]
    fn a_path_loses_what_may_be_a_secret() {
        let long = format!("/a/{}", "x".repeat(129));
        for (path, kept) in [
            ("/v1/sk_test_lk_abc/x", "/v1/…/x"),
            ("/hooks/whsec_abc", "/hooks/…"),
            ("/o/eyJhbGciOi.eyJzdWIi.sig", "/o/…"),
            ("/matrix;token=abc/x", "/matrix/x"),
            ("/a/token=abc", "/a/…"),
            ("/a/token%3Dabc", "/a/…"),
            (
                "/c/test::gmail::default::0123|u-42/test",
                "/c/test::gmail::default::0123/test",
            ),
            ("/c/test::gmail::default::0123%7Cu-42", "/c/test::gmail::default::0123"),
            ("/v1/identities/ann@example.com", "/v1/identities/…"),
            ("/gmail/v1/users/ann@example.com/messages", "/gmail/v1/users/…/messages"),
            (
                "/gmail/v1/users/ann%40example.com/messages",
                "/gmail/v1/users/…/messages",
            ),
            ("/gmail/v1/users/ann%252540example.com", "/gmail/v1/users/…"),
            (&long, "/a/…"),
        ] {
            assert_eq!(shown_path(path), kept, "{path}");
        }
        assert_eq!(shown_path(&"/abc".repeat(500)).chars().count(), PATH + 1);
    }

    #[test]
    fn a_query_keeps_names_alone() {
        for (query, kept) in [
            (None, ""),
            (Some(""), ""),
            (Some("page=2&limit=10&page=3"), "page&limit"),
            (Some("filter[name]=x&%24top=1"), "filter[name]&%24top"),
            (Some("abcdef"), "…"),
            (Some("q=1&abcdef&ghi"), "q&…"),
            (Some("sk_test_lk_abc=1"), "…"),
            (Some("=secret"), "…"),
            (Some("a b=1"), "…"),
        ] {
            assert_eq!(query_names(query), kept, "{query:?}");
        }
        let many: Vec<String> = (0..40).map(|number| format!("n{number}=1")).collect();
        assert_eq!(query_names(Some(&many.join("&"))).split('&').count(), NAMES);
    }
}
