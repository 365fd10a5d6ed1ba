//! The end of a project: who may, what is refused from the first moment, and that nothing of it is left.

use broker::Scope;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::{DeletionBegun, Environment, Project, ProjectId, Role};
use testkit::{Account, Answer, Consent, SHOP, TestServer};

use super::{Person, home, operator};

const ANN: Consent = Consent::Allow(Account::Ann);

/// What outlives a project: the log, and the head of its chain.
const KEPT: [&str; 2] = ["audit_log", "audit_chain"];

fn page(server: &TestServer) -> String {
    format!("{}/projects/delete", home(server))
}

async fn delete(server: &TestServer, person: &Person) -> super::Seen {
    person.post(&page(server), &[("typed", "Shop")]).await
}

/// The tables that name a project, as the database knows them.
async fn tables(server: &TestServer) -> Vec<String> {
    let listed = "select string_agg(c.table_name, ' ' order by c.table_name)
                  from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
                  where c.table_schema = 'public' and c.column_name = 'project_id' and t.table_type = 'BASE TABLE'";
    let listed = server.database.text(listed).await;
    listed.split(' ').map(ToOwned::to_owned).collect()
}

/// How many rows of a project each table has, where it has some.
async fn rows(server: &TestServer, project: ProjectId) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    for table in tables(server).await {
        let count = format!("select count(*) from {table} where project_id = '{project}'");
        match server.database.number(&count).await {
            0 => {}
            some => found.push((table, some)),
        }
    }
    found
}

async fn noted(server: &TestServer, action: &str) -> Value {
    let line = format!(
        "select coalesce(jsonb_agg(jsonb_build_object('actor', actor, 'subject', subject, 'detail', detail, 'project', project_id)
             order by id), '[]')::text from audit_log where action = '{action}'"
    );
    serde_json::from_str(&server.database.text(&line).await).unwrap()
}

/// A project with something in every room.
async fn furnish(server: &TestServer) -> (String, String) {
    server.connect("u-42", ANN).await;
    server.connect("u-43", ANN).await;
    let hooks = server.key_with(&[Scope::WebhooksWrite]).await;
    let hook = json!({ "url": "https://shop.example.com/hooks", "events": [] });
    let made = server
        .api("POST", "/v1/webhooks/subscriptions")
        .key(&hooks)
        .json(&hook)
        .send()
        .await;
    assert!(made.json()["id"].is_string(), "{}", made.text);
    let body = json!({ "identity": "u-44", "identityType": "user", "email": "u-44@example.com" });
    let session = server.session(&body).await;
    let link = json!({ "purpose": "connect", "identity": "u-45", "identityType": "user", "verify": false });
    let link = server
        .api("POST", "/v1/connect/links")
        .json(&link)
        .send()
        .await
        .expect(201)
        .json();
    let (_, secret) = link["url"].as_str().unwrap().split_once('#').unwrap();
    operator(server, Some(Role::Viewer)).await;
    // What rooms of others write.
    for statement in [
        "insert into refused_embedders (project_id, origin) select id, 'https://evil.example' from projects where name = 'Shop'",
        "insert into requests (id, project_id, environment, correlation_id, kind, method, path, query_names, status, duration_ms)
         select gen_random_uuid(), id, 'test', 'c', 'api', 'GET', '/v1/x', '', 200, 1 from projects where name = 'Shop'",
        "insert into hourly_numbers (project_id, environment, name, hour, integration, count)
         select id, 'test', 'opened', date_trunc('hour', now()), '', 1 from projects where name = 'Shop'",
    ] {
        server.database.execute(statement).await;
    }
    (session, secret.to_owned())
}

