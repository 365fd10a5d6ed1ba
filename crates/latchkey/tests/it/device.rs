//! A sign-in with a code (RFC 8628): asked for in time and by one replica, over a restart, and told however it ends.

use std::time::Duration;

use broker::{Broker, PollTick};
use serde_json::{Value, json};
use store::{ProjectChange, Verify};
use testkit::{Answer, OddProvider, Reply, SHOP, TestServer};

const DEVICE_CODE: &str = "device-code-canary-41c7";

/// A code that the service has given and nobody has entered.
struct Waiting {
    provider: OddProvider,
    server: TestServer,
    session: String,
    flow: String,
    result: String,
}

fn given(seconds: u64) -> Reply {
    Reply::json(
        200,
        &json!({
            "device_code": DEVICE_CODE, "user_code": "WDJB-MJHT", "verification_uri": "https://service.test/device",
            "verification_uri_complete": "https://service.test/device?user_code=WDJB-MJHT", "expires_in": seconds,
        }),
    )
}

fn says(error: &str) -> Reply {
    Reply::json(400, &json!({ "error": error }))
}

async fn begin(server: &TestServer, session: &str) -> Answer {
    let body = json!({ "integration": "odd-device", "embedder": SHOP });
    server.browser().post("/connect/api/codes", Some(session), &body).await
}

impl Waiting {
    async fn new() -> Self {
        let provider = OddProvider::start().await;
        let server = TestServer::builder()
            .with_odd_provider(&provider)
            .with_codes()
            .start()
            .await;
        Self::on(provider, server).await
    }

    async fn on(provider: OddProvider, server: TestServer) -> Self {
        let session = server.session(&json!({ "identity": "u-42" })).await;
        provider.reply_at("/device", given(600));
        let started = begin(&server, &session).await.expect(201).json();
        let text = |name: &str| started[name].as_str().unwrap().to_owned();
        let (flow, result) = (text("flow"), text("result"));
        Self {
            provider,
            server,
            session,
            flow,
            result,
        }
    }

    fn asked(&self) -> usize {
        self.provider.seen("/token").len()
    }

    /// One turn of the scheduler: how many services were asked.
    async fn tick(&self) -> usize {
        asked_by(&self.server.broker).await
    }

    /// Time goes on, with a turn: whether the service was asked.
    async fn after(&self, seconds: i64) -> bool {
        self.server.advance(seconds).await;
        self.tick().await == 1
    }

    async fn outcome(&self) -> Value {
        self.server.browser().check(&self.result).await
    }

    async fn connections(&self) -> i64 {
        self.server.database.number("select count(*) from connections").await
    }

    /// The flow as it stands in the database: its status and the word for its end.
    async fn row(&self) -> String {
        let sql = format!(
            "select status || coalesce(':' || error_code, '') from flows where id = '{}'",
            self.flow
        );
        self.server.database.text(&sql).await
    }

    /// That no device code is kept.
    async fn is_erased(&self) {
        let kept = "select count(*) from flows where sealed is not null or quarantined is not null";
        assert_eq!(self.server.database.number(kept).await, 0);
    }
}

