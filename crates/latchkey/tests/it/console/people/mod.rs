//! Those who connect: identities and their erasure, connect attempts, links, embedders.

mod embedders;
mod erasure;
mod exposure;
mod identities;
mod links;
mod names;
mod sessions;

use testkit::{Account, Consent};

const ANN: Consent = Consent::Allow(Account::Ann);

/// A query of one pair, encoded.
fn pair(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}
