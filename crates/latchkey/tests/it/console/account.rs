//! The own password, and confirming that it is you.

use testkit::TestServer;

use super::factor::{send, set_up};
use super::{PASSWORD, Person, owner};

const ANN: &str = "ann@example.com";
const NEW: &str = "another harbour 11 crocus";

async fn change(person: &Person, present: &str, new: &str) -> super::Seen {
    person
        .post("/console/account/password", &[("present", present), ("new", new)])
        .await
}

async fn confirm(person: &Person, password: &str, code: &str) -> super::Seen {
    let form = [("password", password), ("code", code), ("next", "/console/account")];
    person.post("/console/confirm", &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_for_the_present_one() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let other = Person::new(&server);
    other.sign_in(ANN, PASSWORD).await.expect(303);
    let refused = change(&person, "not the password", NEW).await.expect(401);
    assert!(refused.text.contains("The password is wrong"), "{}", refused.text);
    assert!(!refused.text.contains(NEW) && !refused.text.contains("not the password"));
    for weak in ["short", "password1234", "ann@example.com1", ""] {
        let refused = change(&person, PASSWORD, weak).await.expect(422);
        assert!(refused.text.contains("id=\"new-problem\""), "{weak}: {}", refused.text);
    }
    other.get("/console/account").await.expect(200);

    let before = person.cookie("lk_operator").unwrap();
    let changed = change(&person, PASSWORD, NEW).await.expect(303);
    let page = person.get(&changed.location).await.expect(200).text;
    assert!(page.contains("Your password was changed"), "{page}");
    other.get("/console/account").await.expect(303);
    let replayed = Person::new(&server);
    replayed.keep("lk_operator", &before);
    replayed.get("/console/account").await.expect(303);
    other.sign_in(ANN, PASSWORD).await.expect(401);
    other.sign_in(ANN, NEW).await.expect(303);
    let noted = "select count(*) from audit_log where action = 'operator.password_changed'";
    assert_eq!(server.database.number(noted).await, 1);

    // Guessing it from an open session is slowed as a sign-in is.
    for number in 0..11 {
        let status = change(&person, "guess after guess", PASSWORD).await.status;
        assert_eq!(status, if number < 10 { 401 } else { 429 }, "{number}");
    }
    change(&person, NEW, PASSWORD).await.expect(429);
    confirm(&person, NEW, "").await.expect(429);
    // Which holds nobody else up.
    confirm(&other, NEW, "").await.expect(303);
    server.advance(901).await;
    change(&person, NEW, PASSWORD).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_alone_must_not_do_asks_for_a_proof() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    server.advance(590).await;
    person.post("/console/account/factor", &[]).await.expect(200);
    server.advance(11).await;
    let asked = person.post("/console/account/factor", &[]).await.expect(303);
    assert_eq!(
        asked.location,
        "/console/confirm?next=%2Fconsole%2Faccount%3Fdone%3Dproved"
    );
    let page = person.get(&asked.location).await.expect(200).text;
    assert!(
        page.contains("name=\"next\" value=\"/console/account?done=proved\"") && !page.contains("name=\"code\""),
        "{page}"
    );
    confirm(&person, "not the password", "").await.expect(401);
    confirm(&person, "", "").await.expect(401);
    person.post("/console/account/factor", &[]).await.expect(303);
    let before = person.cookie("lk_operator").unwrap();
    let proved = confirm(&person, PASSWORD, "").await.expect(303);
    assert_eq!(proved.location, "/console/account");
    // Whoever had the cookie before has none now.
    let thief = Person::new(&server);
    thief.keep("lk_operator", &before);
    thief.get("/console/account").await.expect(303);
    let (device, codes) = set_up(&server, &person).await;

    // With a factor, both.
    server.advance(601).await;
    let asked = person.post("/console/account/factor/codes", &[]).await.expect(303);
    let page = person.get(&asked.location).await.expect(200).text;
    assert!(page.contains("name=\"code\""), "{page}");
    let wrong = device.wrong(&server).await;
    for code in ["", wrong.as_str()] {
        confirm(&person, PASSWORD, code).await.expect(401);
    }
    let code = device.next(&server).await;
    confirm(&person, "not the password", &code).await.expect(401);
    confirm(&person, PASSWORD, &code).await.expect(303);
    person.post("/console/account/factor/codes", &[]).await.expect(200);
    send(&person, "/console/account/factor/remove", &codes[0])
        .await
        .expect(401);
    for (next, leads) in [("//evil.example", "/console"), ("https://evil.example", "/console")] {
        let code = device.next(&server).await;
        let form = [("password", PASSWORD), ("code", &code), ("next", next)];
        let came = person.post("/console/confirm", &form).await.expect(303);
        assert_eq!(came.location, leads, "{next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_is_told_how_to_get_one() {
    let server = TestServer::start().await;
    let link = server.broker.make_development_link().await.unwrap();
    let person = Person::new(&server);
    let body = serde_json::json!({ "secret": link.token.expose() });
    person.call("/console/api/welcome", &body).await.expect(200);
    for page in ["/console/account", "/console/confirm"] {
        let page = person.get(page).await.expect(200).text;
        assert!(
            page.contains("latchkey operators reset") && !page.contains("type=\"password\""),
            "{page}"
        );
    }
    change(&person, "", NEW).await.expect(401);
    confirm(&person, "", "").await.expect(401);
    confirm(&person, "nobody has this password", "").await.expect(401);
}
