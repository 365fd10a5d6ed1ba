//! What is sealed opens only where it was sealed; a database belongs to one master key and one mode; migrations.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use store::{
    AdoptError, AppSettings, ConnectionId, Grant, InstanceMode, MIGRATOR, NewConnection, NewCredential, NewSession,
    Owner, ProjectId, Session, Store, StoreError,
};
use testkit::{Database, TestServer};
use vault::{Credential, Environment, ExposeSecret as _, KeyRing, MasterKey, OAuth2Tokens, Token};

const TEST: Environment = Environment::Test;

pub(crate) struct Setting {
    pub(crate) database: Database,
    pub(crate) store: Store,
    master: MasterKey,
    project: ProjectId,
}

impl Setting {
    pub(crate) async fn new() -> Self {
        let database = Database::create().await;
        let master = MasterKey::generate();
        let store = database.store(&master);
        let project = store.create_project("Shop").await.unwrap().id;
        Self {
            database,
            store,
            master,
            project,
        }
    }

    async fn session(&self) -> Session {
        let token = Token::generate().digest();
        let new = NewSession {
            project: self.project,
            environment: TEST,
            owner: Owner::default(),
            integrations: None,
            connection: None,
            hosted: false,
            manages: false,
            verify: None,
            parent: None,
        };
        self.store.open_session(&token, &new).await.unwrap();
        self.store.session(&token).await.unwrap().unwrap()
    }

    pub(crate) async fn connection(&self, key: &str, access_token: &str) -> ConnectionId {
        let app = self
            .store
            .set_app(
                self.project,
                TEST,
                "gmail",
                "https://latchkey.example.test",
                AppSettings::default(),
            )
            .await
            .unwrap();
        let new = NewConnection {
            project: self.project,
            environment: TEST,
            app: app.id,
            integration: "gmail".to_owned(),
            auth_method: "oauth2".to_owned(),
            key: key.to_owned(),
            name: None,
            owner: Owner::default(),
            grant: Grant {
                proved: true,
                account_id: Some("a".to_owned()),
                account_name: None,
                variables: BTreeMap::new(),
                scopes: None,
                credential: credential(access_token),
            },
        };
        let session = self.session().await;
        self.store.connect_directly(&session, &new).await.unwrap().unwrap()
    }

    pub(crate) async fn access_token(&self, key: &str) -> Result<String, StoreError> {
        let callable = self.store.callable(self.project, TEST, key).await?.unwrap();
        Ok(callable
            .credential
            .tokens()
            .unwrap()
            .access_token
            .expose_secret()
            .to_owned())
    }
}

pub(crate) fn credential(access_token: &str) -> NewCredential {
    NewCredential {
        credential: Credential::OAuth2(OAuth2Tokens {
            access_token: SecretString::from(access_token),
            refresh_token: Some(SecretString::from(format!("{access_token}-refresh"))),
            token_type: "Bearer".to_owned(),
            client: None,
            dpop_key: None,
        }),
        expires_in: Some(3600),
        refresh_in: Some(3000),
    }
}

