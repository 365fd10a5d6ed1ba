//! Data keys: rotated while everything runs, sealed again in bites, retired when they seal nothing.

use std::process::Command;

use serde_json::{Value, json};
use store::{DataKeyRow, Environment, Retired, SealedColumn};
use testkit::{Account, Consent, OddProvider, Reply, TestServer};
use uuid::Uuid;
use vault::ExposeSecret as _;

const ANN: Consent = Consent::Allow(Account::Ann);

async fn rotate(server: &TestServer) {
    assert!(
        server
            .broker
            .rotate_data_key(server.project.id)
            .await
            .unwrap()
            .is_some()
    );
}

async fn old_key(server: &TestServer) -> DataKeyRow {
    server.store.old_data_keys().await.unwrap().pop().unwrap()
}

async fn token(server: &TestServer, connection: &Value) -> String {
    let key = connection["key"].as_str().unwrap();
    let callable = server.store.callable(server.project.id, Environment::Test, key).await;
    let credential = callable.unwrap().unwrap().credential;
    credential.tokens().unwrap().access_token.expose_secret().to_owned()
}

async fn retire_old(server: &TestServer) {
    for key in server.store.old_data_keys().await.unwrap() {
        assert_eq!(server.broker.retire_data_key(key.id).await.unwrap(), Retired::Yes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_in_flight_survives_the_whole_rotation() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    server.advance(3301).await;
    let (held, reply) = Reply::tokens("access-2", "refresh-2", 3600).held();
    provider.reply(reply);
    let broker = server.broker.clone();
    let refreshing = tokio::spawn(async move { broker.refresh_tick().await });
    held.arrived().await;
    rotate(&server).await;
    assert!(
        server.broker.reseal_tick().await.unwrap() >= 3,
        "tokens and two client secrets"
    );
    retire_old(&server).await;
    held.release();
    assert_eq!(refreshing.await.unwrap().unwrap().refreshed, 1);
    assert_eq!(token(&server, &connection).await, "access-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_again_never_overwrites_a_refresh() {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    let connection = server.connect_odd().await;
    for round in 0..15 {
        server.advance(3301).await;
        rotate(&server).await;
        let last = format!("access-of-round-{round}");
        provider.reply(Reply::tokens(&last, "refresh", 3600));
        let (refreshed, resealed) = tokio::join!(server.broker.refresh_tick(), server.broker.reseal_tick());
        resealed.unwrap();
        assert_eq!(refreshed.unwrap().refreshed, 1);
        assert_eq!(token(&server, &connection).await, last);
    }
    server.broker.reseal_tick().await.unwrap();
    retire_old(&server).await;
    assert_eq!(token(&server, &connection).await, "access-of-round-14");
}

/// The value that was read is not the one that is there any more: the swap leaves it alone. A row lock holds the swap's
/// row, as a commit on its way does.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_holds_is_left_for_later() {
    let server = TestServer::start().await;
    server.connect("u-1", ANN).await;
    rotate(&server).await;
    let key = old_key(&server).await;
    let mut holder = server.database.pool().begin().await.unwrap();
    sqlx::raw_sql("select from credentials for update")
        .execute(&mut *holder)
        .await
        .unwrap();
    let bite = server
        .store
        .reseal_bite(SealedColumn::Credentials, &key, Uuid::nil(), 10)
        .await
        .unwrap();
    assert_eq!((bite.resealed, bite.unreadable), (0, 0));
    holder.rollback().await.unwrap();
    let bite = server
        .store
        .reseal_bite(SealedColumn::Credentials, &key, Uuid::nil(), 10)
        .await
        .unwrap();
    assert_eq!(bite.resealed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_bites_loses_nothing() {
    let server = TestServer::start().await;
    let mut connections = Vec::new();
    for number in 0..5 {
        connections.push(server.connect(&format!("u-{number}"), ANN).await);
    }
    let all_work = async || {
        for connection in &connections {
            let key = connection["key"].as_str().unwrap();
            server
                .api("GET", "/v1/passthrough/me")
                .connection(key)
                .send()
                .await
                .expect(200);
        }
    };
    rotate(&server).await;
    let key = old_key(&server).await;
    all_work().await;
    let bite = server
        .store
        .reseal_bite(SealedColumn::Credentials, &key, Uuid::nil(), 2)
        .await
        .unwrap();
    assert_eq!((bite.resealed, bite.next.is_some()), (2, true));
    all_work().await;
    assert!(matches!(server.broker.retire_data_key(key.id).await.unwrap(), Retired::InUse(rows) if rows >= 3));
    let other = server.replica(None).await;
    assert!(other.reseal_tick().await.unwrap() >= 3);
    assert_eq!(
        (
            other.reseal_tick().await.unwrap(),
            server.store.sealed_rows(key.id).await.unwrap()
        ),
        (0, 0)
    );
    all_work().await;
    assert_eq!(server.broker.retire_data_key(key.id).await.unwrap(), Retired::Yes);
    assert_eq!(server.broker.retire_data_key(key.id).await.unwrap(), Retired::Unknown);
    let current = server.store.data_keys().await.unwrap().pop().unwrap();
    assert_eq!(
        server.broker.retire_data_key(current.id).await.unwrap(),
        Retired::Current
    );
    all_work().await;
    server.connect("u-new", ANN).await;
    assert_eq!(server.store.audit_count("keyring.retired").await.unwrap(), 1);
}

/// Each column: a client secret, tokens, both secrets of a webhook, a flow on its way, a grant to revoke.
#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_sealed_again_and_opens() {
    let server = TestServer::start().await;
    let connection = server.connect("u-1", ANN).await;
    let id = connection["id"].as_str().unwrap().parse().unwrap();
    let found = server
        .store
        .connection(server.project.id, Environment::Test, id)
        .await
        .unwrap()
        .unwrap();
    server
        .store
        .delete_connection(&found, store::Reach::Token)
        .await
        .unwrap();
    server.connect("u-2", ANN).await;
    let admin = server.key_with(&[broker::Scope::WebhooksWrite]).await;
    let subscriptions = "/v1/webhooks/subscriptions";
    let body = json!({ "url": "https://shop.example.com/hooks", "events": [] });
    let made = server
        .api("POST", subscriptions)
        .key(&admin)
        .json(&body)
        .send()
        .await
        .json();
    let hook = made["id"].as_str().unwrap().to_owned();
    let rotate_secret = format!("{subscriptions}/{hook}/rotate-secret");
    server
        .api("POST", &rotate_secret)
        .key(&admin)
        .json(&json!({}))
        .send()
        .await
        .expect(200);
    let session = server.session(&json!({ "identity": "u-3" })).await;
    let flow = server.begin(&session).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, ANN).await;

    for _ in 0..2 {
        rotate(&server).await;
        let key = old_key(&server).await;
        assert!(server.store.sealed_rows(key.id).await.unwrap() >= 7);
        assert!(server.broker.reseal_tick().await.unwrap() >= 7);
        assert_eq!(server.store.sealed_rows(key.id).await.unwrap(), 0, "everything opened");
        retire_old(&server).await;
    }
    browser.get(&callback).await;
    assert_eq!(server.stage(&flow).await, "succeeded", "the verifier opened");
    assert_eq!(
        server.broker.revoke_tick().await.unwrap(),
        1,
        "the grant to revoke opened"
    );
    let revoked = "select count(*) from revocations where status = 'revoked'";
    assert_eq!(server.database.number(revoked).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_under_a_retired_key_is_not_written_any_more() {
    let server = TestServer::start().await;
    server.connect("u-1", ANN).await;
    server
        .database
        .execute("create table kept as select sealed from credentials")
        .await;
    rotate(&server).await;
    server.broker.reseal_tick().await.unwrap();
    retire_old(&server).await;
    let late = sqlx::query("update credentials set sealed = (select sealed from kept)")
        .execute(server.database.pool())
        .await;
    assert!(late.unwrap_err().to_string().contains("was retired"));
    // One that does not open stops nobody: it stays, and so does its key.
    rotate(&server).await;
    server
        .database
        .execute("update credentials set sealed = overlay(sealed placing '\\x00000000' from 60)")
        .await;
    let key = old_key(&server).await;
    server.broker.reseal_tick().await.unwrap();
    assert_eq!(server.broker.retire_data_key(key.id).await.unwrap(), Retired::InUse(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_by_key_are_served_by_indexes() {
    let server = TestServer::start().await;
    let mut connection = server.database.pool().acquire().await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off")
        .execute(&mut *connection)
        .await
        .unwrap();
    for (table, record, column, index) in [
        ("credentials", "connection_id", "sealed", "credentials_by_key"),
        ("apps", "id", "sealed", "apps_by_key"),
        ("apps", "id", "key_sealed", "apps_by_private_key"),
        ("apps", "id", "secrets_sealed", "apps_by_secrets_key"),
        ("flows", "id", "sealed", "flows_by_key"),
        ("flows", "id", "quarantined", "flows_by_quarantine_key"),
        ("revocations", "id", "sealed", "revocations_by_key"),
        ("sandbox_clients", "id", "sealed", "sandbox_clients_by_key"),
        ("webhook_endpoints", "id", "sealed", "webhook_endpoints_by_key"),
        (
            "webhook_endpoints",
            "id",
            "previous_sealed",
            "webhook_endpoints_by_previous_key",
        ),
    ] {
        let query = format!(
            "explain select {column} from {table} where substring({column} from 5 for 16)
                 = uuid_send('00000000-0000-0000-0000-000000000000')
             and {record} > '00000000-0000-0000-0000-000000000000' order by {record} limit 200"
        );
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index) && !plan.contains("Sort"), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_rotates_counts_and_retires() {
    let server = TestServer::start().await;
    server.connect("u-1", ANN).await;
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(["keyring", "--json"])
            .args(arguments)
            .env("LATCHKEY_DATABASE_URL", server.database.address())
            .env("LATCHKEY_MASTER_KEY", server.master.to_text().as_str())
            .env("LATCHKEY_PUBLIC_URL", "https://connect.example.com")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (
            output.status.success(),
            serde_json::from_str::<Value>(&text).unwrap_or_default(),
            said,
        )
    };
    let (_, before, _) = run(&["status"]);
    assert_eq!(
        (before.as_array().unwrap().len(), &before[0]["current"]),
        (1, &json!(true))
    );
    let old = before[0]["key_id"].as_str().unwrap();
    assert!(run(&["retire", old]).2.contains("keyring rotate"));
    let (done, made, said) = run(&["rotate"]);
    assert!(done && made["key_id"] != json!(old), "{said}");
    let (refused, _, said) = run(&["retire", old]);
    assert!(!refused && said.contains("values are sealed with"), "{said}");
    server.broker.reseal_tick().await.unwrap();
    let (_, after, _) = run(&["status"]);
    let rows = |id: &Value| {
        after
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["key_id"] == *id)
            .unwrap()["rows"]
            .clone()
    };
    assert_eq!(
        (rows(&json!(old)), rows(&made["key_id"])),
        (json!(0), before[0]["rows"].clone())
    );
    assert!(run(&["retire", old]).0);
}
