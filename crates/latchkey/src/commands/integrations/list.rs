//! What there is.

use catalog::{Integration, Loaded};
use serde_json::{Value, json};

use super::super::output::Output;

pub(super) fn list(output: Output, loaded: &Loaded) {
    for problem in &loaded.problems {
        tracing::warn!("a definition is left out: {problem}");
    }
    let rows: Vec<Value> = loaded
        .catalog
        .iter()
        .filter_map(|integration| {
            let resolved = loaded.resolved.get(integration.id.as_str())?;
            Some(row(integration, &resolved.json()))
        })
        .collect();
    output.rows(&rows, &["id", "name", "kinds", "categories", "confidence", "from"]);
}

/// What is declared is read from the definition as it is written, whatever kinds of sign-in there are.
fn row(integration: &Integration, written: &Value) -> Value {
    let ways = || written["auth"].as_array().into_iter().flatten();
    let any = |key: &str| ways().any(|way| !way[key].is_null());
    let kinds: Vec<&str> = integration.auth.iter().map(|way| way.kind.name()).collect();
    let origin = &integration.origin;
    let from = match (origin.built_in, origin.stored, origin.overrides) {
        (true, ..) => "built-in",
        (false, false, true) => "own, overrides",
        (false, false, false) => "own",
        (false, true, true) => "api, overrides",
        (false, true, false) => "api",
    };
    json!({
        "id": integration.id,
        "name": integration.name,
        "kinds": kinds,
        "categories": integration.categories,
        "confidence": integration.confidence,
        "sources": integration.sources,
        "unconfirmed": integration.unconfirmed,
        "environments": integration.environments,
        "check": !written["check"].is_null() || any("check"),
        "check_off_reason": integration.check_off_reason,
        "revoke": any("revoke") || any("discover"),
        "setup": any("setup") || any("help_url"),
        "actions": integration.actions.len(),
        "from": from,
        "file": origin.file,
        "overrides": origin.overrides,
    })
}
