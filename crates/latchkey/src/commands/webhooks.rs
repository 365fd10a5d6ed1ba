//! `latchkey webhooks`.

use std::time::Duration;

use anyhow::Context as _;
use broker::{Broker, Caller, EndpointRequest, RangeRequest, Scope};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use store::{Delivery, DeliveryId, DeliveryStatus, WebhookEndpoint};

use super::output::Output;
use super::target::{self, ProjectArguments};
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Endpoints of a project and environment.
    List {
        #[command(flatten)]
        target: ProjectArguments,
    },
    /// Subscribe an endpoint to events. Its signing secret is shown this one time.
    Create {
        /// Where deliveries go, as `https://app.example.com/hooks`.
        url: String,
        #[command(flatten)]
        target: ProjectArguments,
        /// A type as `connection.created` or a wildcard as `connection.*`; repeat for more. Everything without.
        #[arg(long)]
        event: Vec<String>,
        /// Your own name for it.
        #[arg(long)]
        key: Option<String>,
        /// For people.
        #[arg(long)]
        description: Option<String>,
    },
    /// Delete an endpoint at once, with what was on its way to it.
    Delete {
        /// The endpoint's id.
        id: String,
        #[command(flatten)]
        target: ProjectArguments,
    },
    /// Send a test event now.
    Test {
        /// The endpoint's id.
        id: String,
        #[command(flatten)]
        target: ProjectArguments,
    },
    /// Deliveries to an endpoint, newest first.
    Deliveries(DeliveriesArguments),
    /// Make one delivery once more, or those of a range of time; the running server sends them.
    Redeliver(RedeliverArguments),
    /// Give an endpoint a new secret, shown this one time.
    RotateSecret {
        /// The endpoint's id.
        id: String,
        #[command(flatten)]
        target: ProjectArguments,
        /// Seconds for which the old secret signs too; a day without, a week at most.
        #[arg(long)]
        overlap: Option<u32>,
        /// Also while the secret before the present one still signs: that one ends at once.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct DeliveriesArguments {
    /// The endpoint's id.
    id: String,
    #[command(flatten)]
    target: ProjectArguments,
    /// `pending`, `delivered` or `failed`.
    #[arg(long)]
    status: Option<DeliveryStatus>,
    /// Older than this delivery.
    #[arg(long)]
    after: Option<DeliveryId>,
    /// Rows at most.
    #[arg(long, default_value_t = 50)]
    limit: i64,
}

#[derive(Debug, Args)]
pub(super) struct RedeliverArguments {
    #[command(flatten)]
    target: ProjectArguments,
    /// One delivery, by its id.
    #[arg(long, conflicts_with_all = ["endpoint", "from", "to", "all"], required_unless_present = "endpoint")]
    delivery: Option<String>,
    /// Those of this endpoint that ended in a range of time.
    #[arg(long, requires = "from")]
    endpoint: Option<String>,
    /// From here on, as `2026-11-25T08:00:00Z`.
    #[arg(long)]
    from: Option<chrono::DateTime<chrono::Utc>>,
    /// Before this; until now without.
    #[arg(long)]
    to: Option<chrono::DateTime<chrono::Utc>>,
    /// Those that arrived too, not only those that were given up.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::List { target } => {
            let caller = operator(&broker, &target).await?;
            let rows: Vec<Value> = broker.webhook_endpoints(&caller).await?.iter().map(endpoint).collect();
            output.rows(&rows, &["id", "url", "events", "active", "failures", "disabled_reason"]);
        }
        Command::Create {
            url,
            target,
            event,
            key,
            description,
        } => {
            let caller = operator(&broker, &target).await?;
            let request = EndpointRequest {
                key,
                url,
                events: event,
                description,
                ..EndpointRequest::default()
            };
            let made = broker.create_webhook_endpoint(&caller, request).await?;
            let text = format!("{} is subscribed: {}", made.endpoint.url, made.endpoint.id);
            say_with_secret(output, &made.endpoint, made.secret.as_ref(), &text);
        }
        Command::Delete { id, target } => {
            let caller = operator(&broker, &target).await?;
            let deleted = broker.delete_webhook_endpoint(&caller, &id).await?;
            output.say(
                &json!({ "id": deleted.id, "deleted": true }),
                &format!("{} gets nothing any more.", deleted.url),
            );
        }
        Command::Test { id, target } => test(&broker, output, &id, &target).await?,
        Command::Deliveries(arguments) => deliveries(&broker, output, arguments).await?,
        Command::Redeliver(arguments) => redeliver(&broker, output, arguments).await?,
        Command::RotateSecret {
            id,
            target,
            overlap,
            force,
        } => {
            let caller = operator(&broker, &target).await?;
            let overlap = overlap.map(|seconds| Duration::from_secs(seconds.into()));
            let made = broker.rotate_webhook_secret(&caller, &id, None, overlap, force).await?;
            let text = format!("{} has a new secret.", made.endpoint.url);
            say_with_secret(output, &made.endpoint, made.secret.as_ref(), &text);
        }
    }
    Ok(())
}

