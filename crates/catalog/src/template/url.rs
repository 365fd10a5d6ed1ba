//! A template of a URL whose host nobody can move.
//!
//! Two forms exist. Either the definition writes the host, or at least its end: `https://${variables.domain}.example.com/…`.
//! Or the whole origin is one input: `${variables.issuer}/…`, `${discovered.token_endpoint}`, `${instance.public_url}/…`;
//! then the outbound client decides whether it may be called. After rendering, the parsed URL is compared with the rule
//! again, because parsers of URLs have surprises.

use ::url::Url;

use super::inputs::{path_segment, percent};
use super::{Expression, Function, Inputs, Name, Part, RenderError, Template, function};
use crate::model::HostCase;

/// A template of a URL with its host rule.
#[derive(Clone, Debug)]
pub struct UrlTemplate {
    template: Template,
    origin: Origin,
    tail: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Origin {
    /// `https://` and these pieces, the last of which is a literal.
    Host(Vec<Part>),
    /// One input is scheme, host and port, and perhaps the beginning of the path.
    Whole(Name, WholeOrigin),
}

/// Who vouches for an input that is a whole origin.
#[derive(Clone, Debug)]
pub(crate) enum WholeOrigin {
    /// The outbound client, at each call.
    Guarded,
    /// The definition: the host equals an entry, or ends with one that begins with a dot.
    Hosts(Vec<String>),
}

/// Why a URL template is refused at load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HostRuleError(pub String);

/// The way to a service that is not on the public internet.
const OWN_NETWORK: &str = ". For a service of your own network declare a variable of `type: origin`, write \
                           `${variables.NAME}` in place of scheme and host, and list its origin in \
                           `LATCHKEY_ALLOW_PRIVATE_HOSTS`";

fn refuse<T>(message: impl Into<String>) -> Result<T, HostRuleError> {
    Err(HostRuleError(message.into()))
}

impl UrlTemplate {
    /// Proves the host rule. `whole` says for an input at the very beginning who vouches for it, or why it may not stand
    /// there.
    pub(crate) fn new(
        template: Template,
        whole: impl Fn(&Name) -> Result<WholeOrigin, String>,
    ) -> Result<Self, HostRuleError> {
        let (origin, tail) = match template.parts() {
            [Part::Literal(start), rest @ ..] => {
                let Some(after) = start.strip_prefix("https://") else {
                    let own = if start.starts_with("http://") { OWN_NETWORK } else { "" };
                    return refuse(format!("the address must begin with `https://`{own}"));
                };
                let (host, tail) = split_host(after, rest);
                check_host(&host)?;
                (Origin::Host(host), tail)
            }
            [Part::Expression(Expression::Name(name)), rest @ ..] => {
                let vouched = whole(name).map_err(HostRuleError)?;
                if let Some(Part::Literal(next)) = rest.first()
                    && !next.starts_with(['/', '?'])
                {
                    return refuse(format!(
                        "what follows `${{{name}}}` must begin with `/`, or it could move the host"
                    ));
                }
                if matches!(rest.first(), Some(Part::Expression(_))) {
                    return refuse(format!(
                        "what follows `${{{name}}}` must begin with `/`, or it could move the host"
                    ));
                }
                (Origin::Whole(name.clone(), vouched), rest.to_vec())
            }
            [] => return refuse("the address is empty"),
            [Part::Expression(_), ..] => return refuse("a function cannot give the host of an address"),
        };
        check_tail(&tail)?;
        Ok(Self { template, origin, tail })
    }

    /// The template that it was made from.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Whether scheme, host and port come from one input as a whole.
    pub(crate) fn is_whole_origin(&self) -> bool {
        matches!(self.origin, Origin::Whole(..))
    }

    /// Inputs that stand in the host or are the whole origin.
    pub fn host_names(&self) -> Vec<&Name> {
        self.host_inputs().into_iter().map(|(name, _)| name).collect()
    }

    /// The same, and how each stands there.
    pub(crate) fn host_inputs(&self) -> Vec<(&Name, HostCase)> {
        match &self.origin {
            Origin::Whole(name, _) => vec![(name, HostCase::AsWritten)],
            Origin::Host(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Expression(expression) => host_input(expression),
                    Part::Literal(_) => None,
                })
                .collect(),
        }
    }

