//! Identities and connect attempts.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use broker::Scope;
use serde_json::{Value, json};
use testkit::{Account, Consent, SHOP, StartedFlow, TestServer};
use vault::Token;

use super::encoded;

const ANN: Consent = Consent::Allow(Account::Ann);
const WHO: &str = "ann.lee@example.com";

async fn rows(server: &TestServer, path: &str) -> Vec<Value> {
    let answer = server.api("GET", path).send().await.expect(200).json();
    answer["rows"].as_array().unwrap().clone()
}

/// Whether neither this text nor what it may be the base64 of has a part of a name. Three letters come about by chance.
fn names_nobody(text: &str) -> bool {
    let within = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    [text.as_bytes(), &within].iter().all(|bytes| {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        !text.contains("ann.lee") && !text.contains("example") && !text.contains("person ")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_are_listed_and_no_cursor_names_anybody() {
    let server = TestServer::start().await;
    for _ in 0..2 {
        server.connect(WHO, ANN).await;
    }
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity,
                    identity_type, label, state)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, key || n || k,
                    'ann.lee' || lpad(n::text, 2, '0') || '@example.com', k, 'Person ' || n,
                    case when n = 7 then 'failed' when n = 8 then 'degraded' when n = 9 then 'unknown' else 'operational' end
             from (select * from connections limit 1) c, generate_series(1, 30) n, unnest(array['user', 'team']) k",
        )
        .await;
    let mut seen = BTreeSet::new();
    let mut path = "/v1/identities?q=ANN&limit=25".to_owned();
    let mut pages = 0;
    loop {
        let answer = server.api("GET", &path).send().await.expect(200);
        let page = answer.json();
        pages += 1;
        for row in page["rows"].as_array().unwrap() {
            let who = row["who"].as_str().unwrap();
            assert!(names_nobody(who), "{who}");
            let one = (row["identity"].to_string(), row["identityType"].to_string());
            assert!(seen.insert(one), "{row} twice");
        }
        let Some(next) = page["next"].as_str() else { break };
        assert!(names_nobody(next) && encoded(next) == next, "{next}");
        path = format!("/v1/identities?q=ANN&limit=25&after={next}");
    }
    assert_eq!((pages, seen.len()), (3, 61));

    let first = &rows(&server, &format!("/v1/identities?q={}", encoded(WHO))).await[0];
    assert_eq!(
        (&first["identity"], &first["identityType"], &first["label"]),
        (&json!(WHO), &json!("user"), &Value::Null)
    );
    let counted = json!({ "counted": 2, "operational": 2, "degraded": 0, "failed": 0, "unknown": 0 });
    assert_eq!(first["connections"], counted);
    assert!(first["lastActiveAt"].as_str().unwrap().ends_with('Z'));
    for (number, state) in [(7, "failed"), (8, "degraded"), (9, "unknown")] {
        let named = rows(&server, &format!("/v1/identities?q=person%20{number}")).await;
        assert_eq!(named.len(), 2, "{named:?}");
        assert_eq!(named[0]["connections"][state], 1, "{named:?}");
        assert_eq!(named[0]["label"], format!("Person {number}"));
    }
    assert!(rows(&server, "/v1/identities?q=zz").await.is_empty());
    // Not in the other environment, not of another project.
    let (_, stranger) = server.another_project().await;
    for key in [&server.live_key, &stranger] {
        let answer = server.api("GET", "/v1/identities").key(key).send().await.expect(200);
        assert_eq!(answer.json(), json!({ "rows": [], "next": null }));
    }
    let who = first["who"].as_str().unwrap();
    let refused = format!("/v1/identities?after={who}");
    server.api("GET", &refused).key(&stranger).send().await.problem(400);
    for wrong in ["after=x", "after=ann.lee%40example.com", "q=%00"] {
        let path = format!("/v1/identities?{wrong}");
        server.api("GET", &path).send().await.problem(400);
    }
    let long = format!("/v1/identities?q={}", "x".repeat(301));
    let refused = server.api("GET", &long).send().await.expect(400);
    assert!(refused.text.contains("at most 300 characters"), "{}", refused.text);
    let narrow = server.key_with(&[Scope::SessionsWrite, Scope::Passthrough]).await;
    let refused = server.api("GET", "/v1/identities").key(&narrow).send().await;
    assert_eq!(refused.problem(403), "missing_scope");
    server.api("GET", "/v1/identities").no_key().send().await.problem(401);
    server.api("POST", "/v1/identities").send().await.problem(405);
}

/// Attempts of one who connected, one who refused, one who is away at the service, and one who opened nothing.
struct Attempts {
    away: StartedFlow,
    /// What opens them or comes back to them.
    secrets: Vec<String>,
}

async fn attempts(server: &TestServer) -> Attempts {
    server.connect(WHO, ANN).await;
    let refused = server.session(&json!({ "identity": "u-refused" })).await;
    let flow = server.begin(&refused).await;
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Deny).await;
    let next = browser.get(&callback).await.expect(303).header("location").to_owned();
    browser.get(&next).await;
    let gone = server
        .session(&json!({ "identity": "u-away", "identityType": "team" }))
        .await;
    let away = server.begin(&gone).await;
    let authorize = url::Url::parse(&server.browser().leave(&away).await).unwrap();
    let state = authorize.query_pairs().find(|(name, _)| name == "state").unwrap().1;
    let unopened = server.session(&json!({ "identity": "u-unopened" })).await;
    let (result, ticket) = (away.result.clone(), away.ticket.clone());
    Attempts {
        away,
        secrets: vec![refused, gone, unopened, state.into_owned(), result, ticket],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_filtered_and_paged() {
    let server = TestServer::start().await;
    let Attempts { away: gone, .. } = attempts(&server).await;
    let who = rows(&server, "/v1/identities").await[0]["who"]
        .as_str()
        .unwrap()
        .to_owned();
    for (query, count) in [
        (String::new(), 4),
        ("?outcome=connected".to_owned(), 1),
        ("?outcome=open".to_owned(), 2),
        ("?outcome=left".to_owned(), 0),
        ("?identity=u-away".to_owned(), 1),
        ("?identity=u-awa".to_owned(), 0),
        (format!("?who={who}"), 1),
        (format!("?who={who}&outcome=open"), 0),
        ("?integration=sandbox".to_owned(), 3),
        ("?integration=sandbox&outcome=connected".to_owned(), 1),
        (format!("?reference={}", gone.flow), 1),
        ("?reference=nonsense".to_owned(), 0),
    ] {
        let found = rows(&server, &format!("/v1/sessions{query}")).await;
        assert_eq!(found.len(), count, "{query}: {found:?}");
    }
    let mut seen = Vec::new();
    let mut path = "/v1/sessions?limit=1".to_owned();
    loop {
        let page = server.api("GET", &path).send().await.expect(200).json();
        seen.extend(
            page["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["identity"].clone()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/sessions?limit=1&after={next}");
    }
    assert_eq!(
        seen,
        [json!("u-unopened"), json!("u-away"), json!("u-refused"), json!(WHO)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_say_how_far_they_came() {
    let server = TestServer::start().await;
    let attempts = attempts(&server).await;
    let row = &rows(&server, "/v1/sessions?identity=u-away").await[0];
    for (name, value) in [
        ("identityType", json!("team")),
        ("integration", json!("sandbox")),
        ("outcome", json!("open")),
        ("stopped", json!("At the service: the person did not come back.")),
        ("failure", Value::Null),
        ("hosted", json!(false)),
    ] {
        assert_eq!(row[name], value, "{name}: {row}");
    }
    let one = format!("/v1/sessions/{}", row["id"].as_str().unwrap());
    let detail = server.api("GET", &one).send().await.expect(200);
    let told = detail.json();
    assert_eq!(told["identity"], "u-away");
    let steps: Vec<_> = told["steps"].as_array().unwrap().iter().collect();
    let words: Vec<_> = steps
        .iter()
        .map(|step| (step["step"].as_str().unwrap(), step["done"] == true))
        .collect();
    assert_eq!(
        words,
        [
            ("Opened", true),
            ("Picked a service", true),
            ("Sent to the service", true),
            ("Came back", false),
            ("Connected", false)
        ]
    );
    assert!(steps[2]["at"].is_string() && steps[3]["at"].is_null(), "{told}");
    assert_eq!(told["signIns"][0]["id"], json!(attempts.away.flow));
    assert_eq!(
        (&told["signIns"][0]["status"], &told["problems"]),
        (&json!("away"), &json!([]))
    );
    let failed = &rows(&server, "/v1/sessions?identity=u-refused").await[0];
    assert!(
        failed["outcome"] != "open" && failed["failure"]["code"].is_string(),
        "{failed}"
    );

    // Nothing that opens, returns to or goes on with an attempt stands in any answer.
    let list = server.api("GET", "/v1/sessions").send().await.expect(200);
    for secret in attempts.secrets.iter().chain([&server.test_key, &server.client_secret]) {
        assert!(secret.len() > 20);
        for answer in [&list, &detail] {
            assert!(!answer.text.contains(secret.as_str()), "{}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_told_to_their_project_and_environment_only() {
    let server = TestServer::start().await;
    server.connect(WHO, ANN).await;
    let who = rows(&server, "/v1/identities").await[0]["who"]
        .as_str()
        .unwrap()
        .to_owned();
    let one = rows(&server, "/v1/sessions").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let one = format!("/v1/sessions/{one}");
    let (_, stranger) = server.another_project().await;
    for key in [&server.live_key, &stranger] {
        assert_eq!(server.api("GET", &one).key(key).send().await.problem(404), "not_found");
        let list = server
            .api("GET", "/v1/sessions")
            .key(key)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(list, json!({ "rows": [], "next": null, "lookedThrough": null }));
    }
    let of_another = format!("/v1/sessions?who={who}");
    server.api("GET", &of_another).key(&stranger).send().await.problem(400);
    let narrow = server.key_with(&[Scope::SessionsWrite, Scope::Passthrough]).await;
    for path in ["/v1/sessions", "/v1/sessions?reference=x", one.as_str()] {
        let refused = server.api("GET", path).key(&narrow).send().await;
        assert_eq!(refused.problem(403), "missing_scope", "{path}");
    }
    server.api("GET", "/v1/sessions/nonsense").send().await.problem(404);
    for (wrong, said) in [
        ("outcome=maybe".to_owned(), "`outcome` is none of"),
        ("after=x".to_owned(), "`after` is no id"),
        ("who=x".to_owned(), "`who` stands for no identity"),
        (format!("identity={}", "x".repeat(301)), "at most 300"),
        ("identity=%00".to_owned(), ""),
    ] {
        let refused = server.api("GET", &format!("/v1/sessions?{wrong}")).send().await;
        let refused = refused.expect(400);
        assert!(refused.text.contains(said), "{wrong}: {}", refused.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_was_told_is_found_by_its_reference() {
    let server = TestServer::start().await;
    let session = server.session(&json!({ "identity": "u-typo" })).await;
    let browser = server.browser();
    browser
        .post("/connect/api/session", Some(&session), &json!({ "embedder": SHOP }))
        .await
        .expect(200);
    let body = json!({
        "integration": "nosuch", "auth": null, "values": {}, "name": null, "mode": "popup",
        "ticket": Token::generate().expose(), "proof": null, "embedder": SHOP,
    });
    let refused = browser.post("/connect/api/flows", Some(&session), &body).await;
    let reference = refused.json()["correlationId"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions?reference={}", reference.to_uppercase());
    let mut found = Vec::new();
    // It is written down beside the answer.
    for _ in 0..100 {
        found = rows(&server, &path).await;
        if !found.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
    let one = format!("/v1/sessions/{}", found[0]["id"].as_str().unwrap());
    let told = server.api("GET", &one).send().await.expect(200).json();
    assert_eq!(
        (&told["outcome"], &told["integration"]),
        (&json!("failed"), &json!("nosuch"))
    );
    let problem = &told["problems"][0];
    assert_eq!(problem["reference"], json!(reference));
    assert_eq!(problem["code"], told["failure"]["code"]);
    assert!(problem["message"].as_str().unwrap().len() > 10, "{told}");
}
