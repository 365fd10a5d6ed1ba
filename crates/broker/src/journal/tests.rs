use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use chrono::DateTime;
use store::{ConnectionId, Degraded, Fence, NewCredential, ProjectId, Refreshed};
use vault::{Credential, Environment, ExposeSecret as _, MasterKey, OAuth2Tokens};

use super::*;

fn record(generation: i64, access_token: &str) -> Record {
    Record {
        fence: Fence {
            connection: ConnectionId::generate(),
            project: ProjectId::generate(),
            environment: Environment::Live,
            generation,
        },
        refreshed: Refreshed {
            new: NewCredential {
                credential: Credential::OAuth2(OAuth2Tokens {
                    access_token: access_token.into(),
                    refresh_token: Some("rt-canary".into()),
                    token_type: "Bearer".to_owned(),
                    client: None,
                    dpop_key: None,
                }),
                expires_in: Some(3600),
                refresh_in: Some(3300),
            },
            claimed_at: DateTime::from_timestamp(1_800_000_000, 5000).unwrap(),
            variables: BTreeMap::from([("site".to_owned(), "a".to_owned())]),
            scopes: Some(vec!["mail".to_owned()]),
            degraded: Some(Degraded {
                reason: "app_broken".to_owned(),
                message: "Not bound.".to_owned(),
            }),
        },
    }
}

fn open(folder: &Path, master: &MasterKey, slots: usize) -> Result<Journal, JournalError> {
    Journal::open(folder, JournalKey::of(master), slots)
}

#[tokio::test]
async fn an_answer_outlives_the_process_and_a_committed_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let master = MasterKey::generate();
    let journal = open(folder.path(), &master, 4).unwrap();
    let replica = journal.replica();
    let mut kept = journal.reserve().unwrap();
    let mut committed = journal.reserve().unwrap();
    let record = record(6, "at-canary");
    assert!(committed.keep(&self::record(2, "at-other")).await);
    drop(committed);
    // After the other's end: what is asked of the file is done in its order.
    assert!(kept.keep(&record).await);
    // As a crash: the slot is never given back.
    std::mem::forget(kept);

    // `kept` still holds the lock: as after a crash, somebody else reads what is on the disk.
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("journal"), copy.path().join("journal")).unwrap();
    let journal = open(copy.path(), &master, 2).unwrap();
    assert_eq!(journal.replica(), replica, "the replica is the same");
    let left = journal.left();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].fence, record.fence);
    assert_eq!(left[0].refreshed.claimed_at, record.refreshed.claimed_at);
    assert_eq!(left[0].refreshed.variables, record.refreshed.variables);
    assert_eq!(left[0].refreshed.degraded, record.refreshed.degraded);
    let tokens = left[0].refreshed.new.credential.tokens().unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "at-canary");
    assert_eq!(tokens.refresh_token.as_ref().unwrap().expose_secret(), "rt-canary");
}

#[tokio::test]
async fn the_file_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), &MasterKey::generate(), 2).unwrap();
    let mut slot = journal.reserve().unwrap();
    assert!(slot.keep(&record(1, "at-canary")).await);
    let bytes = std::fs::read(folder.path().join("journal")).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"canary"));
    let mode = std::fs::metadata(folder.path().join("journal"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn one_folder_has_one_process_and_one_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let master = MasterKey::generate();
    let journal = open(folder.path(), &master, 2).unwrap();
    let refused = open(folder.path(), &master, 2).unwrap_err();
    assert!(matches!(refused, JournalError::InUse(_)), "{refused}");
    let mut slot = journal.reserve().unwrap();
    assert!(slot.keep(&record(1, "at")).await);
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("journal"), copy.path().join("journal")).unwrap();
    let refused = open(copy.path(), &MasterKey::generate(), 2).unwrap_err();
    assert!(matches!(refused, JournalError::WrongMasterKey(_)), "{refused}");
    std::fs::write(copy.path().join("journal"), vec![b'x'; 9000]).unwrap();
    let refused = open(copy.path(), &master, 2).unwrap_err();
    assert!(matches!(refused, JournalError::Foreign(_)), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_gone_is_noticed_before_anything_is_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), &MasterKey::generate(), 2).unwrap();
    assert!(journal.is_writable().await);
    std::fs::rename(folder.path().join("journal"), folder.path().join("away")).unwrap();
    assert!(!journal.is_writable().await);
    assert!(!journal.is_healthy());
    std::fs::rename(folder.path().join("away"), folder.path().join("journal")).unwrap();
    assert!(journal.is_writable().await, "and it heals");
    assert!(journal.is_healthy());
}

#[tokio::test]
async fn slots_are_counted_and_a_left_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), &MasterKey::generate(), 2).unwrap();
    let (first, second) = (journal.reserve().unwrap(), journal.reserve().unwrap());
    assert!(journal.reserve().is_none());
    drop(first);
    second.leave();
    let again = journal.reserve().unwrap();
    assert!(journal.reserve().is_none());
    drop(again);
}

#[tokio::test]
async fn an_answer_that_is_too_large_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), &MasterKey::generate(), 1).unwrap();
    let mut slot = journal.reserve().unwrap();
    assert!(!slot.keep(&record(1, &"x".repeat(file::SLOT))).await);
    assert!(slot.keep(&record(1, "small")).await);
}

#[test]
fn a_torn_record_is_none() {
    let master = MasterKey::generate();
    let key = JournalKey::of(&master);
    let mut bytes = record(1, "at").seal(&key);
    bytes.resize(file::SLOT, 0);
    assert!(matches!(Record::read(&bytes, &key), record::Read::Record(_)));
    assert!(matches!(Record::read(&bytes[..60], &key), record::Read::Nothing));
    bytes[300] ^= 1;
    assert!(matches!(Record::read(&bytes, &key), record::Read::Nothing));
    assert!(matches!(Record::read(&[0; 64], &key), record::Read::Nothing));
}
