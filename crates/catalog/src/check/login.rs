//! Typed-in values for which the service gives a token, and assertions that we sign.

use std::collections::BTreeMap;

use serde_json::Value;

use super::auth::secret_fields;
use super::learn::learn;
use super::names::{Names, Site};
use super::{headers, link, pointer, templates, text};
use crate::definition as written;
use crate::model::{
    ApiKeyAuth, AuthKind, CheckMethod, FieldsKind, JsonTemplate, KeyFormat, Login, LoginBody, LoginRequest,
    SecretField, Signature, SignatureAlgorithm,
};
use crate::report::{Place, Report};

/// The longest life of a token that we sign, in seconds.
const LONGEST_SIGNATURE: u64 = 86_400;

/// Checks a log-in.
pub(super) fn login(
    written: &written::Login,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let fields = secret_fields(&written.fields, place, report);
    let help_url = written.help_url.as_ref();
    let help_url = help_url.and_then(|url| link(url, &place.key("help_url"), report));
    let sign = written.sign.as_ref();
    let sign = sign.map(|sign| signature(sign, names, index, &place.key("sign"), report));
    let list = place.key("requests");
    if written.requests.is_empty() {
        report.add(&list, "name at least one request, as `- post: https://…`");
    }
    let mut requests = Vec::new();
    for (number, one) in written.requests.iter().enumerate() {
        requests.push(request(one, names, index, &list.index(number), report));
    }
    let token = place.key("token");
    let (access_token, expires_in) = (&written.token.access_token, &written.token.expires_in);
    let access_token = pointer(Some(access_token), &token.key("access_token"), report);
    let expires_in = pointer(Some(expires_in), &token.key("expires_in"), report);
    let expires_at = pointer(written.token.expires_at.as_ref(), &token.key("expires_at"), report);
    let lifetime = lifetime(written.token.lifetime.as_ref(), &token.key("lifetime"), report);
    let learn = learn(&written.learn, (Site::Learn, "${token.site}"), names, place, report);
    let login = Login {
        requests: requests.into_iter().collect::<Option<_>>()?,
        access_token: access_token?,
        expires_in: expires_in?,
        expires_at,
        lifetime,
        learn,
    };
    Some(AuthKind::ApiKey(ApiKeyAuth {
        kind: FieldsKind::Login,
        fields,
        help_url,
        sign: match sign {
            None => None,
            Some(sign) => Some(Box::new(sign?)),
        },
        login: Some(Box::new(login)),
    }))
}

/// Checks a token that is signed for each call.
pub(super) fn jwt(
    written: &written::Jwt,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let fields = secret_fields(&written.fields, place, report);
    let help_url = written.help_url.as_ref();
    let help_url = help_url.and_then(|url| link(url, &place.key("help_url"), report));
    let sign = signature(&written.sign, names, index, &place.key("sign"), report)?;
    Some(AuthKind::ApiKey(ApiKeyAuth {
        kind: FieldsKind::Jwt,
        fields,
        help_url,
        sign: Some(Box::new(sign)),
        login: None,
    }))
}

