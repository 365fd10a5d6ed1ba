//! OAuth 1.0a (RFC 5849).

use super::learn::learn;
use super::names::{Names, Site};
use super::{Entries, NamedTemplates, link, templates, text};
use crate::definition as written;
use crate::model::{AuthKind, OAuth1, OAuth1Calls, OAuth1Method, OAuth1Place, OAuth1Request, OAuth1Signing};
use crate::report::{Place, Report};
use crate::template::{Slot, Template, encode};

/// Checks one such way to sign in.
pub(super) fn oauth1(
    written: &written::OAuth1,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<AuthKind> {
    let request_token = request(&written.request_token, names, (place, "request_token"), report);
    let access_token = request(&written.access_token, names, (place, "access_token"), report);
    let at = place.key("authorize");
    no_query(&written.authorize.url, &at, "authorize.params", report);
    let authorize = names.url(&written.authorize.url, Site::SignIn, &at.key("url"), report);
    let authorize_params = params(&written.authorize.params, names, &at.key("params"), report);
    let signing = signing(
        (written.signature, written.parameters, written.realm.as_ref()),
        (names, Site::AuthorizeParameter),
        place,
        report,
    );
    let lifetime = written.lifetime.as_ref().and_then(|lifetime| {
        let seconds = text::lifetime(lifetime);
        if seconds.is_none() {
            report.add(
                &place.key("lifetime"),
                format!("`{lifetime}` is no lifetime: a number and `s`, `m`, `h` or `d`, as `90d`, at most ten years"),
            );
        }
        seconds
    });
    let learn = learn(&written.learn, (Site::Learn, "${token.user_id}"), names, place, report);
    let setup = written
        .setup
        .as_ref()
        .and_then(|setup| link(setup, &place.key("setup"), report));
    Some(AuthKind::OAuth1(Box::new(OAuth1 {
        request_token: request_token?,
        authorize: authorize?,
        authorize_params,
        access_token: access_token?,
        signing: signing?,
        lifetime,
        learn,
        setup,
    })))
}

/// Checks how calls are signed with what the person of the way to sign in of this number types in.
pub(super) fn calls(
    written: &written::OAuth1Calls,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<OAuth1Calls> {
    let site = Site::Sign(index);
    let mut template = |source: &String, key: &str| names.template(source, site, &place.key(key), report);
    let consumer_key = template(&written.consumer_key, "consumer_key");
    let consumer_secret = template(&written.consumer_secret, "consumer_secret");
    let token = written.token.as_ref().map(|token| template(token, "token"));
    let token_secret = written
        .token_secret
        .as_ref()
        .map(|secret| template(secret, "token_secret"));
    let token = match (token, token_secret) {
        (None, None) => None,
        (Some(token), Some(secret)) => Some((token?, secret?)),
        _ => {
            report.add(place, "`token` and `token_secret` belong together: give both or none");
            return None;
        }
    };
    let signing = signing(
        (written.signature, written.parameters, written.realm.as_ref()),
        (names, site),
        place,
        report,
    );
    Some(OAuth1Calls {
        signing: signing?,
        consumer_key: consumer_key?,
        consumer_secret: consumer_secret?,
        token,
    })
}

/// The signature has the `Authorization` header, or the parameters of the protocol, to itself.
pub(super) fn alone(
    signing: &OAuth1Signing,
    headers: &Entries,
    query: &Entries,
    place: &Place,
    report: &mut Report<'_>,
) {
    let is_authorization = |name: &str| name.eq_ignore_ascii_case("authorization");
    if signing.place == OAuth1Place::Header && headers.iter().any(|(name, _)| is_authorization(name.as_str())) {
        report.add(
            place,
            "the signature stands in `Authorization`: leave this header out of `headers`, also of those of `api`",
        );
    }
    if let Some((name, _)) = query.iter().find(|(name, _)| name.as_str().starts_with("oauth_")) {
        report.add(
            place,
            format!("`{name}` is a parameter of the signature: leave it out of `query`"),
        );
    }
}

fn request(
    written: &written::OAuth1Request,
    names: &Names<'_>,
    (place, key): (&Place, &str),
    report: &mut Report<'_>,
) -> Option<OAuth1Request> {
    let place = &place.key(key);
    no_query(&written.url, place, &format!("{key}.params"), report);
    let url = names.url(&written.url, Site::SignIn, &place.key("url"), report);
    let params = params(&written.params, names, &place.key("params"), report);
    let is_get = written.method == written::OAuth1RequestMethod::Get;
    let stands = match written.parameters {
        written::OAuth1Place::Header => OAuth1Place::Header,
        written::OAuth1Place::Query => OAuth1Place::Query,
        written::OAuth1Place::Body => OAuth1Place::Body,
    };
    if is_get && stands == OAuth1Place::Body {
        report.add(
            &place.key("parameters"),
            "a `get` has no body: write `header` or `query`",
        );
    }
    Some(OAuth1Request {
        url: url?,
        is_get,
        place: stands,
        params,
    })
}

fn no_query(url: &str, place: &Place, params: &str, report: &mut Report<'_>) {
    if url.contains('?') {
        report.add(
            &place.key("url"),
            format!("write the parameters under `{params}`, not in the address"),
        );
    }
}

fn params(
    written: &std::collections::BTreeMap<String, String>,
    names: &Names<'_>,
    place: &Place,
    report: &mut Report<'_>,
) -> NamedTemplates {
    for name in written.keys().filter(|name| name.starts_with("oauth_")) {
        report.add(
            &place.key(name),
            format!("`{name}` is set by the sign-in itself and cannot be given here"),
        );
    }
    templates(written, names, Site::AuthorizeParameter, place, report)
}

fn signing(
    (method, stands, realm): (written::OAuth1Method, written::OAuth1CallPlace, Option<&String>),
    (names, site): (&Names<'_>, Site),
    place: &Place,
    report: &mut Report<'_>,
) -> Option<OAuth1Signing> {
    let at = place.key("realm");
    let realm = realm.map(|realm| names.template(realm, site, &at, report));
    let stands = match stands {
        written::OAuth1CallPlace::Header => OAuth1Place::Header,
        written::OAuth1CallPlace::Query => OAuth1Place::Query,
    };
    if realm.is_some() && stands == OAuth1Place::Query {
        report.add(
            &at,
            "a realm stands in the header only: leave it or `parameters: query` out",
        );
    }
    if let Some(Some(realm)) = &realm
        && !is_quotable(realm)
    {
        report.add(
            &at,
            "a realm has visible ASCII characters and spaces, and no quotation mark or `\\`",
        );
    }
    Some(OAuth1Signing {
        method: match method {
            written::OAuth1Method::HmacSha1 => OAuth1Method::HmacSha1,
            written::OAuth1Method::HmacSha256 => OAuth1Method::HmacSha256,
            written::OAuth1Method::Plaintext => OAuth1Method::Plaintext,
        },
        realm: match realm {
            None => None,
            Some(realm) => Some(realm?),
        },
        place: stands,
    })
}

fn is_quotable(realm: &Template) -> bool {
    realm
        .literals()
        .all(|literal| encode(literal, Slot::Header).is_ok() && !literal.contains(['"', '\\']))
}
