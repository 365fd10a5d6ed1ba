//! The authorization request and the service's answer in the browser.

use super::super::names::{Names, Site};
use super::super::templates;
use super::request::{is_parameter_name, sent_names};
use crate::definition as written;
use crate::model::{AuthorizeRequest, Pushed};
use crate::report::{Place, Report};
use crate::template::Template;

/// Set by the authorization request itself, or by nobody.
const RESERVED: [&str; 12] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// Checks the authorization request of one way to sign in.
pub(super) fn authorize(
    method: &written::OAuth2,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthorizeRequest> {
    let at = place.key("authorize");
    let written = &method.authorize;
    let own = &written.names;
    let [
        client_id,
        redirect_uri,
        response_type,
        code_challenge,
        code_challenge_method,
        state,
    ] = sent_names(
        [
            ("client_id", &own.client_id),
            ("redirect_uri", &own.redirect_uri),
            ("response_type", &own.response_type),
            ("code_challenge", &own.code_challenge),
            ("code_challenge_method", &own.code_challenge_method),
            ("state", &method.callback.state),
        ],
        &at,
        report,
    );
    let sent = [
        &client_id,
        &redirect_uri,
        &response_type,
        &code_challenge,
        &code_challenge_method,
        &state,
    ];
    let below = at.key("params");
    for name in written.params.keys() {
        let scope = *name == method.scopes.parameter || method.scopes.optional_parameter.as_ref() == Some(name);
        if RESERVED.contains(&name.as_str()) || sent.contains(&name) || scope {
            report.add(
                &below.key(name),
                format!("`{name}` is set by the sign-in itself and cannot be given here"),
            );
        }
    }
    let params = templates(&written.params, names, Site::AuthorizeParameter, &below, report);
    let fragment = match written.url.as_deref().and_then(|url| url.split_once('#')) {
        None => None,
        Some((_, fragment)) => Some(self::fragment(fragment, names, &at.key("url"), report)?),
    };
    let pushed = match &written.pushed {
        None => None,
        Some(pushed) => Some(self::pushed(
            pushed,
            method.discover.is_some(),
            names,
            &at.key("pushed"),
            report,
        )?),
    };
    Some(AuthorizeRequest {
        params,
        pushed,
        fragment,
        client_id,
        redirect_uri,
        response_type,
        code_challenge,
        code_challenge_method,
        state,
    })
}

/// Where the parameters are sent ahead.
fn pushed(
    written: &written::Pushed,
    discovers: bool,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Pushed> {
    let at = place.key("url");
    match &written.url {
        None if discovers => Some(Pushed::Discovered),
        None => {
            report.add(
                place,
                "`pushed.url` is missing: the endpoint for pushed authorization requests",
            );
            None
        }
        Some(_) if discovers => {
            report.add(&at, "the address comes from `discover`: write `pushed: {}`");
            None
        }
        Some(url) => names.url(url, Site::SignIn, &at, report).map(Pushed::To),
    }
}

/// What stands behind the `#` of the authorization endpoint: a path within a page.
fn fragment(source: &str, names: &Names<'_>, place: &Place, report: &mut Report<'_>) -> Option<Template> {
    let template = names.template(source, Site::SignInFragment, place, report)?;
    let plain = |literal: &str| {
        literal
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\\#\"<>`".contains(&byte))
    };
    if source.is_empty() || !template.literals().all(plain) {
        report.add(
            place,
            "what follows the `#` is empty, or has a space, a second `#` or another odd character",
        );
        return None;
    }
    Some(template)
}

/// Checks what is said about the callback; gives the parameter with the signature.
pub(super) fn callback(written: &written::Callback, place: &Place, report: &mut Report<'_>) -> Option<String> {
    if let Some(state) = &written.state
        && matches!(state.as_str(), "code" | "error" | "error_description" | "iss" | "scope")
    {
        report.add(
            &place.key("state"),
            format!("`{state}` means something else in a callback"),
        );
    }
    let parameter = &written.signature.as_ref()?.parameter;
    let state = written.state.as_deref().unwrap_or("state");
    if !is_parameter_name(parameter) || parameter == state || parameter == "code" {
        report.add(
            &place.key("signature").key("parameter"),
            format!("`{parameter}` is no name of a parameter with a signature, as `hmac`"),
        );
    }
    Some(parameter.clone())
}
