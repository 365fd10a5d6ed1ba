//! Table-driven tests of token answers: what each means for a refresh.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::TokenAnswer;
use http::header::{DATE, RETRY_AFTER};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::*;
use crate::oauth2::FailureClass;

const HTML: &str = "<!doctype html><html><body><h1>Forbidden</h1></body></html>";

fn read_with(status: u16, kind: &str, body: &[u8], shape: Shape<'_>) -> Result<Answer, TokenError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, kind.parse().unwrap());
    let mut scrub = Scrub::default();
    scrub.add(&SecretString::from("rt-canary-0123456789"));
    read(StatusCode::from_u16(status).unwrap(), &headers, body, shape, &scrub)
}

/// An answer as RFC 6749 says.
fn standard(lifetime: Option<u64>) -> Shape<'static> {
    static ANSWER: std::sync::LazyLock<TokenAnswer> = std::sync::LazyLock::new(TokenAnswer::default);
    Shape {
        answer: &ANSWER,
        lifetime,
        bound: false,
    }
}

fn read_json(status: u16, body: &str) -> Result<Answer, TokenError> {
    read_with(status, "application/json", body.as_bytes(), standard(None))
}

/// A short name of an outcome.
fn outcome(result: &Result<Answer, TokenError>) -> &'static str {
    match result {
        Ok(_) => "granted",
        Err(TokenError::GrantGone { .. }) => "grant gone",
        Err(TokenError::AppBroken { .. }) => "app broken",
        Err(TokenError::Refused { .. }) => "refused",
        Err(TokenError::Transient { .. }) => "transient",
        Err(TokenError::Answer { .. }) => "answer",
        Err(_) => "other",
    }
}

