//! The credential itself: who may have it, that it is fresh, and that the audit log has it first.

use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Answer, Call, Consent, OddProvider, Reply, TestServer};

pub(crate) fn of(connection: &Value, what: &str) -> String {
    format!("/v1/vault/connections/{}/{what}", connection["id"].as_str().unwrap())
}

/// A server with an odd provider, a connection to it of tokens that live this long, and a key that may read it.
async fn odd(seconds: u64) -> (OddProvider, TestServer, Value, String) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    provider.reply(Reply::tokens("access-1", "refresh-1", seconds));
    let connection = server.connect_odd().await;
    let key = server.key_with(&[Scope::CredentialsRead]).await;
    (provider, server, connection, key)
}

fn read(server: &TestServer, connection: &Value, key: &str, query: &str) -> Call {
    server
        .api("GET", &format!("{}{query}", of(connection, "credential")))
        .key(key)
}

/// Entries of the chain with this result.
async fn audited(server: &TestServer, result: &str) -> i64 {
    let sql = format!(
        "select count(*) from audit_log where action = 'credential.read' and chain_no is not null
         and detail->>'result' = '{result}'"
    );
    server.database.number(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_scope_itself_opens_it() {
    let (_provider, server, connection, key) = odd(3600).await;
    let answer = read(&server, &connection, &key, "").send().await.expect(200);
    let body = answer.json();
    assert_eq!(
        (&body["type"], &body["accessToken"], &body["tokenType"]),
        (&json!("oauth2"), &json!("access-1"), &json!("Bearer"))
    );
    assert_eq!((&body["key"], &body["id"]), (&connection["key"], &connection["id"]));
    assert!(
        body["expiresAt"].is_string() && body["expiresIn"].as_i64().unwrap() > 3500,
        "{body}"
    );
    assert!(!answer.text.contains("refresh-1"), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    // The connection's key names it, too.
    let named = connection["key"].as_str().unwrap().replace('|', "%7C");
    let by_key = server.api("GET", &format!("/v1/vault/connections/{named}/credential"));
    by_key.key(&key).send().await.expect(200);

    let without: Vec<Scope> = Scope::ALL
        .into_iter()
        .filter(|scope| *scope != Scope::CredentialsRead)
        .collect();
    let wide = server.key_with(&without).await;
    for other in [&server.test_key, &wide] {
        assert_eq!(
            read(&server, &connection, other, "").send().await.problem(403),
            "missing_scope"
        );
    }
    let asked = read(&server, &connection, &key, "?include=refresh_token").send().await;
    asked.problem(400);
    assert!(asked.text.contains("never leaves"), "{}", asked.text);
    assert_eq!(
        (
            audited(&server, "exported").await,
            audited(&server, "missing_scope").await
        ),
        (2, 2)
    );
    let line = server
        .database
        .text("select concat(actor, ' ', subject, ' ', detail) from audit_log where detail->>'result' = 'exported' limit 1")
        .await;
    assert!(
        line.starts_with("key:") && line.contains(connection["id"].as_str().unwrap()),
        "{line}"
    );
    assert!(line.contains("127.0.0.1") && !line.contains("access-1"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_yours_and_not_there_are_one_answer() {
    let (_provider, server, connection, key) = odd(3600).await;
    let (project, _) = server.another_project().await;
    let scopes = [Scope::CredentialsRead];
    let mut others = Vec::new();
    for (project, environment) in [
        (project, vault::Environment::Test),
        (server.project.id, vault::Environment::Live),
    ] {
        let (_, key) = server
            .broker
            .create_key(project, environment, "x", &scopes)
            .await
            .unwrap();
        others.push(vault::ExposeSecret::expose_secret(&key).to_owned());
    }
    let body = |answer: Answer| {
        assert_eq!(answer.problem(404), "not_found");
        let mut body = answer.json();
        body["correlationId"] = Value::Null;
        body
    };
    let nowhere = json!({ "id": uuid::Uuid::now_v7() });
    let missing = body(read(&server, &nowhere, &key, "").send().await);
    for other in &others {
        assert_eq!(body(read(&server, &connection, other, "").send().await), missing);
    }
    server
        .api("DELETE", &of(&connection, "")[..of(&connection, "").len() - 1])
        .send()
        .await
        .expect(200);
    assert_eq!(body(read(&server, &connection, &key, "").send().await), missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_too_little_time_is_refreshed_first() {
    let (provider, server, connection, key) = odd(3600).await;
    server.advance(3000).await;
    let read = |query: &'static str| read(&server, &connection, &key, query);
    let token = |answer: Answer| answer.expect(200).json()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(token(read("?minTtl=500").send().await), "access-1");
    provider.reply(Reply::tokens("access-2", "refresh-2", 3600));
    assert_eq!(token(read("?minTtl=1200").send().await), "access-2");
    assert_eq!(provider.seen("/token").len(), 2);
    // Longer than the service's tokens live: one more refresh would not help.
    for _ in 0..3 {
        let late = read("?minTtl=7200").send().await;
        assert_eq!(late.problem(424), "token_ends_soon");
        assert!(late.text.contains("7200 seconds"), "{}", late.text);
    }
    assert_eq!(provider.seen("/token").len(), 2);
    assert_eq!(token(read("").send().await), "access-2", "what is good is given");
    assert_eq!(
        read("?minTtl=soon").send().await.problem(400),
        "err::application::bad_request"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_refresh_it_says_why() {
    let (provider, server, connection, key) = odd(3600).await;
    server.advance(3000).await;
    provider.reply(Reply::With(500, "text/html", "<h1>Oops</h1>".to_owned()));
    let late = read(&server, &connection, &key, "?minTtl=1200").send().await;
    assert_eq!(late.problem(424), "refresh_failed");
    assert_eq!(
        read(&server, &connection, &key, "?minTtl=1200")
            .send()
            .await
            .problem(424),
        "refresh_failed"
    );
    assert_eq!(provider.seen("/token").len(), 2, "a failure counts as a turn");
    read(&server, &connection, &key, "").send().await.expect(200);
    let path = format!("/v1/vault/connections/{}", connection["id"].as_str().unwrap());
    server
        .api("PATCH", &path)
        .json(&json!({ "active": false }))
        .send()
        .await
        .expect(200);
    assert_eq!(
        read(&server, &connection, &key, "").send().await.problem(409),
        "connection_inactive"
    );
    assert_eq!(audited(&server, "connection_inactive").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_has_is_not_sent_again() {
    let (provider, server, connection, key) = odd(3600).await;
    let first = read(&server, &connection, &key, "").send().await.expect(200);
    let tag = first.header("etag").to_owned();
    let again = || {
        read(&server, &connection, &key, "")
            .header("if-none-match", &tag)
            .send()
    };
    let same = again().await.expect(304);
    assert_eq!((same.text.as_str(), same.header("etag")), ("", tag.as_str()));
    assert_eq!(audited(&server, "not_modified").await, 1);
    // RFC 9110: a list, the same tag as a strong one, and whatever there is.
    let opaque = tag.trim_start_matches("W/");
    for sent in [
        format!("\"other\", {tag}"),
        format!("\"a,b\" , {opaque}"),
        "*".to_owned(),
    ] {
        let call = read(&server, &connection, &key, "").header("if-none-match", &sent);
        call.send().await.expect(304);
    }
    for sent in ["\"other\"", "\"g1\"", "W/\"00000000000000000000000000000000\""] {
        let call = read(&server, &connection, &key, "").header("if-none-match", sent);
        call.send().await.expect(200);
    }
    // The tag tells nothing: another connection of the same generation has another one.
    let other = server.connect_odd().await;
    let answer = read(&server, &other, &key, "").send().await.expect(200);
    assert_ne!(answer.header("etag"), tag);
    assert!(tag.starts_with("W/\"") && tag.len() == 36, "{tag}");
    // Whoever may not have it is not told whether a tag is right.
    let narrow = read(&server, &connection, &server.test_key, "").header("if-none-match", "*");
    assert_eq!(narrow.send().await.problem(403), "missing_scope");
    server.advance(3301).await;
    provider.reply(Reply::tokens("access-2", "refresh-2", 3600));
    assert_eq!(server.broker.refresh_tick().await.unwrap().refreshed, 2);
    let new = again().await.expect(200);
    assert_ne!(new.json()["accessToken"], first.json()["accessToken"]);
    assert_ne!(new.header("etag"), tag);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_given_by_its_fields() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-1" })).await;
    let body = json!({
        "integration": "sandbox", "auth": "api_key", "values": { "api_key": "sandbox_key_ok" }, "embedder": testkit::SHOP,
    });
    let made = server
        .browser()
        .post("/connect/api/submit", Some(&session), &body)
        .await
        .expect(200)
        .json();
    let key = server.key_with(&[Scope::CredentialsRead]).await;
    let answer = read(&server, &made["connection"], &key, "?minTtl=600")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&answer["type"], &answer["fields"], &answer["expiresAt"]),
        (&json!("fields"), &json!({ "api_key": "sandbox_key_ok" }), &Value::Null)
    );
    assert!(
        answer["account"]["id"].is_string() && answer.get("accessToken").is_none(),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_durable_entry_nothing_leaves() {
    let (_provider, server, connection, key) = odd(3600).await;
    server
        .database
        .execute("alter table audit_log add constraint broken check (action <> 'credential.read') not valid")
        .await;
    for _ in 0..3 {
        let refused = read(&server, &connection, &key, "").send().await;
        assert_eq!(refused.problem(503), "audit_unwritable");
        assert!(!refused.text.contains("access-1") && !refused.header("retry-after").is_empty());
        assert_eq!(refused.header("etag"), "");
    }
    // Passthrough does not depend on it.
    let call = server
        .api("GET", "/v1/passthrough/x")
        .connection(connection["key"].as_str().unwrap());
    call.send().await.expect(200);
    // A refusal does not either.
    assert_eq!(
        read(&server, &connection, &server.test_key, "")
            .send()
            .await
            .problem(403),
        "missing_scope"
    );
    server
        .database
        .execute("alter table audit_log drop constraint broken")
        .await;
    read(&server, &connection, &key, "").send().await.expect(200);
    assert_eq!(audited(&server, "exported").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_only_reads_keeps_passthrough_and_gives_no_credential() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder()
        .behind_link()
        .with_odd_provider(&provider)
        .start()
        .await;
    let connection = server.connect_odd().await;
    let key = server.key_with(&[Scope::CredentialsRead]).await;
    let name = server.database.text("select current_database()::text").await;
    server
        .database
        .execute(&format!("alter database {name} set default_transaction_read_only = on"))
        .await;
    // Sessions that are open keep their setting.
    server.database.link().cut();
    server.database.link().mend().await;
    assert_eq!(
        read(&server, &connection, &key, "").send().await.problem(503),
        "audit_unwritable"
    );
    let call = server
        .api("GET", "/v1/passthrough/x")
        .connection(connection["key"].as_str().unwrap());
    call.send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_tells_its_account() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
    let key = server.key_with(&[Scope::CredentialsRead]).await;
    let body = read(&server, &connection, &key, "").send().await.expect(200).json();
    assert_eq!(body["account"]["id"], "ann");
    assert!(body["scopes"].is_array(), "{body}");
}