    /// Scheme and host as they are written, with their inputs: `https://${variables.domain}.example.com`.
    pub fn origin_text(&self) -> String {
        match &self.origin {
            Origin::Whole(name, _) => format!("${{{name}}}"),
            Origin::Host(parts) => {
                let written = parts.iter().map(|part| match part {
                    Part::Literal(text) => text.clone(),
                    Part::Expression(expression) => match host_input(expression) {
                        Some((name, HostCase::Lowered)) => format!("${{lower({name})}}"),
                        _ => format!("${{{expression}}}"),
                    },
                });
                format!("https://{}", written.collect::<String>())
            }
        }
    }

    /// Renders and proves the host rule once more.
    pub fn render(&self, inputs: &Inputs<'_>) -> Result<Url, RenderError> {
        let tail = render_tail(&self.tail, inputs)?;
        match &self.origin {
            Origin::Host(parts) => {
                let host = render_host(parts, inputs)?;
                let url = parse(&format!("https://{host}{tail}"))?;
                if url.scheme() != "https" || url.port().is_some() || url.host_str() != Some(host.as_str()) {
                    return Err(RenderError::Url("its host moved"));
                }
                without_user(url)
            }
            Origin::Whole(name, vouched) => {
                let value = inputs.get(name)?;
                let base = without_user(parse(&value)?)?;
                if !matches!(base.scheme(), "https" | "http") || base.fragment().is_some() {
                    return Err(RenderError::Url("it is not an address of the web"));
                }
                if let WholeOrigin::Hosts(hosts) = vouched
                    && !is_listed(&base, hosts)
                {
                    return Err(RenderError::Url("its host is none of those that the definition allows"));
                }
                if tail.is_empty() {
                    return Ok(base);
                }
                if base.query().is_some() {
                    return Err(RenderError::Url("a path cannot follow a query"));
                }
                let url = without_user(parse(&format!("{}{tail}", base.as_str().trim_end_matches('/')))?)?;
                if url.origin() != base.origin() {
                    return Err(RenderError::Url("its host moved"));
                }
                Ok(url)
            }
        }
    }
}

/// Whether a text is an https origin on one of the hosts, without a path.
pub(crate) fn is_listed_origin(text: &str, hosts: &[String]) -> bool {
    let url = parse(text).and_then(without_user);
    url.is_ok_and(|url| {
        is_listed(&url, hosts) && url.path() == "/" && url.query().is_none() && url.fragment().is_none()
    })
}

/// Whether it is https on the default port, and the host equals an entry or ends with one that begins with a dot.
fn is_listed(url: &Url, hosts: &[String]) -> bool {
    url.scheme() == "https"
        && url.port().is_none()
        && url.domain().is_some_and(|host| {
            hosts.iter().any(|entry| {
                if entry.starts_with('.') {
                    host.len() > entry.len() && host.ends_with(entry.as_str())
                } else {
                    host == entry
                }
            })
        })
}

fn parse(text: &str) -> Result<Url, RenderError> {
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\') {
        return Err(RenderError::Url("it has a space, a control character or a backslash"));
    }
    let url = Url::parse(text).map_err(|_| RenderError::Url("it is not a URL"))?;
    if url.host_str().is_none_or(str::is_empty) {
        Err(RenderError::Url("it has no host"))
    } else {
        Ok(url)
    }
}

fn without_user(url: Url) -> Result<Url, RenderError> {
    if url.username().is_empty() && url.password().is_none() {
        Ok(url)
    } else {
        Err(RenderError::Url("it has a user part"))
    }
}

/// Splits what follows `https://` into host and the rest.
fn split_host(first: &str, rest: &[Part]) -> (Vec<Part>, Vec<Part>) {
    let mut host = Vec::new();
    let mut pieces = std::iter::once(Part::Literal(first.to_owned())).chain(rest.iter().cloned());
    let mut tail = Vec::new();
    for piece in pieces.by_ref() {
        match piece {
            Part::Literal(text) => {
                let end = text.find(['/', '?', '#']).unwrap_or(text.len());
                if end > 0 {
                    host.push(Part::Literal(text[..end].to_owned()));
                }
                if end < text.len() {
                    tail.push(Part::Literal(text[end..].to_owned()));
                    break;
                }
            }
            expression @ Part::Expression(_) => host.push(expression),
        }
    }
    tail.extend(pieces);
    (host, tail)
}

