//! Agreeing to new addresses for secrets.

use anyhow::bail;
use broker::PendingChange;
use clap::Args;
use serde_json::{Value, json};

use super::super::output::Output;
use super::super::target;
use crate::configuration::Configuration;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// The integration, as `slack`. Without one, `--show` tells all that waits.
    integration: Option<String>,
    /// Only tell what waits.
    #[arg(long)]
    show: bool,
}

/// Shows what waits in every project, and agrees to what it showed.
pub(super) async fn run(configuration: &Configuration, output: Output, arguments: &Arguments) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    let changes = broker.waiting_changes(None, arguments.integration.as_deref()).await?;
    if !arguments.show && arguments.integration.is_none() {
        bail!("name the integration to agree to, or add --show to see all that waits");
    }
    let agreed = if arguments.show {
        Vec::new()
    } else {
        broker.agree_to(changes.clone(), "cli").await?
    };
    let rows: Vec<Value> = changes
        .iter()
        .map(|change| {
            let is_agreed = agreed.iter().any(|one| one.id == change.id);
            let mut row = json!(change);
            row["is_agreed"] = json!(is_agreed);
            row
        })
        .collect();
    output.say(&Value::Array(rows), &text(&changes, arguments.show));
    Ok(())
}

fn text(changes: &[PendingChange], only_shown: bool) -> String {
    if changes.is_empty() {
        return "Nothing waits: every running server sends secrets only where somebody agreed to.".to_owned();
    }
    let mut lines = Vec::new();
    for change in changes {
        lines.push(format!(
            "{} ({}), {} of project {}: {} connections",
            change.integration, change.auth_method, change.environment, change.project, change.connections
        ));
        lines.extend(change.agreed.iter().map(|one| format!("    {one}")));
        lines.extend(change.added.iter().map(|one| format!("  + {one}")));
    }
    lines.push(if only_shown {
        "Nothing is sent for these until you agree: `latchkey integrations agree ID`.".to_owned()
    } else {
        "Agreed. Secrets go there from now on.".to_owned()
    });
    lines.join("\n")
}
