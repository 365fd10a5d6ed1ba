//! Apps that need attention: after a bad check, a refused sign-in or a refused refresh, until one of them is good; and what
//! came of trying an integration as oneself.

use serde_json::json;
use store::Role;
use testkit::{Account, Consent, OddProvider, Reply, TestServer};

use super::{home, operator};

const BADGE: &str = "App needs attention";

fn refused(code: &str, said: &str) -> Reply {
    Reply::json(401, &json!({ "error": code, "error_description": said }))
}

async fn odd() -> (OddProvider, TestServer) {
    let provider = OddProvider::start().await;
    let server = TestServer::builder().with_odd_provider(&provider).start().await;
    (provider, server)
}

/// A sign-in that meets this answer.
async fn met(server: &TestServer, provider: &OddProvider, reply: Reply) {
    let session = server.session(&json!({ "identity": "u-1" })).await;
    provider.reply(reply);
    let (flow, browser, callback) = server.at_odd_callback(&session, "code").await;
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_check_marks_the_app_until_a_good_one() {
    let server = TestServer::start().await;
    let list = format!("{}/integrations", home(&server));
    let page = format!("{list}/sandbox");
    let (_, developer) = operator(&server, Some(Role::Developer)).await;
    let client = server
        .database
        .text("select client_id from apps where integration = 'sandbox'")
        .await;
    server.database.execute("update apps set client_id = 'nobodys'").await;
    developer.post(&format!("{page}/doctor"), &[]).await.expect(200);
    // It stands there for whoever comes later.
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    for address in [&page, &format!("{list}?q=sandbox"), &format!("{list}?state=attention")] {
        let seen = viewer.get(address).await.expect(200).text;
        assert!(
            seen.contains(BADGE) && seen.contains("does not know this client id"),
            "{address}: {seen}"
        );
    }
    let seen = viewer.get(&page).await.text;
    assert!(
        seen.contains("Found by a check, <time") && seen.contains("What to do:"),
        "{seen}"
    );
    let others = viewer.get(&format!("{list}?q=slack")).await.expect(200).text;
    assert!(!others.contains("catalogue-attention"), "{others}");
    server
        .database
        .execute(&format!("update apps set client_id = '{client}'"))
        .await;
    server.advance(11).await;
    let good = developer.post(&format!("{page}/doctor"), &[]).await.expect(200).text;
    assert!(
        good.contains("Sandbox takes this app.") && !good.contains(BADGE),
        "{good}"
    );
    let none = viewer.get(&format!("{list}?state=attention")).await.expect(200).text;
    assert!(none.contains("No integration fits"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_in_marks_the_app_until_somebody_connects() {
    let (provider, server) = odd().await;
    let page = format!("{}/integrations/odd", home(&server));
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let shown = async || viewer.get(&page).await.expect(200).text;
    // Not the app's fault.
    met(&server, &provider, refused("invalid_grant", "spent")).await;
    assert!(!shown().await.contains(BADGE));
    met(&server, &provider, refused("invalid_client", "unknown & gone")).await;
    let seen = shown().await;
    assert!(
        seen.contains("refused this app&#39;s client when somebody connected. It said: “unknown &#38; gone”"),
        "{seen}"
    );
    assert!(seen.contains("Found when somebody connected, <time"), "{seen}");
    // What came last is shown, with the address to register.
    met(&server, &provider, refused("redirect_uri_mismatch", "")).await;
    let seen = shown().await;
    assert!(
        seen.contains("does not know the redirect address of this app.")
            && seen.contains(&format!(
                "Register exactly this address there: {}/connections/oauth/callback",
                server.url
            )),
        "{seen}"
    );
    server.connect_odd().await;
    assert!(!shown().await.contains(BADGE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_marks_the_app_until_a_good_one() {
    let (provider, server) = odd().await;
    let page = format!("{}/integrations/odd", home(&server));
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    server.connect_odd().await;
    let id = server.database.text("select id::text from connections").await;
    let connection = format!("{}/connections/{id}", home(&server));
    assert!(
        !viewer
            .get(&connection)
            .await
            .expect(200)
            .text
            .contains("Renewing it may fail")
    );
    server.advance(3301).await;
    provider.reply(refused("invalid_client", "unknown"));
    server.broker.refresh_tick().await.unwrap();
    let seen = viewer.get(&page).await.expect(200).text;
    assert!(
        seen.contains(BADGE) && seen.contains("Found by a refresh, <time"),
        "{seen}"
    );
    assert!(
        seen.contains("People may not be able to connect it") && !seen.contains("People can connect it here"),
        "{seen}"
    );
    let seen = viewer.get(&connection).await.expect(200).text;
    assert!(
        seen.contains("Renewing it may fail until its app is mended:")
            && seen.contains(&format!("href=\"{page}\">To the app")),
        "{seen}"
    );
    // A check says more than a refresh, and stays until people can connect again.
    server.advance(4000).await;
    server.broker.refresh_tick().await.unwrap();
    let seen = viewer.get(&page).await.expect(200).text;
    assert!(!seen.contains(BADGE), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_says_what_it_made_and_takes_it_away() {
    let server = TestServer::start().await;
    let page = format!("{}/integrations/sandbox", home(&server));
    let (_, support) = operator(&server, Some(Role::Support)).await;
    let tried = async || support.get(&format!("{page}?tried=true")).await.expect(200).text;
    assert!(
        tried()
            .await
            .contains("Sandbox was not tried: its window was closed before it opened")
    );
    let location = support.post(&format!("{page}/try"), &[]).await.expect(303).location;
    assert!(location.contains("/connect/link/"), "{location}");
    let me = server.database.text("select identity from connect_links").await;

    // Begun, and left open.
    let session = server.session(&json!({ "identity": me })).await;
    let flow = server.begin(&session).await;
    let open = tried().await;
    assert!(
        open.contains("Sandbox is not connected yet: the other tab can still go on") && open.contains("data-refresh"),
        "{open}"
    );
    assert!(
        open.contains("Where it stopped:") && open.contains("Look at the attempt"),
        "{open}"
    );
    // Said no at the service.
    let browser = server.browser();
    let callback = browser.sign_in(&flow, Consent::Deny).await;
    browser.get(&callback).await.expect(303);
    let denied = tried().await;
    let attempt = server
        .database
        .text("select id::text from connect_sessions order by id desc limit 1")
        .await;
    assert!(
        denied.contains("Sandbox was not connected") && denied.contains(&format!("sessions/{attempt}\"")),
        "{denied}"
    );
    assert!(
        denied.contains("Try again") && !denied.contains("Remove this test connection"),
        "{denied}"
    );

    // Connected: what was made, with its account, and the way to take it away.
    let made = server.connect(&me, Consent::Allow(Account::Ann)).await;
    let id = made["id"].as_str().unwrap();
    let works = tried().await;
    for part in [
        "It works: you connected Sandbox",
        id,
        "Ann",
        "Try again",
        "Remove this test connection",
    ] {
        assert!(works.contains(part), "{part}: {works}");
    }
    let others = server.connect("u-7", Consent::Allow(Account::Ann)).await;
    let remove = format!("{page}/remove-test");
    for wrong in [
        others["id"].as_str().unwrap(),
        "",
        "nonsense",
        made["key"].as_str().unwrap_or("key"),
    ] {
        support.post(&remove, &[("connection", wrong)]).await.expect(404);
    }
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    viewer.post(&remove, &[("connection", id)]).await.expect(403);
    let (_, colleague) = operator(&server, Some(Role::Support)).await;
    colleague.post(&remove, &[("connection", id)]).await.expect(404);
    let removed = support.post(&remove, &[("connection", id)]).await.expect(303);
    assert_eq!(removed.location, format!("{page}?done=removed"));
    assert!(
        support
            .get(&removed.location)
            .await
            .text
            .contains("The test connection is removed")
    );
    assert!(tried().await.contains("the connection is gone again"));
    let left = "select count(*) from connections where deleted_at is null";
    assert_eq!(server.database.number(left).await, 1);
    let noted = "select count(*) from audit_log where action = 'connection.delete' and actor like 'operator:%'";
    assert_eq!(server.database.number(noted).await, 1);
}
