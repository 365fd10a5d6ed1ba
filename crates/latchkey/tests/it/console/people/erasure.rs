//! Erasing an identity.

use serde_json::json;
use store::Role;
use testkit::{SHOP, TestServer};

use super::super::{home, operator};
use super::ANN;

/// Everything that names somebody: connections, one of them deleted, a session with a sign-in, a mail address, a link. The
/// session's secret and the deleted connection.
async fn leave_traces(server: &TestServer, who: &str, label: &str) -> (String, serde_json::Value) {
    for _ in 0..2 {
        server.connect(who, ANN).await;
    }
    server.connect("u-other", ANN).await;
    let session = server
        .session(
            &json!({ "identity": who, "identityType": "user", "label": label, "email": "zelda.erasable@example.com" }),
        )
        .await;
    server.begin(&session).await;
    server
        .api("POST", "/v1/connect/links")
        .json(
            &json!({ "identity": who, "identityLabel": label, "inviter": "Zelda Erasable's friend", "verify": false }),
        )
        .send()
        .await
        .expect(201);
    server
        .database
        .execute(&format!(
            "update connections set label = '{label}', name = 'Zelda Erasable work', account_name = 'zelda.erasable@example.com'
             where identity = '{who}'"
        ))
        .await;
    // One was deleted before, as its person would.
    let row = server.connect(who, ANN).await;
    server
        .api(
            "DELETE",
            &format!("/v1/vault/connections/{}", row["id"].as_str().unwrap()),
        )
        .send()
        .await
        .expect(200);
    (session, row)
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_leaves_nothing() {
    let server = TestServer::start().await;
    let who = "zz-erase-me-77";
    let (session, row) = leave_traces(&server, who, "Zelda Erasable").await;
    // A connection of a team of the same name stays.
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, identity_type)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, 'team-key', 'the-team', 'team'
             from connections where identity = 'u-other'"
        )
        .await;
    let (home, erase) = (home(&server), format!("{}/identities/erase", home(&server)));
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let page = admin
        .follow(&format!("{home}/identities/of?id={who}"))
        .await
        .expect(200)
        .text;
    assert!(
        page.contains("Erase identity") && page.contains("all its 2 connections"),
        "{page}"
    );
    let wrong = admin
        .post(&erase, &[("id", who), ("type", "user"), ("typed", "zz-erase-me")])
        .await
        .expect(400)
        .text;
    assert!(
        wrong.contains("This is not the identity") && wrong.contains("value=\"zz-erase-me\""),
        "{wrong}"
    );
    assert_eq!(server.store.audit_count("identity.erased").await.unwrap(), 0);
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    developer.post(&erase, &[("id", who), ("typed", who)]).await.expect(403);

    let done = admin
        .post(&erase, &[("id", who), ("type", "user"), ("typed", who)])
        .await
        .expect(303);
    assert!(done.location.ends_with("/identities?erased=true"), "{}", done.location);
    assert!(
        admin
            .get(&done.location)
            .await
            .expect(200)
            .text
            .contains("The identity was erased")
    );
    server.broker.revoke_tick().await.unwrap();
    let dump = server.database.dump().await;
    for trace in [who, "Zelda", "zelda.erasable", "erasable"] {
        let found: Vec<&str> = dump.lines().filter(|line| line.contains(trace)).collect();
        assert!(found.is_empty(), "{trace}: {found:#?}");
    }
    assert!(dump.contains("u-other") && dump.contains("the-team"));
    assert_eq!(
        server
            .database
            .number("select count(*) from connections where deleted_at is null")
            .await,
        2
    );
    assert_eq!(server.store.audit_count("identity.erased").await.unwrap(), 1);
    // What its sessions and links could do is over.
    let refused = server
        .browser()
        .post("/connect/api/session", Some(&session), &json!({ "embedder": SHOP }))
        .await;
    assert!(refused.status >= 400, "{}", refused.status);
    // Of what was deleted, an id still tells so.
    let told = server
        .api(
            "GET",
            &format!("/v1/vault/connections/{}/events", row["id"].as_str().unwrap()),
        )
        .send()
        .await
        .expect(200)
        .json();
    let told = told["rows"].as_array().unwrap();
    assert!(told.iter().any(|row| row["type"] == "connection.deleted"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_erases_too() {
    let server = TestServer::start().await;
    for who in ["org/7 é", "u-9"] {
        server.connect(who, ANN).await;
    }
    let (_, other_key) = server.another_project().await;
    let path = "/v1/identities/org%2F7%20%C3%A9";
    // Another project, another environment and another type have nothing of the name.
    for call in [
        server.api("DELETE", path).key(&other_key),
        server.api("DELETE", path).key(&server.live_key),
        server.api("DELETE", &format!("{path}?identityType=team")),
    ] {
        let answer = call.send().await.expect(200).json();
        assert_eq!(
            (&answer["connections"], &answer["complete"]),
            (&json!(0), &json!(true)),
            "{answer}"
        );
    }
    let reading = server
        .key_with(&[broker::Scope::ConnectionsRead, broker::Scope::ConnectionsWrite])
        .await;
    server.api("DELETE", path).key(&reading).send().await.problem(403);
    server
        .api("DELETE", &format!("{path}?identityType=cat"))
        .send()
        .await
        .problem(400);
    let answer = server.api("DELETE", path).send().await.expect(200).json();
    assert_eq!(
        (&answer["connections"], &answer["complete"]),
        (&json!(1), &json!(true)),
        "{answer}"
    );
    server.broker.revoke_tick().await.unwrap();
    let dump = server.database.dump().await;
    assert!(!dump.contains("org/7") && dump.contains("u-9"));
    // Once more is no mistake.
    server.api("DELETE", path).send().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_erasure_goes_on_where_it_stopped() {
    let server = TestServer::start().await;
    server.connect("u-many", ANN).await;
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, 'many-' || n, 'u-many'
             from connections, generate_series(1, 519) n",
        )
        .await;
    let first = server
        .api("DELETE", "/v1/identities/u-many")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&first["connections"], &first["complete"]),
        (&json!(500), &json!(false)),
        "{first}"
    );
    let second = server
        .api("DELETE", "/v1/identities/u-many")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&second["connections"], &second["complete"]),
        (&json!(20), &json!(true)),
        "{second}"
    );
    assert!(!server.database.dump().await.contains("u-many"));
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_takes_what_was_sent_and_called() {
    let server = TestServer::start().await;
    let of = |row: &serde_json::Value| row["id"].as_str().unwrap().to_owned();
    let (gone, stays) = (
        of(&server.connect("zz-sent", ANN).await),
        of(&server.connect("u-other", ANN).await),
    );
    let database = &server.database;
    database
        .execute(&format!(
            "insert into webhook_endpoints (id, project_id, environment, url, types)
             values (gen_random_uuid(), '{}', 'test', 'https://hooks.example', '{{}}')",
            server.project.id
        ))
        .await;
    database
        .execute(
            "insert into webhook_deliveries (id, event_id, endpoint_id, status)
             select gen_random_uuid(), e.id, p.id, 'delivered' from events e, webhook_endpoints p
             where e.payload ->> 'identity' in ('zz-sent', 'u-other')",
        )
        .await;
    // Nothing was answered.
    database
        .execute(
            "insert into webhook_attempts (id, delivery_id, duration_ms, request, request_body)
             select gen_random_uuid(), d.id, 1, jsonb_build_object('of', e.payload ->> 'identity'), e.payload::text
             from webhook_deliveries d join events e on e.id = d.event_id",
        )
        .await;
    // More than are taken at once.
    for id in [&gone, &stays] {
        database
            .execute(&format!(
                "insert into requests (id, project_id, environment, correlation_id, kind, method, path, status, duration_ms,
                                       connection_id)
                 select gen_random_uuid(), '{}', 'test', 'x', 'passthrough', 'GET', '/people/of-{id}', 200, 1, '{id}'
                 from generate_series(1, 1200)",
                server.project.id
            ))
            .await;
    }
    let answer = server
        .api("DELETE", "/v1/identities/zz-sent")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["complete"], true, "{answer}");
    for (table, text, left) in [
        ("webhook_attempts", "zz-sent".to_owned(), false),
        ("webhook_attempts", "u-other".to_owned(), true),
        ("requests", format!("of-{gone}"), false),
        ("requests", format!("of-{stays}"), true),
    ] {
        let found = format!("select count(*) from {table} t where t::text like '%{text}%'");
        assert_eq!(database.number(&found).await > 0, left, "{table} {text}");
    }
}
