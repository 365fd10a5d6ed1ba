//! Scopes to choose for an app, as the definition of its integration has them.

use std::collections::BTreeSet;

use catalog::{AuthKind, Integration, OAuth2};

/// The ways to sign in with OAuth 2, which alone have scopes.
pub(crate) fn oauth2(integration: &Integration) -> impl Iterator<Item = &OAuth2> {
    integration.auth.iter().filter_map(|method| match &method.kind {
        AuthKind::OAuth2(oauth2) => Some(&**oauth2),
        AuthKind::OAuth1(_) | AuthKind::ApiKey(_) => None,
    })
}

/// Scopes that are asked for where an operator chose none.
pub(crate) fn usual(integration: &Integration) -> BTreeSet<String> {
    oauth2(integration)
        .flat_map(|one| one.scopes.default.iter().cloned())
        .collect()
}

/// Scopes that are asked for whatever an operator chose.
pub(crate) fn required(integration: &Integration) -> BTreeSet<String> {
    oauth2(integration)
        .flat_map(|one| one.scopes.required.iter().cloned())
        .collect()
}

/// Scopes that the definition knows, the usual ones first, each once.
pub(crate) fn offered(integration: &Integration) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let usual = oauth2(integration).flat_map(|one| one.scopes.default.iter());
    let known = oauth2(integration).flat_map(|one| one.scopes.known.keys());
    for one in usual.chain(known) {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    all
}