/// Status, body of type `application/json`, outcome.
const CASES: &[(u16, &str, &str)] = &[
    // granted
    (200, r#"{"access_token":"at","token_type":"Bearer"}"#, "granted"),
    (201, r#"{"access_token":"at","token_type":"Bearer"}"#, "granted"),
    (200, r#"{"access_token":"at"}"#, "granted"),
    (200, r#"{"access_token":"at","error":null}"#, "granted"),
    (200, r#"{"access_token":"at","error":""}"#, "granted"),
    (200, r#"{"access_token":"at","error":false}"#, "granted"),
    (200, r#"{"access_token":"at","token_type":"BEARER"}"#, "granted"),
    (200, r#"{"access_token":"at","token_type":null}"#, "granted"),
    (200, r#"{"access_token":"at","refresh_token":7}"#, "granted"),
    // the grant is gone
    (400, r#"{"error":"invalid_grant"}"#, "grant gone"),
    (401, r#"{"error":"invalid_grant"}"#, "grant gone"),
    (403, r#"{"error":"invalid_grant"}"#, "grant gone"),
    (200, r#"{"error":"invalid_grant"}"#, "grant gone"),
    (200, r#"{"access_token":"at","error":"invalid_grant"}"#, "grant gone"),
    (400, r#"{"error":"INVALID_GRANT"}"#, "grant gone"),
    (
        400,
        r#"{"error":{"code":"invalid_grant","message":"gone"}}"#,
        "grant gone",
    ),
    (200, r#"{"error":"bad_refresh_token"}"#, "grant gone"),
    (200, r#"{"ok":false,"error":"invalid_refresh_token"}"#, "grant gone"),
    (
        400,
        r#"{"status":"BAD_REFRESH_TOKEN","message":"missing"}"#,
        "grant gone",
    ),
    // the app is broken
    (400, r#"{"error":"invalid_client"}"#, "app broken"),
    (401, r#"{"error":"invalid_client"}"#, "app broken"),
    (200, r#"{"error":"invalid_client"}"#, "app broken"),
    (400, r#"{"error":"unauthorized_client"}"#, "app broken"),
    (403, r#"{"error":"unauthorized_client"}"#, "app broken"),
    (200, r#"{"error":"incorrect_client_credentials"}"#, "app broken"),
    // definite, but neither
    (400, r#"{"error":"invalid_request"}"#, "refused"),
    (400, r#"{"error":"invalid_scope"}"#, "refused"),
    (400, r#"{"error":"unsupported_grant_type"}"#, "refused"),
    (403, r#"{"error":"access_denied"}"#, "refused"),
    (200, r#"{"error":"something_new"}"#, "refused"),
    (400, r#"{"error":true}"#, "refused"),
    (400, r#"{"message":"no"}"#, "refused"),
    (404, r#"{"error":"not_found"}"#, "refused"),
    // later
    (408, "", "transient"),
    (425, "{}", "transient"),
    (429, r#"{"error":"invalid_grant"}"#, "transient"),
    (429, HTML, "transient"),
    (500, r#"{"error":"invalid_grant"}"#, "transient"),
    (500, "", "transient"),
    (502, HTML, "transient"),
    (503, r#"{"error":"invalid_client"}"#, "transient"),
    (504, "upstream timed out", "transient"),
    (529, "{", "transient"),
    (400, r#"{"error":"temporarily_unavailable"}"#, "transient"),
    (200, r#"{"ok":false,"error":"ratelimited"}"#, "transient"),
    (400, r#"{"error":"server_error"}"#, "transient"),
    (400, r#"{"error":"slow_down"}"#, "transient"),
    // no token answer
    (200, "", "answer"),
    (204, "", "answer"),
    (200, HTML, "answer"),
    (400, HTML, "answer"),
    (401, HTML, "answer"),
    (403, HTML, "answer"),
    (404, HTML, "answer"),
    (401, "", "answer"),
    (301, "", "answer"),
    (302, r#"{"error":"invalid_grant_x"}"#, "answer"),
    (307, HTML, "answer"),
    (200, "{", "answer"),
    (200, "null", "answer"),
    (200, "[]", "answer"),
    (200, "\"at\"", "answer"),
    (200, "{}", "answer"),
    (200, r#"{"access_token":null}"#, "answer"),
    (200, r#"{"access_token":""}"#, "answer"),
    (200, r#"{"access_token":12345}"#, "answer"),
    (200, r#"{"access_token":["at"]}"#, "answer"),
    (200, r#"{"access_token":{"token":"at"}}"#, "answer"),
    (200, r#"{"access_token":true}"#, "answer"),
    (200, r#"{"access_token":"at\r\nX-Evil: 1"}"#, "answer"),
    (200, r#"{"access_token":"a t"}"#, "answer"),
    (200, r#"{"access_token":"ät"}"#, "answer"),
    (200, r#"{"access_token":"at\u0000"}"#, "answer"),
    (200, r#"{"access_token":"at","token_type":"mac"}"#, "answer"),
    (200, r#"{"access_token":"at","token_type":"DPoP"}"#, "answer"),
    (200, r#"{"access_token":"at","token_type":1}"#, "answer"),
    (200, "access_token=at", "answer"),
];

#[test]
fn every_answer_has_its_class() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_member = format!(r#"{{"access_token":"at","x":{deep}}}"#);
    let deep_cases = [(200, deep.as_str(), "answer"), (200, deep_member.as_str(), "answer")];
    assert!(CASES.len() >= 60);
    for (status, body, expected) in CASES.iter().chain(&deep_cases) {
        let result = read_json(*status, body);
        let shown: String = body.chars().take(80).collect();
        assert_eq!(outcome(&result), *expected, "{status} {shown}");
        if let Err(error) = result {
            let class = match *expected {
                "grant gone" => FailureClass::GrantGone,
                "app broken" => FailureClass::AppBroken,
                _ => FailureClass::Transient,
            };
            assert_eq!(error.class(), class, "{status} {shown}");
            assert!(!error.surely_not_sent(), "{status} {shown}");
        }
    }
}

/// Status, body, class under a definition with codes of its own.
const OVERRIDDEN: &[(u16, &str, FailureClass)] = &[
    (400, r#"{"error":"token_revoked"}"#, FailureClass::GrantGone),
    (401, r#"{"error":"TOKEN_REVOKED"}"#, FailureClass::GrantGone),
    (200, r#"{"ok":false,"error":"token_revoked"}"#, FailureClass::GrantGone),
    (400, r#"{"error":{"code":"token_revoked"}}"#, FailureClass::GrantGone),
    (400, r#"{"error":"app_disabled"}"#, FailureClass::AppBroken),
    (403, r#"{"error":"app_disabled"}"#, FailureClass::AppBroken),
    (400, r#"{"error":"invalid_grant"}"#, FailureClass::Transient),
    (401, r#"{"error":"invalid_client"}"#, FailureClass::AppBroken),
    (400, r#"{"error":"something_new"}"#, FailureClass::Transient),
    (400, HTML, FailureClass::Transient),
    (503, "", FailureClass::Transient),
];

#[test]
fn a_definitions_own_codes_win() {
    let errors = catalog::RefreshErrors {
        grant_gone: vec!["token_revoked".to_owned()],
        app_broken: vec!["app_disabled".to_owned()],
        transient: vec!["invalid_grant".to_owned()],
    };
    for (status, body, class) in OVERRIDDEN {
        let error = read_json(*status, body).unwrap_err();
        assert_eq!(error.class_under(&errors), *class, "{status} {body}");
    }
    // Without them each answer keeps the class of the standard.
    for (status, body, expected) in CASES.iter().filter(|case| case.2 != "granted") {
        let error = read_json(*status, body).unwrap_err();
        let none = catalog::RefreshErrors::default();
        assert_eq!(error.class_under(&none), error.class(), "{status} {body} {expected}");
    }
}

#[test]
fn a_refresh_token_is_there_or_not() {
    let refresh = |body: &str| {
        let tokens = read_json(200, body).unwrap().tokens;
        tokens.refresh_token.map(|token| token.expose_secret().to_owned())
    };
    assert_eq!(
        refresh(r#"{"access_token":"at","refresh_token":"rt"}"#).as_deref(),
        Some("rt")
    );
    for none in ["\"\"", "null", "7", "[\"rt\"]", "\"r\\nt\""] {
        assert_eq!(
            refresh(&format!(r#"{{"access_token":"at","refresh_token":{none}}}"#)),
            None,
            "{none}"
        );
    }
    assert_eq!(refresh(r#"{"access_token":"at"}"#), None);
}

#[test]
fn lifetimes_make_sense_or_are_the_definitions() {
    let shape = standard(Some(7200));
    for (value, expected) in [
        ("3600", 3600),
        ("\"3600\"", 3600),
        ("\" 3600 \"", 3600),
        ("3599.9", 3599),
        ("\"3599.9\"", 3599),
        ("1", 1),
        ("315360000", 315_360_000),
        ("0", 7200),
        ("\"0\"", 7200),
        ("0.4", 7200),
        ("-1", 7200),
        ("\"-3600\"", 7200),
        ("1000000000000000000", 7200),
        ("1e300", 7200),
        ("1790000000", 7200),
        ("\"2026-11-23T18:00:00Z\"", 7200),
        ("\"NaN\"", 7200),
        ("\"inf\"", 7200),
        ("\"\"", 7200),
        ("null", 7200),
        ("true", 7200),
        ("[3600]", 7200),
        ("{}", 7200),
    ] {
        let body = format!(r#"{{"access_token":"at","expires_in":{value}}}"#);
        let answer = read_with(200, "application/json", body.as_bytes(), shape).unwrap();
        assert_eq!(answer.expires_in, Some(expected), "{value}");
        let missing = if expected == 7200 { None } else { Some(expected) };
        assert_eq!(
            read_json(200, &body).unwrap().expires_in,
            missing,
            "{value} without a default"
        );
    }
}

#[test]
fn scopes_in_their_spellings() {
    for (value, expected) in [
        (json!("a b"), Some(vec!["a", "b"])),
        (json!("a,b"), Some(vec!["a", "b"])),
        (json!("a, b"), Some(vec!["a", "b"])),
        (json!(["a", "b"]), Some(vec!["a", "b"])),
        (json!(""), None),
        (json!(null), None),
        (json!(7), None),
    ] {
        let body = json!({ "access_token": "at", "scope": value }).to_string();
        let scopes = read_json(200, &body).unwrap().scopes;
        assert_eq!(
            scopes,
            expected.map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>()),
            "{body}"
        );
    }
}

#[test]
fn a_token_may_stand_deeper_and_ok_may_be_asked_for() {
    let answer = TokenAnswer {
        object: Some("/authed_user".to_owned()),
        ok: Some("/ok".to_owned()),
        ..TokenAnswer::default()
    };
    let shape = Shape {
        answer: &answer,
        lifetime: None,
        bound: false,
    };
    let read = |body: serde_json::Value| read_with(200, "application/json", body.to_string().as_bytes(), shape);
    let answer =
        read(json!({ "ok": true, "access_token": "bot", "authed_user": { "access_token": "user", "scope": "a,b" } }));
    assert_eq!(answer.unwrap().tokens.access_token.expose_secret(), "user");
    assert_eq!(
        outcome(&read(json!({ "authed_user": { "access_token": "user" } }))),
        "granted"
    );
    assert_eq!(
        outcome(&read(json!({ "ok": false, "authed_user": { "access_token": "user" } }))),
        "refused"
    );
    assert_eq!(
        outcome(&read(json!({ "ok": "no", "authed_user": { "access_token": "user" } }))),
        "refused"
    );
    assert_eq!(outcome(&read(json!({ "ok": true, "access_token": "bot" }))), "answer");
    assert_eq!(outcome(&read(json!({ "ok": true, "authed_user": ["user"] }))), "answer");
}

#[test]
fn an_answer_may_call_everything_otherwise() {
    let named = TokenAnswer {
        object: Some("/data/0".to_owned()),
        access_token: "/token/value".to_owned(),
        refresh_token: "/next".to_owned(),
        expires_in: "/ttl".to_owned(),
        in_milliseconds: true,
        scope: Some("/permissions".to_owned()),
        ..TokenAnswer::default()
    };
    let shape = Shape {
        answer: &named,
        lifetime: None,
        bound: false,
    };
    let body = json!({ "access_token": "wrong", "expires_in": 1, "data": [{
        "token": { "value": "at" }, "next": "rt", "ttl": "3600000", "permissions": "a,b", "refresh_token": "wrong",
    }] });
    let answer = read_with(200, "application/json", body.to_string().as_bytes(), shape).unwrap();
    assert_eq!(answer.tokens.access_token.expose_secret(), "at");
    assert_eq!(answer.tokens.refresh_token.unwrap().expose_secret(), "rt");
    assert_eq!(answer.expires_in, Some(3600));
    assert_eq!(answer.scopes.unwrap(), ["a", "b"]);
    let other = json!({ "access_token": "at", "data": [{ "access_token": "at" }] }).to_string();
    assert_eq!(
        outcome(&read_with(200, "application/json", other.as_bytes(), shape)),
        "answer",
        "nothing else is taken in its place"
    );

    let ends = TokenAnswer {
        access_token: "/token".to_owned(),
        expires_at: Some("/end".to_owned()),
        ..TokenAnswer::default()
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    headers.insert(DATE, "Mon, 23 Nov 2026 18:00:00 GMT".parse().unwrap());
    let shape = Shape {
        answer: &ends,
        lifetime: Some(60),
        bound: false,
    };
    for (body, expected) in [
        ("token=at&end=2026-11-23T20%3A00%3A00Z", 7200),
        ("token=at&end=1795464000", 7200),
        ("token=at&end=soon", 60),
        ("token=at", 60),
        ("token=at&expires_in=30&end=1795464000", 30),
    ] {
        let answer = read(StatusCode::OK, &headers, body.as_bytes(), shape, &Scrub::default());
        assert_eq!(answer.unwrap().expires_in, Some(expected), "{body}");
    }
}

#[test]
fn some_services_answer_with_a_form() {
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let read = |kind, body: &str| read_with(200, kind, body.as_bytes(), standard(None));
    let answer = read(form, "access_token=a%2Bt&expires_in=60&scope=a%2Cb").unwrap();
    assert_eq!(answer.tokens.access_token.expose_secret(), "a+t");
    assert_eq!(answer.expires_in, Some(60));
    assert_eq!(
        outcome(&read(form, "error=invalid_grant&error_description=gone")),
        "grant gone"
    );
    assert_eq!(outcome(&read("text/plain", "access_token=at")), "granted");
    assert_eq!(outcome(&read("text/html", "access_token=at")), "answer");
    // JSON counts as JSON whatever it is called.
    assert_eq!(outcome(&read("text/html", r#"{"access_token":"at"}"#)), "granted");
}

#[test]
fn the_services_words_are_kept_without_secrets() {
    let body = r#"{"error":"invalid_grant","error_description":"Token rt-canary-0123456789 <b>expired</b>\nat noon"}"#;
    let error = read_json(400, body).unwrap_err();
    assert_eq!(error.provider_code(), Some("invalid_grant"));
    assert_eq!(error.provider_message(), Some("Token [hidden] b expired /b at noon"));
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("canary"), "{text}");
    }

    let echoed_code = read_json(400, r#"{"error":"rt-canary-0123456789"}"#).unwrap_err();
    assert!(!format!("{echoed_code:?}").contains("canary"));
    let nested = read_json(400, r#"{"error":{"type":"OAuthException","message":"No"}}"#).unwrap_err();
    assert_eq!(
        (nested.provider_code(), nested.provider_message()),
        (Some("OAuthException"), Some("No"))
    );
}

#[test]
fn a_wish_to_wait_is_kept() {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, "Mon, 23 Nov 2026 18:00:30 GMT".parse().unwrap());
    headers.insert(DATE, "Mon, 23 Nov 2026 18:00:00 GMT".parse().unwrap());
    let error = read(
        StatusCode::TOO_MANY_REQUESTS,
        &headers,
        b"",
        standard(None),
        &Scrub::default(),
    )
    .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));

    // A refusal that asks to come back is none.
    let limited = read(
        StatusCode::FORBIDDEN,
        &headers,
        b"{}",
        standard(None),
        &Scrub::default(),
    )
    .unwrap_err();
    assert_eq!(
        (outcome(&Err(limited.clone())), limited.retry_after()),
        ("transient", Some(Duration::from_secs(30)))
    );
    let gone = br#"{"error":"invalid_grant"}"#;
    let gone = read(
        StatusCode::BAD_REQUEST,
        &headers,
        gone,
        standard(None),
        &Scrub::default(),
    )
    .unwrap_err();
    assert_eq!(gone.class(), FailureClass::GrantGone);
}

#[test]
fn a_byte_order_mark_is_no_reason_to_lose_a_token() {
    assert_eq!(outcome(&read_json(200, "\u{feff}{\"access_token\":\"at\"}")), "granted");
}

#[test]
fn a_token_that_tells_its_own_end_is_believed_before_the_definition() {
    let claims = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let shape = standard(Some(7200));
    for (token, expected) in [
        (claims(r#"{"iat":1800000000,"exp":1800000900}"#), 900),
        (claims(r#"{"exp":1800000900}"#), 7200),
        (claims(r#"{"iat":1800000900,"exp":1800000000}"#), 7200),
        (claims(r#"{"iat":"x","exp":[]}"#), 7200),
        ("e30.%%%.c2ln".to_owned(), 7200),
        ("only.two".to_owned(), 7200),
    ] {
        let body = format!(r#"{{"access_token":"{token}"}}"#);
        let answer = read_with(200, "application/json", body.as_bytes(), shape).unwrap();
        assert_eq!(answer.expires_in, Some(expected), "{token}");
    }
    let told = format!(
        r#"{{"access_token":"{}","expires_in":60}}"#,
        claims(r#"{"iat":0,"exp":900}"#)
    );
    assert_eq!(
        read_json(200, &told).unwrap().expires_in,
        Some(60),
        "the answer's own word wins"
    );
}

#[test]
fn a_definition_gives_the_services_own_codes_a_meaning() {
    let errors = catalog::RefreshErrors {
        grant_gone: vec!["token_revoked".to_owned()],
        app_broken: vec!["app_disabled".to_owned()],
        transient: vec!["invalid_grant".to_owned()],
    };
    for (code, expected) in [
        ("token_revoked", FailureClass::GrantGone),
        ("Token_Revoked", FailureClass::GrantGone),
        ("app_disabled", FailureClass::AppBroken),
        ("invalid_grant", FailureClass::Transient),
        ("invalid_client", FailureClass::AppBroken),
        ("something_else", FailureClass::Transient),
    ] {
        let error = read_json(400, &format!(r#"{{"error":"{code}"}}"#)).unwrap_err();
        assert_eq!(error.class_under(&errors), expected, "{code}");
    }
}
