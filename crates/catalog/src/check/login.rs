//! Typed-in values for which the service gives a token, and assertions that we sign.

use std::collections::BTreeMap;

use super::learn::learn;
use super::names::{Names, Site};
use super::oauth2::assertion;
use super::{fixed_headers, pointer, templates, text};
use crate::definition as written;
use crate::model::{
    ApiKeyAuth, AppLogin, AuthKind, CheckMethod, Expected, KeyFormat, Login, LoginBody, LoginRequest, Signature,
    SignatureAlgorithm, TypedKind,
};
use crate::report::{Place, Report};
use crate::template::JsonTemplate;

/// The longest life of a token that we sign, in seconds.
const LONGEST_SIGNATURE: u64 = 86_400;

/// Checks what becomes of typed-in values. The fields themselves are checked last, with all others.
pub(super) fn bought(
    written: &written::Bought,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let learn = learn(&written.learn, (Site::Learn, "${token.site}"), names, place, report);
    let sign = written.sign();
    let sign = sign.map(|sign| signature(sign, names, index, &place.key("sign"), report));
    let (kind, login) = match &written.how {
        written::How::Jwt(_) => (TypedKind::Jwt, None),
        written::How::Login { requests, token, .. } => {
            let list = place.key("requests");
            if requests.is_empty() {
                report.add(&list, "name at least one request, as `- post: https://…`");
            }
            let mut all = Vec::new();
            for (number, one) in requests.iter().enumerate() {
                all.push(request(one, names, index, &list.index(number), report));
            }
            let at = place.key("token");
            let login = Login {
                access_token: pointer(Some(&token.access_token), &at.key("access_token"), report)?,
                expires_in: pointer(Some(&token.expires_in), &at.key("expires_in"), report)?,
                expires_at: pointer(token.expires_at.as_ref(), &at.key("expires_at"), report),
                lifetime: lifetime(token.lifetime.as_ref(), &at.key("lifetime"), report),
                requests: all.into_iter().collect::<Option<_>>()?,
                learn,
                app: None,
            };
            (TypedKind::Login, Some(login))
        }
        written::How::ClientCredentials {
            token,
            scopes,
            set_by,
            is_labelled,
        } => {
            if *set_by == written::SetBy::Operator && *is_labelled {
                report.add(
                    &place.key("set_by"),
                    "nothing is typed in: leave `client_id_title`, `client_secret_title` and `help_url` out",
                );
            }
            let app = app_login(token, *set_by, place, report);
            let request = client_credentials(token, scopes, app.is_some(), (names, index), place, report);
            let at = place.key("token").key("lifetime");
            let login = Login {
                access_token: "/access_token".to_owned(),
                expires_in: "/expires_in".to_owned(),
                expires_at: None,
                lifetime: lifetime(token.lifetime.as_ref(), &at, report),
                requests: vec![request?],
                learn,
                app,
            };
            (TypedKind::ClientCredentials, Some(login))
        }
    };
    Some(AuthKind::ApiKey(ApiKeyAuth {
        kind,
        fields: Vec::new(),
        help_url: None,
        sign: match sign {
            None => None,
            Some(sign) => Some(Box::new(sign?)),
        },
        login: login.map(Box::new),
        oauth1: None,
    }))
}

