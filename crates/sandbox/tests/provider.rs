//! The sandbox against a real database: set `TEST_DATABASE_URL` to a server where databases may be created. Without it
//! these tests say that they were skipped.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixture;

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::{REDIRECT_URI, VERIFIER, exchange_form, fixture, parameter};
use futures_util::future::join;
use sandbox::{EnsureClientError, ensure_client};
use serde_json::{Value, json};
use vault::{Environment, ExposeSecret as _};

#[actix_web::test]
async fn a_client_is_made_once_and_keeps_its_secret() {
    let Some(fixture) = fixture().await else { return };
    let store = &fixture.store;
    let project = store.create_project("Second").await.unwrap().id;
    let (first, second) = join(
        ensure_client(store, project, Environment::Test, REDIRECT_URI),
        ensure_client(store, project, Environment::Test, "https://b.example/callback"),
    )
    .await;
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.client_id, second.client_id);
    assert_eq!(
        first.client_secret.expose_secret(),
        second.client_secret.expose_secret()
    );
    assert_ne!(first.client_id, fixture.client.client_id, "each project has its own");
    let live = ensure_client(store, project, Environment::Live, REDIRECT_URI).await;
    assert!(matches!(live, Err(EnsureClientError::Live)));
    let odd = ensure_client(store, project, Environment::Test, "javascript:alert(1)").await;
    assert!(matches!(odd, Err(EnsureClientError::RedirectUri(_))));
}

#[actix_web::test]
async fn from_consent_to_the_api() {
    let Some(fixture) = fixture().await else { return };
    let page = fixture.get(&fixture.authorize_path("profile items")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("Allow Acme &#38; Sons to use your Sandbox account?"),
        "{}",
        page.text
    );
    assert_eq!(
        fixture.count("sandbox_codes").await,
        0,
        "looking at the page stores nothing"
    );

    let redirect = fixture
        .decide("profile items", "decision=allow&account=ben&lifetime=60")
        .await;
    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    let location = redirect.location();
    assert!(location.as_str().starts_with(REDIRECT_URI), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("s t&ate"));
    assert_eq!(
        parameter(&location, "iss").as_deref(),
        Some("http://localhost:8080/sandbox")
    );

    let tokens = fixture.exchange(&parameter(&location, "code").unwrap(), VERIFIER).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
    assert_eq!(tokens.header("cache-control"), "no-store");
    let tokens = tokens.json();
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(60))
    );
    assert_eq!(tokens["scope"], "profile items");

    let me = fixture.api("/me", &tokens).await;
    assert_eq!(me.json()["name"], "Ben", "{}", me.text);
    let items = fixture.api("/items?limit=20", &tokens).await.json();
    assert_eq!(items["items"].as_array().unwrap().len(), 20);
    let rest = fixture
        .api(
            &format!("/items?limit=20&cursor={}", items["nextCursor"].as_str().unwrap()),
            &tokens,
        )
        .await;
    assert_eq!(
        (
            rest.json()["items"].as_array().unwrap().len(),
            &rest.json()["nextCursor"]
        ),
        (5, &Value::Null)
    );

    let add = TestRequest::post()
        .uri("/sandbox/api/items")
        .set_payload(r#"{"name":"x"}"#);
    let added = fixture.send(add.insert_header(fixture::bearer(&tokens))).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    let newest = fixture.api("/items?limit=1", &tokens).await.json();
    assert_eq!(newest["items"][0]["id"], added.json()["id"]);
}

#[actix_web::test]
async fn a_scope_that_was_not_allowed_opens_nothing() {
    let Some(fixture) = fixture().await else { return };
    let location = fixture.decide("profile", "decision=allow&account=ann").await.location();
    let tokens = fixture
        .exchange(&parameter(&location, "code").unwrap(), VERIFIER)
        .await
        .json();
    assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::OK);
    let add = TestRequest::post()
        .uri("/sandbox/api/items")
        .set_payload(r#"{"name":"x"}"#);
    for refused in [
        fixture.api("/items", &tokens).await,
        fixture.send(add.insert_header(fixture::bearer(&tokens))).await,
    ] {
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.header("www-authenticate").contains("insufficient_scope"));
    }
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}&scope=profile+items");
    let wider = fixture.token_call("/token", &fixture.client, &form).await;
    assert_eq!(wider.json()["error"], "invalid_scope");
    assert_eq!(
        fixture.refresh(&tokens).await.json()["scope"],
        "profile",
        "the token was not spent"
    );
}