/// Whoever can read the master key may do everything with the project.
async fn operator(broker: &Broker, target: &ProjectArguments) -> anyhow::Result<Caller> {
    let project = target::project(broker, target.project.as_deref()).await?;
    Ok(Caller {
        project: project.id,
        environment: target.environment,
        actor: broker::Actor::CommandLine,
        scopes: [Scope::Admin].into(),
    })
}

fn say_with_secret(output: Output, made: &WebhookEndpoint, secret: Option<&SecretString>, text: &str) {
    let mut value = endpoint(made);
    let secret = secret.map_or("", |secret| secret.expose_secret());
    value["secret"] = json!(secret);
    output.say(
        &value,
        &format!("{text}\n  secret  {secret}\nKeep it now: it is not shown again."),
    );
}

async fn test(broker: &Broker, output: Output, id: &str, target: &ProjectArguments) -> anyhow::Result<()> {
    let caller = operator(broker, target).await?;
    let tested = broker.test_webhook(&caller, id).await?;
    let attempt = tested.attempts.last().context("the test was not noted")?;
    let mut value = row(&tested.delivery);
    value["response"] = json!(attempt.response);
    value["duration_ms"] = json!(attempt.duration_ms);
    let text = match &attempt.error {
        None => format!("It arrived, in {} ms.", attempt.duration_ms),
        Some(error) => format!("It did not arrive: {error}"),
    };
    output.say(&value, &text);
    Ok(())
}

async fn deliveries(broker: &Broker, output: Output, arguments: DeliveriesArguments) -> anyhow::Result<()> {
    let caller = operator(broker, &arguments.target).await?;
    let limit = arguments.limit.clamp(1, 1000);
    let found = broker
        .webhook_deliveries(&caller, &arguments.id, arguments.status, arguments.after, limit)
        .await?;
    let rows: Vec<Value> = found.iter().map(row).collect();
    output.rows(
        &rows,
        &[
            "id",
            "event",
            "status",
            "attempts",
            "last_status",
            "created_at",
            "next_attempt_at",
        ],
    );
    Ok(())
}

async fn redeliver(broker: &Broker, output: Output, arguments: RedeliverArguments) -> anyhow::Result<()> {
    let caller = operator(broker, &arguments.target).await?;
    if let Some(id) = arguments.delivery {
        let delivery = broker.redeliver_webhook(&caller, &id).await?;
        output.say(&row(&delivery), "It is on its way.");
        return Ok(());
    }
    let endpoint = arguments.endpoint.context("give --delivery or --endpoint")?;
    let mut request = RangeRequest {
        from: arguments.from.context("--endpoint needs --from")?,
        // The range must not grow while it is worked on.
        to: Some(match arguments.to {
            Some(to) => to,
            None => broker.store().now().await?,
        }),
        status: (!arguments.all).then_some(DeliveryStatus::Failed),
        after: None,
    };
    let mut count = 0;
    loop {
        let done = broker.redeliver_webhooks(&caller, &endpoint, request).await?;
        count += done.count;
        request.after = done.next;
        if request.after.is_none() {
            break;
        }
    }
    output.say(
        &json!({ "redelivered": count }),
        &format!("{count} deliveries are on their way."),
    );
    Ok(())
}

fn endpoint(endpoint: &WebhookEndpoint) -> Value {
    json!({
        "id": endpoint.id,
        "key": endpoint.key,
        "url": endpoint.url,
        "events": endpoint.types,
        "description": endpoint.description,
        "active": endpoint.active,
        "failures": endpoint.failures,
        "disabled_reason": endpoint.disabled_reason,
        "disabled_at": endpoint.disabled_at,
        "paused_until": endpoint.not_before,
        "last_success_at": endpoint.last_success_at,
        "previous_secret_until": endpoint.previous_until,
        "created_at": endpoint.created_at,
    })
}

fn row(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "event_id": delivery.event,
        "event": delivery.kind,
        "connection": delivery.connection,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "ended_at": delivery.ended_at,
    })
}