/// Checks the client credentials grant (RFC 6749 §4.4), which is a log-in with one request.
pub(super) fn client_credentials(
    written: &written::ClientCredentials,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let token = place.key("token");
    for name in ["grant_type", "scope", "client_id", "client_secret"] {
        if written.token.params.contains_key(name) {
            let message = format!("`{name}` is set by the token request itself and cannot be given here");
            report.add(&token.key("params").key(name), message);
        }
    }
    let scopes = place.key("scopes");
    for (number, scope) in written.scopes.iter().enumerate() {
        if scope.is_empty() || !scope.bytes().all(|byte| byte.is_ascii_graphic()) || scope.contains("${") {
            report.add(
                &scopes.index(number),
                format!("`{scope}` is not one scope: it is empty, or has a space in it"),
            );
        }
    }
    let mut form: BTreeMap<String, String> = written.token.params.clone();
    form.insert("grant_type".to_owned(), "client_credentials".to_owned());
    if !written.scopes.is_empty() {
        form.insert("scope".to_owned(), written.scopes.join(" "));
    }
    let mut headers = BTreeMap::new();
    match written.token.client_auth {
        written::SecretClientAuth::Basic => {
            let pair = "Basic ${base64(form_encode(credential.client_id) \":\" form_encode(credential.client_secret))}";
            headers.insert("Authorization".to_owned(), pair.to_owned());
        }
        written::SecretClientAuth::Body => {
            for name in ["client_id", "client_secret"] {
                form.insert(name.to_owned(), format!("${{credential.{name}}}"));
            }
        }
    }
    let asked = written::LoginRequest {
        get: None,
        post: Some(written.token.url.clone()),
        headers,
        query: BTreeMap::new(),
        form: Some(form),
        json: None,
        ok: written.token.ok.clone(),
        keep: BTreeMap::new(),
    };
    let request = at_url(&asked, names, index, (&token, &token.key("url")), report);
    let help_url = written.help_url.as_ref();
    let help_url = help_url.and_then(|url| link(url, &place.key("help_url"), report));
    let field = |name: &str, title: &Option<String>, otherwise: &str| SecretField {
        name: name.to_owned(),
        title: title.clone().unwrap_or_else(|| otherwise.to_owned()),
        help: None,
        pattern: None,
        placeholder: None,
    };
    Some(AuthKind::ApiKey(ApiKeyAuth {
        kind: FieldsKind::ClientCredentials,
        fields: vec![
            field("client_id", &written.client_id_title, "Client ID"),
            field("client_secret", &written.client_secret_title, "Client secret"),
        ],
        help_url,
        sign: None,
        login: Some(Box::new(Login {
            requests: vec![request?],
            access_token: "/access_token".to_owned(),
            expires_in: "/expires_in".to_owned(),
            expires_at: None,
            lifetime: lifetime(written.token.lifetime.as_ref(), &token.key("lifetime"), report),
            learn: learn(&written.learn, (Site::Learn, "${token.site}"), names, place, report),
        })),
    }))
}

fn request(
    written: &written::LoginRequest,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<LoginRequest> {
    let key = if written.get.is_some() { "get" } else { "post" };
    at_url(written, names, index, (place, &place.key(key)), report)
}

/// The same where the address stands at another place.
fn at_url(
    written: &written::LoginRequest,
    names: &Names<'_>,
    index: usize,
    (place, at): (&Place, &Place),
    report: &mut Report<'_>,
) -> Option<LoginRequest> {
    let site = Site::Login(index);
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
    let headers = headers(&written.headers, names, site, &place.key("headers"), report);
    let query = templates(&written.query, names, site, &place.key("query"), report);
    let body = match (&written.form, &written.json) {
        (Some(form), _) => LoginBody::Form(templates(form, names, site, &place.key("form"), report)),
        (None, Some(body)) => LoginBody::Json(json(body, names, site, &place.key("json"), report)?),
        (None, None) => LoginBody::None,
    };
    let ok_pointer = pointer(written.ok.as_ref(), &place.key("ok"), report);
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
        ok_pointer,
        keep,
    })
}

/// Each text of a JSON body is a template.
fn json(body: &Value, names: &Names<'_>, site: Site, place: &Place, report: &mut Report<'_>) -> Option<JsonTemplate> {
    Some(match body {
        Value::String(source) => JsonTemplate::Text(names.template(source, site, place, report)?),
        Value::Array(items) => {
            let below = |(index, item)| json(item, names, site, &place.index(index), report);
            JsonTemplate::List(items.iter().enumerate().map(below).collect::<Option<_>>()?)
        }
        Value::Object(members) => {
            let mut all = Vec::new();
            for (name, member) in members {
                all.push((name.clone(), json(member, names, site, &place.key(name), report)?));
            }
            JsonTemplate::Object(all)
        }
        plain => JsonTemplate::Plain(plain.clone()),
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
