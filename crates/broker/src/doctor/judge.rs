//! What an answer of a service says about the app. Services agree on little: codes of RFC 6749 count first, then words
//! that several of them use.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalog::RefreshErrors;
use protocol::{FailureClass, TokenError};
use url::Url;

use super::{Finding, Verdict};
use crate::texts::quoted;

/// What the sign-in page answered.
pub(super) struct Answered<'a> {
    pub(super) name: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) status: u16,
    /// Where it leads, whole.
    pub(super) location: Option<Url>,
    pub(super) body: &'a str,
}

/// What of an app is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Redirect,
    Client,
    Scope,
    Request,
}

/// Codes that only mean this.
const CODES: [(&str, Fault); 16] = [
    ("redirect_uri_mismatch", Fault::Redirect),
    ("redirect_mismatch", Fault::Redirect),
    ("invalid_redirect_uri", Fault::Redirect),
    ("bad_redirect_uri", Fault::Redirect),
    ("aadsts50011", Fault::Redirect),
    ("invalid_client_id", Fault::Client),
    ("bad_client_id", Fault::Client),
    ("invalid_client", Fault::Client),
    ("deleted_client", Fault::Client),
    ("disabled_client", Fault::Client),
    ("unauthorized_client", Fault::Client),
    ("unknown_client", Fault::Client),
    ("aadsts700016", Fault::Client),
    ("invalid_scope", Fault::Scope),
    ("aadsts70011", Fault::Scope),
    ("unsupported_response_type", Fault::Request),
];

fn coded(text: &str) -> Option<(&'static str, Fault)> {
    let text = text.to_lowercase();
    CODES.into_iter().find(|(code, _)| text.contains(code))
}

/// Whether an error code or its description says that the redirect address is another than the registered one.
pub(crate) fn is_about_redirect(text: &str) -> bool {
    matches!(coded(text), Some((_, Fault::Redirect)))
}

/// The same in an answer of 200. A page may carry all its texts, so a code counts only where it is an answer in JSON, or
/// one that no other page has.
fn coded_in_good(body: &str) -> Option<(&'static str, Fault)> {
    let found = coded(body)?;
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    if json.is_some_and(|json| json.get("error").is_some()) || found.0.starts_with("aadsts") {
        return Some(found);
    }
    CODES
        .into_iter()
        .filter(|(code, _)| code.starts_with("aadsts"))
        .find(|(code, _)| body.to_lowercase().contains(code))
}

/// What a page for people that refuses is about.
fn worded(text: &str) -> Option<Fault> {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "redirect address",
        "redirect uri",
        "redirect_uri",
        "redirect url",
        "callback url",
    ]) {
        Some(Fault::Redirect)
    } else if has(&[
        "client id",
        "client_id",
        "unknown client",
        "does not know this app",
        "no client",
    ]) {
        Some(Fault::Client)
    } else if has(&["scope"]) {
        Some(Fault::Scope)
    } else {
        None
    }
}

fn finding(answered: &Answered<'_>, title: &str, fault: Fault, said: &str, verdict: Verdict) -> Finding {
    let name = answered.name;
    let words = quoted(said);
    let said = if words.is_empty() {
        String::new()
    } else {
        format!(" It said: “{words}”")
    };
    let (what, mend) = match fault {
        Fault::Redirect => (
            format!("{name} does not know this redirect address for the app."),
            format!("Register exactly {} in the app at {name}.", answered.redirect_uri),
        ),
        Fault::Client => (
            format!("{name} does not know this client id, or does not let it sign people in."),
            format!(
                "Copy the client id anew from the page of the app at {name}, and look there whether the app is switched on."
            ),
        ),
        Fault::Scope => (
            format!("{name} does not give the app one of the scopes that are asked for."),
            format!("Allow the scopes in the app at {name}, or take them out here."),
        ),
        Fault::Request => (
            format!("{name} does not take the request for a sign-in."),
            format!(
                "Look at the kind of the app at {name}: it must be one for web servers, with the authorization code grant."
            ),
        ),
    };
    Finding::new("authorize", title, verdict, format!("{what}{said}")).mended(mend)
}

