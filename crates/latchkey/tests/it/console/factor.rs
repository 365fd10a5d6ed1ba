//! Two-step sign-in: set up, codes that work once, recovery codes, switched off.

use testkit::TestServer;
use totp_rs::{Builder, Secret, Totp};

use super::{PASSWORD, Person, Seen, operators, owner, secret};

const ANN: &str = "ann@example.com";

/// The secret on a page.
fn shown_secret(page: &str) -> &str {
    page.split("data-copy=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// Whole seconds, by the clock of the database.
async fn now(server: &TestServer) -> i64 {
    let now = "select floor(extract(epoch from latchkey_now()))::bigint";
    server.database.number(now).await
}

/// An app that makes codes.
pub(super) struct Device(Totp);

impl Device {
    /// One that was given the secret of this page.
    fn of(page: &str) -> Self {
        let secret = Secret::try_from_base32(shown_secret(page)).unwrap();
        assert_eq!(secret.as_bytes().len(), 20);
        Self(Builder::new().with_secret(secret).build().unwrap())
    }

    /// The code of now, by the clock of the database, or so many steps off.
    pub(super) async fn code(&self, server: &TestServer, steps: i64) -> String {
        let time = now(server).await + steps * 30;
        self.0.generate(time.try_into().unwrap()).to_string()
    }

    /// One that has not been used: of the next step, which begins now.
    pub(super) async fn next(&self, server: &TestServer) -> String {
        server.advance(30 - now(server).await % 30).await;
        self.code(server, 0).await
    }

    /// One that does not fit now.
    pub(super) async fn wrong(&self, server: &TestServer) -> String {
        let right = [
            self.code(server, -1).await,
            self.code(server, 0).await,
            self.code(server, 1).await,
            self.code(server, 2).await,
        ];
        (0..6)
            .map(|number| format!("{number:06}"))
            .find(|code| !right.contains(code))
            .unwrap()
    }
}

/// The recovery codes on a page.
fn recovery_codes(page: &str) -> Vec<String> {
    let codes = page.split("<li><code>").skip(1);
    codes.map(|part| part.split('<').next().unwrap().to_owned()).collect()
}

/// Sets a device up for somebody who is signed in.
pub(super) async fn set_up(server: &TestServer, person: &Person) -> (Device, Vec<String>) {
    let page = person.post("/console/account/factor", &[]).await.expect(200).text;
    let device = Device::of(&page);
    let code = device.code(server, 0).await;
    let shown = send(person, "/console/account/factor/confirm", &code).await.expect(200);
    (device, recovery_codes(&shown.text))
}

pub(super) async fn send(person: &Person, path: &str, code: &str) -> Seen {
    person.post(path, &[("code", code)]).await
}

/// Somebody who gave the right password.
pub(super) async fn half(server: &TestServer) -> Person {
    let person = Person::new(server);
    let asked = person.sign_in(ANN, PASSWORD).await.expect(303);
    assert!(
        asked.location.starts_with("/console/sign-in/code"),
        "{}",
        asked.location
    );
    assert!(person.cookie("lk_operator").is_none(), "{:?}", asked.cookies);
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_counts_once_a_code_was_given() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let other = Person::new(&server);
    other.sign_in(ANN, PASSWORD).await.expect(303);

    let page = person.post("/console/account/factor", &[]).await.expect(200).text;
    for part in ["<svg", "otpauth://totp/Latchkey:ann%40example.com?secret="] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let device = Device::of(&page);
    // It does not count yet, and a second begin makes another secret.
    other.sign_in(ANN, PASSWORD).await.expect(303);
    other.get("/console/account").await.expect(200);
    let again = person.post("/console/account/factor", &[]).await.expect(200).text;
    let old = device.code(&server, 0).await;
    send(&person, "/console/account/factor/confirm", &old).await.expect(401);
    let device = Device::of(&again);
    let wrong = device.wrong(&server).await;
    let refused = send(&person, "/console/account/factor/confirm", &wrong)
        .await
        .expect(401);
    assert!(refused.text.contains("This code does not fit"), "{}", refused.text);
    assert_eq!(shown_secret(&refused.text), shown_secret(&again), "the same secret");

    let code = device.code(&server, 0).await;
    let shown = send(&person, "/console/account/factor/confirm", &code)
        .await
        .expect(200);
    let codes = recovery_codes(&shown.text);
    assert_eq!(codes.len(), 10);
    other.get("/console/account").await.expect(303);
    let account = person.get("/console/account").await.expect(200).text;
    assert!(account.contains("10 recovery codes are left"), "{account}");
    send(&person, "/console/account/factor/confirm", &code)
        .await
        .expect(409);
    person.post("/console/account/factor", &[]).await.expect(409);

    // Shown once: neither on a page, nor readable in the database.
    let base32 = shown_secret(&again);
    let dump = server.database.dump().await;
    let raw = hex::encode(Secret::try_from_base32(base32).unwrap().as_bytes());
    for hidden in codes.iter().map(String::as_str).chain([base32, raw.as_str()]) {
        assert!(!dump.contains(hidden) && !account.contains(hidden), "{hidden}");
        assert!(!dump.contains(&hidden.replace('-', "")), "{hidden}");
    }

    // Now the password is half of it.
    let half = half(&server).await;
    half.get("/console/account").await.expect(303);
    half.get("/console/sign-in/code").await.expect(200);
    let wrong = device.wrong(&server).await;
    let refused = send(&half, "/console/sign-in/code", &wrong).await.expect(401);
    assert!(refused.text.contains("This code is wrong") && refused.cookies.is_empty());
    let code = device.next(&server).await;
    let came = half
        .post("/console/sign-in/code", &[("code", &code), ("next", "//evil.example")])
        .await
        .expect(303);
    assert_eq!(came.location, "/console");
    half.get("/console/account").await.expect(200);
    for action in ["factor_begun", "factor_added", "password_accepted", "code_refused"] {
        let noted = format!("select count(*) from audit_log where action = 'operator.{action}'");
        assert!(server.database.number(&noted).await > 0, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_also_at_once() {
    let server = TestServer::start().await;
    let (device, _) = set_up(&server, &owner(&server).await).await;
    let mut racing = tokio::task::JoinSet::new();
    let mut people = Vec::new();
    for _ in 0..8 {
        people.push(half(&server).await);
    }
    let code = device.next(&server).await;
    let (before, after) = (device.code(&server, -1).await, device.code(&server, 1).await);
    for person in people {
        let code = code.clone();
        racing.spawn(async move { send(&person, "/console/sign-in/code", &code).await.status });
    }
    let mut ended = racing.join_all().await;
    ended.sort_unstable();
    assert_eq!(ended, [303, 401, 401, 401, 401, 401, 401, 401]);
    // Later, while its time lasts, and the one before it.
    let late = half(&server).await;
    for used in [&code, &before] {
        send(&late, "/console/sign-in/code", used).await.expect(401);
    }
    // The clock of a device may be half a minute off.
    send(&late, "/console/sign-in/code", &after).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_codes_work_once_and_a_new_set_ends_the_old() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let (_, codes) = set_up(&server, &person).await;
    let written = codes[0].to_lowercase().replace('-', " ");
    let half_in = half(&server).await;
    send(&half_in, "/console/sign-in/code", &written).await.expect(303);
    half_in.get("/console/account").await.expect(200);
    let again = half(&server).await;
    send(&again, "/console/sign-in/code", &codes[0]).await.expect(401);
    let account = person.get("/console/account").await.expect(200).text;
    assert!(account.contains("9 recovery codes are left"), "{account}");

    // Of two at once, one.
    let (one, other) = (half(&server).await, half(&server).await);
    let (one, other) = tokio::join!(
        send(&one, "/console/sign-in/code", &codes[1]),
        send(&other, "/console/sign-in/code", &codes[1])
    );
    assert_eq!(one.status + other.status, 303 + 401);

    let page = person.post("/console/account/factor/codes", &[]).await.expect(200).text;
    let fresh = recovery_codes(&page);
    assert!(fresh.len() == 10 && !fresh.contains(&codes[2]));
    send(&again, "/console/sign-in/code", &codes[2]).await.expect(401);
    send(&again, "/console/sign-in/code", &fresh[0]).await.expect(303);
    let used = "select count(*) from audit_log where action = 'operator.recovery_code_used'";
    assert_eq!(server.database.number(used).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_off_takes_a_code_and_a_reset_takes_the_factor() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let (device, codes) = set_up(&server, &person).await;
    let remove = "/console/account/factor/remove";
    let wrong = device.wrong(&server).await;
    let refused = send(&person, remove, &wrong).await.expect(401);
    assert!(refused.text.contains("This code is wrong"), "{}", refused.text);
    send(&person, remove, "").await.expect(401);
    half(&server).await;
    let code = device.next(&server).await;
    let off = send(&person, remove, &code).await.expect(303);
    let page = person.get(&off.location).await.expect(200).text;
    assert!(page.contains("Two-step sign-in is off"), "{page}");
    send(&person, remove, &code).await.expect(409);
    let plain = Person::new(&server);
    assert_eq!(plain.sign_in(ANN, PASSWORD).await.expect(303).location, "/console");
    // Its recovery codes went with it.
    let (_, fresh) = set_up(&server, &person).await;
    send(&person, remove, &codes[3]).await.expect(401);
    send(&person, remove, &fresh[3]).await.expect(303);

    set_up(&server, &person).await;
    let waiting = half(&server).await;
    let (succeeded, printed) = operators(&server, &["reset", ANN]);
    assert!(
        succeeded && printed.contains("two-step sign-in is off then"),
        "{printed}"
    );
    let link = secret(&operators(&server, &["reset", ANN, "--json"]).1);
    half(&server).await;
    let new = "another harbour 11 crocus";
    Person::new(&server).accept(&link, "", new).await.expect(200);
    let came = Person::new(&server).sign_in(ANN, new).await.expect(303);
    assert_eq!(came.location, "/console", "the factor is gone");
    let gone = waiting.get("/console/sign-in/code").await.expect(303);
    assert_eq!(gone.location, "/console/sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_sign_in_opens_nothing_and_ends_by_itself() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let (device, _) = set_up(&server, &person).await;
    let half_in = half(&server).await;
    let token = half_in.cookie("lk_half").unwrap();
    assert!(
        !server.database.dump().await.contains(&token),
        "only its digest is kept"
    );
    // It is no session, and a session is none.
    half_in.keep("lk_operator", &token);
    half_in.get("/console/account").await.expect(303);
    let swapped = Person::new(&server);
    swapped.keep("lk_half", &person.cookie("lk_operator").unwrap());
    let code = device.next(&server).await;
    send(&swapped, "/console/sign-in/code", &code).await.expect(303);
    assert!(swapped.cookie("lk_operator").is_none());
    Person::new(&server).get("/console/sign-in/code").await.expect(303);

    // An operator who was switched off meanwhile.
    server
        .database
        .execute("update operators set disabled_at = latchkey_now()")
        .await;
    let late = send(&half_in, "/console/sign-in/code", &code).await.expect(303);
    assert_eq!(late.location, "/console/sign-in?over=true");
    server.database.execute("update operators set disabled_at = null").await;

    let half_in = half(&server).await;
    server.advance(301).await;
    let code = device.code(&server, 0).await;
    let late = send(&half_in, "/console/sign-in/code", &code).await.expect(303);
    let said = half_in.get(&late.location).await.expect(200).text;
    assert!(said.contains("took more than five minutes"), "{said}");
    half_in.get("/console/account").await.expect(303);
    // And what was not finished of a setup.
    let link = secret(&operators(&server, &["reset", ANN, "--json"]).1);
    person.accept(&link, "", PASSWORD).await.expect(200);
    let page = person.post("/console/account/factor", &[]).await.expect(200).text;
    server.advance(901).await;
    let code = Device::of(&page).code(&server, 0).await;
    let late = send(&person, "/console/account/factor/confirm", &code)
        .await
        .expect(409);
    assert!(late.text.contains("There is no setup to finish"), "{}", late.text);
}