#[track_caller]
fn gone(answer: &Answer) {
    assert_eq!(answer.problem(410), "project_deleted");
    let said = answer.json()["message"].as_str().unwrap().to_owned();
    assert_eq!(
        said,
        "This project was deleted, with its keys, links and connections. Nothing of it works any more."
    );
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story of the same project")]
async fn nothing_of_it_is_answered_and_then_nothing_is_left() {
    let server = TestServer::start().await;
    let shop = server.project.id;
    let (other, other_key) = server.another_project().await;
    let (session, link) = furnish(&server).await;
    let revoked = server.key_with(&[Scope::ConnectionsRead]).await;
    server
        .database
        .execute("update api_keys set revoked_at = latchkey_now() - interval '1 minute' where id = (select id from api_keys order by created_at desc, id desc limit 1)")
        .await;
    let data_key: vault::DataKeyId = {
        let found = format!("select id::text from data_keys where project_id = '{shop}' and is_current");
        vault::DataKeyId(server.database.text(&found).await.parse().unwrap())
    };
    let (id, owner) = operator(&server, Some(Role::Owner)).await;
    let kept = async || {
        let mut kept = rows(&server, other).await;
        // A call of the test itself.
        kept.retain(|(table, _)| table != "requests");
        kept
    };
    let before = kept().await;
    assert!(rows(&server, shop).await.len() > 12, "{:?}", rows(&server, shop).await);

    let seen = owner.get(&page(&server)).await.expect(200).text;
    for line in [
        "2 connections, whose access ends at their services",
        "2 identities",
        "1 webhook",
        "1 link that is open",
        "1 person with a role in this project alone",
        "tokens are revoked at the services",
        "The audit log keeps its entries",
        "Type <bdi class=\"typed\">Shop</bdi>",
    ] {
        assert!(seen.contains(line), "{line}: {seen}");
    }
    let settings = owner.get(&format!("{}/projects/settings", home(&server))).await;
    assert!(settings.expect(200).text.contains("projects/delete"));
    let done = delete(&server, &owner).await.expect(303);
    assert_eq!(
        done.location,
        format!("/console/{other}/test/projects?done=deleted_default")
    );
    let list = owner.get(&done.location).await.expect(200).text;
    assert!(list.contains("Nothing of it is answered any more") && list.contains("Other is the default project now"));
    assert!(
        list.contains("Being deleted") && list.contains("<bdi class=\"cut\">Shop</bdi>"),
        "{list}"
    );

    // From the first moment.
    gone(&server.api("GET", "/v1/vault/connections").send().await);
    gone(&server.api("GET", "/v1/passthrough/sandbox/me").send().await);
    // Also where a replica of an older version is asked.
    let live = format!("select count(*) from api_keys where project_id = '{shop}' and revoked_at is null");
    assert_eq!(server.database.number(&live).await, 0);
    let ended = server.api("GET", "/v1/vault/connections").key(&revoked).send().await;
    assert_eq!(ended.problem(401), "unknown_key", "it ended before");
    let embed = format!("/embed/{}", server.project.publishable_id);
    let framed = server
        .api("GET", &embed)
        .no_key()
        .header("sec-fetch-dest", "iframe")
        .send()
        .await;
    assert_eq!(framed.status, 410, "{}", framed.text);
    assert!(framed.text.contains("This project was deleted"), "{}", framed.text);
    let browser = server.browser();
    let opened = json!({ "secret": link, "click": true });
    gone(&browser.post("/connect/api/links/open", None, &opened).await);
    gone(
        &browser
            .post("/connect/api/links/peek", None, &json!({ "secret": link }))
            .await,
    );
    let asked = browser
        .post("/connect/api/session", Some(&session), &json!({ "embedder": SHOP }))
        .await;
    gone(&asked);
    owner.get(&home(&server)).await.expect(404);
    owner.get(&page(&server)).await.expect(404);
    owner.post(&page(&server), &[("typed", "Shop")]).await.expect(404);
    server
        .api("GET", "/v1/vault/connections")
        .key(&other_key)
        .send()
        .await
        .expect(200);

    // The loop: the grants end at the service, and when nobody may write to it any more, the rest goes.
    assert!(server.broker.deletion_tick().await.unwrap());
    while server.broker.revoke_tick().await.unwrap() > 0 {}
    let ended = format!("select string_agg(distinct status, ' ') from revocations where project_id = '{shop}'");
    for _ in 0..100 {
        if server.database.text(&ended).await == "revoked" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(server.database.text(&ended).await, "revoked");
    assert!(server.broker.deletion_tick().await.unwrap());
    let row = format!("select count(*) from projects where id = '{shop}'");
    assert_eq!(
        server.database.number(&row).await,
        1,
        "others may still write what they began"
    );
    assert!(server.ring.holds(data_key));
    server.advance(31).await;
    assert!(server.broker.deletion_tick().await.unwrap());
    assert!(!server.ring.holds(data_key));
    assert!(!server.broker.deletion_tick().await.unwrap(), "it is over");

    assert_eq!(server.database.number(&row).await, 0);
    let left = rows(&server, shop).await;
    assert!(left.iter().all(|(table, _)| KEPT.contains(&table.as_str())), "{left:?}");
    for sealed in ["credentials", "revocations", "flows", "webhook_endpoints", "data_keys"] {
        let count = format!("select count(*) from {sealed} where project_id <> '{other}'");
        assert_eq!(server.database.number(&count).await, 0, "{sealed}");
    }
    assert_eq!(kept().await, before, "the other project keeps what it has");
    assert_eq!(
        server.api("GET", "/v1/vault/connections").send().await.problem(401),
        "unknown_key"
    );
    let subject = format!("project:{shop}");
    for action in ["project.deleted", "project.erased"] {
        let lines = noted(&server, action).await;
        assert_eq!(lines.as_array().unwrap().len(), 1, "{lines}");
        assert_eq!(lines[0]["actor"], format!("operator:{id}"));
        assert_eq!(lines[0]["subject"], subject);
        assert_eq!(
            (&lines[0]["project"], &lines[0]["detail"]["name"]),
            (&Value::Null, &json!("Shop"))
        );
    }
    assert_eq!(
        noted(&server, "project.deleted").await[0]["detail"]["had"]["connections"],
        2
    );
    assert_eq!(noted(&server, "project.erased").await[0]["detail"]["notRevoked"], 0);
    // An owner reads it in whichever project they are.
    let log = owner
        .get(&format!("/console/{other}/test/audit?of=server"))
        .await
        .expect(200)
        .text;
    assert!(
        log.contains("deleted a project") && log.contains("project Shop"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_says_what_to_do() {
    let server = TestServer::start().await;
    let (id, owner) = operator(&server, Some(Role::Owner)).await;
    let (_, admin) = operator(&server, Some(Role::Admin)).await;
    let only =
        "This is the only project of this server, and one stays. Make another project first, then delete this one.";
    let seen = owner.get(&page(&server)).await.expect(200).text;
    assert!(seen.contains(only) && !seen.contains("name=\"typed\""), "{seen}");
    assert!(delete(&server, &owner).await.expect(409).text.contains(only));
    server.another_project().await;

    for typed in ["", "shop", "Shopp"] {
        let wrong = owner.post(&page(&server), &[("typed", typed)]).await.expect(422).text;
        assert!(
            wrong.contains("This is not the name. Type it exactly as it stands above.")
                && wrong.contains("aria-invalid=\"true\" aria-describedby=\"typed-problem\"")
                && wrong.contains(&format!("value=\"{typed}\"")),
            "{wrong}"
        );
    }
    let told = "To manage the whole server takes the role owner";
    assert!(admin.get(&page(&server)).await.expect(403).text.contains(told));
    assert!(delete(&server, &admin).await.expect(403).text.contains(told));
    let settings = admin
        .get(&format!("{}/projects/settings", home(&server)))
        .await
        .expect(200)
        .text;
    assert!(
        settings.contains("An owner of the server can delete it.") && !settings.contains("projects/delete"),
        "{settings}"
    );
    let foreign = owner.clone().from(Some("https://evil.example"));
    delete(&server, &foreign).await.expect(403);
    // The proof is old.
    server.advance(11 * 60).await;
    let asked = delete(&server, &owner).await.expect(303);
    assert!(
        asked.location.starts_with("/console/confirm?next="),
        "{}",
        asked.location
    );
    assert_eq!(
        server
            .database
            .number("select count(*) from projects where deleted_at is not null")
            .await,
        0
    );
    super::sign_in_again(&server, id, &owner).await;
    delete(&server, &owner).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_owners_who_delete_the_last_two_one_is_told() {
    let server = TestServer::start().await;
    let (other, _) = server.another_project().await;
    let begin = async |project: ProjectId| {
        let entry = store::AuditEntry {
            project: None,
            environment: None,
            action: "project.deleted",
            actor: "operator:1".to_owned(),
            subject: Some(format!("project:{project}")),
            detail: &json!({}),
        };
        server.store.begin_deletion(project, "operator:1", entry).await.unwrap()
    };
    let (one, two) = tokio::join!(begin(server.project.id), begin(other));
    let deleted = [&one, &two]
        .iter()
        .filter(|one| matches!(one, DeletionBegun::Yes(_)))
        .count();
    assert_eq!(deleted, 1, "{one:?} {two:?}");
    assert!([&one, &two].contains(&&DeletionBegun::Last), "{one:?} {two:?}");
    let default = server.store.default_project().await.unwrap();
    let left: Vec<Project> = server.store.projects().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(default.map(|one| one.id), Some(left[0].id));
    assert_eq!(
        begin(server.project.id).await == DeletionBegun::Unknown,
        matches!(one, DeletionBegun::Yes(_))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_do_it_once_and_a_restart_goes_on() {
    let server = TestServer::start().await;
    server.another_project().await;
    furnish(&server).await;
    let (_, owner) = operator(&server, Some(Role::Owner)).await;
    delete(&server, &owner).await.expect(303);
    let shop = server.project.id;
    let unanswered = format!(
        "insert into revocations (id, project_id, environment, app_id, integration, auth_method, next_attempt_at, deadline_at)
         select gen_random_uuid(), project_id, environment, id, integration, 'oauth2', latchkey_now() + interval '2 days',
                latchkey_now() + interval '24 hours' from apps where project_id = '{shop}' limit 1"
    );
    assert_eq!(server.database.execute(&unanswered).await, 1);
    // One replica took it and died: another goes on when its time is over, and not before.
    let claimed = server.store.claim_deletion().await.unwrap().unwrap();
    assert_eq!(claimed.id, shop);
    let beside = server.replica(None).await;
    assert!(!beside.deletion_tick().await.unwrap());
    server.advance(121).await;
    assert!(beside.deletion_tick().await.unwrap());
    // A service that does not answer is waited for.
    for _ in 0..3 {
        beside.revoke_tick().await.unwrap();
        server.broker.deletion_tick().await.unwrap();
    }
    let row = format!("select count(*) from projects where id = '{shop}'");
    assert_eq!(server.database.number(&row).await, 1, "it waits");
    server.advance(25 * 3_600).await;
    beside.revoke_tick().await.unwrap();
    let mut racing = tokio::task::JoinSet::new();
    for number in 0..6 {
        let broker = if number % 2 == 0 {
            server.broker.clone()
        } else {
            beside.clone()
        };
        racing.spawn(async move { broker.deletion_tick().await.unwrap() });
    }
    racing.join_all().await;
    while server.broker.deletion_tick().await.unwrap() {}
    assert_eq!(server.database.number(&row).await, 0);
    assert_eq!(noted(&server, "project.erased").await.as_array().unwrap().len(), 1);
    let left = rows(&server, shop).await;
    assert!(left.iter().all(|(table, _)| KEPT.contains(&table.as_str())), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_deletes_for_the_operators_project_only() {
    let server = TestServer::start().await;
    let (other, _) = server.another_project().await;
    let key = async |environment| {
        let made = server
            .broker
            .create_key(server.project.id, environment, "admin", &[Scope::Admin])
            .await;
        made.unwrap().1.expose_secret().to_owned()
    };
    let (live, test) = (key(Environment::Live).await, key(Environment::Test).await);
    let place = format!("/v1/projects/{other}");
    let named = json!({ "name": "Other" });
    let own = server.api("DELETE", &place).key(&live).json(&named).send().await;
    assert_eq!(own.problem(403), "not_the_operator");
    assert!(
        own.text
            .contains("Projects are deleted by an owner of this server, in the console"),
        "{}",
        own.text
    );

    let beside = server.beside_of_operator().await;
    let call = async |key: &str, place: &str, body: &Value| {
        server.api_of(&beside, "DELETE", place).key(key).json(body).send().await
    };
    assert_eq!(call(&test, &place, &named).await.problem(403), "not_the_operator");
    assert_eq!(
        call(&server.live_key, &place, &named).await.problem(403),
        "missing_scope"
    );
    let wrong = call(&live, &place, &json!({ "name": "other" })).await;
    assert_eq!(wrong.problem(422), "wrong_name");
    assert!(
        wrong
            .text
            .contains("This is not the name of the project. Give it exactly as it is written.")
    );
    call(&live, &place, &json!({})).await.problem(400);
    let kept = call(
        &live,
        &format!("/v1/projects/{}", server.project.id),
        &json!({ "name": "Shop" }),
    )
    .await;
    assert_eq!(kept.problem(409), "operator_project");
    assert!(
        kept.text.contains("`LATCHKEY_OPERATOR_PROJECT` names this project."),
        "{}",
        kept.text
    );
    for unknown in ["nonsense".to_owned(), ProjectId::generate().to_string()] {
        call(&live, &format!("/v1/projects/{unknown}"), &named)
            .await
            .problem(404);
    }
    let deleted = call(&live, &place, &named).await.expect(202).json();
    assert_eq!(
        (
            &deleted["name"],
            &deleted["had"]["integrations"],
            &deleted["defaultProject"]
        ),
        (&json!("Other"), &json!(1), &Value::Null)
    );
    call(&live, &place, &named).await.problem(404);
    let by = noted(&server, "project.deleted").await[0]["actor"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(by.starts_with("key:"), "{by}");
}
