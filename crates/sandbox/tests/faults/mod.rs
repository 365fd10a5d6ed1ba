//! What the sandbox answers when it is asked to misbehave, and that it is well again after.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{Answer, Fixture, VERIFIER, fixture, parameter};

fn error(answer: &Answer) -> (u16, String) {
    let code = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), code)
}

async fn revoke(fixture: &Fixture, tokens: &Value) -> Answer {
    let form = format!("token={}", tokens["refresh_token"].as_str().unwrap());
    fixture.token_call("/revoke", &fixture.client, &form).await
}

#[actix_web::test]
async fn a_call_that_is_hit_changes_nothing_and_the_next_one_works() {
    let Some(fixture) = fixture().await else { return };
    let mut tokens = fixture.tokens().await;
    for (faults, status, code) in [
        (json!({ "fault": "server_error" }), 500, "server_error"),
        (json!({ "fault": "rate_limited" }), 429, "rate_limited"),
        (json!({ "fault": "error_in_success" }), 200, "temporarily_unavailable"),
        (
            json!({ "fault": "error_in_success", "error": "bad_refresh_token" }),
            200,
            "bad_refresh_token",
        ),
        (json!({ "fault": "refresh_refused" }), 400, "invalid_grant"),
        (
            json!({ "fault": "client_refused", "delayMs": 1 }),
            401,
            "invalid_client",
        ),
    ] {
        fixture.set_faults(&faults).await;
        let hit = fixture.refresh(&tokens).await;
        assert_eq!(error(&hit), (status, code.to_owned()), "{faults}");
        assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::OK, "{faults}");
        fixture.clear_faults().await;
        let well = fixture.refresh(&tokens).await;
        assert_eq!(well.status, StatusCode::OK, "{faults}: {}", well.text);
        tokens = well.json();
    }
    fixture.set_faults(&json!({ "fault": "html" })).await;
    let page = fixture.refresh(&tokens).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    assert!(page.text.starts_with("<!doctype html>"), "{}", page.text);
}

#[actix_web::test]
async fn retry_after_comes_in_every_form() {
    let Some(fixture) = fixture().await else { return };
    let tokens = fixture.tokens().await;
    for (chosen, sent) in [
        (None, "5"),
        (Some("120"), "120"),
        (Some("next week"), "next week"),
        (Some("-1"), "-1"),
    ] {
        fixture
            .set_faults(&json!({ "fault": "rate_limited", "retryAfter": chosen }))
            .await;
        assert_eq!(fixture.refresh(&tokens).await.header("retry-after"), sent);
    }
    fixture
        .set_faults(&json!({ "fault": "rate_limited", "retryAfter": "date+120" }))
        .await;
    let answer = fixture.refresh(&tokens).await;
    let date: actix_web::http::header::HttpDate = answer.header("retry-after").parse().unwrap();
    let now = std::time::SystemTime::from(fixture.store.now().await.unwrap());
    let ahead = std::time::SystemTime::from(date).duration_since(now).unwrap().as_secs();
    assert!((60..=120).contains(&ahead), "{ahead}");
}

#[actix_web::test]
async fn times_are_counted_and_end() {
    let Some(fixture) = fixture().await else { return };
    let tokens = fixture.tokens().await;
    fixture
        .set_faults(&json!({ "fault": "server_error", "times": 2 }))
        .await;
    for status in [500, 500, 200] {
        assert_eq!(fixture.refresh(&tokens).await.status.as_u16(), status);
    }
    let set = fixture.store.sandbox_faults(fixture.project).await.unwrap().unwrap();
    assert_eq!(set.hits, 2);
    fixture
        .set_faults(&json!({ "fault": "server_error", "times": 1 }))
        .await;
    assert_eq!(
        fixture
            .store
            .sandbox_faults(fixture.project)
            .await
            .unwrap()
            .unwrap()
            .hits,
        0,
        "a new choice counts anew"
    );
}

