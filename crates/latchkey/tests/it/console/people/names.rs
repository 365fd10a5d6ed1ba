//! People are found by words of their name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{ConnectionSearch, Environment, PoolOptions, ProjectId, Role, Store};
use testkit::TestServer;
use vault::{KeyRing, MasterKey};

use super::super::{home, operator};
use super::{ANN, pair};

const ANNA: &str = "Anna Müller";
const EVA: &str = "Müller-Lüdenscheidt, Eva";
const MAIL: &str = "anna.mueller@example.com";
const JURGEN: &str = "Jürgen  von der Straße";
const SINEAD: &str = "Sinéad O’Connor";
const LUKASZ: &str = "ŁUKASZ ŻÓŁĆ";
const TARO: &str = "田中 太郎";
const IVAN: &str = "Иван Петров";
const JOSE: &str = "Jose\u{301} Ángel Núñez";
const EVERYBODY: [&str; 9] = [ANNA, EVA, MAIL, JURGEN, SINEAD, LUKASZ, TARO, IVAN, JOSE];

/// A server where these people have one connection each.
async fn with(names: &[&str]) -> TestServer {
    let server = TestServer::start().await;
    server.connect("u-first", ANN).await;
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("'{}'", name.replace('\'', "''")))
        .collect();
    server
        .database
        .execute(&format!(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, label)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, 'named-' || n, 'p-' || n, called
             from connections, unnest(array[{}]::text[]) with ordinality as l (called, n)",
            quoted.join(", ")
        ))
        .await;
    server
}

/// Who is found in a place, in the order of the alphabet.
async fn found_in(server: &TestServer, project: ProjectId, environment: Environment, text: &str) -> Vec<String> {
    let found = server
        .store
        .identities_named(project, environment, text, 20)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut names: Vec<String> = found.into_iter().map(|one| one.label.unwrap_or_default()).collect();
    names.sort_unstable();
    names
}

async fn found(server: &TestServer, text: &str) -> Vec<String> {
    found_in(server, server.project.id, Environment::Test, text).await
}

