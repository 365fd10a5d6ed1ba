//! The numbers of home: counted once, by every replica, and not lost with one.

use serde_json::json;
use store::{CONNECTED, LOST, MADE, Role};
use testkit::{Account, Consent, TestServer};

use super::{home, operator};

const ANN: Consent = Consent::Allow(Account::Ann);

/// The number of a step of the funnel.
fn step(page: &str, word: &str) -> String {
    let before = page
        .split(&format!("<span class=\"funnel-word\">{word}<"))
        .next()
        .unwrap();
    let number = before.rsplit("number\">").next().unwrap();
    number.split('<').next().unwrap().to_owned()
}

async fn sum(server: &TestServer, name: &str) -> i64 {
    server
        .database
        .number(&format!(
            "select coalesce(sum(count), 0)::bigint from hourly_numbers where name = '{name}'"
        ))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_real_connect_goes_through_the_funnel_at_once() {
    let server = TestServer::start().await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let empty = viewer.get(&home(&server)).await.expect(200).text;
    assert!(!empty.contains("class=\"plots\""), "nothing to draw yet: {empty}");
    let connection = server.connect("u-42", ANN).await;
    let page = viewer.get(&home(&server)).await.expect(200).text;
    for word in ["Opened", "Sent to the service", "Connected"] {
        assert_eq!(step(&page, word), "1", "{word} in {page}");
    }
    // A connection was made and none lost; of calls there is nothing yet, and that is drawn.
    assert!(page.contains("made, 0 lost") && page.contains("No data yet"), "{page}");
    assert!(page.contains("<td>1</td>"), "the same as a table");
    assert!(!page.contains(" style="), "no style that the policy refuses");

    let key = connection["key"].as_str().unwrap();
    let call = server.api("GET", "/v1/passthrough/me").connection(key).send().await;
    assert!(call.status < 500, "{call:?}");
    let page = viewer.get(&home(&server)).await.expect(200).text;
    assert!(page.contains("calls, all of them answered"), "{page}");
    let id = connection["id"].as_str().unwrap();
    let deleted = server
        .api("DELETE", &format!("/v1/vault/connections/{id}"))
        .send()
        .await;
    assert_eq!(deleted.status, 200);
    let page = viewer.get(&home(&server)).await.expect(200).text;
    assert!(page.contains("made, 1 lost"), "{page}");
    // The other environment has numbers of its own.
    let live = viewer
        .get(&format!("/console/{}/live", server.project.id))
        .await
        .expect(200)
        .text;
    assert!(!live.contains("class=\"plots\""), "{live}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_add_up_and_a_restart_loses_nothing() {
    let server = TestServer::start().await;
    let beside = server.beside().await;
    for identity in ["u-1", "u-2"] {
        let body = json!({ "identity": identity, "identityType": "user" });
        for call in [
            server.api("POST", "/v1/authkit/token").json(&body),
            server.api_of(&beside, "POST", "/v1/authkit/token").json(&body),
        ] {
            call.send().await.expect(200);
        }
    }
    assert_eq!(
        sum(&server, "opened").await,
        0,
        "nothing is written on the way of a call"
    );
    server.broker.write_numbers().await.unwrap();
    assert_eq!(sum(&server, "opened").await, 2);
    // The other one stops.
    beside.broker.write_numbers().await.unwrap();
    assert_eq!(sum(&server, "opened").await, 4);
    server.broker.write_numbers().await.unwrap();
    assert_eq!(sum(&server, "opened").await, 4, "nothing is added twice");
    // A new process reads what the earlier ones wrote.
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let page = viewer.get(&home(&server)).await.expect(200).text;
    assert_eq!(step(&page, "Opened"), "4");
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_added_to_their_hours_once() {
    let server = TestServer::start().await;
    // Ten minutes into an hour: all marks are of this one.
    let second = "select floor(extract(epoch from latchkey_now()))::bigint % 3600";
    let second = server.database.number(second).await;
    server.advance(3600 - second + 600).await;
    for identity in ["u-1", "u-2", "u-3"] {
        server.connect(identity, ANN).await;
    }
    let marks = "select count(*) from number_marks";
    assert_eq!(
        server.database.number(marks).await,
        6,
        "made and connected, three times"
    );
    let another = server.replica(None).await;
    let (one, two) = tokio::join!(server.broker.store().fold_marks(), another.store().fold_marks());
    assert_eq!(one.unwrap() + two.unwrap(), 6);
    assert_eq!(server.database.number(marks).await, 0);
    assert_eq!((sum(&server, MADE).await, sum(&server, CONNECTED).await), (3, 3));
    assert_eq!(sum(&server, LOST).await, 0);
    // What is old is forgotten, what a project counted that is gone is dropped.
    server
        .database
        .execute("update hourly_numbers set hour = hour - interval '91 days' where name = 'connected'")
        .await;
    assert_eq!(server.store.purge_numbers(1000).await.unwrap(), 1);
    server
        .database
        .execute("insert into number_marks (project_id, environment, name, hour, integration) values (gen_random_uuid(), 'test', 'made', now(), 'x')")
        .await;
    assert_eq!(server.store.fold_marks().await.unwrap(), 1);
    assert_eq!(sum(&server, MADE).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_somebody_is_a_row_that_leads_there() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", ANN).await;
    let id = connection["id"].as_str().unwrap().to_owned();
    let hostile = "<img src=x onerror=alert(1)>";
    let database = &server.database;
    database
        .execute("update credentials set refresh_at = null, expires_at = now() + interval '2 days', forecast_days = 0")
        .await;
    database
        .execute(&format!("update connections set name = '{hostile}'"))
        .await;
    database
        .execute(&format!(
            "insert into refresh_circuits (app_id, state, reason, message, opened_at)
             select id, 'open', 'app_broken', '{hostile} refuses the client', now() from apps"
        ))
        .await;
    database
        .execute(&format!(
            "insert into webhook_endpoints (id, project_id, environment, url, types, failures, last_failure_at)
             values (gen_random_uuid(), '{}', 'test', 'https://example.test/\"><script>alert(1)</script>', '{{}}', 7, now())",
            server.project.id
        ))
        .await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let page = viewer.get(&home(&server)).await.expect(200).text;
    for text in [
        "App needs attention",
        "Deliveries fail",
        "7 attempts in a row failed",
        "Ends soon",
        &format!("href=\"{}/connections/{id}\"", home(&server)),
        &format!("href=\"{}/integrations/sandbox\"", home(&server)),
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    for unwanted in ["<img src=x", "<script>alert", &format!("{}/webhooks/", home(&server))] {
        assert!(!page.contains(unwanted), "{unwanted} in {page}");
    }
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let page = developer.get(&home(&server)).await.expect(200).text;
    let endpoint = database.text("select id::text from webhook_endpoints").await;
    let there = format!("{}/webhooks/{endpoint}", home(&server));
    assert!(page.contains(&format!("class=\"row-link\" href=\"{there}\"")), "{page}");
    developer.get(&there).await.expect(200);
    // Of another environment nothing is told.
    let live = developer
        .get(&format!("/console/{}/live", server.project.id))
        .await
        .expect(200)
        .text;
    assert!(
        !live.contains("App needs attention") && !live.contains("Ends soon"),
        "{live}"
    );
    // What a check found is told where no circuit tells it already.
    database
        .execute(
            "insert into app_attention (app_id, found_by, message)
             select id, 'check', 'The service does not know this client id.' from apps where integration = 'sandbox'",
        )
        .await;
    let found = "The service does not know this client id.";
    let page = developer.get(&home(&server)).await.expect(200).text;
    assert!(!page.contains(found), "{page}");
    database.execute("delete from refresh_circuits").await;
    let page = developer.get(&home(&server)).await.expect(200).text;
    assert!(page.contains(found) && page.contains("App needs attention"), "{page}");
}