#[actix_web::test]
async fn a_denial_is_told_to_the_client() {
    let Some(fixture) = fixture().await else { return };
    let location = fixture.decide("profile", "decision=deny").await.location();
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&location, "state").as_deref(), Some("s t&ate"));
    assert!(parameter(&location, "iss").is_some());
    assert_eq!(fixture.count("sandbox_codes").await, 0);
}

#[actix_web::test]
async fn nothing_is_sent_to_an_address_that_is_not_registered() {
    let Some(fixture) = fixture().await else { return };
    let good = fixture.authorize_path("profile");
    for bad in [
        good.replace(&fixture.client.client_id, "sandbox_unknown"),
        good.replace("client_id=", "x="),
        good.replace("redirect_uri=", "x="),
        good.replace("%2Fcallback", "%2Fcallback%2F"),
        good.replace("%2Fcallback", "%2Fcall"),
        good.replace("%2Fcallback", "%2Fcallback%3Fx%3D1"),
        good.replace("latchkey.example", "evil.example"),
        format!("{good}&redirect_uri=https%3A%2F%2Fevil.example"),
        format!("{good}&client_id=x"),
    ] {
        let page = fixture.get(&bad).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{bad}");
        assert!(!page.headers.contains_key("location"), "{bad}");
    }
    for (bad, error) in [
        (
            good.replace("response_type=code", "response_type=token"),
            "unsupported_response_type",
        ),
        (good.replace("S256", "plain"), "invalid_request"),
        (good.replace("scope=profile", "scope=admin"), "invalid_scope"),
        (format!("{good}&state=again"), "invalid_request"),
    ] {
        let redirect = fixture.get(&bad).await;
        assert_eq!(redirect.status, StatusCode::SEE_OTHER, "{bad}");
        assert_eq!(
            parameter(&redirect.location(), "error").as_deref(),
            Some(error),
            "{bad}"
        );
    }
}

