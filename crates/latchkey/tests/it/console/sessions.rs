//! Sessions: their cookie, their end, and calls that are not the person's own.

use serde_json::json;
use testkit::TestServer;

use super::{PASSWORD, Person, home, operators, owner, secret};

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_out_of_reach_and_new_with_each_sign_in() {
    let server = TestServer::start().await;
    owner(&server).await;
    let person = Person::new(&server);
    // What somebody else put there before.
    let planted = vault::Token::generate().expose();
    person.keep("lk_operator", &planted);
    let came = person.sign_in("ann@example.com", PASSWORD).await.expect(303);
    let session = came
        .cookies
        .iter()
        .find(|cookie| cookie.starts_with("lk_operator="))
        .unwrap();
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
        assert!(session.contains(part), "{session}");
    }
    assert!(!session.contains("Max-Age") && !session.contains("Domain"), "{session}");
    let first = person.cookie("lk_operator").unwrap();
    assert_ne!(first, planted);
    person.sign_in("ann@example.com", PASSWORD).await.expect(303);
    assert_ne!(person.cookie("lk_operator").unwrap(), first);
    let stored = "select count(*) from operator_sessions where token_hash = convert_to('x', 'utf8')";
    assert_eq!(server.database.number(stored).await, 0);
    assert!(
        !server.database.dump().await.contains(&first),
        "only its digest is kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_should() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let account = "/console/account";

    // Sign-out, also for whoever kept the cookie.
    let kept = person.cookie("lk_operator").unwrap();
    person.post("/console/sign-out", &[]).await.expect(303);
    person.keep("lk_operator", &kept);
    person.get(account).await.expect(303);

    // Another browser ends this one.
    let other = Person::new(&server);
    person.sign_in("ann@example.com", PASSWORD).await.expect(303);
    other.sign_in("ann@example.com", PASSWORD).await.expect(303);
    let page = other.get(account).await.expect(200).text;
    let end = page.split("action=\"/console/account/sessions/").nth(1).unwrap();
    let id = end.split('/').next().unwrap();
    assert_eq!(page.matches("/end\"").count(), 1, "{page}");
    assert!(page.contains("This one"), "{page}");
    let ended = other
        .post(&format!("/console/account/sessions/{id}/end"), &[])
        .await
        .expect(303);
    assert_eq!(ended.location, "/console/account?ended=true");
    person.get(account).await.expect(303);

    // A new password.
    let printed = operators(&server, &["reset", "ANN@example.com", "--json"]).1;
    let new = "another harbour 11 crocus";
    let third = Person::new(&server);
    let looked = third
        .call("/console/api/welcome", &json!({ "secret": secret(&printed) }))
        .await
        .expect(200);
    assert_eq!(looked.json(), json!({ "purpose": "reset" }));
    third.accept(&secret(&printed), "", new).await.expect(200);
    third.get(account).await.expect(200);
    other.get(account).await.expect(303);
    Person::new(&server)
        .sign_in("ann@example.com", PASSWORD)
        .await
        .expect(401);
    Person::new(&server).sign_in("ann@example.com", new).await.expect(303);
    let (succeeded, said) = operators(&server, &["reset", "bob@example.com"]);
    assert!(!succeeded && said.contains("does not exist"), "{said}");

    // Two hours without use, and twelve in any case.
    server.advance(7_300).await;
    third.get(account).await.expect(303);
    let fourth = Person::new(&server);
    fourth.sign_in("ann@example.com", new).await.expect(303);
    for _ in 0..7 {
        fourth.get(account).await.expect(200);
        server.advance(6_000).await;
    }
    fourth.get(account).await.expect(200);
    server.advance(6_000).await;
    fourth.get(account).await.expect(303);

    // Somebody who may not sign in any more.
    let fifth = Person::new(&server);
    fifth.sign_in("ann@example.com", new).await.expect(303);
    server
        .database
        .execute("update operators set disabled_at = latchkey_now()")
        .await;
    fifth.get(account).await.expect(303);
    fifth.sign_in("ann@example.com", new).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_signs_in_does_so_once() {
    let server = TestServer::start().await;
    let link = server.broker.make_development_link().await.unwrap();
    let body = json!({ "secret": link.token.expose() });
    let person = Person::new(&server);
    let came = person.call("/console/api/welcome", &body).await.expect(200);
    assert_eq!(came.json(), json!({ "purpose": "sign_in", "next": "/console" }));
    person.get(&home(&server)).await.expect(200);
    let again = Person::new(&server)
        .call("/console/api/welcome", &body)
        .await
        .expect(410);
    assert!(again.cookies.is_empty());
    let accepted = Person::new(&server)
        .accept(&link.token.expose(), "eve@example.com", PASSWORD)
        .await;
    accepted.expect(410);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_origin_changes_anything() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let connection = format!("{}/connections/{}", home(&server), store::ConnectionId::generate());
    let posts = [
        "/console/sign-in".to_owned(),
        "/console/sign-out".to_owned(),
        "/console/api/welcome".to_owned(),
        "/console/api/welcome/accept".to_owned(),
        format!("/console/account/sessions/{}/end", store::OperatorSessionId::generate()),
        format!("{connection}/test"),
        format!("{connection}/refresh"),
        format!("{connection}/delete"),
        format!("{connection}/reveal"),
        "/console/sign-in/code".to_owned(),
        "/console/confirm".to_owned(),
        "/console/account/password".to_owned(),
        "/console/account/factor".to_owned(),
        "/console/account/factor/confirm".to_owned(),
        "/console/account/factor/codes".to_owned(),
        "/console/account/factor/remove".to_owned(),
    ];
    for path in posts {
        for origin in [None, Some("https://evil.example"), Some("null")] {
            let from = person.clone().from(origin);
            let refused = if path.contains("/api/") {
                from.call(&path, &json!({ "secret": vault::Token::generate().expose() }))
                    .await
            } else {
                from.post(&path, &[("email", "ann@example.com"), ("password", PASSWORD)])
                    .await
            };
            assert_eq!(refused.status, 403, "{path} from {origin:?}: {}", refused.text);
            assert!(refused.cookies.is_empty());
        }
        let site = person.clone().with("sec-fetch-site", "same-site");
        let refused = site
            .send(
                reqwest::Method::POST,
                &path,
                Some(("application/json", "{}".to_owned())),
            )
            .await;
        assert_eq!(refused.status, 403, "{path} from another site");
    }
    person.get("/console/account").await.expect(200);
}

/// Whoever is at the door.
fn visitor() -> broker::Visitor {
    broker::Visitor {
        address: std::net::Ipv4Addr::new(192, 0, 2, 9).into(),
        browser: String::new(),
        known: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_under_way_ends_with_its_password() {
    let server = TestServer::start().await;
    owner(&server).await;
    let operator: store::OperatorId = server
        .database
        .text("select id::text from operators")
        .await
        .parse()
        .unwrap();
    let verified = server.database.text("select password from operators").await;
    let begin = |verified: Option<String>| {
        let verified = verified.map_or(store::Verified::Link, store::Verified::Password);
        let new = store::NewOperatorSession {
            id: store::OperatorSessionId::generate(),
            operator,
            lifetime: std::time::Duration::from_hours(1),
            browser: String::new(),
            address: "192.0.2.9".to_owned(),
            verified,
        };
        let store = server.store.clone();
        async move {
            let digest = vault::Token::generate().digest();
            store.begin_operator_session(&digest, &new, None).await.unwrap()
        }
    };
    let half = |verified: String| {
        let store = server.store.clone();
        async move {
            let (digest, ttl) = (vault::Token::generate().digest(), std::time::Duration::from_mins(5));
            store.begin_sign_in(&digest, operator, &verified, ttl).await.unwrap()
        }
    };
    assert!(begin(Some(verified.clone())).await && half(verified.clone()).await);
    // Switched off.
    let database = &server.database;
    database
        .execute("update operators set disabled_at = latchkey_now()")
        .await;
    assert!(!begin(Some(verified.clone())).await && !half(verified.clone()).await && !begin(None).await);
    database.execute("update operators set disabled_at = null").await;
    // Another password, by a reset.
    let printed = operators(&server, &["reset", "ann@example.com", "--json"]).1;
    Person::new(&server)
        .accept(&secret(&printed), "", "another harbour 11 crocus")
        .await
        .expect(200);
    let before = database.number("select count(*) from operator_sessions").await;
    assert!(!begin(Some(verified.clone())).await && !half(verified).await);
    assert_eq!(database.number("select count(*) from operator_sessions").await, before);
    assert!(begin(None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_changes_while_it_is_looked_at_lets_nobody_in() {
    let server = TestServer::start().await;
    owner(&server).await;
    let database = &server.database;
    // The change comes first and is under way while the old one is found right.
    let mut changing = database.pool().begin().await.unwrap();
    sqlx::query("update operators set password = 'x'")
        .execute(&mut *changing)
        .await
        .unwrap();
    let broker = server.broker.clone();
    let signing = tokio::spawn(async move {
        let sign_in = broker::SignIn {
            email: "ann@example.com".to_owned(),
            password: vault::SecretString::from(PASSWORD),
        };
        broker.sign_in(&sign_in, &visitor()).await
    });
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock' and query like '%signed_in_at%'";
    for _ in 0..400 {
        if database.number(waiting).await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(database.number(waiting).await, 1, "it did not come so far");
    changing.commit().await.unwrap();
    let refused = signing.await.unwrap().unwrap_err();
    assert_eq!(refused.key(), "wrong_credentials");
    // The owner's first session alone.
    assert_eq!(database.number("select count(*) from operator_sessions").await, 1);
    let noted = "select count(*) from audit_log where action = 'operator.signed_in'";
    assert_eq!(database.number(noted).await, 1, "what was refused is not told as done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_changes_nothing_that_the_log_cannot_tell() {
    let server = TestServer::start().await;
    let database = &server.database;
    let count = "select count(*) from operators";
    let (_, printed) = operators(&server, &["setup", "--json"]);
    refuse(&server, "operator.link_used").await;
    let person = Person::new(&server);
    let failed = person.accept(&secret(&printed), "ann@example.com", PASSWORD).await;
    assert!(failed.status >= 500, "{}", failed.text);
    assert_eq!(database.number(count).await, 0);
    accept_all(&server).await;
    person
        .accept(&secret(&printed), "ann@example.com", PASSWORD)
        .await
        .expect(200);
    let before = database.text("select password from operators").await;

    // A reset.
    let printed = operators(&server, &["reset", "ann@example.com", "--json"]).1;
    refuse(&server, "operator.link_used").await;
    let failed = Person::new(&server)
        .accept(&secret(&printed), "", "another harbour 11 crocus")
        .await;
    assert!(failed.status >= 500, "{}", failed.text);
    assert_eq!(database.text("select password from operators").await, before);
    person.get("/console/account").await.expect(200);
    accept_all(&server).await;

    // An invitation.
    let invite = [("email", "cleo@example.com"), ("role", "admin")];
    let page = person
        .post(&format!("{}/team/invite", home(&server)), &invite)
        .await
        .expect(200)
        .text;
    let link = page.split("/console/invitation#").nth(1).unwrap();
    let link: String = link.chars().take(43).collect();
    let joining = json!({ "secret": link, "password": PASSWORD });
    refuse(&server, "operator.joined").await;
    let failed = Person::new(&server)
        .call("/console/api/invitation/accept", &joining)
        .await;
    assert!(failed.status >= 500, "{}", failed.text);
    assert_eq!(database.number(count).await, 1);
    accept_all(&server).await;
    Person::new(&server)
        .call("/console/api/invitation/accept", &joining)
        .await
        .expect(200);
    assert_eq!(database.number(count).await, 2);
}

/// The log takes no line of this action.
async fn refuse(server: &TestServer, action: &str) {
    let database = &server.database;
    database
        .execute(&format!(
            "create function refuse_line() returns trigger language plpgsql as
             $$ begin if new.action = '{action}' then raise exception 'no room'; end if; return new; end $$"
        ))
        .await;
    database
        .execute("create trigger refuse_line before insert on audit_log for each row execute function refuse_line()")
        .await;
}

async fn accept_all(server: &TestServer) {
    server.database.execute("drop function refuse_line cascade").await;
}