#[actix_web::test]
async fn only_the_chosen_calls_are_hit() {
    let Some(fixture) = fixture().await else { return };
    let tokens = fixture.tokens().await;
    let code = fixture.code().await;
    fixture
        .set_faults(&json!({ "fault": "server_error", "on": ["exchange", "revoke", "api"] }))
        .await;
    let exchange = fixture.exchange(&code, VERIFIER).await;
    let api = [fixture.api("/me", &tokens).await, fixture.api("/echo/x", &tokens).await];
    let key = actix_web::test::TestRequest::get()
        .uri("/sandbox/api/me")
        .insert_header(("x-api-key", "sandbox_key_ok"));
    assert_eq!(fixture.send(key).await.status, StatusCode::OK, "a key is nobody's");
    for hit in [exchange, revoke(&fixture, &tokens).await].iter().chain(&api) {
        assert_eq!(error(hit), (500, "server_error".to_owned()));
    }
    let refreshed = fixture.refresh(&tokens).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{}", refreshed.text);
    fixture.clear_faults().await;
    assert_eq!(
        fixture.exchange(&code, VERIFIER).await.status,
        StatusCode::OK,
        "the code was not spent"
    );
    assert_eq!(revoke(&fixture, &refreshed.json()).await.status, StatusCode::OK);

    let code = fixture.code().await;
    fixture.set_faults(&json!({ "fault": "expired_code" })).await;
    let late = fixture.exchange(&code, VERIFIER).await;
    assert_eq!(error(&late), (400, "invalid_grant".to_owned()));
    assert_eq!(late.json()["error_description"], "the code has expired");
}

#[actix_web::test]
async fn a_slow_answer_comes_after_the_work() {
    let Some(fixture) = fixture().await else { return };
    let tokens = fixture.tokens().await;
    fixture.set_faults(&json!({ "fault": "slow", "delayMs": 30 })).await;
    let since = std::time::Instant::now();
    let slow = fixture.refresh(&tokens).await;
    assert!(since.elapsed().as_millis() >= 30);
    assert_eq!(slow.status, StatusCode::OK, "{}", slow.text);
    assert_eq!(
        error(&fixture.refresh(&tokens).await).1,
        "invalid_grant",
        "it was spent"
    );
}

