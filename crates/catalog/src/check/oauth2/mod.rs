//! The authorization code grant and the device authorization grant of OAuth 2.

pub(super) use self::assertion::assertion;
use self::authorize::{authorize, callback};
use self::device::device;
use self::endpoints::endpoints;
use self::request::{Wording, answer, is_parameter_name, omitting, parameter_names, request};
use self::scopes::scopes;
use super::learn::learn;
use super::names::{Names, Site};
use super::{link, text};
use crate::definition as written;
use crate::definition::Omitted;
use crate::model::{
    AuthKind, ClientAuth, Endpoints, OAuth2, ParameterNames, Pkce, Refresh, RefreshErrors, RequestBody, RevokeEnds,
    RevokeRequest, RevokedToken, SecondExchange, TokenAnswer, TokenRequest,
};
use crate::report::{Place, Report};

mod assertion;
mod authorize;
mod device;
mod endpoints;
mod request;
mod scopes;

/// Checks one such way to sign in.
pub(super) fn oauth2(
    written: &written::OAuth2,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let endpoints = endpoints(written, names, index, place, report);
    at_endpoints(written, endpoints, (names, index), place, report)
}

/// The same where the endpoints are known.
pub(super) fn at_endpoints(
    written: &written::OAuth2,
    endpoints: Option<Endpoints>,
    (names, index): (&Names<'_>, usize),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let by_code = written.device.is_some();
    let at = place.key("token");
    let (all, reserved) = parameter_names(&written.token.names, by_code, &at, report);
    let wording = token_wording(&written.token, by_code, reserved.clone());
    let token = request(
        &wording,
        omitting(all.clone(), &written.token.omit),
        None,
        names,
        &at,
        report,
    );
    let read = (written.token.object.as_ref(), written.token.ok.as_ref());
    let token_answer = answer(&written.token.answer, read, &at, report);
    let has_issuer = written.discover.is_some() || written.issuer.is_some();
    let assertion = assertion(
        written.token.assertion.as_ref(),
        has_issuer,
        &at.key("assertion"),
        report,
    );
    let then = written
        .token
        .then
        .as_ref()
        .map(|written| then(written, &token, (names, by_code), &at.key("then"), report));
    let last = then.iter().flatten().next().map_or(&token_answer, |then| &then.answer);
    let at = place.key("refresh");
    let refresh = refresh(written, &token, (all, &reserved), last, (names, index), &at, report);
    let revoke = revoke(
        written.revoke.as_ref(),
        &token,
        (names, index),
        &place.key("revoke"),
        report,
    );
    let device = written
        .device
        .as_ref()
        .map(|own| device(own, written, (&token, names), place, report));
    let authorize = authorize(written, names, place, report);
    let (pkce, scopes) = (
        pkce(written, place, report),
        scopes(&written.scopes, &place.key("scopes"), report),
    );
    let callback_signature = callback(&written.callback, &place.key("callback"), report);
    let learn = learn(
        &written.learn,
        (
            if by_code { Site::DeviceLearn } else { Site::Learn },
            "${token.instance_url}",
        ),
        names,
        place,
        report,
    );
    let setup = written
        .setup
        .as_ref()
        .and_then(|setup| link(setup, &place.key("setup"), report));
    let method = OAuth2 {
        endpoints: endpoints?,
        device: match device {
            None => None,
            Some(device) => Some(device?),
        },
        authorize: authorize?,
        token,
        assertion,
        dpop: written.dpop,
        answer: token_answer,
        then: match then {
            None => None,
            Some(then) => Some(then?),
        },
        pkce,
        scopes,
        refresh: refresh?,
        revoke,
        callback_signature,
        learn,
        setup,
    };
    if written.token.assertion.is_some() && !method.needs_client_key() {
        report.add(
            &place.key("token").key("assertion"),
            "no request sends an assertion: write `client_auth: private_key_jwt`, or leave this out",
        );
    }
    Some(AuthKind::OAuth2(Box::new(method)))
}

fn token_wording(token: &written::Token, by_code: bool, sent: Vec<String>) -> Wording<'_> {
    Wording {
        method: token.method.map(Into::into),
        body: token.body.map(Into::into),
        client_auth: Some(token.client_auth.into()),
        headers: &token.headers,
        params: &token.params,
        sent,
        site: if by_code {
            Site::DeviceParameter
        } else {
            Site::TokenParameter
        },
        header_site: Site::TokenHeader,
    }
}