/// What may stand in a host: an input, as it is or in lower case.
fn host_input(expression: &Expression) -> Option<(&Name, HostCase)> {
    match expression {
        Expression::Name(name) => Some((name, HostCase::AsWritten)),
        Expression::Call(Function::Lower, arguments) => match arguments.as_slice() {
            [row] => match row.as_slice() {
                [Expression::Name(name)] => Some((name, HostCase::Lowered)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn check_host(host: &[Part]) -> Result<(), HostRuleError> {
    for part in host {
        match part {
            Part::Literal(text) => {
                let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
                if !text.bytes().all(allowed) {
                    let own = if text.contains(':') { OWN_NETWORK } else { "" };
                    return refuse(format!(
                        "`{text}` cannot stand in a host: only lower-case letters, digits, `-` and `.` can, no port and no user{own}"
                    ));
                }
            }
            Part::Expression(expression) if host_input(expression).is_some() => {}
            Part::Expression(_) => {
                return refuse("a function cannot stand in the host of an address; only `lower(…)` of one input can");
            }
        }
    }
    let Some(Part::Literal(last)) = host.last() else {
        return refuse(
            "the host must end with a fixed suffix such as `.example.com`, or its input could name any host",
        );
    };
    let fixed = if host.len() == 1 {
        last.as_str()
    } else if let Some(suffix) = last.strip_prefix('.') {
        suffix
    } else {
        return refuse(format!("the fixed end of the host, `{last}`, must begin with a dot"));
    };
    let labels: Vec<&str> = fixed.split('.').collect();
    if labels.len() < 2 || !labels.iter().all(|label| is_label(label)) {
        return refuse(format!(
            "`{fixed}` is not the name of a host: write at least a domain such as `example.com`{}",
            if fixed == "localhost" { OWN_NETWORK } else { "" }
        ));
    }
    if labels
        .last()
        .is_some_and(|top| top.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return refuse(format!("a definition cannot name an IP address{OWN_NETWORK}"));
    }
    Ok(())
}

pub(super) fn check_tail(tail: &[Part]) -> Result<(), HostRuleError> {
    for part in tail {
        if let Part::Literal(text) = part {
            if text.contains('#') {
                return refuse("the address cannot have a fragment (`#`)");
            }
            if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
                return refuse("the address has a space, a backslash or a character outside ASCII: percent-encode it");
            }
        }
    }
    let whole: String = tail
        .iter()
        .map(|part| if let Part::Literal(text) = part { text } else { "x" })
        .collect();
    if has_dot_segment(&whole) {
        return refuse("the path has a `.` or `..` segment");
    }
    Ok(())
}

/// A DNS label of lower-case letters, digits and hyphens. Names in `xn--` are refused: what they show is not what they are.
pub(crate) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.starts_with("xn--")
}

fn render_host(parts: &[Part], inputs: &Inputs<'_>) -> Result<String, RenderError> {
    let mut host = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => host.push_str(text),
            Part::Expression(expression) => {
                let value = function::text(expression, inputs)?;
                if !value.split('.').all(is_label) {
                    return Err(RenderError::HostLabel(expression.to_string()));
                }
                host.push_str(&value);
            }
        }
    }
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(RenderError::Url("its host is not a host name"));
    }
    Ok(host)
}

pub(super) fn render_tail(parts: &[Part], inputs: &Inputs<'_>) -> Result<String, RenderError> {
    let mut tail = String::new();
    let mut in_query = false;
    for part in parts {
        match part {
            Part::Literal(text) => {
                in_query = in_query || text.contains('?');
                tail.push_str(text);
            }
            Part::Expression(expression) => {
                let value = function::text(expression, inputs)?;
                tail.push_str(&if in_query {
                    percent(&value)
                } else {
                    path_segment(&value, expression)?
                });
            }
        }
    }
    // A dot of the definition and one of a value could make a dot segment together.
    if has_dot_segment(&tail) {
        return Err(RenderError::Url("its path has a dot segment"));
    }
    Ok(tail)
}

/// Whether the path has `.` or `..`, in any spelling that the URL standard knows.
fn has_dot_segment(tail: &str) -> bool {
    let path = tail.split('?').next().unwrap_or_default();
    path.split('/')
        .any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}