/// The client credentials grant (RFC 6749 §4.4) is a log-in with one request.
fn client_credentials(
    written: &written::ClientCredentialsRequest,
    scopes: &[String],
    of_app: bool,
    (names, index): (&Names<'_>, usize),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<LoginRequest> {
    let token = place.key("token");
    for name in [
        "grant_type",
        "scope",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
    ] {
        if written.params.contains_key(name) {
            let message = format!("`{name}` is set by the token request itself and cannot be given here");
            report.add(&token.key("params").key(name), message);
        }
    }
    for (number, scope) in scopes.iter().enumerate() {
        if scope.is_empty() || !scope.bytes().all(|byte| byte.is_ascii_graphic()) || scope.contains("${") {
            report.add(
                &place.key("scopes").index(number),
                format!("`{scope}` is not one scope: it is empty, or has a space in it"),
            );
        }
    }
    let mut form: BTreeMap<String, String> = written.params.clone();
    form.insert("grant_type".to_owned(), "client_credentials".to_owned());
    if !scopes.is_empty() {
        form.insert("scope".to_owned(), scopes.join(" "));
    }
    let mut headers = BTreeMap::new();
    let (whose, site) = if of_app {
        ("app", Site::AppLogin(index))
    } else {
        ("credential", Site::Login(index))
    };
    match written.client_auth {
        written::SecretClientAuth::Basic => {
            let pair =
                format!("Basic ${{base64(form_encode({whose}.client_id) \":\" form_encode({whose}.client_secret))}}");
            headers.insert("Authorization".to_owned(), pair);
        }
        written::SecretClientAuth::Body => {
            for name in ["client_id", "client_secret"] {
                form.insert(name.to_owned(), format!("${{{whose}.{name}}}"));
            }
        }
        // Told above.
        written::SecretClientAuth::PrivateKeyJwt if !of_app => {}
        written::SecretClientAuth::PrivateKeyJwt => {
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            form.insert("client_assertion_type".to_owned(), kind.to_owned());
            for name in ["client_id", "client_assertion"] {
                form.insert(name.to_owned(), format!("${{app.{name}}}"));
            }
        }
    }
    let asked = written::LoginRequest {
        get: None,
        post: Some(written.url.clone()),
        headers,
        query: BTreeMap::new(),
        form: Some(form),
        json: None,
        ok: written.ok.clone(),
        keep: BTreeMap::new(),
    };
    at_url(&asked, names, site, (&token, &token.key("url")), report)
}

/// How the operator's app logs in, where it is the client.
fn app_login(
    written: &written::ClientCredentialsRequest,
    set_by: written::SetBy,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AppLogin> {
    let token = place.key("token");
    let by_key = written.client_auth == written::SecretClientAuth::PrivateKeyJwt;
    if by_key && set_by == written::SetBy::Person {
        report.add(
            &token.key("client_auth"),
            "only the operator's app has a private key: write `set_by: operator`",
        );
    }
    if written.assertion.is_some() && !by_key {
        report.add(
            &token.key("assertion"),
            "no request sends an assertion: write `client_auth: private_key_jwt`, or leave this out",
        );
    }
    let assertion = by_key.then(|| assertion(written.assertion.as_ref(), false, &token.key("assertion"), report));
    (set_by == written::SetBy::Operator).then_some(AppLogin { assertion })
}

fn request(
    written: &written::LoginRequest,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<LoginRequest> {
    let key = if written.get.is_some() { "get" } else { "post" };
    at_url(written, names, Site::Login(index), (place, &place.key(key)), report)
}

/// The same where the address stands at another place.
fn at_url(
    written: &written::LoginRequest,
    names: &Names<'_>,
    site: Site,
    (place, at): (&Place, &Place),
    report: &mut Report<'_>,
) -> Option<LoginRequest> {
    let (method, url) = match (&written.get, &written.post) {
        (Some(url), None) => (CheckMethod::Get, url),
        (None, Some(url)) => (CheckMethod::Post, url),
        _ => {
            report.add(place, "a request needs either `get` or `post`");
            return None;
        }
    };
    let has_body = written.form.is_some() || written.json.is_some();
    if method == CheckMethod::Get && has_body {
        report.add(place, "a `get` has no body");
    }
    if written.form.is_some() && written.json.is_some() {
        report.add(place, "a request has either `form` or `json`");
    }
    if url.contains('?') {
        report.add(at, "write the parameters under `query`, not in the address");
    }
    let url = names.url(url, site, at, report);
    let headers = fixed_headers(&written.headers, names, site, &place.key("headers"), report);
    let query = templates(&written.query, names, site, &place.key("query"), report);
    let body = match (&written.form, &written.json) {
        (Some(form), _) => LoginBody::Form(templates(form, names, site, &place.key("form"), report)),
        (None, Some(body)) => {
            let below = |place: &Place, key: &str| place.key(key);
            let mut parse = |text: &str, place: &Place| names.template(text, site, place, report);
            LoginBody::Json(JsonTemplate::new(body, &place.key("json"), &below, &mut parse)?)
        }
        (None, None) => LoginBody::None,
    };
    let ok = pointer(written.ok.as_ref(), &place.key("ok"), report);
    let expect = ok.into_iter().map(|ok| (ok, Expected::Equal(true.into()))).collect();
    for name in written.keep.keys().filter(|name| !text::is_name(name)) {
        report.add(
            &place.key("keep").key(name),
            format!("`{name}` is no name: lower-case letters, digits and `_`, beginning with a letter"),
        );
    }
    let keep = templates(&written.keep, names, Site::Keep, &place.key("keep"), report);
    Some(LoginRequest {
        method,
        url: url?,
        headers,
        query,
        body,
        expect,
        keep,
    })
}

fn signature(
    written: &written::Sign,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Signature> {
    let site = Site::Sign(index);
    let algorithm = match written.algorithm {
        written::SignatureAlgorithm::Hs256 => SignatureAlgorithm::Hs256,
        written::SignatureAlgorithm::Rs256 => SignatureAlgorithm::Rs256,
        written::SignatureAlgorithm::Es256 => SignatureAlgorithm::Es256,
    };
    let shared_key = algorithm == SignatureAlgorithm::Hs256;
    let key_format = match written.key_format {
        None if shared_key => KeyFormat::Text,
        None | Some(written::KeyFormat::Pem) => KeyFormat::Pem,
        Some(written::KeyFormat::Text) => KeyFormat::Text,
        Some(written::KeyFormat::Hex) => KeyFormat::Hex,
        Some(written::KeyFormat::Base64) => KeyFormat::Base64,
    };
    if (key_format == KeyFormat::Pem) == shared_key {
        let message = if shared_key {
            "a key of HS256 is `text`, `hex` or `base64`"
        } else {
            "a private key is written as `pem`"
        };
        report.add(&place.key("key_format"), message);
    }
    let key = names.template(&written.key, site, &place.key("key"), report);
    for (part, members, ours) in [
        ("header", &written.header, ["alg", "typ"]),
        ("claims", &written.claims, ["iat", "exp"]),
    ] {
        for name in ours.iter().filter(|name| members.contains_key(**name)) {
            report.add(
                &place.key(part).key(name),
                format!("`{name}` is put in by itself and cannot be given here"),
            );
        }
    }
    let header = templates(&written.header, names, site, &place.key("header"), report);
    let claims = templates(&written.claims, names, site, &place.key("claims"), report);
    let at = place.key("lifetime");
    let lifetime = lifetime(Some(&written.lifetime), &at, report).unwrap_or(1);
    if lifetime > LONGEST_SIGNATURE {
        report.add(&at, "a signed token lives for a day at most");
    }
    Some(Signature {
        algorithm,
        key: key?,
        key_format,
        header,
        claims,
        lifetime,
    })
}

fn lifetime(written: Option<&String>, place: &Place, report: &mut Report<'_>) -> Option<u64> {
    let written = written?;
    let seconds = text::lifetime(written);
    if seconds.is_none() {
        report.add(
            place,
            format!("`{written}` is no lifetime: a number and `s`, `m`, `h` or `d`, as `2h`, at most ten years"),
        );
    }
    seconds
}
