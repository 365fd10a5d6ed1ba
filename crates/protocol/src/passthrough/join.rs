//! Joining a caller's path behind a base address so that nothing but the path and the query can change.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use url::form_urlencoded;

use super::PassthroughError;

/// The address of a call: the base, the caller's raw path and query, and the definition's own query parameters at the
/// end. Paths are forwarded as they were sent; what could mean something else to another parser is refused.
///
/// Where the path holds no `/` but `%2F`, the whole path was sent as one encoded parameter (as clients generated from
/// an OpenAPI document do), and those are decoded. Parameters of the caller that have the name of one of the
/// definition's are left out: the definition's carry the credential.
pub(crate) fn join(base: &Url, raw: &str, own_query: &[(String, SecretString)]) -> Result<Url, PassthroughError> {
    if raw
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'\\' | b'#'))
    {
        return Err(PassthroughError::Path(
            "it has a space, a control character, `\\`, `#` or a letter outside ASCII",
        ));
    }
    let (path, query) = raw
        .split_once('?')
        .map_or((raw, None), |(path, query)| (path, Some(query)));
    let path = one_parameter(path.strip_prefix('/').unwrap_or(path));
    if path.split('/').any(is_dot_segment) {
        return Err(PassthroughError::Path("it has a `.` or `..` segment"));
    }

    // Without a path the base itself is called, as it is written: some servers are at `/mcp/` and not at `/mcp`.
    let is_base = raw.is_empty() || raw.starts_with('?');
    let base_path = if is_base {
        base.path()
    } else {
        base.path().trim_end_matches('/')
    };
    let mut address = format!("{}{base_path}", &base[..url::Position::BeforePath]);
    if !is_base {
        address.push('/');
        address.push_str(&path);
    }
    if let Some(query) = whole_query(base.query(), query, own_query) {
        address.push('?');
        address.push_str(&query);
    }
    let joined = Url::parse(&address).map_err(|_| PassthroughError::Path("it makes no address"))?;
    let same_server = joined.scheme() == base.scheme()
        && joined.host() == base.host()
        && joined.port() == base.port()
        && joined.username().is_empty()
        && joined.password().is_none()
        && joined.fragment().is_none();
    // The conditions above leave no way to get here with another server; this is the second lock.
    if !same_server || !joined.path().starts_with(base_path) {
        return Err(PassthroughError::Path("it would leave the service's address"));
    }
    Ok(joined)
}

fn one_parameter(path: &str) -> String {
    let encoded_slash = |path: &str| path.to_ascii_lowercase().contains("%2f");
    if path.contains('/') || !encoded_slash(path) {
        return path.to_owned();
    }
    let decoded = path.replace("%2F", "/").replace("%2f", "/");
    decoded.strip_prefix('/').map(str::to_owned).unwrap_or(decoded)
}

/// Whether a segment is `.` or `..`, in any spelling, or holds such a thing between encoded slashes.
fn is_dot_segment(segment: &str) -> bool {
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(segment).collect();
    let alone = decoded == b"." || decoded == b"..";
    alone
        || decoded
            .split(|byte| matches!(byte, b'/' | b'\\'))
            .any(|piece| piece == b"..")
}

