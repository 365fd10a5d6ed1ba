//! `latchkey operators`.

use broker::{Broker, MadeOperatorLink, Operator};
use clap::Subcommand;
use serde_json::{Value, json};

use super::output::Output;
use super::target;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a link that makes the first owner. It opens once, for an hour, and never again when there is an operator.
    Setup,
    /// Print a link by which somebody chooses a new password. It opens once, for an hour, and takes their two-step sign-in
    /// away.
    Reset {
        /// Their email address.
        email: String,
    },
    /// Who may sign in.
    List,
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::Setup => {
            let link = broker.make_setup_link().await?;
            say(output, &broker, &link, "Open it to make the first owner.");
        }
        Command::Reset { email } => {
            let link = broker.make_reset_link(&email).await?;
            say(
                output,
                &broker,
                &link,
                "Whoever opens it chooses a new password for this operator. Their two-step sign-in is off then.",
            );
        }
        Command::List => {
            let mut rows = Vec::new();
            for operator in broker.store().operators().await? {
                rows.push(row(&broker, &operator).await?);
            }
            output.rows(&rows, &["id", "email", "name", "roles", "signed_in_at", "disabled_at"]);
        }
    }
    Ok(())
}

fn say(output: Output, broker: &Broker, link: &MadeOperatorLink, what: &str) {
    let url = link.url(broker.public_origin());
    let minutes = link.ttl.as_secs() / 60;
    let value = json!({ "id": link.id, "url": url, "expires_in": link.ttl.as_secs() });
    output.say(
        &value,
        &format!("{url}\n{what} It opens once, within {minutes} minutes, and is not shown again."),
    );
}

async fn row(broker: &Broker, operator: &Operator) -> anyhow::Result<Value> {
    let memberships = broker.store().memberships(operator.id).await?;
    let roles: Vec<String> = memberships
        .iter()
        .map(|membership| match membership.project {
            Some(project) => format!("{} of {project}", membership.role.as_str()),
            None => format!("{} of all projects", membership.role.as_str()),
        })
        .collect();
    Ok(json!({
        "id": operator.id,
        "email": operator.email,
        "name": operator.name,
        "roles": roles,
        "created_at": operator.created_at,
        "signed_in_at": operator.signed_in_at,
        "disabled_at": operator.disabled_at,
    }))
}