#[actix_web::test]
async fn a_post_from_elsewhere_allows_nothing() {
    let Some(fixture) = fixture().await else { return };
    let post = || {
        TestRequest::post()
            .uri(&fixture.authorize_path("profile"))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload("decision=allow&account=ann")
    };
    for request in [
        post(),
        post().insert_header(("origin", "https://evil.example")),
        post().insert_header(("origin", "null")),
        post()
            .insert_header(("sec-fetch-site", "cross-site"))
            .insert_header(("origin", "null")),
        post().insert_header(("sec-fetch-site", "same-site")),
    ] {
        let answer = fixture.send(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(fixture.count("sandbox_codes").await, 0);
}

#[actix_web::test]
async fn a_code_works_once_for_its_client_address_and_verifier() {
    let Some(fixture) = fixture().await else { return };
    let error = |answer: fixture::Answer| {
        (
            answer.status.as_u16(),
            answer.json()["error"].as_str().unwrap().to_owned(),
        )
    };

    let code = fixture.code().await;
    let wrong = fixture.exchange(&code, &"w".repeat(43)).await;
    assert_eq!(error(wrong), (400, "invalid_grant".into()), "wrong verifier");
    assert_eq!(
        error(fixture.exchange(&code, VERIFIER).await),
        (400, "invalid_grant".into()),
        "and the code is spent"
    );

    let code = fixture.code().await;
    let tokens = fixture.exchange(&code, VERIFIER).await.json();
    assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::OK);
    assert_eq!(
        error(fixture.exchange(&code, VERIFIER).await),
        (400, "invalid_grant".into()),
        "second use"
    );
    let revoked = fixture.api("/me", &tokens).await;
    assert_eq!(
        revoked.status,
        StatusCode::UNAUTHORIZED,
        "a second use revokes what the first one got"
    );
    assert_eq!(error(fixture.refresh(&tokens).await), (400, "invalid_grant".into()));

    let code = fixture.code().await;
    fixture.move_clock(61).await;
    let late = fixture.exchange(&code, VERIFIER).await;
    assert!(late.text.contains("has expired"), "{}", late.text);

    let code = fixture.code().await;
    let other = fixture.store.create_project("Other").await.unwrap().id;
    let other = ensure_client(&fixture.store, other, Environment::Test, REDIRECT_URI)
        .await
        .unwrap();
    let form = exchange_form(&code, VERIFIER);
    let stolen = fixture.token_call("/token", &other, &form).await;
    assert_eq!(error(stolen), (400, "invalid_grant".into()), "another client");
    let moved = form.replace("%2Fcallback", "%2Fother");
    assert_eq!(
        error(fixture.token_call("/token", &fixture.client, &moved).await),
        (400, "invalid_grant".into())
    );
}

#[actix_web::test]
async fn one_of_many_redemptions_at_once_wins() {
    let Some(fixture) = fixture().await else { return };
    let code = fixture.code().await;
    let (a, b) = join(fixture.exchange(&code, VERIFIER), fixture.exchange(&code, VERIFIER)).await;
    let won = [&a, &b]
        .into_iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(won, 1, "{} {}", a.text, b.text);

    let tokens = fixture.tokens().await;
    let (a, b) = join(fixture.refresh(&tokens), fixture.refresh(&tokens)).await;
    let won = [&a, &b]
        .into_iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(won, 1, "{} {}", a.text, b.text);
}

#[actix_web::test]
async fn clients_must_prove_themselves() {
    let Some(fixture) = fixture().await else { return };
    let code = fixture.code().await;
    let form = exchange_form(&code, VERIFIER);
    let post = |form: String| {
        TestRequest::post()
            .uri("/sandbox/oauth/token")
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload(form)
    };
    let wrong = STANDARD.encode(format!("{}:wrong", fixture.client.client_id));
    for request in [
        post(form.clone()),
        post(form.clone()).insert_header(("authorization", format!("Basic {wrong}"))),
    ] {
        let answer = fixture.send(request).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str().unwrap()),
            (StatusCode::UNAUTHORIZED, "invalid_client")
        );
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
    let json = TestRequest::post()
        .uri("/sandbox/oauth/token")
        .set_json(json!({"grant_type": "authorization_code"}));
    assert_eq!(fixture.send(json).await.json()["error"], "invalid_request");
    let in_body = format!(
        "{form}&client_id={}&client_secret={}",
        fixture.client.client_id,
        fixture.client.client_secret.expose_secret()
    );
    assert_eq!(
        fixture.send(post(in_body)).await.status,
        StatusCode::OK,
        "the failures left the code alone"
    );
    let odd = fixture
        .token_call("/token", &fixture.client, "grant_type=password&username=a&password=b")
        .await;
    assert_eq!(odd.json()["error"], "unsupported_grant_type");
}

#[actix_web::test]
async fn refreshing_rotates_and_may_narrow() {
    let Some(fixture) = fixture().await else { return };
    let first = fixture.tokens().await;
    let second = fixture.refresh(&first).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.text);
    let second = second.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
    assert_eq!(second["expires_in"], 10, "the chosen life stays");
    let old = fixture.refresh(&first).await.json();
    assert_eq!(old["error"], "invalid_grant");
    assert_eq!(old["error_description"], "the refresh token was used before");

    let form = |tokens: &Value, scope: &str| {
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        format!("grant_type=refresh_token&refresh_token={refresh_token}&scope={scope}")
    };
    let wide = fixture
        .token_call("/token", &fixture.client, &form(&second, "admin"))
        .await;
    assert_eq!(wide.json()["error"], "invalid_scope");
    let third = fixture
        .token_call("/token", &fixture.client, &form(&second, "profile"))
        .await
        .json();
    assert_eq!(third["scope"], "profile");
    assert_eq!(fixture.api("/items", &third).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        fixture.refresh(&third).await.json()["scope"],
        "profile items",
        "the grant keeps its scopes"
    );
}