#[actix_web::test]
async fn reuse_revokes_the_family_in_strict_rotation() {
    let Some(fixture) = fixture().await else { return };
    let first = fixture.tokens().await;
    let second = fixture.refresh(&first).await.json();
    assert_eq!(error(&fixture.refresh(&first).await), (400, "invalid_grant".to_owned()));
    assert_eq!(
        fixture.refresh(&second).await.status,
        StatusCode::OK,
        "not unless it is asked for"
    );

    fixture.set_faults(&json!({ "rotation": "strict" })).await;
    let first = fixture.tokens().await;
    let second = fixture.refresh(&first).await.json();
    assert_eq!(fixture.api("/me", &second).await.status, StatusCode::OK);
    assert_eq!(error(&fixture.refresh(&first).await), (400, "invalid_grant".to_owned()));
    assert_eq!(
        error(&fixture.refresh(&second).await),
        (400, "invalid_grant".to_owned())
    );
    assert_eq!(fixture.api("/me", &second).await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_grace_lets_the_old_token_work_for_its_time() {
    let Some(fixture) = fixture().await else { return };
    fixture
        .set_faults(&json!({ "rotation": "grace", "graceSeconds": 20 }))
        .await;
    let first = fixture.tokens().await;
    let second = fixture.refresh(&first).await.json();
    fixture.move_clock(10).await;
    let again = fixture.refresh(&first).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    assert_ne!(again.json()["refresh_token"], second["refresh_token"]);
    let third = fixture.refresh(&second).await;
    assert_eq!(third.status, StatusCode::OK, "both successors work: {}", third.text);
    fixture.move_clock(11).await;
    assert_eq!(error(&fixture.refresh(&first).await), (400, "invalid_grant".to_owned()));
    let after = fixture.refresh(&third.json()).await;
    assert_eq!(after.json()["error_description"], "the refresh token was revoked");
}

#[actix_web::test]
async fn a_grace_may_give_the_same_token_again() {
    let Some(fixture) = fixture().await else { return };
    fixture
        .set_faults(&json!({ "rotation": "grace", "graceAnswer": "same" }))
        .await;
    let first = fixture.tokens().await;
    let second = fixture.refresh(&first).await.json();
    let again = fixture.refresh(&first).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    assert_ne!(again["access_token"], second["access_token"]);
    for tokens in [&second, &again] {
        assert_eq!(fixture.api("/me", tokens).await.status, StatusCode::OK);
    }
    let third = fixture.refresh(&again).await.json();
    assert_ne!(third["refresh_token"], again["refresh_token"]);
    assert!(
        !fixture.dump().await.contains(second["refresh_token"].as_str().unwrap()),
        "only its digest is kept"
    );
}

#[actix_web::test]
async fn a_refresh_token_may_be_kept() {
    let Some(fixture) = fixture().await else { return };
    fixture.set_faults(&json!({ "rotation": "none" })).await;
    let first = fixture.tokens().await;
    for _ in 0..2 {
        fixture.move_clock(29 * 24 * 3600).await;
        let answer = fixture.refresh(&first).await;
        assert_eq!(answer.status, StatusCode::OK, "use keeps it alive: {}", answer.text);
        assert!(answer.json().get("refresh_token").is_none());
        assert_eq!(fixture.api("/me", &answer.json()).await.status, StatusCode::OK);
    }
    fixture.clear_faults().await;
    assert!(fixture.refresh(&first).await.json()["refresh_token"].is_string());
    assert_eq!(error(&fixture.refresh(&first).await).1, "invalid_grant");
}

#[actix_web::test]
async fn tokens_are_made_as_asked() {
    let Some(fixture) = fixture().await else { return };
    fixture
        .set_faults(&json!({ "tokenSeconds": 3, "omitExpiresIn": true, "scope": "profile" }))
        .await;
    let first = fixture.tokens().await;
    let second = fixture.refresh(&first).await.json();
    for tokens in [&first, &second] {
        assert!(tokens.get("expires_in").is_none(), "{tokens}");
        assert_eq!(tokens["scope"], "profile");
        assert_eq!(fixture.api("/me", tokens).await.status, StatusCode::OK);
        assert_eq!(fixture.api("/items", tokens).await.status, StatusCode::FORBIDDEN);
    }
    fixture.move_clock(4).await;
    assert_eq!(fixture.api("/me", &second).await.status, StatusCode::UNAUTHORIZED);
    fixture.clear_faults().await;
    let well = fixture.refresh(&second).await.json();
    assert_eq!(
        (&well["expires_in"], &well["scope"]),
        (&json!(10), &json!("profile items"))
    );
}

#[actix_web::test]
async fn revocation_may_be_missing() {
    let Some(fixture) = fixture().await else { return };
    let tokens = fixture.tokens().await;
    for (chosen, told) in [
        ("not_found", (404, "not_found")),
        ("unsupported_token_type", (400, "unsupported_token_type")),
    ] {
        fixture.set_faults(&json!({ "revocation": chosen })).await;
        assert_eq!(error(&revoke(&fixture, &tokens).await), (told.0, told.1.to_owned()));
        assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::OK);
    }
    fixture.set_faults(&json!({ "revocation": "works" })).await;
    assert_eq!(revoke(&fixture, &tokens).await.status, StatusCode::OK);
    assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn what_is_chosen_at_consent_holds_for_this_connection_alone() {
    let Some(fixture) = fixture().await else { return };
    let well = fixture.tokens().await;
    let form = "decision=allow&account=ben&lifetime=60&fault=server_error&on=refresh&times=1&delayMs=&rotation=strict";
    let location = fixture.decide("profile items", form).await.location();
    let ill = fixture
        .exchange(&parameter(&location, "code").unwrap(), VERIFIER)
        .await
        .json();
    assert_eq!(fixture.refresh(&well).await.status, StatusCode::OK);
    assert_eq!(fixture.refresh(&ill).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    // Its own choice stands before the project's.
    fixture
        .set_faults(&json!({ "fault": "html", "rotation": "none" }))
        .await;
    let next = fixture.refresh(&ill).await.json();
    assert!(next["refresh_token"].is_string(), "{next}");
    assert_eq!(error(&fixture.refresh(&ill).await).1, "invalid_grant");
    assert_eq!(error(&fixture.refresh(&next).await).1, "invalid_grant", "strict");

    let location = fixture
        .decide("profile", "decision=allow&account=ann&fault=expired_code")
        .await
        .location();
    let refused = fixture.exchange(&parameter(&location, "code").unwrap(), VERIFIER).await;
    assert_eq!(refused.json()["error_description"], "the code has expired");

    let page = fixture
        .decide("profile", "decision=allow&account=ann&fault=slow&times=often")
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.text.contains("times must be a whole number from 1 to 1000"),
        "{}",
        page.text
    );
}

#[actix_web::test]
async fn the_consent_page_offers_every_fault_without_a_script() {
    let Some(fixture) = fixture().await else { return };
    let page = fixture.get(&fixture.authorize_path("profile")).await.text;
    let (_, folded) = page.split_once("<summary>What should go wrong</summary>").unwrap();
    for fault in store::sandbox::Fault::ALL {
        assert!(
            folded.contains(&format!(r#"<option value="{}">"#, fault.as_str())),
            "{fault:?}"
        );
    }
    for name in [
        "fault",
        "on",
        "times",
        "delayMs",
        "retryAfter",
        "rotation",
        "revocation",
        "scope",
        "omitExpiresIn",
    ] {
        assert!(folded.contains(&format!(r#"name="{name}""#)), "{name}");
    }
    assert!(!page.contains("<script") && !page.contains("<details open"));
}
