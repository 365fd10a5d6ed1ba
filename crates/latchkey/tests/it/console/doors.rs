//! The first owner, the sign-in and its limits.

use serde_json::json;
use testkit::TestServer;

use super::{PASSWORD, Person, operators, owner, secret};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owners_link_opens_once_and_closes_for_good() {
    let server = TestServer::start().await;
    let person = Person::new(&server);
    let page = person.get("/console/sign-in").await.expect(200);
    assert!(page.text.contains("latchkey operators setup"), "{}", page.text);

    let (succeeded, printed) = operators(&server, &["setup", "--json"]);
    assert!(succeeded, "{printed}");
    let first = secret(&printed);
    let unused = secret(&operators(&server, &["setup", "--json"]).1);
    let looked = person
        .call("/console/api/welcome", &json!({ "secret": first }))
        .await
        .expect(200);
    assert_eq!(looked.json(), json!({ "purpose": "setup" }));
    for (email, password, key) in [
        ("ann@example.com", "short", "weak_password"),
        ("ann@example.com", "password1234", "weak_password"),
        ("ann", PASSWORD, "no_email"),
    ] {
        let refused = person.accept(&first, email, password).await.expect(422);
        assert_eq!(refused.json()["key"], key);
    }
    person.accept(&first, "Ann@Example.com", PASSWORD).await.expect(200);
    person.get("/console").await.expect(303);

    for used in [&first, &unused] {
        let over = person.accept(used, "eve@example.com", PASSWORD).await.expect(410);
        assert_eq!(over.json()["key"], "link_over");
    }
    let (succeeded, said) = operators(&server, &["setup"]);
    assert!(!succeeded && said.contains("There is an operator already"), "{said}");
    assert_eq!(server.database.number("select count(*) from operators").await, 1);
    let (_, listed) = operators(&server, &["list"]);
    assert!(
        listed.contains("Ann@Example.com") && listed.contains("owner of all projects"),
        "{listed}"
    );
    let noted = "select count(*) from audit_log where action in ('operator.link_used', 'operator.signed_in')";
    assert_eq!(server.database.number(noted).await, 2);
    let page = person.get("/console/welcome").await.expect(200);
    assert!(!page.text.contains("Ann"), "one page for every link");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_by_itself() {
    let server = TestServer::start().await;
    let (_, printed) = operators(&server, &["setup", "--json"]);
    server.advance(3_601).await;
    let refused = Person::new(&server)
        .accept(&secret(&printed), "ann@example.com", PASSWORD)
        .await;
    assert_eq!(refused.expect(410).json()["key"], "link_over");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_setups_at_once_make_one_owner() {
    let server = TestServer::start().await;
    let mut racing = tokio::task::JoinSet::new();
    // All before the first is used: then none is made any more.
    let mut links = Vec::new();
    for _ in 0..10 {
        links.push(server.broker.make_setup_link().await.unwrap());
    }
    for (number, link) in links.into_iter().enumerate() {
        let person = Person::new(&server);
        racing.spawn(async move {
            let email = format!("n{number}@example.com");
            person.accept(&link.token.expose(), &email, PASSWORD).await.status
        });
    }
    let ended = racing.join_all().await;
    assert_eq!(ended.iter().filter(|status| **status == 200).count(), 1, "{ended:?}");
    assert!(ended.iter().all(|status| [200, 409, 410].contains(status)), "{ended:?}");
    let owners =
        "select count(*) from operators o join operator_roles r on r.operator_id = o.id where r.role = 'owner'";
    assert_eq!(server.database.number(owners).await, 1);
    assert_eq!(server.database.number("select count(*) from operators").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_are_one_answer() {
    let server = TestServer::start().await;
    owner(&server).await;
    let wrong = Person::new(&server)
        .sign_in("ann@example.com", "not the password")
        .await;
    let unknown = Person::new(&server)
        .sign_in("bob@example.com", "not the password")
        .await;
    let nonsense = Person::new(&server).sign_in("", "").await;
    // The page repeats what was typed, and carries a nonce.
    let plain = |text: &str, email: &str| {
        let nonce = text.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        text.replace(nonce, "").replace(email, "EMAIL")
    };
    let wrong = wrong.expect(401);
    assert!(
        wrong.text.contains("The address or the password is wrong"),
        "{}",
        wrong.text
    );
    assert_eq!(
        plain(&wrong.text, "ann@example.com"),
        plain(&unknown.expect(401).text, "bob@example.com")
    );
    assert!(wrong.cookies.is_empty() && !wrong.text.contains("not the password"));
    nonsense.expect(401);
    let refused = "select count(*) from audit_log where action = 'operator.sign_in_refused'";
    assert_eq!(server.database.number(refused).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_however_it_is_written_and_the_owner_comes_in() {
    let server = TestServer::start().await;
    let known = owner(&server).await;
    let guesser = Person::new(&server);
    let mut last = 0;
    for number in 0..11 {
        let email = [
            "ann@example.com",
            " ANN@example.com ",
            "Ann@EXAMPLE.com",
            "ａnn@example.com",
        ][number % 4];
        let forged = guesser.clone().with("x-forwarded-for", &format!("198.51.100.{number}"));
        last = forged.sign_in(email, "guess after guess").await.status;
        assert_eq!(last == 429, number == 10, "{number}: {last}");
    }
    assert_eq!(last, 429);
    // Also with the right password: nothing tells that it is right.
    let refused = guesser.sign_in("ann@example.com", PASSWORD).await.expect(429);
    assert!(refused.text.contains("too many attempts"), "{}", refused.text);
    // The owner's own browser.
    known.keep("lk_operator", "");
    known.sign_in("ann@example.com", PASSWORD).await.expect(303);
    // A cookie of one's own invention is no such browser.
    let forger = Person::new(&server);
    forger.keep("lk_known", &"0".repeat(64));
    forger.sign_in("ann@example.com", PASSWORD).await.expect(429);
    server.advance(901).await;
    guesser.sign_in("ann@example.com", PASSWORD).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_leads_back_to_the_page_and_nowhere_else() {
    let server = TestServer::start().await;
    owner(&server).await;
    let asked = Person::new(&server).get("/console/account").await.expect(303);
    assert_eq!(asked.location, "/console/sign-in?next=%2Fconsole%2Faccount");
    for (next, leads) in [
        ("/console/account", "/console/account"),
        ("//evil.example", "/console"),
        ("https://evil.example", "/console"),
        ("/v1/whatever", "/console"),
    ] {
        let form = [("email", "ann@example.com"), ("password", PASSWORD), ("next", next)];
        let came = Person::new(&server).post("/console/sign-in", &form).await.expect(303);
        assert_eq!(came.location, leads, "{next}");
    }
}
