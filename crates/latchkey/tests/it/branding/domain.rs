//! A project's own domain, beside the server's own address.

use std::time::Duration;

use broker::{Broker, Caller, Scope};
use serde_json::{Value, json};
use store::{AppSettings, ProjectId};
use testkit::{Account, Browser, Consent, SHOP, TestServer};
use vault::{Environment, Token};

const ANN: Consent = Consent::Allow(Account::Ann);

fn operator(project: ProjectId) -> Caller {
    Caller {
        project,
        environment: Environment::Test,
        actor: broker::Actor::CommandLine,
        scopes: [Scope::Admin].into(),
    }
}

/// A domain on the server's port, as a proxy in front of it would have it on 443.
fn domain_of(server: &TestServer) -> String {
    let port = server.url.rsplit(':').next().unwrap();
    format!("http://brand.localhost:{port}")
}

async fn with_domain() -> (TestServer, String) {
    let server = TestServer::start().await;
    let domain = domain_of(&server);
    let set = server
        .broker
        .set_domain(&operator(server.project.id), Some(&domain))
        .await
        .unwrap();
    assert_eq!(set.as_deref(), Some(domain.as_str()));
    let audited = "select count(*) from audit_log where action = 'branding.domain_changed' and environment is null";
    assert_eq!(
        server.database.number(audited).await,
        1,
        "the command line acts in none"
    );
    (server, domain)
}

async fn framed(browser: &Browser, path: &str) -> testkit::Answer {
    browser
        .navigate(path, &[("sec-fetch-site", "cross-site"), ("referer", SHOP)])
        .await
}

async fn opened(browser: &Browser, session: &str) -> testkit::Answer {
    browser
        .post("/connect/api/session", Some(session), &json!({ "embedder": SHOP }))
        .await
}

