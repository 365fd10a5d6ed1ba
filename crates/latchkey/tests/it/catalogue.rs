//! The open definitions, and what there is to know about actions.

use serde_json::{Value, json};
use testkit::{Account, Consent, TestServer};

const ANN: Consent = Consent::Allow(Account::Ann);

async fn read(server: &TestServer, path: &str) -> Value {
    server.api("GET", path).send().await.expect(200).json()
}

async fn open(server: &TestServer, path: &str) -> Value {
    server.api("GET", path).no_key().send().await.expect(200).json()
}

fn rows<'a>(page: &'a Value, field: &str) -> Vec<&'a str> {
    let rows = page["rows"].as_array().unwrap();
    rows.iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_open_and_all_on_one_page() {
    let server = TestServer::start().await;
    let all = open(&server, "/v1/public/connection-definitions?limit=2&skip=0").await;
    assert_eq!(all["total"], all["rows"].as_array().unwrap().len());
    assert!(rows(&all, "platform").contains(&"sandbox"), "{all}");
    assert_eq!(open(&server, "/v1/connection-definitions").await["rows"], all["rows"]);
    // What a token row names is there, or authkit-node drops it.
    let page = server
        .api("POST", "/v1/authkit")
        .json(&json!({}))
        .send()
        .await
        .expect(200)
        .json();
    assert!(rows(&all, "_id").contains(&page["rows"][0]["connectionDefId"].as_str().unwrap()));
    let skipped = open(&server, "/v1/public/connection-definitions?limit=100&skip=1000").await;
    assert_eq!((&skipped["rows"], &skipped["total"]), (&json!([]), &all["total"]));
    let one = open(&server, "/v1/public/connection-definitions?_id=conn_def_openai").await;
    snapshot!("definition", &one);
    assert_eq!(
        open(&server, "/v1/connection-definitions/conn_def_openai").await,
        one["rows"][0]
    );
    let answer = server
        .api("GET", "/v1/connection-definitions/conn_def_nothing")
        .no_key()
        .send()
        .await;
    answer.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn connected_connectors_have_a_connection_that_works() {
    let server = TestServer::start().await;
    let connected = async || {
        let page = read(&server, "/v1/available-connectors/connected").await;
        rows(&page, "platform").join(",")
    };
    assert_eq!(connected().await, "");
    server.connect("u-42", ANN).await;
    assert_eq!(connected().await, "sandbox");
    let live = server
        .api("GET", "/v1/available-connectors/connected")
        .key(&server.live_key);
    assert_eq!(live.send().await.expect(200).json()["total"], 0);
    server.database.execute("update connections set state = 'failed'").await;
    assert_eq!(connected().await, "");
    let nobody = server.api("GET", "/v1/available-connectors/connected").no_key();
    nobody.send().await.problem(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_are_open_and_tell_what_a_browser_sees() {
    let server = TestServer::start().await;
    let all = open(&server, "/v1/connection-oauth-definitions").await;
    assert_eq!(
        open(&server, "/v1/public/connection-oauth-definition-schema?limit=100").await,
        all
    );
    assert!(!rows(&all, "connectionPlatform").contains(&"openai"), "{all}");
    let slack = open(&server, "/v1/connection-oauth-definitions/view/slack").await;
    assert_eq!(
        open(&server, "/v1/connection-oauth-definitions/view/id/conn_def_slack").await,
        slack
    );
    let frontend = &slack["frontend"];
    assert_eq!(frontend["platformRedirectUri"], "https://slack.com/oauth/v2/authorize");
    assert_eq!(
        (&frontend["scopes"], &frontend["separator"]),
        (&json!("chat:write,channels:read"), &json!(","))
    );
    assert_eq!(slack["configuration"], json!([{ "type": "pkce", "enabled": false }]));
    let salesforce = open(&server, "/v1/connection-oauth-definitions/view/salesforce").await;
    let address = salesforce["frontend"]["platform_redirect_uri"].as_str().unwrap();
    assert!(address.starts_with("https://{{domain}}.salesforce.com/"), "{address}");
    assert!(
        !all.to_string().contains("oauth/token"),
        "token endpoints are nobody's business"
    );
    for nothing in ["view/openai", "view/id/conn_def_openai"] {
        let answer = server
            .api("GET", &format!("/v1/connection-oauth-definitions/{nothing}"))
            .no_key()
            .send()
            .await;
        answer.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_generated_for_known_prefixes() {
    let server = TestServer::start().await;
    let id = open(&server, "/v1/public/generate-id/session_id").await["id"].clone();
    assert_eq!(id.as_str().unwrap().split("::").count(), 3, "{id}");
    let answer = server.api("GET", "/v1/public/generate-id/robot").no_key().send().await;
    answer.problem(400);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("session_id"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_are_listed_filtered_and_counted() {
    let server = TestServer::start().await;
    snapshot!("actions", read(&server, "/v1/available-actions/sandbox").await);
    for platform in ["github", "gmail", "slack"] {
        let page = read(&server, &format!("/v1/available-actions/{platform}?page=1&limit=4")).await;
        assert_eq!((&page["total"], &page["pages"]), (&json!(10), &json!(3)), "{platform}");
        for id in rows(&page, "systemId") {
            let parts: Vec<&str> = id.split("::").collect();
            assert_eq!((parts.len(), parts[0], parts[1]), (3, "conn_mod_def", platform));
        }
        assert!(page["rows"][0]["tags"].is_array());
        let connectors = read(&server, &format!("/v1/available-connectors?platform={platform}")).await;
        assert_eq!(connectors["rows"][0]["tools"], 10);
    }
    let keys = async |query: &str| {
        let page = read(&server, &format!("/v1/available-actions/sandbox?{query}")).await;
        rows(&page, "key").join(",")
    };
    assert_eq!(keys("method=post").await, "create-item,echo");
    assert_eq!(keys("tags=profile,debugging").await, "get-me,echo");
    assert_eq!(keys("title=ITEM").await, "list-items,create-item");
    assert_eq!(keys("key=echo").await, "echo");
    for nothing in ["openai", "no-such-service"] {
        let page = read(&server, &format!("/v1/available-actions/{nothing}")).await;
        assert_eq!(
            (&page["rows"], &page["total"], &page["pages"]),
            (&json!([]), &json!(0), &json!(0))
        );
    }
    server
        .api("GET", "/v1/available-actions/github")
        .no_key()
        .send()
        .await
        .problem(401);
    let live = server
        .api("GET", "/v1/available-actions/sandbox")
        .key(&server.live_key)
        .send()
        .await;
    assert_eq!(live.expect(200).json()["total"], 0, "the sandbox is not there in live");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_answers_with_a_bare_array() {
    let server = TestServer::start().await;
    let search = async |platform: &str, query: &str| {
        let found = read(&server, &format!("/v1/available-actions/search/{platform}?{query}")).await;
        found.as_array().unwrap().clone()
    };
    let found = search("gmail", "query=send+an+email&limit=5&executeAgent=true").await;
    assert_eq!(found[0]["key"], "send-message");
    assert!(found.len() <= 5 && found[0].get("knowledge").is_none());
    let known = search(
        "gmail",
        "query=labels&limit=1&includeKnowledge=true&knowledgeAgent=true",
    )
    .await;
    assert_eq!(known.len(), 1);
    assert!(
        known[0]["knowledge"].as_str().unwrap().starts_with("# List labels\n"),
        "{known:?}"
    );
    assert_eq!(
        search("gmail", "query=zebra&limit=20").await.len(),
        10,
        "nothing found is everything"
    );
    assert!(search("openai", "query=refund").await.is_empty());
    assert!(search("no-such-service", "query=x").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn knowledge_is_found_by_action_and_by_platform() {
    let server = TestServer::start().await;
    let slack = read(
        &server,
        "/v1/knowledge?supported=true&connectionPlatform=slack&skip=4&limit=4",
    )
    .await;
    assert_eq!(
        (slack["rows"].as_array().unwrap().len(), &slack["total"]),
        (4, &json!(10))
    );
    for id in [
        "conn_mod_def::gmail::send-message",
        "conn_mod_def%3A%3Agmail%3A%3Asend-message",
    ] {
        let page = read(&server, &format!("/v1/knowledge?_id={id}")).await;
        let row = &page["rows"][0];
        assert_eq!(
            (&page["total"], &row["_id"]),
            (&json!(1), &json!("conn_mod_def::gmail::send-message"))
        );
        assert_eq!(row["baseUrl"], "https://gmail.googleapis.com");
        let address = "https://gmail.googleapis.com/gmail/v1/users/me/messages/send";
        assert!(
            row["knowledge"].as_str().unwrap().contains(address),
            "clients replace the base in the text"
        );
    }
    let described = read(&server, "/v1/knowledge?_id=conn_mod_def::slack::post-message").await;
    let io = &described["rows"][0]["ioSchema"];
    assert_eq!(io["inputSchema"]["required"], json!(["channel"]));
    assert_eq!(io["outputSchema"]["properties"]["ok"], json!({ "type": "boolean" }));
    assert_eq!(io["ioExample"]["output"]["ok"], true);
    let sandbox = read(&server, "/v1/knowledge?connectionPlatform=sandbox").await;
    assert_eq!(sandbox["rows"][0]["baseUrl"], format!("{}/sandbox/api", server.url));
    assert!(
        sandbox["rows"][0].get("ioSchema").is_none(),
        "not where none is written"
    );
    for nothing in ["_id=conn_mod_def::gmail::nothing", "connectionPlatform=openai"] {
        assert_eq!(
            read(&server, &format!("/v1/knowledge?{nothing}")).await["rows"],
            json!([])
        );
    }
    server.api("GET", "/v1/knowledge").no_key().send().await.problem(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_may_name_its_action() {
    let server = TestServer::start().await;
    let key = server.connect("u-42", ANN).await["key"].as_str().unwrap().to_owned();
    let call = |header: &'static str, action: &'static str| {
        let call = server.api("GET", "/v1/passthrough/me").connection(&key);
        async move { call.header(header, action).send().await }
    };
    for action in [
        "conn_mod_def::sandbox::get-me",
        "conn_mod_def::GJ0000000AA::aaaaaaaaaaaaaaaaaaaaaa",
        "7",
    ] {
        call("x-pica-action-id", action).await.expect(200);
        call("x-one-action-id", action).await.expect(200);
    }
    let refused = call("x-one-action-id", "conn_mod_def::gmail::get-profile").await;
    assert_eq!(refused.problem(400), "action_of_another_service");
    assert_eq!(refused.header("x-pica-error-source"), "latchkey");
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("`gmail`") && message.contains("`sandbox`"),
        "{message}"
    );
    let two = server
        .api("GET", "/v1/passthrough/me")
        .connection(&key)
        .header("x-pica-action-id", "1")
        .header("x-one-action-id", "2")
        .send()
        .await;
    two.problem(400);
    assert!(two.text.contains("Two different action ids"), "{}", two.text);
    let echo = server
        .api("POST", "/v1/passthrough/echo/x")
        .connection(&key)
        .header("x-pica-action-id", "conn_mod_def::sandbox::echo")
        .json(&json!({ "a": 1 }))
        .send()
        .await
        .expect(200);
    assert!(
        echo.json()["headers"].get("x-pica-action-id").is_none(),
        "{}",
        echo.text
    );
}