async fn asked_by(broker: &Broker) -> usize {
    broker.poll_tick().await.unwrap().asked
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_asked_in_its_interval_until_the_person_has_decided() {
    let waiting = Waiting::new().await;
    let asked = &waiting.provider.seen("/device")[0].body;
    assert_eq!(asked, "client_id=odd-client&client_secret=odd-secret&scope=read");
    assert_eq!(waiting.outcome().await["stage"], "away");

    assert_eq!(waiting.tick().await, 0, "not before the first interval");
    assert!(!waiting.after(2).await, "five seconds where the service says none");
    waiting.provider.reply(says("authorization_pending"));
    assert!(waiting.after(3).await);
    assert_eq!(waiting.tick().await, 0);
    waiting.provider.reply(says("slow_down"));
    assert!(waiting.after(5).await);
    assert!(!waiting.after(7).await, "five seconds more");
    waiting.provider.reply(says("authorization_pending"));
    assert!(waiting.after(3).await);
    assert!(!waiting.after(7).await, "and for all that follow");
    waiting.provider.reply(Reply::tokens("at-1", "rt-1", 3600));
    assert!(waiting.after(3).await);

    let outcome = waiting.outcome().await;
    assert_eq!(
        (&outcome["status"], &outcome["account"]),
        (&json!("success"), &json!("Odd"))
    );
    assert_eq!(waiting.asked(), 4);
    let body = &waiting.provider.seen("/token")[3].body;
    let expected = format!(
        "client_id=odd-client&client_secret=odd-secret&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code={DEVICE_CODE}"
    );
    assert_eq!(*body, expected);
    waiting.is_erased().await;
    assert!(!waiting.after(60).await, "nothing is asked any more");

    // The connection lives as any other.
    waiting.server.advance(3300).await;
    waiting.provider.reply(Reply::tokens("at-2", "rt-2", 3600));
    assert_eq!(waiting.server.broker.refresh_tick().await.unwrap().refreshed, 1);
    let id = outcome["connection"]["id"].as_str().unwrap();
    let path = format!("/v1/vault/connections/{id}");
    assert!(waiting.server.api("DELETE", &path).send().await.status < 300);
    // The deletion begins it by itself.
    for _ in 0..100 {
        waiting.server.broker.revoke_tick().await.unwrap();
        if !waiting.provider.seen("/revoke").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(waiting.provider.seen("/revoke")[0].body.contains("rt-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_modal_gets_is_for_the_person_and_holds_no_device_code() {
    let waiting = Waiting::new().await;
    waiting.provider.reply_at("/device", given(100_000));
    let answer = begin(&waiting.server, &waiting.session).await.expect(201);
    assert!(!answer.text.contains(DEVICE_CODE), "{}", answer.text);
    let started = answer.json();
    assert_eq!(started["user_code"], "WDJB-MJHT");
    assert_eq!(started["verification_uri"], "https://service.test/device");
    assert_eq!(
        started["verification_uri_complete"],
        "https://service.test/device?user_code=WDJB-MJHT"
    );
    assert_eq!(started["expires_in"], 900, "a quarter of an hour at most");
    let dump = waiting.server.database.dump().await;
    assert!(!dump.contains(DEVICE_CODE) && !dump.contains("WDJB-MJHT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_asked_again_less_often() {
    let waiting = Waiting::new().await;
    waiting.provider.reply(Reply::HangUp);
    assert!(waiting.after(5).await);
    assert!(!waiting.after(7).await);
    waiting
        .provider
        .reply(Reply::With(503, "text/html", "<h1>Busy</h1>".to_owned()));
    assert!(waiting.after(3).await, "the interval is doubled");
    assert!(!waiting.after(15).await);
    waiting.provider.reply(Reply::Asking("50".to_owned()));
    assert!(waiting.after(5).await, "and doubled again");
    assert!(!waiting.after(40).await, "a wish to wait is obeyed");
    waiting.provider.reply(Reply::tokens("at", "rt", 3600));
    assert!(waiting.after(10).await);
    assert_eq!(waiting.outcome().await["status"], "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_one_asks() {
    let waiting = Waiting::new().await;
    let other = waiting.server.replica(None).await;
    waiting.server.advance(5).await;
    let (held, reply) = Reply::tokens("at", "rt", 3600).held();
    waiting.provider.reply(reply);
    let first = tokio::spawn({
        let broker = waiting.server.broker.clone();
        async move { asked_by(&broker).await }
    });
    held.arrived().await;
    for _ in 0..3 {
        assert_eq!(asked_by(&other).await, 0, "the other one has it");
    }
    waiting.server.advance(60).await;
    assert_eq!(asked_by(&other).await, 0, "however long it takes");
    held.release();
    first.await.unwrap();
    until(&waiting, "success").await;
    assert_eq!((waiting.asked(), waiting.connections().await), (1, 1));

    // Both at once, many times: each interval one question.
    let next = Waiting::on(waiting.provider, waiting.server).await;
    for turn in 1..=10 {
        next.provider.reply(says("authorization_pending"));
        next.server.advance(5).await;
        let (one, two) = tokio::join!(asked_by(&next.server.broker), asked_by(&other));
        assert_eq!((one + two, next.asked()), (1, 1 + turn));
    }
}

/// Waits until the flow has this status.
async fn until(waiting: &Waiting, status: &str) {
    for _ in 0..200 {
        if waiting.outcome().await["status"] == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", waiting.outcome().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_with_what_waits() {
    let waiting = Waiting::new().await;
    waiting.provider.reply(says("authorization_pending"));
    assert!(waiting.after(5).await);
    // All that the next process has is the database.
    let next = waiting.server.replica(None).await;
    waiting.server.advance(5).await;
    waiting.provider.reply(Reply::tokens("at", "rt", 3600));
    assert_eq!(asked_by(&next).await, 1);
    assert_eq!(waiting.outcome().await["status"], "success");
    assert!(waiting.provider.seen("/token")[1].body.contains(DEVICE_CODE));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_died_with_its_replica_is_told() {
    let waiting = Waiting::new().await;
    waiting.server.advance(5).await;
    // A replica takes the question and is never heard of again.
    let limits = store::PollLimits {
        all: 10,
        per_app: 10,
        full: &[],
        held: &[],
    };
    assert_eq!(waiting.server.store.claim_polls(limits).await.unwrap().len(), 1);
    assert!(!waiting.after(110).await);
    // The service gave the tokens to the one that died: it knows the code no more.
    waiting.provider.reply(says("invalid_grant"));
    waiting.after(10).await;
    assert_eq!(waiting.asked(), 1);
    assert_eq!(waiting.row().await, "away", "whoever may have the tokens comes first");
    settled(&waiting.server.broker).await;
    assert_eq!(waiting.row().await, "failed:interrupted");
    waiting.is_erased().await;
}

/// Waits until nothing is asked any more.
async fn settled(broker: &Broker) {
    while broker.poll_tick().await.unwrap().running > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_ends_it_with_its_name() {
    for (reply, expected) in [
        (says("access_denied"), "failed:access_denied"),
        (says("expired_token"), "failed:code_expired"),
        (says("invalid_grant"), "failed:code_expired"),
        (says("invalid_client"), "failed:app_broken"),
        (says("something_else"), "failed:provider_refused"),
        (
            Reply::With(200, "text/html", "<p>".to_owned()),
            "failed:provider_unavailable",
        ),
    ] {
        let waiting = Waiting::new().await;
        waiting.provider.reply(reply);
        assert!(waiting.after(5).await);
        assert_eq!(waiting.row().await, expected);
        assert!(!waiting.after(60).await, "{expected}");
        waiting.is_erased().await;
        let told = "select count(*) from events where type = 'session.failed'";
        assert_eq!(waiting.server.database.number(told).await, 1, "{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_enters_ends_by_the_clock() {
    let waiting = Waiting::new().await;
    waiting.server.advance(600).await;
    assert_eq!(waiting.outcome().await["stage"], "expired");
    assert_eq!(waiting.tick().await, 0, "nothing is asked after the end");
    waiting.server.store.sweep_flows().await.unwrap();
    assert_eq!(waiting.row().await, "expired:expired");
    waiting.is_erased().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_modal_asks_no_more_and_gives_back_what_comes_too_late() {
    let waiting = Waiting::new().await;
    waiting.server.advance(5).await;
    let (held, reply) = Reply::tokens("at-late", "rt-late", 3600).held();
    waiting.provider.reply(reply);
    let asking = tokio::spawn({
        let broker = waiting.server.broker.clone();
        async move { asked_by(&broker).await }
    });
    held.arrived().await;
    let path = format!("/connect/api/flows/{}/cancel", waiting.flow);
    let browser = waiting.server.browser();
    browser
        .post(&path, Some(&waiting.session), &json!({}))
        .await
        .expect(204);
    assert_eq!(waiting.row().await, "cancelled:cancelled");
    held.release();
    asking.await.unwrap();
    for _ in 0..200 {
        if waiting.server.database.number("select count(*) from revocations").await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    waiting.server.broker.revoke_tick().await.unwrap();
    assert!(waiting.provider.seen("/revoke")[0].body.contains("rt-late"));
    assert_eq!(
        (waiting.row().await.as_str(), waiting.connections().await),
        ("cancelled:cancelled", 0)
    );
    assert!(!waiting.after(60).await);
    waiting.is_erased().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_wait_for_a_database_that_is_away() {
    let provider = OddProvider::start().await;
    let builder = TestServer::builder().with_odd_provider(&provider).with_codes();
    let waiting = Waiting::on(provider, builder.behind_link().start().await).await;
    waiting.server.advance(5).await;
    let (held, reply) = Reply::tokens("at", "rt", 3600).held();
    waiting.provider.reply(reply);
    let asking = tokio::spawn({
        let broker = waiting.server.broker.clone();
        async move { broker.poll_tick().await }
    });
    held.arrived().await;
    waiting.server.database.link().cut();
    held.release();
    let tick = asking.await.unwrap().unwrap();
    assert_eq!(tick, PollTick { asked: 0, running: 1 }, "it waits");
    waiting.server.database.link().mend().await;
    until(&waiting, "success").await;
    assert_eq!((waiting.asked(), waiting.connections().await), (1, 1));
}

/// The database goes away while the service gives the tokens, for longer than a claim holds.
async fn away_for_long() -> Waiting {
    let provider = OddProvider::start().await;
    let builder = TestServer::builder().with_odd_provider(&provider).with_codes();
    let waiting = Waiting::on(provider, builder.behind_link().start().await).await;
    waiting.server.advance(5).await;
    let (held, reply) = Reply::tokens("at", "rt", 3600).held();
    waiting.provider.reply(reply);
    // The code is spent with that.
    waiting.provider.reply(says("invalid_grant"));
    let asking = tokio::spawn({
        let broker = waiting.server.broker.clone();
        async move { broker.poll_tick().await }
    });
    held.arrived().await;
    waiting.server.database.link().cut();
    held.release();
    asking.await.unwrap().unwrap();
    // Until whoever holds the tokens tries no more than every few seconds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    waiting.server.advance(121).await;
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_tokens_does_not_ask_again_however_long_the_database_is_away() {
    let waiting = away_for_long().await;
    waiting.server.database.link().mend().await;
    for _ in 0..20 {
        // The first may come before the pool notices that the database is back.
        waiting.server.broker.poll_tick().await.ok();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until(&waiting, "success").await;
    assert_eq!((waiting.asked(), waiting.connections().await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_the_code_spent_lets_the_holder_of_the_tokens_come_first() {
    let waiting = away_for_long().await;
    let other = waiting.server.replica(None).await;
    assert_eq!(other.poll_tick().await.unwrap(), PollTick { asked: 0, running: 1 });
    assert_eq!(waiting.asked(), 2);
    waiting.server.database.link().mend().await;
    until(&waiting, "success").await;
    settled(&other).await;
    assert_eq!(waiting.row().await, "succeeded");
    assert_eq!(waiting.connections().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_over_ends_nothing_of_the_next() {
    let waiting = Waiting::new().await;
    let store = &waiting.server.store;
    let claim = async || {
        let limits = store::PollLimits {
            all: 10,
            per_app: 10,
            full: &[],
            held: &[],
        };
        store.claim_polls(limits).await.unwrap()
    };
    waiting.server.advance(5).await;
    let first = claim().await.pop().unwrap();
    waiting.server.advance(121).await;
    let second = claim().await.pop().unwrap();
    let held = store::PollLimits {
        all: 10,
        per_app: 10,
        full: &[],
        held: &[second.flow.id],
    };
    waiting.server.advance(121).await;
    assert_eq!(store.claim_polls(held).await.unwrap().len(), 0, "it is in our hands");

    // What the first one says comes too late.
    store.ask_again(&first, 5, 5).await.unwrap();
    let claimed = "select count(*) from flows where poll_until is not null and poll_at <= latchkey_now()";
    assert_eq!(waiting.server.database.number(claimed).await, 1);
    assert!(!store.fail_poll(&first, "code_expired", "Over.").await.unwrap());
    assert_eq!(waiting.row().await, "away");
    // But tokens are tokens.
    let taken = store.take_device_grant(&first).await.unwrap().unwrap();
    assert_eq!(taken.status, store::FlowStatus::Exchanging);
    assert!(!store.fail_poll(&second, "interrupted", "Lost.").await.unwrap());
    store.ask_again(&second, 5, 5).await.unwrap();
    assert!(store.take_device_grant(&second).await.unwrap().is_none());
    let again = store.take_device_grant(&first).await.unwrap();
    assert!(again.is_some(), "the answer to the first may have been lost");

    // Tokens that come second are given back, and end nothing.
    let tokens = vault::OAuth2Tokens {
        access_token: "at-second".into(),
        refresh_token: Some("rt-second".into()),
        token_type: "Bearer".to_owned(),
        client: None,
        dpop_key: None,
    };
    let grant = store::Grant {
        proved: false,
        account_id: None,
        account_name: None,
        variables: second.flow.variables.clone(),
        scopes: None,
        credential: store::NewCredential {
            credential: vault::Credential::OAuth2(tokens),
            expires_in: None,
            refresh_in: None,
        },
    };
    store
        .refuse_grant(&second.flow, &grant, "expired", "Too late.")
        .await
        .unwrap();
    assert_eq!(waiting.row().await, "exchanging");
    let queued = "select count(*) from revocations";
    assert_eq!(waiting.server.database.number(queued).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_app_confirms_who_signed_in_no_code_is_asked_for() {
    let waiting = Waiting::new().await;
    let project = waiting.server.project.id;
    let change = ProjectChange {
        verify: Some(Verify::Always),
        verify_url: Some("https://shop.example.com/verify".to_owned()),
        ..ProjectChange::default()
    };
    waiting.server.store.change_project(project, change).await.unwrap();
    assert_eq!(
        begin(&waiting.server, &waiting.session).await.problem(424),
        "cannot_confirm"
    );
    assert_eq!(waiting.provider.seen("/device").len(), 1, "only the one before");
    // One that waits already ends in the same way, before its code is sent.
    assert!(waiting.after(5).await);
    assert_eq!(waiting.row().await, "failed:cannot_confirm");
    assert_eq!(waiting.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_has_its_own_door() {
    let waiting = Waiting::new().await;
    let (browser, session) = (waiting.server.browser(), Some(waiting.session.as_str()));
    let ticket = vault::Token::generate().expose();
    let window = json!({ "integration": "odd-device", "mode": "popup", "ticket": ticket, "embedder": SHOP });
    let answer = browser.post("/connect/api/flows", session, &window).await;
    assert_eq!(answer.problem(400), "by_code");
    let code = json!({ "integration": "odd", "embedder": SHOP });
    let answer = browser.post("/connect/api/codes", session, &code).await;
    assert_eq!(answer.problem(400), "not_by_code");
    // A service that gives no code.
    waiting.provider.reply_at("/device", says("unauthorized_client"));
    assert_eq!(
        begin(&waiting.server, &waiting.session).await.problem(424),
        "app_broken"
    );
    waiting
        .provider
        .reply_at("/device", Reply::With(503, "text/html", String::new()));
    assert_eq!(
        begin(&waiting.server, &waiting.session).await.problem(503),
        "provider_unavailable"
    );
    let failed = "select string_agg(error_code, ' ' order by id) from flows where status = 'failed'";
    assert_eq!(
        waiting.server.database.text(failed).await,
        "app_broken provider_unavailable"
    );
    let left = "select count(*) from flows where status = 'created'";
    assert_eq!(waiting.server.database.number(left).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_takes_no_tokens_that_the_original_waits_for() {
    let waiting = Waiting::new().await;
    let copy = waiting
        .server
        .over(waiting.server.database.copy().await, &waiting.provider)
        .await;
    copy.advance(5).await;
    assert_eq!(asked_by(&copy.broker).await, 0);
    assert_eq!(begin(&copy, &waiting.session).await.problem(503), "not_adopted");
    assert_eq!(waiting.asked(), 0);
    waiting.provider.reply(Reply::tokens("at", "rt", 3600));
    assert!(waiting.after(5).await);
    assert_eq!(waiting.outcome().await["status"], "success");
}
