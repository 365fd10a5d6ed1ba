//! The authorization code grant of OAuth 2.

use super::learn::learn;
use super::names::{Names, Site};
use super::{label, link, pointer, templates, text};
use crate::definition as written;
use crate::model::{AuthKind, ClientAuth, Endpoints, OAuth2, Pkce, Refresh, RefreshErrors, Scopes};
use crate::report::{Place, Report};

/// Set by the authorization request itself.
const AUTHORIZE_RESERVED: [&str; 11] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];
/// Set by the token request itself.
const TOKEN_RESERVED: [&str; 9] = [
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
];

/// Checks one such way to sign in.
pub(super) fn oauth2(
    written: &written::OAuth2,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let endpoints = endpoints(written, names, index, place, report);
    let authorize_params = place.key("authorize").key("params");
    for name in written.authorize.params.keys() {
        if AUTHORIZE_RESERVED.contains(&name.as_str()) || *name == written.scopes.parameter {
            report.add(
                &authorize_params.key(name),
                format!("`{name}` is set by the sign-in itself and cannot be given here"),
            );
        }
    }
    let token_params = place.key("token").key("params");
    let refresh_params = place.key("refresh").key("params");
    for (place, params) in [
        (&token_params, &written.token.params),
        (&refresh_params, &written.refresh.params),
    ] {
        for name in params.keys().filter(|name| TOKEN_RESERVED.contains(&name.as_str())) {
            report.add(
                &place.key(name),
                format!("`{name}` is set by the token request itself and cannot be given here"),
            );
        }
    }
    let authorize_params = templates(
        &written.authorize.params,
        names,
        Site::AuthorizeParameter,
        &authorize_params,
        report,
    );
    let token_params = templates(
        &written.token.params,
        names,
        Site::TokenParameter,
        &token_params,
        report,
    );
    let refresh = Refresh {
        supported: written.refresh.supported,
        lifetime: lifetime("lifetime", written.refresh.lifetime.as_ref(), place, report),
        idle: lifetime("idle", written.refresh.idle.as_ref(), place, report),
        errors: errors(&written.refresh.errors, &place.key("refresh").key("errors"), report),
        params: templates(
            &written.refresh.params,
            names,
            Site::RefreshParameter(index),
            &refresh_params,
            report,
        ),
    };
    let token = place.key("token");
    Some(AuthKind::OAuth2(Box::new(OAuth2 {
        authorize_params,
        token_params,
        client_auth: match written.token.client_auth {
            written::ClientAuth::Basic => ClientAuth::Basic,
            written::ClientAuth::Body => ClientAuth::Body,
            written::ClientAuth::None => ClientAuth::None,
        },
        pkce: pkce(written, place, report),
        scopes: scopes(&written.scopes, &place.key("scopes"), report),
        refresh,
        learn: learn(
            &written.learn,
            (Site::Learn, "${token.instance_url}"),
            names,
            place,
            report,
        ),
        token_object: pointer(written.token.object.as_ref(), &token.key("object"), report),
        ok_pointer: pointer(written.token.ok.as_ref(), &token.key("ok"), report),
        setup: written
            .setup
            .as_ref()
            .and_then(|setup| link(setup, &place.key("setup"), report)),
        endpoints: endpoints?,
    })))
}

fn endpoints(
    written: &written::OAuth2,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Endpoints> {
    let urls = [
        ("authorize", written.authorize.url.as_ref()),
        ("token", written.token.url.as_ref()),
        ("revoke", written.revoke.as_ref().map(|revoke| &revoke.url)),
    ];
    if let Some(discover) = &written.discover {
        for (name, url) in urls {
            if url.is_some() {
                report.add(
                    &place.key(name).key("url"),
                    "the address comes from `discover`: leave one of them out",
                );
            }
        }
        if written.issuer.is_some() {
            report.add(
                &place.key("issuer"),
                "the issuer is that of `discover`: leave one of them out",
            );
        }
        let issuer = names.url(
            &discover.issuer,
            Site::SignIn,
            &place.key("discover").key("issuer"),
            report,
        )?;
        return Some(Endpoints::Discovered { issuer });
    }
    for (name, url) in &urls[..2] {
        match url {
            None => report.add(
                &place.key(name),
                format!("`{name}.url` is missing (or `discover` with an issuer)"),
            ),
            Some(url) if url.contains('?') => {
                report.add(
                    &place.key(name).key("url"),
                    format!("write the parameters under `{name}.params`, not in the address"),
                );
            }
            Some(_) => {}
        }
    }
    let mut url =
        |source: Option<&String>, site, place: Place| source.map(|source| names.url(source, site, &place, report));
    let authorize = url(urls[0].1, Site::SignIn, place.key("authorize").key("url"));
    let token = url(urls[1].1, Site::SignIn, place.key("token").key("url"));
    let revoke = url(urls[2].1, Site::SignedIn(index), place.key("revoke").key("url"));
    let issuer = url(written.issuer.as_ref(), Site::SignIn, place.key("issuer"));
    Some(Endpoints::Fixed {
        authorize: authorize??,
        token: token??,
        revoke: revoke.flatten(),
        issuer: issuer.flatten(),
    })
}

fn lifetime(key: &str, written: Option<&String>, place: &Place, report: &mut Report<'_>) -> Option<u64> {
    let lifetime = written?;
    let seconds = text::lifetime(lifetime);
    if seconds.is_none() {
        let message =
            format!("`{lifetime}` is no lifetime: a number and `s`, `m`, `h` or `d`, as `2h`, at most ten years");
        report.add(&place.key("refresh").key(key), message);
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

fn scopes(written: &written::Scopes, place: &Place, report: &mut Report<'_>) -> Scopes {
    let bad = |scope: &str| {
        scope.is_empty()
            || !scope.bytes().all(|byte| byte.is_ascii_graphic())
            || (!written.separator.is_empty() && scope.contains(&written.separator))
    };
    for (key, list) in [("default", &written.default), ("required", &written.required)] {
        for (index, scope) in list.iter().enumerate() {
            let place = place.key(key).index(index);
            if bad(scope) {
                report.add(
                    &place,
                    format!("`{scope}` is not one scope: it is empty, or has a space or the separator in it"),
                );
            } else if list[..index].contains(scope) {
                report.add(&place, format!("the scope `{scope}` stands twice"));
            }
        }
    }
    for (scope, meaning) in &written.known {
        if bad(scope) {
            report.add(&place.key("known").key(scope), format!("`{scope}` is not one scope"));
        }
        label(meaning, &place.key("known").key(scope), report);
    }
    if written.separator.is_empty() || written.separator.len() > 3 {
        report.add(
            &place.key("separator"),
            "the separator has one to three characters, as `,`",
        );
    }
    if !text::is_name(&written.parameter) {
        report.add(
            &place.key("parameter"),
            format!("`{}` is no name of a parameter", written.parameter),
        );
    }
    Scopes {
        default: written.default.clone(),
        required: written.required.clone(),
        separator: written.separator.clone(),
        parameter: written.parameter.clone(),
        known: written.known.clone(),
    }
}
