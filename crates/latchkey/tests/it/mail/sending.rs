//! Once, to whom it belongs, whatever happens on the way.

use std::time::Duration;

use serde_json::json;
use testkit::{MailServer, OddProvider, Reply, TestServer};

use super::{DAY, Setting};

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_connection_is_mailed_of_once() {
    let setting = Setting::start().await;
    let connection = setting.connect("u-1", "ann@example.test").await;
    assert_eq!(setting.tick().await, (0, 0), "nothing has happened yet");
    setting.withdraw().await;
    assert_eq!(setting.tick().await, (1, 0));
    assert_eq!(setting.tick().await, (0, 0));
    setting.server.advance(3 * DAY).await;
    assert_eq!(setting.tick().await, (0, 0));
    let taken = setting.mail.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(
        (taken[0].from.as_str(), taken[0].to.as_slice()),
        ("connect@shop.example.test", &["ann@example.test".to_owned()][..])
    );
    // In the timeline, and told to who listens.
    let path = format!("/v1/vault/connections/{}/events", connection["id"].as_str().unwrap());
    let timeline = setting.server.api("GET", &path).send().await.expect(200).json();
    let first = &timeline["rows"][0];
    assert_eq!(first["type"], "connection.mailed", "{timeline}");
    assert_eq!(first["message"], "Its person got a mail with a link to reconnect.");
    assert_eq!(first["data"]["reason"], "failed");
    assert!(!timeline.to_string().contains("ann@example.test"), "{timeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_until_the_project_wants_it_and_the_person_has_an_address() {
    let setting = Setting::switched_off().await;
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    assert_eq!(
        (setting.tick().await, setting.count("mails").await),
        ((0, 0), 0),
        "off by default"
    );

    let setting = Setting::start().await;
    setting.connect("u-1", "ann@example.test").await;
    // The customer's backend takes the address back.
    setting
        .server
        .session(&json!({ "identity": "u-1", "identityType": "user", "email": "" }))
        .await;
    // The same id of a team is somebody else.
    setting
        .server
        .session(&json!({ "identity": "u-1", "identityType": "team", "email": "team@example.test" }))
        .await;
    setting.withdraw().await;
    assert_eq!((setting.tick().await, setting.count("mails").await), ((0, 0), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_send_one_mail() {
    let setting = Setting::start().await;
    for person in 0..6 {
        setting
            .connect(&format!("u-{person}"), &format!("p{person}@example.test"))
            .await;
    }
    setting.withdraw().await;
    let other = setting.server.replica(None).await;
    let (one, two) = tokio::join!(setting.server.broker.mail_tick(), other.mail_tick());
    assert_eq!(one.unwrap().sent + two.unwrap().sent, 6);
    let mut to: Vec<String> = setting.mail.taken().into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), setting.mail.taken().len()), (6, 6));
    assert_eq!(setting.events("connection.mailed").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_died_leaves_its_claim_and_a_late_one_notes_nothing() {
    let setting = Setting::start().await;
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    let dead = setting.server.store.claim_mail().await.unwrap().unwrap();
    assert_eq!(setting.tick().await, (0, 0), "it is somebody else's");
    setting.server.advance(121).await;
    assert_eq!(setting.tick().await, (1, 0));
    let end = store::MailEnd {
        verdict: store::MailVerdict::Failed,
        error: None,
        unused_link: None,
    };
    assert!(!setting.server.store.note_mail(&dead, &end).await.unwrap());
    assert_eq!(setting.outbox().await, "sent:");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_the_moment_is_tried_again_with_the_same_id() {
    let setting = Setting::start().await;
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    setting.mail.refuse_recipient("451 4.7.1 greylisted, come again");
    assert_eq!(setting.tick().await, (0, 1));
    let told = setting.outbox().await;
    assert!(
        told.starts_with("pending:The mail server refused the mail (451): “"),
        "{told}"
    );
    assert!(told.contains("greylisted"), "{told}");
    assert_eq!(
        setting.count("connect_links").await,
        0,
        "a link that reached nobody is gone"
    );
    assert_eq!(setting.tick().await, (0, 0), "not at once");
    setting.server.advance(70).await;
    assert_eq!(setting.tick().await, (1, 0));
    let id = setting.server.database.text("select id::text from mails").await;
    let message_id = setting.mail.taken()[0].header("Message-ID").unwrap();
    assert_eq!(message_id, format!("<{id}@connect.example.test>"));
    assert_eq!(setting.events("connection.mail_failed").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_given_up_and_told() {
    let setting = Setting::start().await;
    let connection = setting.connect("u-1", "gone@example.test").await;
    setting.withdraw().await;
    setting.mail.refuse_recipient("550 5.1.1 nobody here");
    assert_eq!(setting.tick().await, (0, 1));
    setting.server.advance(DAY).await;
    assert_eq!(setting.tick().await, (0, 0));
    assert!(setting.mail.taken().is_empty());
    let path = format!("/v1/vault/connections/{}/events", connection["id"].as_str().unwrap());
    let timeline = setting.server.api("GET", &path).send().await.expect(200).json();
    let first = &timeline["rows"][0];
    assert_eq!(first["type"], "connection.mail_failed", "{timeline}");
    let summary = first["message"].as_str().unwrap();
    assert!(
        summary.starts_with("The mail server refused the mail (550): “") && summary.contains("nobody here"),
        "{summary}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_loses_nothing_and_costs_no_attempt() {
    let setting = Setting::start().await;
    for person in ["a", "b"] {
        setting.connect(person, &format!("{person}@example.test")).await;
    }
    setting.withdraw().await;
    setting.mail.set_down(true);
    for _ in 0..20 {
        assert_eq!(setting.tick().await.0, 0);
        setting.server.advance(1000).await;
    }
    assert_eq!(setting.mail.connections(), 20, "one look a turn, not one a mail");
    assert_eq!(
        setting.count("mails where status = 'pending' and attempts = 0").await,
        2
    );
    let told = setting.outbox().await;
    assert!(told.contains("The mail server cannot be used"), "{told}");
    setting.mail.set_down(false);
    assert_eq!(setting.tick().await, (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_mail_server_keeps_nobody_waiting() {
    let setting = Setting::start().await;
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    setting.mail.answer_after(Duration::from_millis(700));
    assert!(setting.server.broker.mail_tick().await.unwrap().running);
    assert!(
        setting.server.broker.mail_tick().await.unwrap().running,
        "one conversation at a time"
    );
    setting.mail.answer_after(Duration::ZERO);
    let sent = async {
        while setting.mail.taken().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sent).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_mended_meanwhile_is_not_mailed_of() {
    let setting = Setting::start().await;
    let connections = ["again", "deleted", "off", "unwanted"];
    let mut made = Vec::new();
    for person in connections {
        made.push(setting.connect(person, &format!("{person}@example.test")).await);
    }
    setting.withdraw().await;
    assert_eq!(setting.count("mails where status = 'pending'").await, 4);
    let id = |place: usize| made[place]["id"].as_str().unwrap().to_owned();
    let session = setting.server.session(&json!({ "connection": id(0) })).await;
    setting
        .server
        .connect_in(&session, testkit::Consent::Allow(testkit::Account::Ann))
        .await;
    let path = format!("/v1/vault/connections/{}", id(1));
    setting.server.api("DELETE", &path).send().await.expect(200);
    let off = format!("update connections set active = false where id = '{}'", id(2));
    setting.server.database.execute(&off).await;
    setting
        .server
        .session(&json!({ "identity": "unwanted", "identityType": "user", "email": "" }))
        .await;
    assert_eq!(setting.tick().await, (0, 0));
    let why = setting.outbox().await;
    for reason in ["connected again", "deleted", "switched off", "no address"] {
        assert!(why.contains(reason), "{reason}: {why}");
    }
    assert!(setting.mail.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_in_sight_is_mailed_of_once_and_the_end_once_more() {
    let provider = OddProvider::start().await;
    let mail = MailServer::start().await;
    let server = TestServer::builder()
        .with_odd_provider(&provider)
        .mailing(mail.mailer(&mail.url()))
        .start()
        .await;
    let setting = Setting { mail, server };
    setting.switch(true).await;
    provider.reply(Reply::json(
        200,
        &json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 10 * DAY }),
    ));
    let session = setting
        .server
        .session(&json!({ "identity": "u-1", "email": "ann@example.test" }))
        .await;
    let (flow, browser, callback) = setting.server.at_odd_callback(&session, "code").await;
    browser.get(&callback).await.expect(303);
    assert_eq!(browser.check(&flow.result).await["status"], "success");
    for (days, told, mails) in [(3, 1, 1), (4, 2, 1), (2, 3, 1), (2, 3, 2)] {
        setting.server.advance(days * DAY + 60).await;
        setting.server.broker.forecast_tick().await.unwrap();
        setting.tick().await;
        assert_eq!(
            (setting.events("connection.expiring").await, setting.mail.taken().len()),
            (told, mails),
            "after {days} days"
        );
    }
    let taken = setting.mail.taken();
    let text = taken[0].part("text/plain");
    assert!(text.contains("ends on ") && text.contains("before then"), "{text}");
    assert!(taken[1].part("text/plain").contains("can no longer use"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mail_about_a_connection_in_a_day() {
    let setting = Setting::start().await;
    let connection = setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    assert_eq!(setting.tick().await, (1, 0));
    for (wait, mails) in [(60, 1), (DAY, 2)] {
        let session = setting.server.session(&json!({ "connection": connection["id"] })).await;
        setting
            .server
            .connect_in(&session, testkit::Consent::AllowShortly(testkit::Account::Ann))
            .await;
        setting.server.advance(wait).await;
        setting.withdraw().await;
        setting.tick().await;
        assert_eq!(setting.mail.taken().len(), mails);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dropped_is_mailed_when_it_fails_once_more() {
    let setting = Setting::start().await;
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    let database = &setting.server.database;
    database.execute("update connections set state = 'operational'").await;
    assert_eq!(setting.tick().await.0, 0);
    assert!(setting.outbox().await.starts_with("dropped:"));
    let again = "update credentials set refresh_at = latchkey_now(), refusals = 0, attempts = 0";
    database.execute(again).await;
    setting.withdraw().await;
    assert_eq!(setting.tick().await, (1, 0));
    assert_eq!(setting.mail.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_database_writes_to_nobody() {
    let provider = OddProvider::start().await;
    let setting = Setting::start().await;
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    let copy = setting
        .server
        .over(setting.server.database.copy().await, &provider)
        .await;
    assert!(!copy.store.look_home_now().await.unwrap());
    assert_eq!(copy.broker.mail_tick().await.unwrap().sent, 0);
    copy.store.adopt("cli", false).await.unwrap();
    assert_eq!(copy.broker.mail_tick().await.unwrap().sent, 0);
    let dropped = copy.database.text("select status || last_error from mails").await;
    assert_eq!(dropped, "droppedthe database was restored or copied, and adopted later");
    assert!(setting.mail.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_mails_wait_a_week() {
    let server = TestServer::start().await;
    let mail = MailServer::start().await;
    let setting = Setting { mail, server };
    setting.switch(true).await;
    setting.connect("u-1", "ann@example.test").await;
    setting.withdraw().await;
    assert_eq!(
        (setting.tick().await, setting.outbox().await),
        ((0, 0), "pending:".to_owned())
    );
    setting.server.advance(8 * DAY).await;
    setting.tick().await;
    assert_eq!(
        setting.outbox().await,
        "dropped:no server with a mail server was there for a week"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_forgotten_and_an_address_without_connections_too() {
    let setting = Setting::start().await;
    setting.connect("u-1", "ann@example.test").await;
    setting
        .server
        .session(&json!({ "identity": "nobody", "email": "x@example.test" }))
        .await;
    setting.withdraw().await;
    setting.tick().await;
    setting.server.broker.purge_tick().await.unwrap();
    let left = async || {
        [
            setting.count("mails").await,
            setting.count("connect_links").await,
            setting.count("contacts").await,
        ]
    };
    assert_eq!(left().await, [1, 1, 2]);
    setting.server.advance(38 * DAY).await;
    setting.server.broker.purge_tick().await.unwrap();
    assert_eq!(left().await, [0, 0, 1], "her connection still needs the address");
}
