//! The product on the official PostgreSQL image, where Docker is.

use std::sync::Arc;

use store::{MIGRATOR, PoolOptions, Store};
use vault::{KeyRing, MasterKey};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "says that it was skipped")]
async fn migrations_run_on_the_official_image() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the settings of a test run are its environment"
    )]
    let required = std::env::var("REQUIRE_DOCKER").is_ok_and(|value| value == "1");
    let (_container, options) = match testkit::container().await {
        Ok(started) => started,
        Err(error) if required => panic!("REQUIRE_DOCKER=1, and no container started: {error}"),
        Err(error) => {
            eprintln!("skipped: no Docker ({error})");
            return;
        }
    };
    let master = MasterKey::generate();
    let store = Store::from_options(options, PoolOptions::default(), Arc::new(KeyRing::new(&master)));
    assert_eq!(store.missing_migrations().await.unwrap(), MIGRATOR.iter().count());
    store.migrate().await.unwrap();
    assert_eq!(store.missing_migrations().await.unwrap(), 0);
    let project = store.create_project("Shop").await.unwrap();
    assert_eq!(store.default_project().await.unwrap().unwrap().id, project.id);
}
