//! Guessing: many at once, for long, and what can be told from how long an answer takes.

use std::time::{Duration, Instant};

use broker::{Entered, SignIn, Visitor};
use testkit::TestServer;
use vault::SecretString;

use super::factor::{half, send, set_up};
use super::{PASSWORD, Person, owner};

const ANN: &str = "ann@example.com";

/// Somebody at an address of their own.
fn visitor(number: u32) -> Visitor {
    let [_, one, two, three] = number.to_be_bytes();
    Visitor {
        address: std::net::Ipv4Addr::new(10, one, two, three).into(),
        browser: String::new(),
        known: None,
    }
}

fn attempt(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: SecretString::from(password),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guesses_at_once_count_as_a_hundred() {
    let server = TestServer::builder().pool_wait(Duration::from_secs(20)).start().await;
    let known = owner(&server).await;
    let mut guessing = tokio::task::JoinSet::new();
    for number in 0..100 {
        let person = Person::new(&server).with("x-forwarded-for", &format!("198.51.100.{number}"));
        let email = [
            "ann@example.com",
            " ANN@Example.com",
            "Ann@EXAMPLE.COM ",
            "ａnn@example.com",
        ][number % 4];
        guessing.spawn(async move { person.sign_in(email, "guess after guess").await.status });
    }
    let ended = guessing.join_all().await;
    assert!(ended.iter().all(|status| [401, 429].contains(status)), "{ended:?}");
    assert_eq!(ended.iter().filter(|status| **status == 401).count(), 10);
    // From a thousand addresses: the account's own limit.
    for number in 0..100 {
        let _ = server.broker.sign_in(&attempt(ANN, "guess"), &visitor(number)).await;
    }
    let refused = server.broker.sign_in(&attempt(ANN, PASSWORD), &visitor(5_000)).await;
    assert_eq!(refused.unwrap_err().key(), "too_many_attempts");
    // The owner's own browser meanwhile.
    known.keep("lk_operator", "");
    known.sign_in(ANN, PASSWORD).await.expect(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_codes_few_are_looked_at() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let (device, codes) = set_up(&server, &person).await;
    let looked = "select count(*) from audit_log where action = 'operator.code_refused'";
    let wrong = device.wrong(&server).await;
    let guesser = half(&server).await;
    let mut guessing = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (guesser, wrong) = (guesser.clone(), wrong.clone());
        guessing.spawn(async move { send(&guesser, "/console/sign-in/code", &wrong).await.status });
    }
    let ended = guessing.join_all().await;
    assert_eq!(ended.iter().filter(|status| **status == 401).count(), 10, "{ended:?}");
    assert_eq!(server.database.number(looked).await, 10);

    // And then ten thousand, from as many addresses, over sign-ins of its own: none more.
    let Entered::Half(token) = server
        .broker
        .sign_in(&attempt(ANN, PASSWORD), &visitor(1))
        .await
        .unwrap()
    else {
        panic!("no code is asked for");
    };
    for number in 0..10_000_u32 {
        let code = format!("{number:06}");
        let refused = server.broker.finish_sign_in(&token, &code, &visitor(number)).await;
        assert_eq!(refused.unwrap_err().key(), "too_many_attempts", "{number}");
        if number % 1_000 == 999 {
            // A sign-in that waits ends after five minutes, whatever the clock of this machine does.
            server
                .database
                .execute("update operator_sign_ins set ends_at = latchkey_now() + interval '5 minutes'")
                .await;
        }
    }
    assert_eq!(server.database.number(looked).await, 10);
    // Also with the right one.
    let right = device.next(&server).await;
    send(&guesser, "/console/sign-in/code", &right).await.expect(429);
    send(&guesser, "/console/sign-in/code", &codes[0]).await.expect(429);

    // A browser in which the operator has signed in before.
    person.keep("lk_operator", "");
    person.sign_in(ANN, PASSWORD).await.expect(303);
    send(&person, "/console/sign-in/code", &right).await.expect(303);
    person.get("/console/account").await.expect(200);

    // Waiting helps a guesser fifty times a day.
    let mut seen = 0;
    for round in 0..6 {
        server.advance(901).await;
        let guesser = half(&server).await;
        for _ in 0..10 {
            let wrong = device.wrong(&server).await;
            let status = send(&guesser, "/console/sign-in/code", &wrong).await.status;
            assert!([401, 429].contains(&status), "{round}: {status}");
            seen += usize::from(status == 401);
        }
    }
    assert_eq!(seen, 40, "with the ten of before");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_an_answer_does_not_tell_whether_the_operator_exists() {
    let server = TestServer::start().await;
    owner(&server).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..40 {
        for (email, times) in [(ANN, &mut known), ("bob@example.com", &mut unknown)] {
            let begun = Instant::now();
            let refused = server
                .broker
                .sign_in(&attempt(email, "not the password"), &visitor(number))
                .await;
            times.push(begun.elapsed());
            assert_eq!(refused.unwrap_err().key(), "wrong_credentials");
        }
    }
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    let ratio = middle(&mut known) / middle(&mut unknown);
    // Looking at a hash takes ten times as long as the rest: without it this would be far off.
    assert!((0.6..1.7).contains(&ratio), "{ratio}");
}

/// What this process has in memory.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_sign_ins_at_once_take_little_memory_and_hold_nobody_up() {
    const MIB: u64 = 1_024 * 1_024;
    let server = TestServer::start().await;
    owner(&server).await;
    let page = Person::new(&server);
    page.get("/console/welcome").await.expect(200);
    let before = resident();
    let mut signing = tokio::task::JoinSet::new();
    for number in 0..500 {
        let broker = server.broker.clone();
        signing.spawn(async move {
            let email = format!("nobody-{number}@example.com");
            let refused = broker
                .sign_in(&attempt(&email, "not the password"), &visitor(number))
                .await;
            refused.unwrap_err().kind()
        });
    }
    let (mut most, mut waits) = (before, Vec::new());
    while waits.len() < 30 && !signing.is_empty() {
        let begun = Instant::now();
        page.get("/console/welcome").await.expect(200);
        waits.push(begun.elapsed());
        most = most.max(resident());
        tokio::time::sleep(Duration::from_millis(20)).await;
        while signing.try_join_next().is_some() {}
    }
    assert!(
        waits.len() >= 10,
        "it was over too soon to see anything: {}",
        waits.len()
    );
    waits.sort_unstable();
    let slow = waits[waits.len() * 9 / 10];
    assert!(slow < Duration::from_secs(3), "{waits:?}");
    // Two are looked at together, of 19 MiB each.
    assert!(most - before <= 4 * 19 * 2 * MIB, "{} MiB", (most - before) / MIB);
    signing.abort_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_hash_is_renewed_with_the_next_sign_in() {
    let server = TestServer::start().await;
    owner(&server).await;
    // 8 MiB and one pass, of the same password.
    let old = old_hash();
    sqlx::query("update operators set password = $1")
        .bind(&old)
        .execute(server.database.pool())
        .await
        .unwrap();
    Person::new(&server).sign_in(ANN, "not the password").await.expect(401);
    assert_eq!(server.database.text("select password from operators").await, old);
    Person::new(&server).sign_in(ANN, PASSWORD).await.expect(303);
    let new = server.database.text("select password from operators").await;
    assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new}");
    Person::new(&server).sign_in(ANN, PASSWORD).await.expect(303);
}

fn old_hash() -> String {
    use argon2::password_hash::{PasswordHasher as _, SaltString};
    let params = argon2::Params::new(8_192, 1, 1, None).unwrap();
    let salt = SaltString::from_b64("c29tZXNhbHRzb21lc2FsdA").unwrap();
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password(PASSWORD.as_bytes(), &salt)
        .unwrap()
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_keeps_is_worth_nothing_after_a_new_password() {
    let server = TestServer::start().await;
    let person = owner(&server).await;
    let kept = person.cookie("lk_known").unwrap();
    let reset = super::operators(&server, &["reset", ANN, "--json"]).1;
    let new = "another harbour 11 crocus";
    let fresh = Person::new(&server);
    fresh.accept(&super::secret(&reset), "", new).await.expect(200);
    let renewed = fresh.cookie("lk_known").unwrap();
    assert_ne!(renewed, kept);
    // A change by the person as well, whose own browser stays known.
    let changed = [("present", new), ("new", PASSWORD)];
    fresh.post("/console/account/password", &changed).await;
    assert_ne!(fresh.cookie("lk_known").unwrap(), renewed);
    let known = fresh.cookie("lk_known").unwrap();

    // The account's own limit holds up whoever has an old one only.
    for number in 0..101 {
        let _ = server.broker.sign_in(&attempt(ANN, "guess"), &visitor(number)).await;
    }
    for (token, is_known) in [(&kept, false), (&renewed, false), (&known, true)] {
        let at = Visitor {
            known: Some(token.clone()),
            ..visitor(7_000)
        };
        let signed = server.broker.sign_in(&attempt(ANN, PASSWORD), &at).await;
        assert_eq!(signed.is_ok(), is_known, "{signed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browser_guesses_two_hundred_times_a_day() {
    let server = TestServer::start().await;
    let known = owner(&server).await.cookie("lk_known").unwrap();
    let at = |number: u32| Visitor {
        known: Some(known.clone()),
        ..visitor(number)
    };
    // A person who comes again and again is not held up by the days before.
    let today = "select max(attempts) from sign_in_attempts where ends_at > latchkey_now() + interval '12 hours'";
    for number in 0..3 {
        server
            .broker
            .sign_in(&attempt(ANN, PASSWORD), &at(number))
            .await
            .unwrap();
        assert_eq!(server.database.number(&format!("select ({today})::bigint")).await, 1);
        server.advance(86_401).await;
    }
    let mut looked = 0;
    for number in 0..210 {
        let refused = server.broker.sign_in(&attempt(ANN, "guess"), &at(number)).await;
        looked += i32::from(refused.unwrap_err().key() == "wrong_credentials");
    }
    assert_eq!(looked, 200);
    server.advance(86_401).await;
    server
        .broker
        .sign_in(&attempt(ANN, PASSWORD), &at(9_000))
        .await
        .unwrap();
}
