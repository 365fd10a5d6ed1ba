//! Leases: who may refresh a connection, until when, and whose answer counts.

use std::collections::{BTreeMap, HashSet};

use store::{ConnectionState, RefreshFailure};
use testkit::{claim, replica};

use crate::store::{Setting, credential};

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_a_replica_that_nobody_knows_is_free_after_five_minutes() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    let (dead, other) = (replica(1, 1), replica(2, 1));
    assert!(claim(&setting.store, dead, 10).await.is_empty(), "not due yet");
    setting.database.advance(3001).await;
    assert_eq!(claim(&setting.store, dead, 10).await.len(), 1);
    setting.database.advance(240).await;
    assert!(setting.store.take_over_leases(10).await.unwrap().is_empty());
    assert!(claim(&setting.store, other, 10).await.is_empty());
    assert!(
        claim(&setting.store, dead, 10).await.is_empty(),
        "its own lease is not claimed twice"
    );
    setting.database.advance(61).await;
    assert_eq!(setting.store.take_over_leases(10).await.unwrap().len(), 1);
    let taken = claim(&setting.store, other, 10).await;
    assert!(
        taken[0].doubt == Some(store::Doubt::Interrupted) && taken[0].number == 2,
        "{taken:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_outlives_its_time_as_long_as_its_holder_lives() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    let (holder, other) = (replica(1, 1), replica(2, 1));
    for one in [holder, other] {
        setting.store.register_replica(one).await.unwrap();
        setting.store.journal_replayed(one).await.unwrap();
    }
    setting.database.advance(3001).await;
    assert_eq!(claim(&setting.store, holder, 10).await.len(), 1);
    // An hour in which the database could not be written to is no silence of anybody.
    setting.database.advance(3600).await;
    assert!(setting.store.take_over_leases(10).await.unwrap().is_empty());
    // Sixty steps of the pulse without a sign of the holder are.
    for _ in 0..60 {
        assert!(setting.store.take_over_leases(10).await.unwrap().is_empty());
        setting.database.advance(5).await;
        assert!(setting.store.beat_replica(other).await.unwrap());
    }
    assert_eq!(setting.store.take_over_leases(10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_came_back_gives_its_leases_up_after_its_journal() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    let (before, after) = (replica(1, 1), replica(1, 2));
    setting.store.register_replica(before).await.unwrap();
    setting.store.journal_replayed(before).await.unwrap();
    setting.database.advance(3001).await;
    assert_eq!(claim(&setting.store, before, 10).await.len(), 1);
    setting.store.register_replica(after).await.unwrap();
    assert!(
        setting.store.take_over_leases(10).await.unwrap().is_empty(),
        "not replayed"
    );
    assert!(
        !setting.store.beat_replica(before).await.unwrap(),
        "the earlier life is over"
    );
    setting.store.journal_replayed(after).await.unwrap();
    assert_eq!(setting.store.take_over_leases(10).await.unwrap().len(), 1);
    let interrupted = "select count(*) from events where type = 'oauth.interrupted'";
    assert_eq!(setting.database.number(interrupted).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_put_back_does_not_stop_the_pulse() {
    let setting = Setting::new().await;
    let one = replica(1, 1);
    setting.store.register_replica(one).await.unwrap();
    setting.database.advance(-600).await;
    setting.store.beat_replica(one).await.unwrap();
    assert_eq!(setting.database.number("select beats from pulse").await, 1);
    setting.store.beat_replica(one).await.unwrap();
    assert_eq!(
        setting.database.number("select beats from pulse").await,
        1,
        "five seconds are not over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_answer_was_lost_is_free_again() {
    let setting = Setting::new().await;
    let known = setting.connection("one", "token-1").await;
    setting.connection("two", "token-2").await;
    setting.database.advance(3001).await;
    let one = replica(1, 1);
    assert_eq!(claim(&setting.store, one, 10).await.len(), 2);
    assert_eq!(setting.store.free_unknown_leases(one, &[known]).await.unwrap(), 1);
    let again = claim(&setting.store, one, 10).await;
    assert!(
        again.len() == 1 && again[0].doubt.is_none(),
        "nothing was sent under it: {again:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_loser_overwrites_nothing() {
    let setting = Setting::new().await;
    let id = setting.connection("one", "token-1").await;
    setting.database.advance(3001).await;
    let late = claim(&setting.store, replica(1, 1), 1).await.remove(0);
    setting.database.advance(301).await;
    setting.store.take_over_leases(10).await.unwrap();
    let winner = claim(&setting.store, replica(2, 1), 1).await.remove(0);
    let failure = RefreshFailure {
        state: Some(ConnectionState::Failed),
        reason: "grant_gone",
        message: "Gone.".to_owned(),
        provider_message: None,
        provider_code: None,
        retry_in: None,
        refused: true,
        unanswered: false,
        counts: true,
    };
    assert!(
        !setting.store.fail_refresh(&late, &failure).await.unwrap(),
        "the lease is another's"
    );
    assert!(!setting.store.free_lease(&late, 0.0).await.unwrap());
    let commit = async |lease: &store::Lease, token| {
        let refreshed = testkit::answer(lease, credential(token));
        setting.store.commit_refresh(&lease.fence, &refreshed).await.unwrap()
    };
    assert!(commit(&winner, "token-2").await);
    assert!(!commit(&late, "token-late").await);
    assert!(!setting.store.fail_refresh(&late, &failure).await.unwrap());
    assert_eq!(setting.access_token("one").await.unwrap(), "token-2");
    assert_eq!(setting.store.generation(id).await.unwrap(), Some(2));
    let refreshed = "select count(*) from events where type = 'oauth.refreshed'";
    assert_eq!(setting.database.number(refreshed).await, 1);
    assert_eq!(
        setting.database.text("select state from connections").await,
        "operational"
    );
    let due = "select count(*) from credentials where refresh_at > latchkey_now()";
    assert_eq!(setting.database.number(due).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_hand_is_committed_although_its_holder_was_given_up() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    setting.database.advance(3001).await;
    let given_up = claim(&setting.store, replica(1, 1), 1).await.remove(0);
    setting.database.advance(301).await;
    setting.store.take_over_leases(10).await.unwrap();
    let refreshed = testkit::answer(&given_up, credential("token-2"));
    assert!(setting.store.commit_refresh(&given_up.fence, &refreshed).await.unwrap());
    assert_eq!(setting.access_token("one").await.unwrap(), "token-2");
    assert!(claim(&setting.store, replica(2, 1), 1).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_row_that_does_not_open_stops_no_other() {
    let setting = Setting::new().await;
    let broken = setting.connection("one", "token-1").await;
    setting.connection("two", "token-2").await;
    setting
        .database
        .execute(&format!(
            "update credentials set sealed = '\\x00' where connection_id = '{broken}'"
        ))
        .await;
    setting.database.advance(3001).await;
    let leases = claim(&setting.store, replica(1, 1), 10).await;
    assert_eq!(leases.len(), 1);
    assert_ne!(leases[0].fence.connection, broken);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_committed_together_are_judged_each_by_itself() {
    let setting = Setting::new().await;
    let well = setting.connection("well", "token-1").await;
    let bad = setting.connection("bad", "token-1").await;
    let overtaken = setting.connection("overtaken", "token-1").await;
    setting.database.advance(3001).await;
    let leases = claim(&setting.store, replica(1, 1), 10).await;
    assert_eq!(leases.len(), 3);
    let of = |id| leases.iter().find(|lease| lease.fence.connection == id).unwrap();
    let first = testkit::answer(of(overtaken), credential("token-first"));
    assert!(
        setting
            .store
            .commit_refresh(&of(overtaken).fence, &first)
            .await
            .unwrap()
    );
    setting
        .database
        .execute(&format!("update connections set state = 'degraded' where id = '{bad}'"))
        .await;
    let mut answers: BTreeMap<_, _> = leases
        .iter()
        .map(|lease| (lease.fence.connection, testkit::answer(lease, credential("token-2"))))
        .collect();
    let learnt = answers.get_mut(&well).unwrap();
    learnt.variables = BTreeMap::from([("site".to_owned(), "eu".to_owned())]);
    learnt.scopes = Some(vec!["read".to_owned(), "write".to_owned()]);
    answers.get_mut(&bad).unwrap().scopes = Some(Vec::new());
    let together = answers.iter().map(|(id, new)| (*id, (&of(*id).fence, new))).collect();
    let written = setting.store.commit_refreshes(&together).await.unwrap();
    assert_eq!(written, HashSet::from([well, bad]));
    assert_eq!(setting.access_token("well").await.unwrap(), "token-2");
    assert_eq!(setting.access_token("bad").await.unwrap(), "token-2");
    assert_eq!(setting.access_token("overtaken").await.unwrap(), "token-first");
    let told = "select string_agg(c.key || ' ' || e.type || ' ' || (e.payload ->> 'generation'), ', ' order by c.key)
                from events e join connections c on c.id = e.connection_id where e.payload ? 'generation'";
    assert_eq!(
        setting.database.text(told).await,
        "bad connection.recovered 2, overtaken oauth.refreshed 2, well oauth.refreshed 2"
    );
    let known = "select string_agg(key || ' ' || state || ' ' || (variables ->> 'site') || ' '
                                   || array_to_string(scopes, '+'), ', ') from connections where key = 'well'";
    assert_eq!(setting.database.text(known).await, "well operational eu read+write");
    let empty = "select count(*) from connections where key = 'bad' and scopes = '{}' and state = 'operational'";
    assert_eq!(setting.database.number(empty).await, 1);
}
