//! `latchkey adopt`.

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};
use store::{Adoption, Home, Residence, Store, UncertainConnection};

use super::output::Output;
use super::target;
use crate::configuration::Configuration;

/// What to do with a database that was restored or copied.
#[derive(Debug, Args)]
pub(super) struct AdoptArguments {
    /// Adopt it. Without, it is only shown where it came from.
    #[arg(long)]
    yes: bool,
    /// A planned move whose old server was stopped before the copy was made: nothing is doubted, nothing dropped.
    #[arg(long, requires = "yes")]
    trust: bool,
    /// Show what became of the connections since the last adoption.
    #[arg(long, conflicts_with_all = ["yes", "trust"])]
    report: bool,
}

pub(super) async fn run(
    configuration: &Configuration,
    output: Output,
    arguments: &AdoptArguments,
) -> anyhow::Result<()> {
    let (store, _) = target::store(configuration).await?;
    if arguments.report {
        return report(&store, output).await;
    }
    let (residence, here) = (store.residence().await?, store.here().await?);
    if arguments.yes {
        return adopt(&store, output, arguments.trust).await;
    }
    let at_home = residence.home.as_ref().is_none_or(|home| *home == here.marks);
    output.say(&standing(at_home, &residence, &here), &told(at_home, &residence, &here));
    if !at_home {
        bail!(
            "nothing was changed. Make sure that the server it came from no longer runs, then run `latchkey adopt --yes`; add `--trust` if that server was stopped before the copy was made"
        );
    }
    Ok(())
}

async fn adopt(store: &Store, output: Output, trust: bool) -> anyhow::Result<()> {
    let adoption = store.adopt("cli", trust).await?;
    let mut value = facts(&adoption);
    value["adopted"] = json!(true);
    let doubt = if trust {
        "Every token is trusted.".to_owned()
    } else {
        format!(
            "{} connections are uncertain: their refresh tokens may have been spent since the copy was made. Each is tried once, slowly; `latchkey adopt --report` shows how that goes.\n{} webhook deliveries of before were dropped.",
            adoption.marked, adoption.dropped_deliveries
        )
    };
    let text = format!(
        "This database is adopted (epoch {}); running servers notice within half a minute.\n{doubt}\n{} revocations of before go on.",
        adoption.epoch, adoption.pending_revocations
    );
    output.say(&value, &text);
    Ok(())
}

async fn report(store: &Store, output: Output) -> anyhow::Result<()> {
    let Some(adoption) = store.last_adoption().await? else {
        output.say(&Value::Null, "This database was never adopted.");
        return Ok(());
    };
    let totals = store.adoption_totals(&adoption).await?;
    let mut lost = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = store.uncertain_connections(adoption.epoch, after).await?;
        lost.extend(page.iter().filter(|connection| connection.lost).map(row));
        if next.is_none() {
            break;
        }
        after = next;
    }
    let mut value = facts(&adoption);
    value["waiting"] = json!(totals.waiting);
    value["proved"] = json!(totals.proved);
    value["deleted"] = json!(totals.deleted);
    // What is listed is what is counted, although a connection may be lost while this runs.
    value["lost"] = json!(lost.len());
    if output.json {
        value["lost_connections"] = Value::Array(lost);
        output.value(&value);
        return Ok(());
    }
    let text = format!(
        "Adopted {} (epoch {}){}.\n{} were uncertain: {} wait, {} proved good, {} lost, {} deleted since.",
        adoption.at,
        adoption.epoch,
        if adoption.trusted { ", trusted" } else { "" },
        adoption.marked,
        totals.waiting,
        totals.proved,
        lost.len(),
        totals.deleted
    );
    output.say(&value, &text);
    if !lost.is_empty() {
        output.rows(&lost, &["id", "key", "integration", "identity", "reason"]);
    }
    Ok(())
}

fn standing(at_home: bool, residence: &Residence, here: &Home) -> Value {
    json!({
        "adopted": at_home,
        "epoch": residence.epoch,
        "home": { "marks": residence.home, "database": residence.database, "since": residence.since },
        "here": { "marks": here.marks, "database": here.database, "cluster_known": here.cluster_known },
    })
}

fn told(at_home: bool, residence: &Residence, here: &Home) -> String {
    let (Some(home), Some(since)) = (&residence.home, residence.since) else {
        return "No home is recorded: the first server that starts takes this place as the database's home. If it was restored or copied, run `latchkey adopt --yes` before.".to_owned();
    };
    let database = residence.database.as_deref().unwrap_or("-");
    let verdict = if at_home {
        "This database is at home. After a restore in place, as to a point in time, `latchkey adopt --yes` has its tokens tried carefully."
    } else {
        "This database was restored or copied: it refreshes, revokes and delivers nothing yet."
    };
    format!(
        "{verdict}\n\n  home  {database}, since {since} ({home})\n  here  {} ({})\n",
        here.database, here.marks
    )
}

fn facts(adoption: &Adoption) -> Value {
    json!({
        "epoch": adoption.epoch,
        "at": adoption.at,
        "by": adoption.by,
        "from": { "marks": adoption.from_home, "database": adoption.from_database },
        "to": adoption.to_home,
        "trusted": adoption.trusted,
        "marked": adoption.marked,
        "dropped_deliveries": adoption.dropped_deliveries,
        "pending_revocations": adoption.pending_revocations,
    })
}

fn row(connection: &UncertainConnection) -> Value {
    json!({
        "id": connection.id,
        "key": connection.key,
        "project": connection.project,
        "environment": connection.environment,
        "integration": connection.integration,
        "identity": connection.identity,
        "reason": connection.reason,
        "message": connection.message,
    })
}
