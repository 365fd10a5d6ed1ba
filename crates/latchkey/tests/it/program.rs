//! The program itself, where only a whole process tells.

use std::io::{BufRead as _, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use store::InstanceMode;
use testkit::{Account, Consent, Database, TestServer, forms_of, free_port};
use vault::{Environment, ExposeSecret as _, MasterKey};

/// A program of this product that ends with the test.
struct Program(Child);

impl Program {
    fn start(command: &str, settings: &[(&str, &str)]) -> Self {
        Self::logging_to(Stdio::piped(), command, settings)
    }

    fn logging_to(log: Stdio, command: &str, settings: &[(&str, &str)]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .arg(command)
            .env_remove("DATABASE_URL")
            .env("LATCHKEY_LOG", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// What it said, when it has ended with a failure.
    fn refused(mut self) -> String {
        let mut said = String::new();
        self.0.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
        assert!(!self.0.wait().unwrap().success(), "{said}");
        said
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Asks until the answer has this status.
async fn until(client: &reqwest::Client, url: &str, status: u16) {
    let asking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(50));
        loop {
            pause.tick().await;
            if client
                .get(url)
                .send()
                .await
                .is_ok_and(|answer| answer.status() == status)
            {
                break;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), asking).await;
    assert!(waited.is_ok(), "{url} did not answer {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_waits_for_its_database() {
    let database = Database::behind_link().await;
    database.link().cut();
    let client = testkit::client();
    let port = free_port();
    let master = MasterKey::generate();
    let (url, bind) = (format!("http://127.0.0.1:{port}"), format!("127.0.0.1:{port}"));
    let program = Program::start(
        "serve",
        &[
            ("LATCHKEY_DATABASE_URL", &database.address()),
            ("LATCHKEY_MASTER_KEY", &master.to_text()),
            ("LATCHKEY_PUBLIC_URL", &url),
            ("LATCHKEY_BIND", &bind),
        ],
    );
    until(&client, &format!("{url}/healthz"), 200).await;
    until(&client, &format!("{url}/readyz"), 503).await;
    database.link().mend().await;
    until(&client, &format!("{url}/readyz"), 200).await;
    // Ready means that mode and master key were compared before.
    assert_eq!(
        database
            .number("select count(*) from instance where mode = 'production'")
            .await,
        1
    );
    drop(program);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_refuse_a_database_that_is_not_theirs() {
    let database = Database::create().await;
    let (master, other) = (MasterKey::generate(), MasterKey::generate());
    let folder = tempfile::tempdir().unwrap();
    let start = |command: &str, key: &MasterKey| {
        Program::start(
            command,
            &[
                ("LATCHKEY_DATABASE_URL", &database.address()),
                ("LATCHKEY_MASTER_KEY", &key.to_text()),
                ("LATCHKEY_PUBLIC_URL", "https://latchkey.example.test"),
                ("LATCHKEY_BIND", "127.0.0.1:0"),
                ("LATCHKEY_DEV_DIR", folder.path().to_str().unwrap()),
            ],
        )
        .refused()
    };
    let store = database.store(&master);
    store
        .adopt_instance(Some(InstanceMode::Production), &master)
        .await
        .unwrap();
    let said = tokio::task::block_in_place(|| (start("dev", &master), start("serve", &other)));
    assert!(said.0.contains("production"), "{}", said.0);
    assert!(said.1.contains("master key"), "{}", said.1);
    database.execute("update instance set mode = 'development'").await;
    let said = tokio::task::block_in_place(|| start("serve", &master));
    assert!(said.contains("development"), "{said}");
    assert_eq!(
        database.number("select count(*) from projects").await,
        0,
        "nothing was made in it"
    );
}

/// The tokens of a connection, in clear.
async fn tokens(server: &TestServer, key: &str) -> Vec<String> {
    let callable = server
        .store
        .callable(server.project.id, Environment::Test, key)
        .await
        .unwrap()
        .unwrap();
    callable
        .credential
        .values()
        .into_iter()
        .map(|(_, secret)| secret.expose_secret().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_at_trace_holds_no_secret() {
    let server = TestServer::start().await;
    let connection = server.connect("u-42", Consent::AllowShortly(Account::Ann)).await;
    let key = connection["key"].as_str().unwrap();
    let mut secrets = tokens(&server, key).await;
    assert_eq!(secrets.len(), 2);
    secrets.extend([server.test_key.clone(), server.client_secret.clone()]);

    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let port = free_port();
    let (url, bind) = (format!("http://127.0.0.1:{port}"), format!("127.0.0.1:{port}"));
    let program = Program::logging_to(
        std::fs::File::create(&log).unwrap().into(),
        "serve",
        &[
            ("LATCHKEY_DATABASE_URL", &server.database.address()),
            ("LATCHKEY_MASTER_KEY", &server.master.to_text()),
            ("LATCHKEY_PUBLIC_URL", &url),
            ("LATCHKEY_BIND", &bind),
            ("LATCHKEY_LOG", "trace"),
        ],
    );
    until(&server.client, &format!("{url}/readyz"), 200).await;
    let call = |path: &str| {
        server
            .client
            .get(format!("{url}{path}"))
            .header("x-pica-secret", &server.test_key)
    };
    let through = || call("/v1/passthrough/me?canary=canary-query-1a2b3c").header("x-one-connection-key", key);
    assert_eq!(through().send().await.unwrap().status(), 200);
    server.advance(11).await;
    assert_eq!(through().send().await.unwrap().status(), 200);
    secrets.extend(tokens(&server, key).await);
    assert_ne!(secrets[0], secrets[4], "it was refreshed");
    let page = server
        .client
        .post(format!("{url}/v1/authkit/token"))
        .header("x-pica-secret", &server.test_key);
    let page: serde_json::Value = page
        .json(&json!({ "identity": "u-1" }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let session = page["requestId"].as_str().unwrap();
    let opened = server
        .client
        .post(format!("{url}/connect/api/session"))
        .header("origin", &url)
        .bearer_auth(session)
        .json(&json!({ "embedder": testkit::SHOP }));
    assert_eq!(opened.send().await.unwrap().status(), 200);
    secrets.push(session.to_owned());
    for (path, secret) in [
        ("/connect/start?state=", "canary-state-1a2b3c4d"),
        ("/connections/oauth/callback?state=s&code=", "canary-code-1a2b3c4d"),
        ("/?data=", "canary-data-1a2b3c4d"),
        ("/v1/users/flags?secret=", "canary-key-1a2b3c4d"),
    ] {
        call(&format!("{path}{secret}")).send().await.unwrap();
        secrets.push(secret.to_owned());
    }
    secrets.push("canary-query-1a2b3c".to_owned());
    drop(program);
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 10, "it logged at trace: {log}");
    let leaks: Vec<&str> = log
        .lines()
        .filter(|line| {
            secrets
                .iter()
                .any(|secret| forms_of(secret).iter().any(|form| line.contains(form)))
        })
        .collect();
    assert_eq!(leaks, Vec::<&str>::new());
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    for arguments in [
        &["integrations", "schema"][..],
        &["integrations", "list"],
        &["integrations", "list", "--json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // As `head` does when it has enough.
        drop(reader);
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(
            (child.wait().unwrap().code(), said.as_str()),
            (Some(141), ""),
            "{arguments:?}"
        );
    }
    // An answer that is lost for another reason is a failure.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let lost = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(["integrations", "list"])
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(lost.stderr).unwrap();
    assert!(
        !lost.status.success() && said.starts_with("latchkey: the answer cannot be written"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn logs_in_a_file_have_no_colours() {
    let bind = format!("127.0.0.1:{}", free_port());
    let mut program = Program::start(
        "serve",
        &[
            ("LATCHKEY_LOG_FORMAT", "pretty"),
            ("LATCHKEY_LOG", "info"),
            ("LATCHKEY_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none"),
            ("LATCHKEY_MASTER_KEY", &MasterKey::generate().to_text()),
            ("LATCHKEY_PUBLIC_URL", &format!("http://{bind}")),
            ("LATCHKEY_BIND", &bind),
        ],
    );
    let mut log = std::io::BufReader::new(program.0.stderr.take().unwrap());
    let mut line = String::new();
    // A database that is not there is told until it is.
    while !line.contains("INFO") && !line.contains("WARN") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended and logged nothing");
    }
    assert!(!line.contains('\u{1b}'), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_loaded_again_and_a_mistake_keeps_those_of_before() {
    let database = Database::create().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("own.yaml"), text).unwrap();
    let own = testkit::odd_definition().1.replace("id: odd", "id: own");
    let named = |name: &str| own.replacen("name: ", &format!("name: {name} "), 1);
    write(&named("First"));
    let bind = format!("127.0.0.1:{}", free_port());
    let url = format!("http://{bind}");
    let mut program = Program::start(
        "serve",
        &[
            ("LATCHKEY_DATABASE_URL", &database.address()),
            ("LATCHKEY_MASTER_KEY", &MasterKey::generate().to_text()),
            ("LATCHKEY_PUBLIC_URL", &url),
            ("LATCHKEY_BIND", &bind),
            ("LATCHKEY_INTEGRATIONS_DIR", folder.path().to_str().unwrap()),
        ],
    );
    let client = testkit::client();
    until(&client, &format!("{url}/readyz"), 200).await;
    let read = async |path: &str| -> serde_json::Value {
        client
            .get(format!("{url}{path}"))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let name = async || {
        let page = read("/v1/public/connection-definitions?limit=1000").await;
        let rows = page["rows"].as_array().unwrap();
        let own = rows.iter().find(|row| row["platform"] == "own");
        own.map(|row| {
            row["frontend"]["spec"]["title"]
                .as_str()
                .unwrap()
                .split(' ')
                .next()
                .unwrap()
                .to_owned()
        })
    };
    let until_named = async |wanted: Option<&str>| {
        let waiting = async {
            while name().await.as_deref() != wanted {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        assert!(waited.is_ok(), "{wanted:?}: {:?}", name().await);
    };
    assert_eq!(name().await.as_deref(), Some("First"));
    assert_eq!(read("/readyz").await["definitions"], "ok");
    // By itself within seconds; at once when it is told.
    write(&named("Second"));
    until_named(Some("Second")).await;
    let hang_up = || {
        let told = Command::new("kill")
            .args(["-HUP", &program.0.id().to_string()])
            .status();
        assert!(told.unwrap().success());
    };
    write(&named("Third"));
    hang_up();
    until_named(Some("Third")).await;

    write(&named("Fourth").replace("kind: oauth2", "kind: oauth3"));
    hang_up();
    let noticed = async {
        while read("/readyz").await["definitions"] == "ok" {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticed).await.unwrap();
    let ready = read("/readyz").await;
    assert!(
        ready["definitions"]
            .as_str()
            .unwrap()
            .starts_with("those of before are in force"),
        "{ready}"
    );
    assert_eq!(
        (ready["ready"].as_bool(), name().await.as_deref()),
        (Some(true), Some("Third"))
    );

    write(&named("Fifth"));
    until_named(Some("Fifth")).await;
    assert_eq!(read("/readyz").await["definitions"], "ok");
    std::fs::remove_file(folder.path().join("own.yaml")).unwrap();
    until_named(None).await;
    assert!(program.0.try_wait().unwrap().is_none(), "it still serves");
}
