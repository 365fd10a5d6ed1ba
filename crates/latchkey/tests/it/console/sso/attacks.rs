//! Answers that are not the provider's to this request in this browser.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use testkit::{Reply, TestServer};

use super::super::{PASSWORD, Person, owner};
use super::{Away, Provider, START, linked, new_key, server, start};

#[track_caller]
fn is_out(person: &Person) {
    assert!(person.cookie("lk_operator").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_that_does_not_hold_signs_nobody_in() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    let past = server.database.number("select extract(epoch from now())::bigint").await - 100;
    for (name, value, said) in [
        ("nonce", json!("another"), "it answers another request"),
        ("nonce", Value::Null, "it answers another request"),
        ("aud", json!("another-client"), "it is for another client"),
        ("iss", json!("https://evil.example"), "another issuer made it"),
        ("exp", json!(past), "it has ended"),
        ("iat", Value::Null, "it says no time"),
        ("sub", Value::Null, "it names nobody"),
    ] {
        let (eve, away) = start(&server).await;
        let mut claims = provider.claims(&server, &away, "s-1").await;
        claims.insert(name.to_owned(), value.clone());
        provider.say(&provider.key, &claims);
        let refused = eve.get(&away.callback()).await.expect(424);
        assert!(refused.text.contains(said), "{name} {value}: {}", refused.text);
        is_out(&eve);
    }
    let (eve, away) = start(&server).await;
    provider.show_keys(&[&provider.key]);
    provider.say(&new_key("k9"), &provider.claims(&server, &away, "s-1").await);
    let refused = eve.get(&away.callback()).await.expect(424);
    assert!(
        refused.text.contains("a key that the provider does not show"),
        "{}",
        refused.text
    );
    is_out(&eve);
    let (eve, away) = start(&server).await;
    provider.say(&new_key("k1"), &provider.claims(&server, &away, "s-1").await);
    let refused = eve.get(&away.callback()).await.expect(424);
    assert!(refused.text.contains("its signature is wrong"), "{}", refused.text);
    is_out(&eve);
    let (eve, away) = start(&server).await;
    provider.answer_with(&unsigned(&provider.claims(&server, &away, "s-1").await));
    let refused = eve.get(&away.callback()).await.expect(424);
    assert!(refused.text.contains("it is not signed with"), "{}", refused.text);
    is_out(&eve);
    let (eve, away) = start(&server).await;
    provider.odd.reply(Reply::json(
        200,
        &json!({ "access_token": "at", "token_type": "Bearer" }),
    ));
    let refused = eve.get(&away.callback()).await.expect(424);
    assert!(refused.text.contains("there is none"), "{}", refused.text);
    is_out(&eve);
}

/// With `alg: none` (RFC 7515 §3.1).
fn unsigned(claims: &Map<String, Value>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.",
        part(&json!({ "alg": "none" })),
        part(&Value::Object(claims.clone()))
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_in_the_browser_that_was_sent_once_and_in_time() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    let asked = provider.odd.seen("/token").len();
    let (ann, away) = start(&server).await;
    // Another browser, without its cookie and with one of its own.
    let stranger = Person::new(&server);
    let refused = stranger.get(&away.callback()).await.expect(403);
    assert!(
        refused.text.contains("was begun in another browser"),
        "{}",
        refused.text
    );
    let (eve, _) = start(&server).await;
    eve.get(&away.callback()).await.expect(403);
    is_out(&stranger);
    is_out(&eve);
    for (action, times) in [("missing", 1), ("mismatch", 1)] {
        let noted = format!("select count(*) from audit_log where action = 'operator.sign_on_cookie_{action}'");
        assert_eq!(server.database.number(&noted).await, times, "{action}");
    }
    // A state that is not ours, and queries that no provider writes.
    let state = away.get("state");
    let unknown = vault::Token::generate().expose();
    for (query, status) in [
        (format!("code=a&state={unknown}"), 410),
        (format!("code=a&state={state}x"), 400),
        ("code=a".to_owned(), 400),
        (format!("state={state}"), 400),
        (format!("code=a&code=b&state={state}"), 400),
        (format!("code=a&state={state}&state={state}"), 400),
        (format!("code=a&error=b&state={state}"), 400),
        (format!("code=a&state={state}&id_token=x"), 400),
        (String::new(), 400),
    ] {
        ann.get(&format!("/console/sso/callback?{query}")).await.expect(status);
        is_out(&ann);
    }
    assert_eq!(
        provider.odd.seen("/token").len(),
        asked,
        "nothing was asked of the provider"
    );
    // None of that has spent it.
    provider.back(&server, &ann, &away, "s-1").await.expect(303);
    assert_eq!(provider.odd.seen("/token").len(), asked + 1);
    ann.get(&away.callback()).await.expect(410);
    // Ten minutes later it is over.
    let (late, away) = start(&server).await;
    server.advance(601).await;
    let refused = late.get(&away.callback()).await.expect(410);
    assert!(refused.text.contains("took more than ten minutes"), "{}", refused.text);
    assert_eq!(provider.odd.seen("/token").len(), asked + 1);
    // Neither from a page of somebody else's.
    let forged = Person::new(&server).from(Some("https://evil.example"));
    forged.post(START, &[]).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_one_is_in() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    let asked = provider.odd.seen("/token").len();
    let (ann, away) = start(&server).await;
    let claims = provider.claims(&server, &away, "s-1").await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..50 {
        provider.say(&provider.key, &claims);
        // Each with the cookie as it was.
        let one = Person::new(&server);
        one.keep("lk_sign_on", &ann.cookie("lk_sign_on").unwrap());
        let address = away.callback();
        racing.spawn(async move { one.get(&address).await.status });
    }
    let ended = racing.join_all().await;
    assert_eq!(ended.iter().filter(|status| **status == 303).count(), 1, "{ended:?}");
    assert_eq!(ended.iter().filter(|status| **status == 410).count(), 49, "{ended:?}");
    assert_eq!(provider.odd.seen("/token").len(), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issuer_of_an_answer_must_be_the_providers() {
    for announces in [true, false] {
        let provider = Provider::start(announces).await;
        let server = server(&provider).await;
        owner(&server).await;
        let issuer = provider.odd.url();
        for (given, refused) in [
            (None, announces),
            (Some("https://evil.example".to_owned()), true),
            (Some(format!("{issuer}/")), true),
            (Some(issuer.to_uppercase()), true),
            (Some(issuer.clone()), false),
        ] {
            let (person, away) = start(&server).await;
            let asked = provider.odd.seen("/token").len();
            let mut query = url::form_urlencoded::Serializer::new(away.callback());
            if let Some(given) = &given {
                query.append_pair("iss", given);
            }
            let address = query.finish();
            provider.odd.forget_replies();
            provider.show_keys(&[&provider.key]);
            provider.say(&provider.key, &provider.claims(&server, &away, "s-7").await);
            let came = person.get(&address).await;
            if refused {
                assert!(
                    came.text.contains("The answer did not come from Odd"),
                    "{given:?}: {}",
                    came.text
                );
                assert_eq!(came.status, 424, "{given:?}");
                assert_eq!(provider.odd.seen("/token").len(), asked, "{given:?}");
            } else {
                // It is known, and nobody's here.
                assert_eq!(came.status, 403, "{given:?}: {}", came.text);
                assert!(came.text.contains("Nobody here uses this sign-in yet"), "{given:?}");
            }
            is_out(&person);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_of_the_provider_is_told_in_words() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    let asked = provider.odd.seen("/token").len();
    for (query, said) in [
        ("error=access_denied", "you or your administrator there said no"),
        (
            "error=access_denied&error_description=%3Cimg%20src%3Dx%20onerror%3D1%3E&error_uri=javascript:1",
            "&#60;img src=x",
        ),
        ("error=server_error", "Try again in a minute"),
        ("error=invalid_scope", "refused the sign-in (invalid_scope)"),
    ] {
        let (person, away) = start(&server).await;
        let address = format!("/console/sso/callback?{query}&state={}", away.get("state"));
        let refused = person.get(&address).await.expect(403);
        assert!(refused.text.contains(said), "{query}: {}", refused.text);
        assert!(refused.text.contains("Go to the sign-in") && !refused.text.contains("javascript:"));
        is_out(&person);
        // It is over with that.
        person.get(&address).await.expect(410);
    }
    assert_eq!(provider.odd.seen("/token").len(), asked);
    let (person, away) = start(&server).await;
    provider.odd.reply(Reply::json(
        400,
        &json!({ "error": "invalid_client", "error_description": "no" }),
    ));
    let refused = person.get(&away.callback()).await.expect(424);
    assert!(
        refused.text.contains("compares client id, secret and redirect address"),
        "{}",
        refused.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_leaves_the_password() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    owner(&server).await;
    provider.odd.close();
    let ann = Person::new(&server);
    let page = ann.post(START, &[("next", "/console/account")]).await.expect(503);
    assert!(
        page.text.contains("Odd cannot be asked who you are at the moment"),
        "{}",
        page.text
    );
    assert!(page.text.contains("name=\"password\"") && page.text.contains("value=\"/console/account\""));
    ann.sign_in("ann@example.com", PASSWORD).await.expect(303);
    ann.get("/console/account").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_goes_away_meanwhile_is_told() {
    let provider = Provider::start(false).await;
    let server: TestServer = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    for reply in [
        Reply::With(502, "text/html", "<h1>Bad gateway</h1>".to_owned()),
        Reply::HangUp,
    ] {
        let (ann, away) = start(&server).await;
        provider.odd.reply(reply);
        let refused = ann.get(&away.callback()).await.expect(503);
        assert!(refused.text.contains("use your password"), "{}", refused.text);
        is_out(&ann);
    }
    let (ann, _) = start(&server).await;
    let away = Away::of(&ann.post(START, &[]).await);
    provider.back(&server, &ann, &away, "s-1").await.expect(303);
}