/// The query of the base, the caller's in its order and with its duplicates, and the definition's.
fn whole_query(base: Option<&str>, caller: Option<&str>, own: &[(String, SecretString)]) -> Option<String> {
    let is_own = |pair: &str| {
        let (name, _) = form_urlencoded::parse(pair.as_bytes()).next().unwrap_or_default();
        own.iter().any(|(own, _)| *own == name)
    };
    let kept = caller.map(|query| {
        if query.split('&').any(is_own) {
            query
                .split('&')
                .filter(|pair| !is_own(pair))
                .collect::<Vec<_>>()
                .join("&")
        } else {
            query.to_owned()
        }
    });
    let mut pieces: Vec<String> = [base.map(str::to_owned), kept].into_iter().flatten().collect();
    if pieces.last().is_some_and(String::is_empty) && !own.is_empty() {
        pieces.pop();
    }
    if !own.is_empty() {
        let mut serializer = form_urlencoded::Serializer::new(String::new());
        for (name, value) in own {
            serializer.append_pair(name, value.expose_secret());
        }
        pieces.push(serializer.finish());
    }
    (!pieces.is_empty()).then(|| pieces.join("&"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base() -> Url {
        Url::parse("https://api.example.com/v1").unwrap()
    }

    fn joined(raw: &str) -> Result<String, PassthroughError> {
        join(&base(), raw, &[]).map(|url| url.to_string())
    }

    #[test]
    fn paths_and_queries_are_forwarded_as_sent() {
        for (raw, expected) in [
            ("/users/me", "https://api.example.com/v1/users/me"),
            ("users/me", "https://api.example.com/v1/users/me"),
            ("/", "https://api.example.com/v1/"),
            ("", "https://api.example.com/v1"),
            ("?a=1", "https://api.example.com/v1?a=1"),
            ("/a?", "https://api.example.com/v1/a?"),
            ("/a//b/", "https://api.example.com/v1/a//b/"),
            (
                "/calendars/a@b.test/events:quick,add",
                "https://api.example.com/v1/calendars/a@b.test/events:quick,add",
            ),
            ("/files/a%2Fb/raw", "https://api.example.com/v1/files/a%2Fb/raw"),
            ("/a%20b", "https://api.example.com/v1/a%20b"),
            (
                "/x?ids[]=1&ids[]=2&b=&b",
                "https://api.example.com/v1/x?ids[]=1&ids[]=2&b=&b",
            ),
            ("/x?z=1&a=2&z=3", "https://api.example.com/v1/x?z=1&a=2&z=3"),
            (
                "/x?next=https://evil.test/../y",
                "https://api.example.com/v1/x?next=https://evil.test/../y",
            ),
            ("/x?a=1?b=2", "https://api.example.com/v1/x?a=1?b=2"),
            ("/users%2Fme%2fphoto", "https://api.example.com/v1/users/me/photo"),
            ("/%2Fusers%2Fme", "https://api.example.com/v1/users/me"),
            (
                "/single%2Fpath?q=a%2Fb",
                "https://api.example.com/v1/single/path?q=a%2Fb",
            ),
            ("/a..b/...", "https://api.example.com/v1/a..b/..."),
        ] {
            assert_eq!(joined(raw).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn the_base_is_called_as_it_is_written() {
        let base = Url::parse("https://tools.example.com/mcp/").unwrap();
        for (raw, expected) in [
            ("", "https://tools.example.com/mcp/"),
            ("?a=1", "https://tools.example.com/mcp/?a=1"),
            ("/x", "https://tools.example.com/mcp/x"),
        ] {
            assert_eq!(join(&base, raw, &[]).unwrap().as_str(), expected, "{raw}");
        }
    }

    #[test]
    fn what_another_parser_could_read_differently_is_refused() {
        for raw in [
            "/\\evil.test",
            "\\\\evil.test",
            "/..",
            "/../admin",
            "/a/../../admin",
            "/a/./b",
            "/%2e%2e/admin",
            "/.%2E/x",
            "/%2e/x",
            "/a%2f..%2fb/c",
            "/..%2fx/y",
            "/..%5cx/y",
            "/a%5c../y",
            "/a\tb",
            "/a\r\nHost: evil.test",
            "/a b",
            "/a#b",
            "/ü",
            "/a\u{0}b",
            "/..%2f..%2fadmin",
            "%2e%2e%2fadmin",
        ] {
            assert!(joined(raw).is_err(), "{raw:?} must be refused");
        }
    }

    const HOSTILE: &[&str] = &[
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "@evil.test",
        "/@evil.test",
        ".evil.test",
        ":80@evil.test",
        ":80",
        ":443@evil.test/",
        "%2f%2fevil.test",
        "%2F%2Fevil.test%2Fx",
        "/..//",
        "/..//evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "\t//evil.test",
        "https://evil.test/",
        "https:evil.test",
        "//user:pass@evil.test/",
        "?@evil.test",
        "#@evil.test",
        "/%00",
        "/%0d%0aHost:%20evil.test",
        "/;@evil.test",
        "%40evil.test",
        "/%E3%80%82evil.test",
        "/。evil.test",
        "javascript:alert(1)",
        "/[::1]/",
        "//[::1]/",
        "//127.0.0.1:80/",
        "..",
        "../..",
    ];

    fn never_moves(base: &Url, raw: &str) {
        if let Ok(url) = join(base, raw, &[("key".to_owned(), SecretString::from("s&e=c#r?e/t"))]) {
            assert_eq!(url.origin(), base.origin(), "{raw:?}");
            assert_eq!(url.host_str(), base.host_str(), "{raw:?}");
            assert!(
                url.username().is_empty() && url.password().is_none() && url.fragment().is_none(),
                "{raw:?}"
            );
            assert!(url.path().starts_with(base.path().trim_end_matches('/')), "{raw:?}");
            assert!(url.query().unwrap().ends_with("key=s%26e%3Dc%23r%3Fe%2Ft"), "{raw:?}");
        }
    }

    fn bases() -> Vec<Url> {
        [
            "https://api.example.com",
            "https://api.example.com/",
            "https://api.example.com/v1/",
            "http://127.0.0.1:8080/s/api",
        ]
        .iter()
        .map(|base| Url::parse(base).unwrap())
        .collect()
    }

    #[test]
    fn no_hostile_path_moves_the_host() {
        for base in bases() {
            for raw in HOSTILE {
                never_moves(&base, raw);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_text_moves_the_host(raw in "\\PC*|[\\x00-\\x7f]{0,40}|([/\\\\@.:%?#]|%2[fFeE]|%5c|%40|evil|test|//|\\.\\.){0,20}") {
            for base in bases() {
                never_moves(&base, &raw);
            }
        }

        #[test]
        fn no_addition_to_a_hostile_path_moves_the_host(index in 0..HOSTILE.len(), before in "[/.@:%a-z]{0,4}", after in "[ -~]{0,12}") {
            for base in bases() {
                never_moves(&base, &format!("{before}{}{after}", HOSTILE[index]));
            }
        }
    }

    #[test]
    fn the_definitions_query_comes_last_and_wins() {
        let own = [("api_key".to_owned(), SecretString::from("canary"))];
        let address = |raw| join(&base(), raw, &own).unwrap().to_string();
        assert_eq!(address("/x"), "https://api.example.com/v1/x?api_key=canary");
        assert_eq!(address("/x?"), "https://api.example.com/v1/x?api_key=canary");
        assert_eq!(
            address("/x?a=1&a=2"),
            "https://api.example.com/v1/x?a=1&a=2&api_key=canary"
        );
        assert_eq!(
            address("/x?api_key=mine&a=%20"),
            "https://api.example.com/v1/x?a=%20&api_key=canary"
        );
        assert_eq!(
            address("/x?api%5Fkey=mine"),
            "https://api.example.com/v1/x?api_key=canary"
        );
    }
}