/// From the modal on the domain to the last page; every address on the way.
async fn connected(server: &TestServer, browser: &Browser, mode: &str) -> (Vec<String>, Value) {
    let session = server.session(&json!({ "identity": "u-42" })).await;
    opened(browser, &session).await.expect(200);
    let flow = server.begin_in(browser, &session, "sandbox", mode).await;
    let mut way: Vec<String> = flow.url.clone().into_iter().collect();
    let callback = browser.sign_in(&flow, ANN).await;
    way.push(callback.clone());
    let mut next = callback;
    // A browser goes to each host with that host's cookies only.
    loop {
        let here = if next.starts_with(browser.origin()) {
            browser.clone()
        } else {
            server.browser()
        };
        let answer = here.get(&next).await.expect(303);
        answer.header("location").clone_into(&mut next);
        way.push(next.clone());
        if next.contains("/connect/done") {
            break;
        }
        assert!(way.len() < 6, "{way:?}");
    }
    (way, browser.check(&flow.result).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_works_on_the_domain() {
    let (server, domain) = with_domain().await;
    let browser = server.browser().at(&domain);
    let page = framed(&browser, &format!("/embed/{}", server.project.publishable_id))
        .await
        .expect(200);
    assert!(page.text.contains("/assets/"), "{}", page.text);
    // The address alone is the project's, whoever is the default one.
    framed(&browser, "/").await.expect(200);

    let (way, outcome) = connected(&server, &browser, "popup").await;
    assert_eq!(outcome["status"], "success", "{outcome}");
    // The app's callback address is the server's own: the answer is brought to where the cookie lies.
    assert!(
        way[0].starts_with(&format!("{}/connections/oauth/callback/", server.url)),
        "{way:?}"
    );
    assert!(
        way[1].starts_with(&format!("{domain}/connections/oauth/callback/")),
        "{way:?}"
    );
    assert!(way[2].starts_with(&format!("{domain}/connect/done?f=")), "{way:?}");
    assert!(browser.get(&way[2]).await.expect(200).text.contains("Sandbox"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choice_is_where_the_cookie_lies() {
    let server = TestServer::builder().with_sites().start().await;
    let domain = domain_of(&server);
    let operator = operator(server.project.id);
    server.broker.set_domain(&operator, Some(&domain)).await.unwrap();
    let browser = server.browser().at(&domain);
    let session = server.session(&json!({ "identity": "u-42" })).await;
    opened(&browser, &session).await.expect(200);
    let flow = server.begin_in(&browser, &session, "sandbox-sites", "popup").await;
    let mut next = browser.sign_in(&flow, ANN).await;
    while !next.contains("/connect/choose") {
        let here = if next.starts_with(browser.origin()) {
            browser.clone()
        } else {
            server.browser()
        };
        here.get(&next)
            .await
            .expect(303)
            .header("location")
            .clone_into(&mut next);
        assert!(!next.contains("/connect/done"), "{next}");
    }
    assert_eq!(next, format!("{domain}/connect/choose?f={}", flow.flow));
    browser.get(&next).await.expect(200);
    let path = |what: &str| format!("/connect/api/flows/{}/{what}", flow.flow);
    let list = browser
        .post(&path("choices"), None, &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(list["here"], true, "{list}");
    let picked = browser.post(&path("choose"), None, &json!({ "pick": 0 })).await;
    let end = picked.expect(200).json()["url"].as_str().unwrap().to_owned();
    assert!(end.starts_with(&format!("{domain}/connect/done?f=")), "{end}");
    assert_eq!(browser.check(&flow.result).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_can_be_on_the_domain_too() {
    let (server, domain) = with_domain().await;
    let settings = AppSettings {
        callback_origin: Some(domain.clone()),
        ..AppSettings::default()
    };
    let app = server
        .store
        .set_app(server.project.id, Environment::Test, "sandbox", &server.url, settings)
        .await
        .unwrap();
    assert!(app.redirect_uri().starts_with(&domain));
    sandbox::ensure_client(&server.store, server.project.id, Environment::Test, &app.redirect_uri())
        .await
        .unwrap();
    let browser = server.browser().at(&domain);
    let (way, outcome) = connected(&server, &browser, "popup").await;
    assert_eq!(outcome["status"], "success", "{outcome}");
    assert!(way.iter().all(|address| address.starts_with(&domain)), "{way:?}");
    // The service knows this address alone, so the domain stays.
    for next in [None, Some(domain.replace("brand.", "other."))] {
        let kept = server
            .broker
            .set_domain(&operator(server.project.id), next.as_deref())
            .await;
        let problem = kept.unwrap_err();
        assert_eq!(problem.key(), "domain_in_use");
        let says = format!("Services answer at {domain}: sandbox (test). Register another redirect address");
        assert!(problem.message().starts_with(&says), "{}", problem.message());
    }
    // And from the server's own address it is brought there.
    let main = server.browser();
    let session = server.session(&json!({ "identity": "u-43" })).await;
    let flow = server.begin(&session).await;
    let callback = main.sign_in(&flow, ANN).await;
    assert!(callback.starts_with(&domain), "{callback}");
    let brought = browser.at(&domain).get(&callback).await.expect(303);
    assert!(
        brought
            .header("location")
            .starts_with(&format!("{}/connections/oauth/callback/", server.url))
    );
    main.get(brought.header("location")).await.expect(303);
    assert_eq!(main.check(&flow.result).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_window_goes_over_the_domain() {
    let (server, domain) = with_domain().await;
    let browser = server.browser().at(&domain);
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let flow = server.begin_in(&browser, &session, "sandbox", "redirect").await;
    assert_eq!(flow.url, Some(format!("{domain}/connect/start?state={}", flow.result)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_is_our_own_address_and_is_told_nobody() {
    let (server, domain) = with_domain().await;
    for host in [
        "http://evil.test",
        "http://brand.localhost",
        "http://brand.localhost.evil.test",
        "http://x.brand.localhost",
    ] {
        let browser = server.browser().at(host);
        let page = framed(&browser, &format!("/embed/{}", server.project.publishable_id))
            .await
            .expect(200);
        let start = browser.navigate("/connect/start", &[]).await;
        let name = host.trim_start_matches("http://");
        for answer in [&page, &start] {
            let headers = format!("{:?}", answer.headers);
            assert!(!answer.text.contains(name) && !headers.contains(name), "{host}");
        }
        // A page of that host calls nothing of ours.
        let session = server.session(&json!({ "identity": "u-42" })).await;
        let refused = opened(&browser, &session).await;
        assert_eq!(refused.problem(403), "foreign_origin", "{host}");
        assert!(!refused.text.contains(name), "{}", refused.text);
    }
    // The domain and our own address do not call each other either.
    let session = server.session(&json!({ "identity": "u-42" })).await;
    let call = server
        .api("POST", "/connect/api/session")
        .no_key()
        .header("origin", &domain);
    let crossed = call
        .header("authorization", &format!("Bearer {session}"))
        .json(&json!({ "embedder": SHOP }));
    assert_eq!(crossed.send().await.problem(403), "foreign_origin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_shows_its_own_project_alone() {
    let (server, domain) = with_domain().await;
    let browser = server.browser().at(&domain);
    let (other, key) = server.another_project().await;
    server.store.add_origin(other, SHOP).await.unwrap();
    let publishable = server.store.project(other).await.unwrap().unwrap().publishable_id;
    assert_eq!(framed(&browser, &format!("/embed/{publishable}")).await.status, 404);
    let call = server
        .api("POST", "/v1/authkit/token")
        .key(&key)
        .json(&json!({ "identity": "u-1" }));
    let session = call.send().await.expect(200).json()["requestId"]
        .as_str()
        .unwrap()
        .to_owned();
    let refused = opened(&browser, &session).await;
    assert_eq!(refused.problem(403), "other_project");
    assert!(
        refused.text.contains("This address belongs to another app."),
        "{}",
        refused.text
    );
    opened(&server.browser(), &session).await.expect(200);
    // What belongs to the whole server is not there.
    for path in [
        "/docs",
        "/openapi.json",
        "/metrics",
        "/readyz",
        "/sandbox/authorize",
        "/demo",
        "/console",
        "/console/sign-in",
        "/console/welcome",
    ] {
        assert_eq!(browser.navigate(path, &[]).await.status, 404, "{path}");
    }
    browser.navigate("/healthz", &[]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_on_a_domain_takes_anything_of_another_project() {
    let (server, domain) = with_domain().await;
    let (here, main) = (server.browser().at(&domain), server.browser());
    let (other, key) = server.another_project().await;
    server.store.add_origin(other, SHOP).await.unwrap();
    let call = server.api("POST", "/v1/authkit/token").key(&key);
    let session = call.json(&json!({ "identity": "u-1" })).send().await.expect(200).json();
    let session = session["requestId"].as_str().unwrap();
    let flow = server.begin(session).await;

    // What a session opens, and what a flow's handle tells.
    let id = &flow.flow;
    let ticket = Token::generate().expose();
    let begin = json!({ "integration": "sandbox", "mode": "popup", "ticket": ticket, "embedder": SHOP });
    for (path, body) in [
        ("/connect/api/session".to_owned(), json!({ "embedder": SHOP })),
        ("/connect/api/form".to_owned(), json!({ "integration": "sandbox" })),
        (
            "/connect/api/submit".to_owned(),
            json!({ "integration": "sandbox", "embedder": SHOP }),
        ),
        ("/connect/api/flows".to_owned(), begin),
        (
            format!("/connect/api/flows/{id}/ticket"),
            json!({ "ticket": ticket, "proof": null }),
        ),
        (format!("/connect/api/flows/{id}/cancel"), json!({})),
        (format!("/connect/api/flows/{id}/choices"), json!({})),
        (format!("/connect/api/flows/{id}/choose"), json!({ "pick": 0 })),
        (format!("/connect/api/flows/{id}/widen"), json!({})),
        ("/connect/api/connections".to_owned(), json!({ "embedder": SHOP })),
        (format!("/connect/api/connections/{id}/disconnect"), json!({})),
        (format!("/connect/api/connections/{id}/reconnect"), json!({})),
    ] {
        let refused = here.post(&path, Some(session), &body).await;
        assert_eq!(refused.problem(403), "other_project", "{path}");
    }
    let checked = here.post("/connect/api/check", Some(&flow.result), &json!({})).await;
    assert_eq!(checked.problem(404), "flow_unknown");
    let events = server.api("GET", &format!("/connect/api/flows/{id}/events")).no_key();
    let events = events
        .header("host", domain.trim_start_matches("http://"))
        .header("authorization", &format!("Bearer {}", flow.result));
    assert_eq!(events.send().await.problem(404), "flow_unknown");
    assert_eq!(here.redeem(&flow).await.problem(403), "not_from_app");
    assert_eq!(
        main.check(&flow.result).await["stage"],
        "created",
        "nothing was done to it"
    );

    // A link, while it can be opened and when it is over.
    let call = server.api("POST", "/v1/connect/links").key(&key);
    let link = call
        .json(&json!({ "identity": "u-1", "verify": false }))
        .send()
        .await
        .expect(201)
        .json();
    let (_, secret) = link["url"].as_str().unwrap().split_once('#').unwrap();
    let (looking, pressing) = (json!({ "secret": secret }), json!({ "secret": secret, "click": true }));
    let unknown = async || {
        for (path, body) in [
            ("/connect/api/links/peek", &looking),
            ("/connect/api/links/open", &pressing),
        ] {
            let refused = here.post(path, None, body).await;
            assert_eq!(refused.problem(404), "link_unknown", "{path}");
            assert!(!refused.text.contains("Other"), "{}", refused.text);
        }
    };
    unknown().await;
    main.post("/connect/api/links/peek", None, &looking).await.expect(200);
    let path = format!("/v1/connect/links/{}", link["id"].as_str().unwrap());
    server.api("DELETE", &path).key(&key).send().await.expect(200);
    unknown().await;
    let over = main.post("/connect/api/links/peek", None, &looking).await;
    assert_eq!(over.problem(410), "link_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_for_the_address_that_it_was_made_on() {
    let (server, domain) = with_domain().await;
    let (here, main) = (server.browser().at(&domain), server.browser());
    for (own, foreign) in [(&here, &main), (&main, &here)] {
        let session = server.session(&json!({ "identity": "u-42" })).await;
        let flow = server.begin_in(own, &session, "sandbox", "popup").await;
        let refused = foreign.redeem(&flow).await;
        assert_eq!(refused.problem(403), "not_from_app");
        assert!(
            refused.text.contains(
                "This sign-in was started at another address than this one. Go back to the app and start again."
            ),
            "{}",
            refused.text
        );
        own.redeem(&flow).await.expect(200);
    }
}

/// Waits until the server knows whose domain it is.
async fn known(server: &TestServer, domain: &str, whose: Option<ProjectId>) {
    let host = domain.trim_start_matches("http://");
    let waiting = async {
        while server.broker.place(Some(host)).await.project != whose {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(in_time.is_ok(), "at most two seconds later");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_not_brought_to_a_domain_that_the_project_no_longer_has() {
    let (server, domain) = with_domain().await;
    let (other, _) = server.another_project().await;
    let own = operator(server.project.id);
    let away = async || {
        let browser = server.browser().at(&domain);
        let session = server.session(&json!({ "identity": "u-42" })).await;
        let flow = server.begin_in(&browser, &session, "sandbox", "popup").await;
        let callback = browser.sign_in(&flow, ANN).await;
        (browser, flow, callback)
    };
    let ended = async |answer: testkit::Answer, handle: &str| {
        assert_eq!(answer.status, 410, "{}", answer.text);
        assert!(answer.text.contains("This sign-in has ended"), "{}", answer.text);
        assert!(answer.headers.get("location").is_none());
        let told = server.browser().check(handle).await;
        assert_eq!(
            (&told["stage"], &told["code"]),
            (&json!("failed"), &json!("interrupted"))
        );
        let why = "The address that this sign-in was started at no longer belongs to the app.";
        assert!(told["message"].as_str().unwrap().starts_with(why), "{told}");
    };

    // Taken away.
    let (_, flow, callback) = away().await;
    server.broker.set_domain(&own, None).await.unwrap();
    ended(server.browser().get(&callback).await, &flow.result).await;

    // Given to another project: neither from the server's own address nor on the domain itself, where the cookie lies.
    server.broker.set_domain(&own, Some(&domain)).await.unwrap();
    known(&server, &domain, Some(server.project.id)).await;
    let (_, first, from_main) = away().await;
    let (browser, second, on_domain) = away().await;
    server.broker.set_domain(&own, None).await.unwrap();
    server.broker.set_domain(&operator(other), Some(&domain)).await.unwrap();
    ended(server.browser().get(&from_main).await, &first.result).await;
    known(&server, &domain, Some(other)).await;
    let here = on_domain.replace(&server.url, &domain);
    ended(browser.get(&here).await, &second.result).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_replicas_know_a_domain_soon() {
    let (server, domain) = with_domain().await;
    let beside = server.beside().await;
    let host = domain.trim_start_matches("http://").to_owned();
    let place = async |broker: &Broker| broker.place(Some(&host)).await.project;
    assert_eq!(place(&beside.broker).await, Some(server.project.id));
    server
        .broker
        .set_domain(&operator(server.project.id), None)
        .await
        .unwrap();
    let gone = async {
        while place(&beside.broker).await.is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .expect("at most two seconds later");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_of_a_domain_says_why() {
    let (server, domain) = with_domain().await;
    let (other, _) = server.another_project().await;
    let refused = async |domain: &str| {
        let problem = server
            .broker
            .set_domain(&operator(other), Some(domain))
            .await
            .unwrap_err();
        format!("{} {}", problem.key(), problem.message())
    };
    for (given, said) in [
        (server.url.as_str(), "domain_not_valid"),
        (
            server.url.as_str(),
            "is this server's own address. Give the project another one.",
        ),
        (domain.as_str(), "domain_taken Another project has this domain."),
        ("https://connect.example.test", "must both be https, or both be local"),
        (
            "https://*.example.test",
            "wildcards are not possible. An own domain is written as https://connect.example.com.",
        ),
        ("connect.example.test", "An own domain is written as"),
        ("http://connect.example.test", "use https; http is for localhost only"),
        (
            "http://brand.localhost/path",
            "leave out everything behind the host and port",
        ),
    ] {
        let text = refused(given).await;
        assert!(text.contains(said), "{given}: {text}");
    }
    let branding = Caller {
        scopes: [Scope::BrandingWrite].into(),
        ..operator(other)
    };
    let problem = server.broker.set_domain(&branding, None).await.unwrap_err();
    assert_eq!(problem.key(), "missing_scope");
}
