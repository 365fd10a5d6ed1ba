//! Checks of single values: ids, patterns, links, names.

use regex::{Regex, RegexBuilder};
use url::Url;

use crate::model::{HostCase, OtherValue, Variable, VariableKind};
use crate::report::{Place, Report};
use crate::template::{is_label, is_plain_path};

/// One DNS label: what a text may be when its definition has no pattern.
const LABEL: &str = r"\A(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\z";
/// Compiled size of a pattern, in bytes.
const PATTERN_BYTES: usize = 256 * 1024;
/// The longest value of a variable, in bytes.
const VALUE_BYTES: usize = 2048;

/// Compiles a pattern so that it must match the whole value. Without one, a value is one DNS label.
pub(crate) fn pattern(source: Option<&str>) -> Result<Regex, String> {
    let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
    // Alone first: `a)|(b` would leave the brackets of the anchors.
    let compiled = match source {
        None => compile(LABEL),
        Some(source) => compile(source).and_then(|_| compile(&format!(r"\A(?:{source})\z"))),
    };
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large: shorten its repetitions".to_owned(),
        error => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the pattern is no regular expression: {reason}")
        }
    })
}

/// `google-calendar`.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= 64 && is_label(text) && !text.contains("--")
}

/// `api_key`.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A token of RFC 9110 §5.6.2, which header names are.
pub(crate) fn is_header_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Headers that belong to the connection or to the caller.
const FORBIDDEN_HEADERS: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// Whether a definition, or a person whom it asks, may name this header.
pub fn is_allowed_header(name: &str) -> bool {
    // Some servers read `_` as `-`.
    let lower = name.to_ascii_lowercase().replace('_', "-");
    is_header_name(name) && !FORBIDDEN_HEADERS.contains(&lower.as_str()) && !lower.starts_with("proxy-")
}

/// Hosts that are written out; an entry that begins with a dot is a suffix.
pub(crate) fn hosts(hosts: &[String], place: &Place, report: &mut Report<'_>) {
    for (index, host) in hosts.iter().enumerate() {
        let name = host.strip_prefix('.').unwrap_or(host);
        if name.split('.').count() < 2 || !name.split('.').all(is_label) {
            let message = format!("`{host}` is no host: write a domain such as `.example.com` or `api.example.com`");
            report.add(&place.index(index), message);
        }
    }
}

