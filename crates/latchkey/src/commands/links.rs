//! `latchkey links`.

use anyhow::Context as _;
use broker::{Broker, LinkFilter, LinkPurpose, LinkRequest, Owner};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use store::{ConnectionId, IdentityType, Link};

use super::connections::operator;
use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a link for one person. Its address is shown this one time.
    Create(CreateArguments),
    /// Links of a project and environment, newest first.
    List {
        #[command(flatten)]
        target: ProjectArguments,
        /// Of this identity only.
        #[arg(long)]
        identity: Option<String>,
        /// In this state only.
        #[arg(long, value_parser = ["open", "opened", "used", "revoked", "expired"])]
        state: Option<String>,
        /// Rows at most.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Revoke a link at once, with the sessions that it opened.
    Revoke {
        /// The link's id.
        id: String,
        #[command(flatten)]
        target: ProjectArguments,
    },
}

#[derive(Debug, Args)]
pub(super) struct CreateArguments {
    #[command(flatten)]
    target: ProjectArguments,
    /// Your id of the person.
    #[arg(long, required_unless_present = "connection")]
    identity: Option<String>,
    /// `user`, `team`, `organization` or `project`.
    #[arg(long)]
    identity_type: Option<IdentityType>,
    /// Their name, for the page.
    #[arg(long)]
    label: Option<String>,
    /// Offer only this integration; repeat for more.
    #[arg(long)]
    integration: Vec<String>,
    /// Connect this connection again, by its id.
    #[arg(long)]
    connection: Option<ConnectionId>,
    /// Lead to the person's own connections, to see, reconnect and end them.
    #[arg(long, conflicts_with = "connection")]
    manage: bool,
    /// Seconds that it lives: 300 to 2592000. A week without, an hour with --manage.
    #[arg(long)]
    ttl: Option<i64>,
    /// Whether your backend confirms who finished; as the project has it without.
    #[arg(long)]
    verify: Option<bool>,
    /// The language of its page, as `de`; the browser's without.
    #[arg(long)]
    locale: Option<String>,
    /// Who sends it, for the page.
    #[arg(long)]
    inviter: Option<String>,
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::Create(arguments) => create(&broker, output, arguments).await?,
        Command::List {
            target,
            identity,
            state,
            limit,
        } => {
            let caller = operator(&broker, &target).await?;
            let limit = limit.clamp(1, 1000);
            let filter = LinkFilter {
                identity,
                state,
                skip: 0,
                limit,
            };
            let (links, total) = broker.links(&caller, &filter).await?;
            let rows: Vec<Value> = links.iter().map(row).collect();
            output.rows(&rows, &["id", "purpose", "identity", "state", "source", "expires_at"]);
            if !output.json && total > limit {
                output.say(
                    &Value::Null,
                    &format!("{limit} of {total} are shown; --limit shows more."),
                );
            }
        }
        Command::Revoke { id, target } => {
            let caller = operator(&broker, &target).await?;
            let link = broker.revoke_link(&caller, &id).await.context("nothing was revoked")?;
            let text = match link.state {
                store::LinkState::Used => format!("{id} was used already. Its connection stays."),
                _ => format!("{id} opens nothing any more."),
            };
            output.say(&row(&link), &text);
        }
    }
    Ok(())
}

async fn create(broker: &Broker, output: Output, arguments: CreateArguments) -> anyhow::Result<()> {
    let caller = operator(broker, &arguments.target).await?;
    let locale = arguments.locale.as_deref().map(server::page_language).transpose()?;
    let request = LinkRequest {
        purpose: if arguments.manage {
            LinkPurpose::Manage
        } else {
            LinkPurpose::Connect
        },
        owner: Owner {
            identity: arguments.identity,
            identity_type: arguments.identity_type,
            group: None,
            label: arguments.label,
        },
        integrations: Some(arguments.integration).filter(|only| !only.is_empty()),
        connection: arguments.connection,
        ttl: arguments.ttl,
        verify: arguments.verify,
        locale: locale.map(ToOwned::to_owned),
        inviter: arguments.inviter,
        repeatable: None,
    };
    let made = broker.make_link(&caller, request).await.context("no link was made")?;
    let url = made.url.context("its address is not there")?;
    let mut value = row(&made.link);
    value["url"] = json!(url);
    let text = format!(
        "{url}\n  id       {}\n  expires  {}\nKeep the address now: it is not shown again.",
        made.link.id, made.link.expires_at
    );
    output.say(&value, &text);
    Ok(())
}

fn row(link: &Link) -> Value {
    json!({
        "id": link.id,
        "purpose": link.purpose,
        "identity": link.owner.identity,
        "label": link.owner.label,
        "integrations": link.integrations,
        "connection": link.connection,
        "state": link.state.as_str(),
        "source": link.source,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "opened_at": link.opened_at,
        "used_at": link.used_at,
        "revoked_at": link.revoked_at,
    })
}