fn sorted(names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn any_word_of_a_name_finds_its_person() {
    let server = with(&EVERYBODY).await;
    for (text, expected) in [
        // By the surname, with the accent or without, in capitals or not, and by either half.
        ("müller", vec![ANNA, EVA]),
        ("muller", vec![ANNA, EVA]),
        ("MÜLLER", vec![ANNA, EVA]),
        ("Mu\u{308}ll", vec![ANNA, EVA]),
        ("lüdenscheidt", vec![EVA]),
        ("ludensch", vec![EVA]),
        ("müller-lüd", vec![EVA]),
        ("straße", vec![JURGEN]),
        ("STRASSE", vec![JURGEN]),
        ("o'connor", vec![SINEAD]),
        ("connor", vec![SINEAD]),
        ("zolc", vec![LUKASZ]),
        ("łukasz", vec![LUKASZ]),
        ("петров", vec![IVAN]),
        ("ИВАН", vec![IVAN]),
        ("太郎", vec![TARO]),
        ("田", vec![TARO]),
        ("nuñ jose", vec![JOSE]),
        // Words in any order, and spaces as many as there are.
        ("anna", vec![ANNA, MAIL]),
        ("anna müll", vec![ANNA]),
        ("  müller   anna ", vec![ANNA]),
        ("jurgen von", vec![JURGEN]),
        ("str  der", vec![JURGEN]),
        ("e", vec![EVA]),
        // An address by its beginning, and by what stands before its host.
        ("anna.mueller@ex", vec![MAIL]),
        ("anna.mueller@other.example.com", vec![]),
        ("eva@example.com", vec![]),
        ("mueller", vec![MAIL]),
        ("example", vec![]),
        // Not within a word, not where a word ended, not without one of them.
        ("üller", vec![]),
        ("郎", vec![]),
        ("müll.", vec![]),
        ("anna petrov", vec![]),
    ] {
        assert_eq!(found(&server, text).await, sorted(&expected), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_typed_is_a_question_of_its_own() {
    let server = with(&EVERYBODY).await;
    for text in [
        "'",
        "''",
        "\\",
        "\\'",
        ":*",
        ":",
        "*",
        "!",
        "!!",
        "&",
        "|",
        "(",
        ")",
        "<->",
        "%",
        "_",
        "-",
        "@",
        "a:*b & !c",
        "' | 'zz",
        "m' | 'a",
        "x' | 'anna':* | 'x",
        "!zzz",
        "\u{a0}",
        "’",
        "。",
    ] {
        assert_eq!(found(&server, text).await, Vec::<String>::new(), "{text}");
    }
    // Signs around a word are no part of it.
    for text in ["'müller'", "(müller)", "müller:*", "!müller", "anna & müller"] {
        assert!(found(&server, text).await.contains(&ANNA.to_owned()), "{text}");
    }
    let many = "x ".repeat(150);
    assert_eq!(found(&server, &many).await, Vec::<String>::new());
    let long = "ü".repeat(300);
    assert_eq!(found(&server, &long).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_found_in_its_place_while_it_is_there() {
    let server = with(&[ANNA]).await;
    let (other, _) = server.another_project().await;
    server
        .database
        .execute(&format!(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, label)
             select gen_random_uuid(), a.project_id, 'test', a.id, a.integration, 'oauth2', 'elsewhere', 'p-1', 'Olga Müller'
             from apps a where a.project_id = '{other}' limit 1"
        ))
        .await;
    let here = server.project.id;
    assert_eq!(found(&server, "muller").await, [ANNA]);
    assert_eq!(
        found_in(&server, other, Environment::Test, "muller").await,
        ["Olga Müller"]
    );
    for place in [(here, Environment::Live), (other, Environment::Live)] {
        assert!(found_in(&server, place.0, place.1, "muller").await.is_empty());
    }
    server
        .database
        .execute("update connections set label = 'Anna Schmidt' where label = 'Anna Müller'")
        .await;
    assert!(found(&server, "muller").await.is_empty());
    assert_eq!(found(&server, "schmidt").await, ["Anna Schmidt"]);
    server
        .database
        .execute("update connections set deleted_at = latchkey_now()")
        .await;
    assert!(found(&server, "schmidt").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_name_is_it_can_be_written() {
    let (long, words) = ("ü".repeat(1_000), "ab ".repeat(800));
    let server = with(&[
        "", " ", "'", "\\", "@", "a@", "@a", "\u{3000}", "\t\n", "\u{301}", &long, &words,
    ])
    .await;
    assert_eq!(found(&server, "üüüü").await, [long]);
    assert_eq!(found(&server, "ab").await, [words]);
    for (name, folded) in [
        ("Anna  Müller", " anna muller"),
        ("Müller-Lüdenscheidt, Eva", " muller ludenscheidt eva"),
        ("anna.mueller@example.com", " anna mueller"),
        ("@ann", " ann"),
        ("Straße Æsir Œuvre", " strasse aesir oeuvre"),
        ("İstanbul ışık", " istanbul isik"),
        ("Đặng Ðór", " dang dor"),
        ("ΑΘΗΝΑ Γιώργος", " αθηνα γιωργοσ"),
        ("佐々木・花子", " 佐々木 花子"),
        ("…", " "),
    ] {
        let read = server.database.text(&format!("select latchkey_words('{name}')")).await;
        assert_eq!(read, folded, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_found_by_the_name_of_their_person() {
    let server = with(&EVERYBODY).await;
    let (_, viewer) = operator(&server, Some(Role::Viewer)).await;
    let place = home(&server);
    let rows = |text: &str| text.matches("<tr><th scope=\"row\">").count();
    for (page, query, expected) in [
        ("connections", "muller", 2),
        ("connections", "müller  anna", 1),
        ("connections", "üller", 0),
        ("identities", "muller", 2),
        ("identities", "eva", 1),
        // Identities are found by their beginning as before.
        ("identities", "p-", 9),
        ("identities", "p-3", 1),
        ("identities", "", 10),
    ] {
        let address = format!("{place}/{page}?{}", pair("q", query));
        let seen = viewer.get(&address).await.expect(200).text;
        assert_eq!(rows(&seen), expected, "{page} {query}: {seen}");
    }
    let both = format!("{place}/connections?state=operational&{}", pair("q", "muller"));
    assert_eq!(rows(&viewer.get(&both).await.expect(200).text), 2);
    let both = format!("{place}/connections?state=failed&{}", pair("q", "muller"));
    assert_eq!(rows(&viewer.get(&both).await.expect(200).text), 0);
    let all = viewer.get(&format!("{place}/search?q=muller")).await.expect(200).text;
    assert!(all.contains(ANNA) && all.contains(EVA) && !all.contains(MAIL), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_surname_that_very_many_have_is_paged() {
    let server = with(&[]).await;
    server
        .database
        .execute(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key, identity, label)
             select gen_random_uuid(), project_id, environment, app_id, integration, auth_method, 'many-' || n, 'p-' || n,
                    'Person ' || n || ' Möreau'
             from connections, generate_series(1, 5100) n",
        )
        .await;
    let mut search = ConnectionSearch {
        text: Some("moreau".to_owned()),
        limit: 2_000,
        ..ConnectionSearch::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = server
            .store
            .search_connections(server.project.id, Environment::Test, &search)
            .await
            .unwrap();
        seen.extend(page.rows.iter().map(|row| row.id));
        let Some(next) = page.next else { break };
        search.before = Some(next);
    }
    assert_eq!(seen.len(), 5_100);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5_100, "no row twice");
    assert_eq!(found(&server, "moreau").await.len(), 20);
    assert_eq!(found(&server, "5099 moreau").await, ["Person 5099 Möreau"]);
}

/// Times that the index of names was asked, once it is more than `before`.
async fn asked(server: &TestServer, before: i64) -> i64 {
    let number = "select idx_scan from pg_stat_user_indexes where indexrelname = 'connections_by_label_words'";
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let now = server.database.number(number).await;
        assert!(now > before || Instant::now() < patience, "the index was not asked");
        if now > before {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_of_names_serves_both_lists() {
    let server = with(&EVERYBODY).await;
    // A table of ten rows is otherwise read whole, or by any other index.
    server
        .database
        .execute(
            "do $$ declare other regclass; begin
               for other in select indexrelid from pg_index i where indrelid = 'connections'::regclass
                   and indexrelid <> 'connections_by_label_words'::regclass
                   and not exists (select from pg_constraint where conindid = i.indexrelid) loop
                 execute format('drop index %s', other);
               end loop; end $$",
        )
        .await;
    let others = ["enable_seqscan", "enable_indexscan", "enable_indexonlyscan"];
    let options = server.database.options().options(others.map(|way| (way, "off")));
    let store = Store::from_options(
        options,
        PoolOptions::default(),
        Arc::new(KeyRing::new(&MasterKey::generate())),
    );
    let (project, environment) = (server.project.id, Environment::Test);
    let people = store
        .identities_named(project, environment, "muller", 20)
        .await
        .unwrap();
    assert_eq!(people.len(), 2);
    let first = asked(&server, 0).await;
    let search = ConnectionSearch {
        text: Some("muller".to_owned()),
        limit: 20,
        ..ConnectionSearch::default()
    };
    let found = store.search_connections(project, environment, &search).await.unwrap();
    assert_eq!(found.rows.len(), 2);
    asked(&server, first).await;
}