/// A link that people follow.
pub(crate) fn link(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is no address: {error}"))?;
    if url.scheme() != "https" {
        return Err(format!("`{text}` must begin with `https://`"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
        return Err(format!("`{text}` must have neither a user nor a port"));
    }
    Ok(url)
}

/// Checks a value that a person or an operator gave; the message is for them.
pub(crate) fn variable_value(variable: &Variable, value: &str) -> Result<(), String> {
    let title = &variable.title;
    if value.is_empty() {
        return Err(format!("“{title}” is empty. Enter a value{}.", example(variable)));
    }
    if value.len() > VALUE_BYTES {
        return Err(format!(
            "“{title}” is too long. Enter at most {VALUE_BYTES} characters."
        ));
    }
    let host = match variable.uses.host {
        None => None,
        Some(HostCase::AsWritten) => Some(value.to_owned()),
        Some(HostCase::Lowered) => Some(value.to_ascii_lowercase()),
    };
    let mend = example(variable);
    let wrong_form = || Err(format!("“{title}” does not have the right form. Correct it{mend}."));
    match &variable.kind {
        VariableKind::Text { pattern } if pattern.as_str() == LABEL => is_label(value).then_some(()).ok_or_else(|| {
            format!("“{title}” can only have lower-case letters, digits and hyphens, at most 63. Correct it{mend}.")
        }),
        _ if host.is_some_and(|host| !host.split('.').all(is_label)) => Err(format!(
            "“{title}” becomes part of a host name: lower-case letters, digits and hyphens, at most 63 between dots. \
             Correct it{mend}."
        )),
        _ if variable.uses.header_name && !is_allowed_header(value) => Err(format!(
            "“{title}” is not the name of a header that can be set: letters, digits and hyphens, as X-API-Key, and none \
             that belongs to the connection. Correct it{mend}."
        )),
        VariableKind::Text { pattern } if pattern.is_match(value) => Ok(()),
        VariableKind::Email if is_email(value) => Ok(()),
        VariableKind::Number if is_number(value) => Ok(()),
        VariableKind::Path if is_plain_path(value) => Ok(()),
        VariableKind::Multiline if !value.chars().any(|one| one.is_control() && !"\n\r\t".contains(one)) => Ok(()),
        VariableKind::Path => Err(format!(
            "“{title}” must begin with “/”, with no “#”, “.” or “..” in it. Correct it{mend}."
        )),
        VariableKind::Text { .. } | VariableKind::Email | VariableKind::Number | VariableKind::Multiline => {
            wrong_form()
        }
        VariableKind::Origin => origin(variable, value),
        VariableKind::Url => address(value).map(|_| ()).ok_or_else(|| not_an_address(variable)),
        VariableKind::Choice(choices) if choices.iter().any(|choice| choice.value == value) => Ok(()),
        VariableKind::Choice(choices) => match variable.other {
            Some(OtherValue::Origin) => origin(variable, value),
            Some(OtherValue::Url) => address(value).map(|_| ()).ok_or_else(|| not_an_address(variable)),
            None => {
                let values: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
                Err(format!(
                    "“{title}” must be one of the choices. Choose {}.",
                    values.join(", ")
                ))
            }
        },
    }
}

fn origin(variable: &Variable, value: &str) -> Result<(), String> {
    match address(value) {
        Some(url) if url.path() == "/" => Ok(()),
        Some(_) => Err(format!(
            "“{}” must end after the host. Remove the path from the address{}.",
            variable.title,
            example(variable)
        )),
        None => Err(not_an_address(variable)),
    }
}

/// Near enough to RFC 5321: one `@` with something on both sides, and no colon, which ends the user name of Basic.
fn is_email(value: &str) -> bool {
    let plain = value
        .chars()
        .all(|one| !one.is_control() && !one.is_whitespace() && one != ':');
    let halves = value.split_once('@');
    plain && halves.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// `42`, `-1`, `0.5`.
fn is_number(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

/// An address without user, query and fragment. Whether `http` or a port is allowed, the outbound client decides: it
/// knows which hosts the operator lists.
fn address(value: &str) -> Option<Url> {
    if value.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
        return None;
    }
    let url = Url::parse(value).ok()?;
    let clean = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && value.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    (matches!(url.scheme(), "https" | "http") && url.host_str().is_some_and(|host| !host.is_empty()) && clean)
        .then_some(url)
}

fn not_an_address(variable: &Variable) -> String {
    format!(
        "“{}” must be an address that begins with https:// and has no user name, “?” or “#”. Correct it{}.",
        variable.title,
        example(variable)
    )
}

/// ` (as “acme”); help`: how to mend it.
fn example(variable: &Variable) -> String {
    let shown = variable.placeholder.as_ref().or(variable.default.as_ref());
    let mut text = shown
        .map(|shown| format!(", for example “{shown}”"))
        .unwrap_or_default();
    if let Some(help) = &variable.help {
        text.push_str(" (");
        text.push_str(help.trim_end_matches('.'));
        text.push(')');
    }
    text
}

/// `2h` in seconds.
pub(crate) fn lifetime(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok()?;
    number
        .checked_mul(seconds)
        .filter(|seconds| (1..=3650 * 86_400).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::{LABEL, is_header_name, is_id, is_name, lifetime, link, pattern};
    use crate::model::{Choice, HostCase, SetBy, Uses, Variable, VariableKind};

    fn variable(kind: VariableKind) -> Variable {
        Variable {
            title: "Your domain".to_owned(),
            help: Some("The first part of your address.".to_owned()),
            set_by: SetBy::Person,
            kind,
            default: None,
            placeholder: Some("acme".to_owned()),
            other: None,
            optional: false,
            secret: false,
            uses: Uses::default(),
        }
    }

    #[test]
    fn without_a_pattern_a_value_is_one_dns_label() {
        let domain = variable(VariableKind::Text {
            pattern: pattern(None).unwrap(),
        });
        assert_eq!(domain.check("acme-7"), Ok(()));
        assert_eq!(domain.check(&"a".repeat(63)), Ok(()));
        let long = "a".repeat(64);
        for value in [
            "evil.com#",
            "evil.com/",
            "evil.com?",
            "a@evil.com",
            "a.b",
            "a%2eb",
            "。",
            "xn--e1afmkfd",
            "a\r\nb",
            "a\n",
            "",
            "-a",
            "a-",
            "A",
            "ä",
            " a",
            "${credential.api_key}",
            "{{ env.X }}",
            &long,
        ] {
            assert!(domain.check(value).is_err(), "{value:?} was taken");
        }
    }

    #[test]
    fn messages_say_what_happened_and_how_to_mend_it() {
        let message = |kind, value: &str| variable(kind).check(value).unwrap_err();
        assert_eq!(
            message(
                VariableKind::Text {
                    pattern: pattern(None).unwrap()
                },
                "a.b"
            ),
            "“Your domain” can only have lower-case letters, digits and hyphens, at most 63. Correct it, for example \
             “acme” (The first part of your address)."
        );
        assert_eq!(
            message(
                VariableKind::Text {
                    pattern: pattern(Some("[0-9]+")).unwrap()
                },
                "1\n"
            ),
            "“Your domain” does not have the right form. Correct it, for example “acme” (The first part of your address)."
        );
        assert_eq!(
            message(
                VariableKind::Choice(vec![Choice {
                    value: "eu".to_owned(),
                    label: "Europe".to_owned()
                }]),
                "us"
            ),
            "“Your domain” must be one of the choices. Choose eu."
        );
        assert!(message(VariableKind::Url, "").starts_with("“Your domain” is empty. Enter a value"));
        assert!(message(VariableKind::Url, &"a".repeat(3000)).contains("too long"));
        assert!(message(VariableKind::Origin, "https://a.example/x").contains("Remove the path"));
    }

    #[test]
    fn an_origin_has_no_path_and_an_address_no_user() {
        let (origin, url) = (variable(VariableKind::Origin), variable(VariableKind::Url));
        for value in [
            "https://id.example.com",
            "https://id.example.com/",
            "http://127.0.0.1:4000",
        ] {
            assert_eq!((origin.check(value), url.check(value)), (Ok(()), Ok(())));
        }
        assert!(url.check("https://id.example.com/realms/one").is_ok());
        assert!(origin.check("https://id.example.com/realms/one").is_err());
        for value in [
            "id.example.com",
            "ftp://a.example",
            "javascript:alert(1)",
            "https://u@a.example",
            "https://u:p@a.example",
            "https://a.example/?q",
            "https://a.example/#f",
            "https://a.example\\@b",
            "https:a.example",
            "https:///a.example",
            " https://a.example",
            "https://a.example\n",
            "https://",
        ] {
            assert!(url.check(value).is_err(), "{value:?} was taken");
        }
    }

    #[test]
    fn a_value_in_a_host_is_made_of_labels_whatever_the_pattern_says() {
        let mut domain = variable(VariableKind::Text {
            pattern: pattern(Some(".*")).unwrap(),
        });
        domain.uses.host = Some(HostCase::AsWritten);
        assert_eq!(domain.check("acme.my"), Ok(()));
        for value in ["evil.com/", "a@b", "xn--a.my", "a..b"] {
            assert!(domain.check(value).unwrap_err().contains("host name"), "{value}");
        }
    }

    #[test]
    fn patterns_match_the_whole_value() {
        let pattern = pattern(Some("a|b")).unwrap();
        assert!(pattern.is_match("a") && pattern.is_match("b"));
        assert!(!pattern.is_match("ab") && !pattern.is_match("xb") && !pattern.is_match("a\n"));
        assert!(super::pattern(Some("a)|(b")).is_err());
        assert_eq!(super::pattern(None).unwrap().as_str(), LABEL);
    }

    #[test]
    fn names_have_their_forms() {
        assert!(is_id("google-calendar") && is_id("a1"));
        assert!(!is_id("Google") && !is_id("a--b") && !is_id("-a") && !is_id("a_b") && !is_id("") && !is_id("a.b"));
        assert!(is_name("api_key2") && !is_name("2a") && !is_name("apiKey") && !is_name(""));
        assert!(
            is_header_name("X-Api-Key") && !is_header_name("X Key") && !is_header_name("X:") && !is_header_name("")
        );
        assert_eq!(
            ["90s", "5m", "2h", "1d"].map(lifetime),
            [Some(90), Some(300), Some(7200), Some(86_400)]
        );
        for text in ["", "h", "0s", "-1h", "2", "2w", "99999999999999999999s", "2é", "9999d"] {
            assert_eq!(lifetime(text), None, "{text}");
        }
        assert!(link("https://a.example/x?y#z").is_ok());
        for text in [
            "http://a.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "//a",
            "https://u@a.example",
            "https://a:8/",
        ] {
            assert!(link(text).is_err(), "{text}");
        }
    }
}