/// What the sign-in page says about client id, redirect address and scopes.
pub(super) fn judge_page(answered: &Answered<'_>, title: &str) -> Finding {
    let (name, status) = (answered.name, answered.status);
    if (300..400).contains(&status) {
        return judge_redirect(answered, title);
    }
    match status {
        200..300 => match coded_in_good(answered.body) {
            Some((code, fault)) => finding(answered, title, fault, code, Verdict::Attention),
            None => Finding::good("authorize", title, format!("{name} shows it (HTTP {status}).")),
        },
        400 | 401 | 403 | 404 | 422 => {
            let text = plain(answered.body);
            let fault = coded(answered.body).map(|(_, fault)| fault).or_else(|| worded(&text));
            match fault {
                Some(fault) => finding(answered, title, fault, &short(&text), Verdict::Bad),
                // Some let no program near their sign-in.
                None if status == 403 => Finding::attention(
                    "authorize",
                    title,
                    format!("{name} shows it to no program (HTTP 403), so nothing is known."),
                )
                .mended("Try it in a browser."),
                None => Finding::new("authorize", title, Verdict::Bad, refused(name, status, &text)).mended(format!(
                    "Check the client id and the redirect address in the app at {name}."
                )),
            }
        }
        429 | 500..600 => Finding::attention(
            "authorize",
            title,
            format!("{name} could not answer now (HTTP {status})."),
        )
        .mended("Check again in a few minutes."),
        _ => Finding::attention(
            "authorize",
            title,
            format!("{name} answered with HTTP {status}, which says nothing."),
        )
        .mended("Try it in a browser."),
    }
}

fn refused(name: &str, status: u16, text: &str) -> String {
    let words = quoted(&short(text));
    if words.is_empty() {
        format!("{name} refused it (HTTP {status}).")
    } else {
        format!("{name} refused it (HTTP {status}). It said: “{words}”")
    }
}

/// A redirect with an error in it, back to us or to a page of the service.
fn judge_redirect(answered: &Answered<'_>, title: &str) -> Finding {
    let name = answered.name;
    let Some(to) = &answered.location else {
        return Finding::attention(
            "authorize",
            title,
            format!("{name} leads nowhere (HTTP {}).", answered.status),
        )
        .mended("Try it in a browser.");
    };
    let fragment = url::form_urlencoded::parse(to.fragment().unwrap_or_default().as_bytes());
    let pairs: Vec<(String, String)> = to
        .query_pairs()
        .chain(fragment)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    };
    let hidden = value("authError").and_then(decoded);
    let error = value("error").or_else(|| value("error_code")).or(hidden.as_deref());
    let is_back = to.as_str().split(['?', '#']).next() == answered.redirect_uri.split(['?', '#']).next();
    if let Some(error) = error {
        let said = value("error_description").unwrap_or(error);
        let needs_person = [
            "login_required",
            "interaction_required",
            "consent_required",
            "access_denied",
        ];
        if is_back && needs_person.contains(&error) {
            return Finding::good(
                "authorize",
                title,
                format!("{name} knows the client id and the redirect address."),
            );
        }
        if is_back && matches!(error, "temporarily_unavailable" | "server_error") {
            return Finding::attention("authorize", title, format!("{name} cannot sign anybody in now."))
                .mended("Check again in a few minutes.");
        }
        let fault = coded(error).map_or_else(|| worded(said).unwrap_or(Fault::Request), |(_, fault)| fault);
        return finding(answered, title, fault, said, Verdict::Bad);
    }
    if is_back {
        return Finding::attention(
            "authorize",
            title,
            format!("{name} leads back at once, without a question."),
        )
        .mended("Try it in a browser.");
    }
    if to.path().to_lowercase().contains("error") {
        let fault = coded(to.as_str()).map_or(Fault::Request, |(_, fault)| fault);
        return finding(answered, title, fault, "", Verdict::Bad);
    }
    let host = to.host_str().unwrap_or_default();
    Finding::good("authorize", title, format!("{name} leads on to its sign-in ({host})."))
}