fn is_sealed_shut<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Sealed { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_rows_do_not_open() {
    let setting = Setting::new().await;
    let (one, two) = (
        setting.connection("one", "token-1").await,
        setting.connection("two", "token-2").await,
    );
    assert_eq!(setting.access_token("one").await.unwrap(), "token-1");
    let swap = format!(
        "update credentials c set sealed = other.sealed from credentials other
         where c.connection_id in ('{one}', '{two}') and other.connection_id in ('{one}', '{two}')
           and c.connection_id <> other.connection_id"
    );
    assert_eq!(setting.database.execute(&swap).await, 2);
    for key in ["one", "two"] {
        let read = setting.access_token(key).await;
        assert!(is_sealed_shut(&read), "{read:?}");
    }
    // Swapped back they open again: it was the place that was wrong, not the bytes.
    setting.database.execute(&swap).await;
    assert_eq!(setting.access_token("two").await.unwrap(), "token-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_generation_does_not_open_as_a_later_one() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    setting
        .database
        .execute("update credentials set generation = generation + 1")
        .await;
    assert!(is_sealed_shut(&setting.access_token("one").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_environment_does_not_open_it() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    setting
        .database
        .execute("update connections set environment = 'live'")
        .await;
    setting
        .database
        .execute("update credentials set environment = 'live'")
        .await;
    let read = setting.store.callable(setting.project, Environment::Live, "one").await;
    assert!(is_sealed_shut(&read), "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_does_not_open_in_another_column_of_its_row() {
    let server = TestServer::start().await;
    let session = server.session(&serde_json::json!({})).await;
    let started = server.begin(&session).await;
    server.browser().leave(&started).await;
    let flow = server.store.flow(started.flow.parse().unwrap()).await.unwrap().unwrap();
    assert!(server.store.flow_secrets(&flow).await.unwrap().is_some());
    // The same row and generation, so that only the column differs.
    let code = Token::generate();
    let moved =
        server
            .database
            .execute(&format!(
            "update flows set status = 'verifying', quarantined = sealed, quarantined_account = '{{\"proved\": true,
                 \"variables\": {{}}, \"granted_at\": \"2026-01-01T00:00:00Z\"}}',
                 complete_digest = decode('{}', 'hex'), complete_until = latchkey_now() + interval '1 minute'",
            code.digest().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
        ))
            .await;
    assert_eq!(moved, 1);
    let completed = server
        .store
        .complete_flow(server.project.id, TEST, &code.digest(), "u-42", None, |_, _| {
            "key".to_owned()
        })
        .await;
    assert!(is_sealed_shut(&completed), "{completed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_is_noticed() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    setting
        .database
        .execute("update credentials set sealed = set_byte(sealed, length(sealed) - 1, get_byte(sealed, length(sealed) - 1) # 1)")
        .await;
    assert!(is_sealed_shut(&setting.access_token("one").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_with_the_key_opens_and_one_with_a_wrong_key_does_not() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    let fresh = setting.database.store(&setting.master);
    assert!(fresh.callable(setting.project, TEST, "one").await.unwrap().is_some());
    let wrong = setting.database.store(&MasterKey::generate());
    assert!(is_sealed_shut(&wrong.callable(setting.project, TEST, "one").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_key_is_refused_at_start() {
    let setting = Setting::new().await;
    let id = setting
        .store
        .adopt_instance(Some(InstanceMode::Production), &setting.master)
        .await
        .unwrap();
    assert_eq!(setting.store.adopt_instance(None, &setting.master).await.unwrap(), id);
    let wrong = MasterKey::generate();
    for mode in [None, Some(InstanceMode::Production)] {
        let error = setting
            .database
            .store(&wrong)
            .adopt_instance(mode, &wrong)
            .await
            .unwrap_err();
        assert!(matches!(error, AdoptError::WrongMasterKey), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_keeps_its_mode() {
    for (first, second) in [
        (InstanceMode::Production, InstanceMode::Development),
        (InstanceMode::Development, InstanceMode::Production),
    ] {
        let setting = Setting::new().await;
        setting
            .store
            .adopt_instance(Some(first), &setting.master)
            .await
            .unwrap();
        let error = setting
            .store
            .adopt_instance(Some(second), &setting.master)
            .await
            .unwrap_err();
        assert!(matches!(error, AdoptError::WrongMode { .. }), "{error}");
        setting
            .store
            .adopt_instance(Some(first), &setting.master)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_not_adopted_is_an_error_with_words() {
    let setting = Setting::new().await;
    let error = setting.store.adopt_instance(None, &setting.master).await.unwrap_err();
    assert!(matches!(error, AdoptError::Store(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_twice_and_at_once() {
    let database = Database::empty().await;
    let master = MasterKey::generate();
    let count = MIGRATOR.iter().count();
    let stores: [Store; 4] = std::array::from_fn(|_| database.store(&master));
    assert_eq!(stores[0].missing_migrations().await.unwrap(), count);
    let [one, two, three, four] = &stores;
    let done = tokio::join!(one.migrate(), two.migrate(), three.migrate(), four.migrate());
    for result in [done.0, done.1, done.2, done.3] {
        result.unwrap();
    }
    stores[0].migrate().await.unwrap();
    assert_eq!(stores[0].missing_migrations().await.unwrap(), 0);
    let applied = database
        .number("select count(*) from _sqlx_migrations where success")
        .await;
    assert_eq!(usize::try_from(applied).unwrap(), count);
    stores[0].create_project("Shop").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_another_encoding_is_refused_with_the_remedy() {
    let database = Database::empty().await;
    database
        .execute("update pg_database set encoding = 0 where datname = current_database()")
        .await;
    let store = database.store(&MasterKey::generate());
    let error = store.migrate().await.unwrap_err().to_string();
    for words in [
        "is encoded in SQL_ASCII",
        "UTF8 is needed",
        "encoding 'UTF8' locale 'C' template template0",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(database.number(tables).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_data_key_keeps_old_values_readable() {
    let setting = Setting::new().await;
    setting.connection("one", "token-1").await;
    let ring = Arc::new(KeyRing::new(&setting.master));
    let next = ring.create(setting.project.0);
    setting
        .database
        .execute("update data_keys set is_current = false")
        .await;
    sqlx::query("insert into data_keys (id, project_id, wrapped, is_current) values ($1, $2, $3, true)")
        .bind(next.id.0)
        .bind(setting.project.0)
        .bind(next.wrapped.as_bytes())
        .execute(setting.database.pool())
        .await
        .unwrap();
    setting.connection("two", "token-2").await;
    assert_eq!(setting.access_token("one").await.unwrap(), "token-1");
    assert_eq!(setting.access_token("two").await.unwrap(), "token-2");
}
