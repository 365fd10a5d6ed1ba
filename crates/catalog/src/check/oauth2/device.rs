//! The device authorization grant (RFC 8628): its own request, and what of the others means nothing there.

use super::super::names::{Names, Site};
use super::request::{Wording, request};
use crate::definition as written;
use crate::definition::Omitted;
use crate::model::{DeviceAuthorization, TokenRequest};
use crate::report::{Place, Report};

/// Checks the device authorization request of one way to sign in. `token` is what it inherits from.
pub(super) fn device(
    own: &written::DeviceAuthorization,
    written: &written::OAuth2,
    (token, names): (&TokenRequest, &Names<'_>),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<DeviceAuthorization> {
    needless(written, place, report);
    let at = place.key("device");
    let wording = Wording {
        method: None,
        body: None,
        client_auth: own.client_auth.map(Into::into),
        headers: &own.headers,
        params: &own.params,
        sent: [
            Some(&written.scopes.parameter),
            written.scopes.optional_parameter.as_ref(),
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect(),
        site: Site::DeviceParameter,
        header_site: Site::DeviceParameter,
    };
    let request = request(&wording, token.names.clone(), Some(token), names, &at, report);
    let url = own
        .url
        .as_ref()
        .map(|url| names.url(url, Site::SignIn, &at.key("url"), report));
    let url = match url {
        None => None,
        Some(url) => Some(url?),
    };
    Some(DeviceAuthorization { url, request })
}

/// What belongs to a redirect, of which there is none.
fn needless(written: &written::OAuth2, place: &Place, report: &mut Report<'_>) {
    let message = "a sign-in with a code has no redirect address and no PKCE: leave this out";
    let (token, refresh) = (place.key("token"), place.key("refresh"));
    for (name, value) in [
        ("redirect_uri", &written.token.names.redirect_uri),
        ("code_verifier", &written.token.names.code_verifier),
    ] {
        if value.is_some() {
            report.add(&token.key("names").key(name), message);
        }
    }
    let omitted = [
        (&token, Some(&written.token.omit)),
        (&refresh, written.refresh.omit.as_ref()),
    ];
    for (place, omit) in omitted {
        if let Some(index) = omit.and_then(|omit| omit.iter().position(|one| *one == Omitted::RedirectUri)) {
            report.add(&place.key("omit").index(index), message);
        }
    }
    if written.scopes.unescaped {
        report.add(
            &place.key("scopes").key("unescaped"),
            "scopes stand in a body here, which is escaped always: leave this out",
        );
    }
    if written.refresh.redirect_uri {
        report.add(&refresh.key("redirect_uri"), message);
    }
}