/// What stands in Base64 in an address, as far as it is text.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('-', "+").replace('_', "/");
    let text = text.trim_end_matches('=');
    let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
    let bytes = STANDARD.decode(padded).ok()?;
    let text: String = String::from_utf8_lossy(&bytes)
        .chars()
        .filter(|one| !one.is_control())
        .collect();
    Some(text)
}

/// What a browser shows of a page.
fn plain(body: &str) -> String {
    let shown = body.split_once("</head>").map_or(body, |(_, shown)| shown);
    let mut text = String::new();
    let mut hidden: Option<&str> = None;
    for (number, part) in shown.split('<').enumerate() {
        if let Some(end) = hidden {
            if !part.starts_with(end) {
                continue;
            }
            hidden = None;
        }
        let behind = if number == 0 {
            part
        } else {
            let elements = [("script", "/script"), ("style", "/style")];
            let element = elements.into_iter().find(|(begin, _)| part.starts_with(begin));
            hidden = element.map(|(_, end)| end);
            part.split_once('>').map_or("", |(_, behind)| behind)
        };
        if hidden.is_none() {
            text.push_str(behind);
            text.push(' ');
        }
        if text.len() > 4_000 {
            break;
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// What the token endpoint says to a code that was made up: where it refuses the code, it took the client.
pub(super) fn judge_token(
    name: &str,
    title: &str,
    has_secret: bool,
    answer: &Result<(), TokenError>,
    errors: &RefreshErrors,
) -> Finding {
    let client = if has_secret {
        "client id and secret"
    } else {
        "client id"
    };
    let accepted = || {
        Finding::good(
            "token",
            title,
            format!("{name} took the {client}: it refused only the code, which was made up."),
        )
    };
    let wrong = |said: Option<&str>| {
        let words = said.map(quoted).filter(|words| !words.is_empty());
        let said = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
        Finding::refused("token", title, format!("{name} did not take the {client}.{said}"))
            .mended(format!("Copy both anew from the page of the app at {name}. A secret that was renewed there does not work any more here."))
    };
    let Err(error) = answer else {
        return Finding::attention(
            "token",
            title,
            format!("{name} took a code that was made up, so nothing is known."),
        );
    };
    let code = error.provider_code().unwrap_or_default().to_lowercase();
    let said = error.provider_message().or(error.provider_code());
    if matches!(error, TokenError::Configuration(_)) {
        return Finding::bad("token", title, format!("{name} was not asked: {error}."));
    }
    match error.class_under(errors) {
        FailureClass::GrantGone => return accepted(),
        FailureClass::AppBroken => return wrong(said),
        FailureClass::Transient => {}
    }
    match error {
        TokenError::Refused { .. } if coded(&code).is_some_and(|(_, fault)| fault == Fault::Redirect) => Finding::bad(
            "token",
            title,
            format!("{name} knows the client, and another redirect address for it."),
        )
        .mended(format!(
            "Register exactly the redirect address that is shown here in the app at {name}."
        )),
        TokenError::Refused { .. } if coded(&code).is_some() || code.contains("client") || code.contains("secret") => {
            wrong(said)
        }
        TokenError::Refused { status: 401, .. } | TokenError::Answer { status: 401, .. } => wrong(said),
        TokenError::Refused { .. } if code.contains("code") || code.contains("grant") => accepted(),
        TokenError::Refused { status, .. } => {
            let words = said.map(quoted).unwrap_or_default();
            Finding::attention(
                "token",
                title,
                format!("{name} refused a code that was made up (HTTP {status}), and does not say whether it took the {client}. It said: “{words}”"),
            )
            .mended("Try it with an account of yours.")
        }
        TokenError::Answer { status, .. } => Finding::attention(
            "token",
            title,
            format!("{name} answered with HTTP {status} and no answer of a token endpoint, so nothing is known."),
        )
        .mended("Check the token address of the definition, and try it with an account of yours."),
        TokenError::Transient {
            status: Some(status), ..
        } => Finding::attention("token", title, format!("{name} could not answer now (HTTP {status})."))
            .mended("Check again in a few minutes."),
        _ => Finding::unreached("token", title, format!("{name} could not be asked: {error}."))
            .mended("Check that this server's network lets it out to the service."),
    }
}

#[cfg(test)]
mod tests;