fn then(
    written: &written::Then,
    token: &TokenRequest,
    (names, by_code): (&Names<'_>, bool),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<SecondExchange> {
    let site = if by_code { Site::DeviceThen } else { Site::ThenParameter };
    if written.omit.iter().any(|omitted| *omitted != Omitted::ClientId) {
        report.add(
            &place.key("omit"),
            "only `client_id` is sent here at all: leave the others out",
        );
    }
    let mut parameters = token.names.clone();
    if written.omit.contains(&Omitted::ClientId) {
        parameters.client_id = None;
    }
    let wording = Wording {
        method: written.method.map(Into::into),
        body: written.body.map(Into::into),
        client_auth: written.client_auth.map(Into::into),
        headers: &written.headers,
        params: &written.params,
        sent: Vec::new(),
        site,
        header_site: site,
    };
    let request = request(&wording, parameters, Some(token), names, place, report);
    let answer = answer(
        &written.answer,
        (written.object.as_ref(), written.ok.as_ref()),
        place,
        report,
    );
    let url = names.url(&written.url, Site::SignIn, &place.key("url"), report)?;
    Some(SecondExchange { url, request, answer })
}

fn refresh(
    method: &written::OAuth2,
    token: &TokenRequest,
    (all, reserved): (ParameterNames, &[String]),
    answer: &TokenAnswer,
    (names, index): (&Names<'_>, usize),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Refresh> {
    let written = &method.refresh;
    let with_access_token = written.with == written::RefreshWith::AccessToken;
    let omit = written.omit.as_ref().unwrap_or(&method.token.omit);
    if written.redirect_uri
        && written
            .omit
            .as_ref()
            .is_some_and(|omit| omit.contains(&Omitted::RedirectUri))
    {
        report.add(
            &place.key("redirect_uri"),
            "`redirect_uri` is left out and sent: decide for one",
        );
    }
    let redirect_uri = all.redirect_uri.clone().filter(|_| written.redirect_uri);
    let mut parameters = ParameterNames {
        redirect_uri,
        ..omitting(all, omit)
    };
    if with_access_token && method.token.names.refresh_token.is_none() {
        "access_token".clone_into(&mut parameters.token);
    }
    let mut sent = reserved.to_vec();
    sent.push(parameters.token.clone());
    let wording = Wording {
        method: written.method.map(Into::into),
        body: written.body.map(Into::into),
        client_auth: written.client_auth.map(Into::into),
        headers: &written.headers,
        params: &written.params,
        sent,
        site: Site::RefreshParameter(index),
        header_site: Site::RefreshParameter(index),
    };
    let request = request(&wording, parameters, Some(token), names, place, report);
    let (lifetime, idle) = (
        lifetime("lifetime", written.lifetime.as_ref(), place, report),
        lifetime("idle", written.idle.as_ref(), place, report),
    );
    let errors = errors(&written.errors, &place.key("errors"), report);
    let grant_type = written.grant_type.clone().unwrap_or_else(|| "refresh_token".to_owned());
    if grant_type.trim().is_empty() {
        report.add(
            &place.key("grant_type"),
            "the text is empty: write `omit: [grant_type]` to send none",
        );
    }
    let url = written
        .url
        .as_ref()
        .map(|url| names.url(url, Site::SignedIn(index), &place.key("url"), report));
    Some(Refresh {
        supported: written.supported,
        url: match url {
            None => None,
            Some(url) => Some(url?),
        },
        request,
        grant_type,
        answer: answer.clone(),
        with_access_token,
        lifetime,
        idle,
        errors,
    })
}

fn revoke(
    written: Option<&written::Revoke>,
    token: &TokenRequest,
    (names, index): (&Names<'_>, usize),
    place: &Place,
    report: &mut Report<'_>,
) -> RevokeRequest {
    let standard = written::Revoke::default();
    let written = written.unwrap_or(&standard);
    let parameter = written.parameter.clone().unwrap_or_else(|| "token".to_owned());
    if !is_parameter_name(&parameter) {
        report.add(
            &place.key("parameter"),
            format!("`{parameter}` is no name of a parameter"),
        );
    }
    let client_auth = written.client_auth.map(Into::into);
    // A revocation is a form of RFC 7009 whatever the token endpoint takes, unless it says otherwise itself.
    let body = written.body.map(Into::into);
    let wording = Wording {
        method: Some(written.method.into()),
        body: body.or_else(|| (written.method != written::RevokeMethod::Get).then_some(RequestBody::Form)),
        client_auth,
        headers: &written.headers,
        params: &written.params,
        sent: vec![parameter.clone(), "token_type_hint".to_owned()],
        site: Site::SignedIn(index),
        header_site: Site::SignedIn(index),
    };
    let parameters = ParameterNames {
        token: parameter,
        ..token.names.clone()
    };
    let request = request(&wording, parameters, Some(token), names, place, report);
    if body == Some(RequestBody::None) {
        if request.client_auth != ClientAuth::Bearer {
            report.add(
                &place.key("body"),
                "`body: none` sends no token: write `client_auth: bearer` beside it",
            );
        }
        if written.parameter.is_some() {
            report.add(
                &place.key("parameter"),
                "`body: none` sends no parameters: leave `body` or this out",
            );
        }
    }
    if written.tokens.is_empty() {
        report.add(
            &place.key("tokens"),
            "name at least one token: `refresh_token`, `access_token`",
        );
    }
    for (index, token) in written.tokens.iter().enumerate() {
        if written.tokens[..index].contains(token) {
            report.add(&place.key("tokens").index(index), "this token stands twice");
        }
    }
    let tokens = written.tokens.iter().map(|token| match token {
        written::RevokedToken::RefreshToken => RevokedToken::Refresh,
        written::RevokedToken::AccessToken => RevokedToken::Access,
    });
    RevokeRequest {
        request,
        tokens: tokens.collect(),
        ends: match written.ends {
            written::RevokeEnds::Token => RevokeEnds::Token,
            written::RevokeEnds::Grant => RevokeEnds::Grant,
        },
    }
}

fn lifetime(key: &str, written: Option<&String>, place: &Place, report: &mut Report<'_>) -> Option<u64> {
    let lifetime = written?;
    let seconds = text::lifetime(lifetime);
    if seconds.is_none() {
        let message =
            format!("`{lifetime}` is no lifetime: a number and `s`, `m`, `h` or `d`, as `2h`, at most ten years");
        report.add(&place.key(key), message);
    }
    seconds
}

fn errors(written: &written::RefreshErrors, place: &Place, report: &mut Report<'_>) -> RefreshErrors {
    let mut seen = std::collections::HashSet::new();
    let mut codes = |key: &str, codes: &[String]| {
        let mut lower = Vec::with_capacity(codes.len());
        for (index, code) in codes.iter().enumerate() {
            let code = code.to_ascii_lowercase();
            let place = place.key(key).index(index);
            if code.is_empty() || code.len() > 64 || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
                report.add(
                    &place,
                    format!("`{code}` is no error code: one word of at most 64 characters"),
                );
            } else if !seen.insert(code.clone()) {
                report.add(&place, format!("the code `{code}` stands twice under `errors`"));
            }
            lower.push(code);
        }
        lower
    };
    RefreshErrors {
        grant_gone: codes("grant_gone", &written.grant_gone),
        app_broken: codes("app_broken", &written.app_broken),
        transient: codes("transient", &written.transient),
    }
}

fn pkce(written: &written::OAuth2, place: &Place, report: &mut Report<'_>) -> Pkce {
    let reason = written
        .pkce_off_reason
        .as_ref()
        .filter(|reason| !reason.trim().is_empty());
    match (written.pkce, reason) {
        (written::Pkce::S256, None) => Pkce::S256,
        (written::Pkce::S256, Some(_)) => {
            report.add(
                &place.key("pkce_off_reason"),
                "PKCE is on: leave the reason out, or write `pkce: off`",
            );
            Pkce::S256
        }
        (written::Pkce::Off, Some(reason)) => Pkce::Off { reason: reason.clone() },
        (written::Pkce::Off, None) => {
            report.add(
                &place.key("pkce"),
                "`pkce: off` needs `pkce_off_reason`: why the service cannot do without",
            );
            Pkce::S256
        }
    }
}