#[actix_web::test]
async fn each_token_does_only_its_own_work() {
    let Some(fixture) = fixture().await else { return };
    let tokens = fixture.tokens().await;
    let swapped = json!({"access_token": tokens["refresh_token"], "refresh_token": tokens["access_token"]});
    assert_eq!(fixture.api("/me", &swapped).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(fixture.refresh(&swapped).await.json()["error"], "invalid_grant");
    assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn an_access_token_ends_at_its_time() {
    let Some(fixture) = fixture().await else { return };
    let tokens = fixture.tokens().await;
    assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::OK);
    fixture.move_clock(11).await;
    let late = fixture.api("/me", &tokens).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(late.header("www-authenticate").contains(r#"error="invalid_token""#));
    assert_eq!(late.json()["error"], "invalid_token");
    assert_eq!(fixture.refresh(&tokens).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn revocation_ends_what_it_should() {
    let Some(fixture) = fixture().await else { return };
    let revoke = |tokens: &Value, which: &str| format!("token={}&token_type_hint=any", tokens[which].as_str().unwrap());

    let tokens = fixture.tokens().await;
    let answer = fixture
        .token_call("/revoke", &fixture.client, &revoke(&tokens, "access_token"))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(fixture.api("/me", &tokens).await.status, StatusCode::UNAUTHORIZED);
    let fresh = fixture.refresh(&tokens).await.json();
    assert_eq!(
        fixture.api("/me", &fresh).await.status,
        StatusCode::OK,
        "the grant goes on"
    );

    let answer = fixture
        .token_call("/revoke", &fixture.client, &revoke(&fresh, "refresh_token"))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        fixture.api("/me", &fresh).await.status,
        StatusCode::UNAUTHORIZED,
        "the grant is over"
    );
    assert_eq!(fixture.refresh(&fresh).await.json()["error"], "invalid_grant");

    let unknown = fixture.token_call("/revoke", &fixture.client, "token=unknown").await;
    assert_eq!(unknown.status, StatusCode::OK, "RFC 7009 §2.2");
    let tokens = fixture.tokens().await;
    let other = fixture.store.create_project("Other").await.unwrap().id;
    let other = ensure_client(&fixture.store, other, Environment::Test, REDIRECT_URI)
        .await
        .unwrap();
    let answer = fixture
        .token_call("/revoke", &other, &revoke(&tokens, "refresh_token"))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        fixture.api("/me", &tokens).await.status,
        StatusCode::OK,
        "another client ends nothing"
    );
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        tokens["refresh_token"].as_str().unwrap()
    );
    let stolen = fixture.token_call("/token", &other, &form).await;
    assert_eq!(stolen.json()["error"], "invalid_grant");
    assert_eq!(
        fixture.refresh(&tokens).await.status,
        StatusCode::OK,
        "and spends nothing"
    );
}

#[actix_web::test]
async fn api_keys_and_what_they_add() {
    let Some(fixture) = fixture().await else { return };
    let get = |path: &str, key: &str| {
        TestRequest::get()
            .uri(&format!("/sandbox/api{path}"))
            .insert_header(("x-api-key", key))
    };
    assert_eq!(
        fixture.send(get("/me", "sandbox_key_ok")).await.json()["kind"],
        "api_key"
    );
    for bad in ["sandbox_key_revoked_1", "sk_live_1", ""] {
        let answer = fixture.send(get("/me", bad)).await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str().unwrap()),
            (StatusCode::UNAUTHORIZED, "invalid_api_key")
        );
    }
    for number in 0..103 {
        let add = TestRequest::post()
            .uri("/sandbox/api/items")
            .insert_header(("x-api-key", "sandbox_key_adds"))
            .set_payload(format!(r#"{{"name":"Note {number}"}}"#));
        assert_eq!(fixture.send(add).await.status, StatusCode::CREATED);
    }
    assert_eq!(fixture.count("sandbox_items").await, 100, "the oldest gave way");
    let mine = fixture.send(get("/items?limit=1", "sandbox_key_adds")).await.json();
    assert_eq!(mine["items"][0]["name"], "Note 102");
    let theirs = fixture.send(get("/items?limit=1", "sandbox_key_other")).await.json();
    assert_eq!(
        theirs["items"][0]["name"], "Sample item 25",
        "keys do not see each other's items"
    );
    for bad in [
        "",
        "{}",
        r#"{"name":""}"#,
        r#"{"name":1}"#,
        r#"{"name":"a","x":1}"#,
        "\u{0}",
    ] {
        let add = TestRequest::post()
            .uri("/sandbox/api/items")
            .insert_header(("x-api-key", "sandbox_key_adds"));
        assert_eq!(
            fixture.send(add.set_payload(bad)).await.status,
            StatusCode::BAD_REQUEST,
            "{bad}"
        );
    }
    fixture.move_clock(25 * 3600).await;
    let later = fixture.send(get("/items?limit=1", "sandbox_key_adds")).await.json();
    assert_eq!(later["items"][0]["name"], "Sample item 25");
}

#[actix_web::test]
async fn echo_shows_the_request_but_not_the_credential() {
    let Some(fixture) = fixture().await else { return };
    let request = TestRequest::default()
        .method("PROPFIND".parse().unwrap())
        .uri("/sandbox/api/echo/a%2Fb//c/../d?b=2&a=1&a=%20+&key=sandbox_key_canary")
        .insert_header(("x-api-key", "sandbox_key_canary"))
        .insert_header(("x-note", "hello"))
        .set_payload(r#"{"n":[1]}"#);
    let answer = fixture.send(request).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    let echo = answer.json();
    assert_eq!(echo["method"], "PROPFIND");
    assert_eq!(echo["path"], "/sandbox/api/echo/a%2Fb//c/../d");
    assert_eq!(echo["query"], "b=2&a=1&a=%20+&key=[masked]");
    assert_eq!(
        (&echo["headers"]["x-note"], &echo["json"]),
        (&json!(["hello"]), &json!({"n": [1]}))
    );

    let binary = TestRequest::put()
        .uri("/sandbox/api/echo")
        .insert_header(("x-api-key", "sandbox_key_1"));
    let echo = fixture.send(binary.set_payload(vec![0xff, 0x00])).await.json();
    assert_eq!((&echo["bodyBase64"], &echo["bodyBytes"]), (&json!("/wA="), &json!(2)));
    let large = TestRequest::post()
        .uri("/sandbox/api/echo")
        .insert_header(("x-api-key", "sandbox_key_1"));
    let answer = fixture
        .send(large.set_payload(vec![b'a'; sandbox::BODY_LIMIT + 1]))
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(fixture.get("/sandbox/api/echo").await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn other_paths_and_methods_answer_json() {
    let Some(fixture) = fixture().await else { return };
    for (path, status) in [
        ("/sandbox", 404),
        ("/sandbox/", 404),
        ("/sandbox/api/none", 404),
        ("/sandbox/oauth/none", 404),
        ("/sandbox/oauth/token", 405),
        ("/sandbox/oauth/revoke", 405),
    ] {
        let answer = fixture.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.json()["error"].is_string(), "{path}");
    }
    let metadata = fixture
        .get("/.well-known/oauth-authorization-server/sandbox")
        .await
        .json();
    assert_eq!(metadata["issuer"], "http://localhost:8080/sandbox");
    assert_eq!(metadata["token_endpoint"], "http://localhost:8080/sandbox/oauth/token");
}

#[actix_web::test]
async fn nothing_is_stored_in_clear_and_old_rows_go() {
    let Some(fixture) = fixture().await else { return };
    let code = fixture.code().await;
    let tokens = fixture.exchange(&code, VERIFIER).await.json();
    let dump = fixture.dump().await;
    for secret in [
        code.as_str(),
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
        fixture.client.client_secret.expose_secret(),
    ] {
        assert!(!dump.contains(secret), "{secret}");
        let random = &secret[secret.len() - 43..];
        assert!(!dump.contains(random), "{random}");
    }
    assert_eq!(fixture.store.purge_sandbox().await.unwrap(), 0, "nothing is old");
    fixture.move_clock(2 * 86_400).await;
    assert_eq!(
        fixture.store.purge_sandbox().await.unwrap(),
        2,
        "the code and the access token"
    );
    assert_eq!(
        fixture.refresh(&tokens).await.status,
        StatusCode::OK,
        "the grant is alive"
    );
    fixture.move_clock(33 * 86_400).await;
    fixture.store.purge_sandbox().await.unwrap();
    for table in ["sandbox_codes", "sandbox_tokens", "sandbox_grants"] {
        assert_eq!(fixture.count(table).await, 0, "{table}");
    }
}

#[actix_web::test]
async fn codes_do_not_pile_up() {
    let Some(fixture) = fixture().await else { return };
    fixture.fill_codes(store::sandbox::OPEN_CODES).await;
    let location = fixture.decide("profile", "decision=allow&account=ann").await.location();
    assert_eq!(
        parameter(&location, "error").as_deref(),
        Some("temporarily_unavailable")
    );
    fixture.move_clock(700).await;
    fixture.code().await;
    assert_eq!(fixture.count("sandbox_codes").await, 1, "the expired ones went");
}
