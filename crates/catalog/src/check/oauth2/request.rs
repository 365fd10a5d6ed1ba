//! The requests to token and revocation endpoints, with what they inherit.

use std::collections::BTreeMap;

use super::super::names::{Names, Site};
use super::super::{NamedTemplates, fixed_headers, pointer};
use super::assertion::in_a_body;
use crate::definition as written;
use crate::definition::{Omitted, Param};
use crate::model::{ClientAuth, ParameterNames, ParameterValue, RequestBody, RequestMethod, TokenAnswer, TokenRequest};
use crate::report::{Place, Report};

/// What one of these requests says about itself. What it does not say, it has from the token request.
pub(super) struct Wording<'a> {
    pub(super) method: Option<RequestMethod>,
    pub(super) body: Option<RequestBody>,
    pub(super) client_auth: Option<ClientAuth>,
    pub(super) headers: &'a BTreeMap<String, String>,
    pub(super) params: &'a BTreeMap<String, Param>,
    /// Parameters of the protocol that it sends, by the names that they have here.
    pub(super) sent: Vec<String>,
    pub(super) site: Site,
    pub(super) header_site: Site,
}

/// Checks one. `inherited` is the token request, for all others.
pub(super) fn request(
    wording: &Wording<'_>,
    parameters: ParameterNames,
    inherited: Option<&TokenRequest>,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> TokenRequest {
    let method = wording
        .method
        .or(inherited.map(|token| token.method))
        .unwrap_or(RequestMethod::Post);
    let body = body(wording, method, inherited, place, report);
    let client_auth = wording
        .client_auth
        .or(inherited.map(|token| token.client_auth))
        .unwrap_or(ClientAuth::Basic);
    let own = fixed_headers(
        wording.headers,
        names,
        wording.header_site,
        &place.key("headers"),
        report,
    );
    // Headers that prove a client in one way do not belong where it is proved in another.
    let shared = inherited
        .filter(|_| wording.client_auth.is_none())
        .map_or(&[][..], |token| token.headers.as_slice());
    check_headers(&own, client_auth, wording.client_auth.is_some(), place, report);
    let mut headers: NamedTemplates = shared
        .iter()
        .filter(|(name, _)| !own.iter().any(|(other, _)| name.eq_ignore_ascii_case(other)))
        .cloned()
        .collect();
    headers.extend(own);
    check_params(wording, &parameters, client_auth, body, place, report);
    let params = params(wording.params, names, wording.site, &place.key("params"), report);
    let request = TokenRequest {
        method,
        body,
        client_auth,
        names: parameters,
        headers,
        params,
    };
    in_a_body(&request, place, report);
    request
}

fn body(
    wording: &Wording<'_>,
    method: RequestMethod,
    inherited: Option<&TokenRequest>,
    place: &Place,
    report: &mut Report<'_>,
) -> RequestBody {
    if method == RequestMethod::Get {
        if matches!(wording.body, Some(RequestBody::Form | RequestBody::Json)) {
            report.add(
                &place.key("body"),
                "a `get` has no body, its parameters are in the query: leave `body` out",
            );
        }
        return wording.body.unwrap_or(RequestBody::Query);
    }
    let of_token = inherited
        .filter(|token| token.method != RequestMethod::Get)
        .map(|token| token.body);
    wording.body.or(of_token).unwrap_or(RequestBody::Form)
}

/// `is_own`: the proof is declared here, and no header of the token request belongs to it.
fn check_headers(
    headers: &NamedTemplates,
    client_auth: ClientAuth,
    is_own: bool,
    place: &Place,
    report: &mut Report<'_>,
) {
    let below = place.key("headers");
    let mut proves = false;
    for (name, template) in headers {
        let place = below.key(name);
        if name.eq_ignore_ascii_case("content-type") {
            report.add(
                &place,
                "the body sets `Content-Type`: write `body: form` or `body: json` instead",
            );
        }
        if name.eq_ignore_ascii_case("authorization") && matches!(client_auth, ClientAuth::Basic | ClientAuth::Bearer) {
            report.add(
                &place,
                "`client_auth` sets `Authorization` itself: write `client_auth: header` if this stands in its place",
            );
        }
        let secret = template
            .names()
            .iter()
            .any(|name| name.namespace == "app" && name.path == "client_secret");
        if secret && client_auth != ClientAuth::Header {
            report.add(
                &place,
                "the client secret is sent twice: write `client_auth: header`, or take it out here",
            );
        }
        proves = proves || secret;
    }
    if client_auth == ClientAuth::Header && is_own && !proves {
        report.add(
            &place.key("client_auth"),
            "`client_auth: header` needs a header with the secret, as `headers: { X-Client-Secret: \"${app.client_secret}\" }`",
        );
    }
}

/// Parameters of other proofs of a client, and the secret by its own name.
const NEVER: [&str; 3] = ["client_assertion", "client_assertion_type", "client_secret"];

fn check_params(
    wording: &Wording<'_>,
    parameters: &ParameterNames,
    client_auth: ClientAuth,
    body: RequestBody,
    place: &Place,
    report: &mut Report<'_>,
) {
    // Beside a proof elsewhere some services want the id among the parameters too.
    let own_id = !matches!(
        client_auth,
        ClientAuth::Body | ClientAuth::Query | ClientAuth::None | ClientAuth::PrivateKeyJwt
    );
    let id = parameters.client_id.as_deref().filter(|_| !own_id);
    for (name, value) in wording.params {
        let place = place.key("params").key(name);
        let sent = wording.sent.iter().any(|sent| sent == name);
        if sent || NEVER.contains(&name.as_str()) || *name == parameters.client_secret || id == Some(name) {
            report.add(
                &place,
                format!("`{name}` is set by the request itself and cannot be given here"),
            );
        }
        if body == RequestBody::None {
            report.add(&place, "`body: none` sends no parameters: leave `body` or these out");
        }
        if matches!(value, Param::Json(_)) && body != RequestBody::Json {
            report.add(
                &place,
                "only a JSON body has numbers and truth values: put it in quotes",
            );
        }
    }
}

fn params(
    written: &BTreeMap<String, Param>,
    names: &Names<'_>,
    site: Site,
    place: &Place,
    report: &mut Report<'_>,
) -> Vec<(String, ParameterValue)> {
    let mut params = Vec::new();
    for (name, value) in written {
        let below = place.key(name);
        if name.is_empty() {
            report.add(&below, "the name is empty");
        }
        let value = match value {
            Param::Text(source) => names.template(source, site, &below, report).map(ParameterValue::Text),
            Param::Json(value) => Some(ParameterValue::Json(value.clone())),
        };
        params.extend(value.map(|value| (name.clone(), value)));
    }
    params
}

/// The names that parameters of token requests have here, and those of them that nobody else may use. `by_code`: what is
/// exchanged is a device code.
pub(super) fn parameter_names(
    written: &written::TokenNames,
    by_code: bool,
    place: &Place,
    report: &mut Report<'_>,
) -> (ParameterNames, Vec<String>) {
    let standard = [
        ("client_id", &written.client_id),
        ("client_secret", &written.client_secret),
        ("code", &written.code),
        ("redirect_uri", &written.redirect_uri),
        ("grant_type", &written.grant_type),
        ("code_verifier", &written.code_verifier),
        ("refresh_token", &written.refresh_token),
    ];
    let [id, secret, mut code, redirect, grant, verifier, token] = sent_names(standard, place, report);
    if by_code && written.code.is_none() {
        // RFC 8628 §3.4
        "device_code".clone_into(&mut code);
    }
    let reserved = [&code, &redirect, &grant, &verifier, &token].map(Clone::clone).to_vec();
    let names = ParameterNames {
        client_id: Some(id),
        client_secret: secret,
        code,
        redirect_uri: Some(redirect),
        grant_type: Some(grant),
        code_verifier: verifier,
        token,
    };
    (names, reserved)
}

/// Without what is not sent.
pub(super) fn omitting(names: ParameterNames, omit: &[Omitted]) -> ParameterNames {
    let unless = |omitted: Omitted, name: Option<String>| name.filter(|_| !omit.contains(&omitted));
    ParameterNames {
        client_id: unless(Omitted::ClientId, names.client_id),
        redirect_uri: unless(Omitted::RedirectUri, names.redirect_uri),
        grant_type: unless(Omitted::GrantType, names.grant_type),
        ..names
    }
}

/// Whether a text can be the name of a parameter in a query, a form and JSON without being encoded.
pub(super) fn is_parameter_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

/// The names as they are sent. Two of them must not be the same.
pub(super) fn sent_names<const N: usize>(
    standard: [(&str, &Option<String>); N],
    place: &Place,
    report: &mut Report<'_>,
) -> [String; N] {
    let place = place.key("names");
    let sent = standard.map(|(name, written)| written.clone().unwrap_or_else(|| name.to_owned()));
    for (index, (name, written)) in standard.iter().enumerate() {
        let Some(written) = written else { continue };
        let place = place.key(name);
        if !is_parameter_name(written) {
            report.add(&place, format!("`{written}` is no name of a parameter"));
        } else if sent
            .iter()
            .enumerate()
            .any(|(other, sent)| other != index && sent == written)
        {
            report.add(&place, format!("two parameters would be called `{written}`"));
        }
    }
    sent
}

/// Where the token stands in an answer.
pub(super) fn answer(
    written: &written::Answer,
    (object, ok): (Option<&String>, Option<&String>),
    place: &Place,
    report: &mut Report<'_>,
) -> TokenAnswer {
    let standard = TokenAnswer::default();
    let object = pointer(object, &place.key("object"), report);
    let ok = pointer(ok, &place.key("ok"), report);
    let below = place.key("answer");
    let mut find = |name: &str, written: &Option<String>| pointer(written.as_ref(), &below.key(name), report);
    let answer = TokenAnswer {
        ok,
        object,
        access_token: find("access_token", &written.access_token).unwrap_or(standard.access_token),
        refresh_token: find("refresh_token", &written.refresh_token).unwrap_or(standard.refresh_token),
        expires_in: find("expires_in", &written.expires_in).unwrap_or(standard.expires_in),
        in_milliseconds: written.expires_unit == written::ExpiresUnit::Ms,
        expires_at: find("expires_at", &written.expires_at),
        scope: find("scope", &written.scope),
    };
    if written.expires_at.is_some() && (written.expires_in.is_some() || answer.in_milliseconds) {
        report.add(
            &below.key("expires_at"),
            "an answer tells either a lifetime or an end: leave `expires_in` and `expires_unit` out, or this",
        );
    }
    answer
}

impl From<written::TokenMethod> for RequestMethod {
    fn from(written: written::TokenMethod) -> Self {
        match written {
            written::TokenMethod::Post => Self::Post,
            written::TokenMethod::Get => Self::Get,
        }
    }
}

impl From<written::RevokeMethod> for RequestMethod {
    fn from(written: written::RevokeMethod) -> Self {
        match written {
            written::RevokeMethod::Post => Self::Post,
            written::RevokeMethod::Get => Self::Get,
            written::RevokeMethod::Delete => Self::Delete,
        }
    }
}

impl From<written::TokenBody> for RequestBody {
    fn from(written: written::TokenBody) -> Self {
        match written {
            written::TokenBody::Form => Self::Form,
            written::TokenBody::Json => Self::Json,
            written::TokenBody::Query => Self::Query,
        }
    }
}

impl From<written::RevokeBody> for RequestBody {
    fn from(written: written::RevokeBody) -> Self {
        match written {
            written::RevokeBody::Form => Self::Form,
            written::RevokeBody::Json => Self::Json,
            written::RevokeBody::Query => Self::Query,
            written::RevokeBody::None => Self::None,
        }
    }
}

impl From<written::ClientAuth> for ClientAuth {
    fn from(written: written::ClientAuth) -> Self {
        match written {
            written::ClientAuth::Basic => Self::Basic,
            written::ClientAuth::Body => Self::Body,
            written::ClientAuth::Query => Self::Query,
            written::ClientAuth::Header => Self::Header,
            written::ClientAuth::PrivateKeyJwt => Self::PrivateKeyJwt,
            written::ClientAuth::None => Self::None,
        }
    }
}

impl From<written::RevokeAuth> for ClientAuth {
    fn from(written: written::RevokeAuth) -> Self {
        match written {
            written::RevokeAuth::Basic => Self::Basic,
            written::RevokeAuth::Body => Self::Body,
            written::RevokeAuth::Query => Self::Query,
            written::RevokeAuth::Header => Self::Header,
            written::RevokeAuth::PrivateKeyJwt => Self::PrivateKeyJwt,
            written::RevokeAuth::None => Self::None,
            written::RevokeAuth::Bearer => Self::Bearer,
        }
    }
}
