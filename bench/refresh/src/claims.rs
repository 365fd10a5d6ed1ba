//! The claim by itself, at more and more due rows: the product's own statements through its own store.

use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;
use sqlx::{Acquire as _, Row as _};
use store::{Quota, Replica};
use uuid::Uuid;

use crate::numbers::{milliseconds, percentile};
use crate::world::{APPS, World};

/// Of each app; ten apps.
const QUOTA: u32 = 25;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Claims {
    pub(crate) due_rows: i64,
    pub(crate) due_apps_p50_ms: f64,
    pub(crate) due_apps_p99_ms: f64,
    pub(crate) claim_p50_ms: f64,
    pub(crate) claim_p99_ms: f64,
    pub(crate) rows_a_claim: usize,
    /// How often it was measured. Opening what was sealed is part of it.
    pub(crate) count: usize,
}

fn quotas(world: &World) -> Vec<Quota> {
    let apps = world.apps[..APPS].iter();
    apps.map(|app| Quota {
        app: store::AppId(app.id),
        limit: QUOTA,
        open: false,
    })
    .collect()
}

/// Claims a number of times and frees what it claimed.
pub(crate) async fn measure(world: &World, times: usize) -> anyhow::Result<Claims> {
    let replica = Replica {
        id: Uuid::new_v4(),
        boot: Uuid::new_v4(),
    };
    let due_rows = world
        .number("select count(*) from credentials where refresh_at <= now() and lease_owner is null")
        .await?;
    let (mut looks, mut claims, mut rows) = (Vec::new(), Vec::new(), 0);
    let quotas = quotas(world);
    // As many as there are without claiming a row twice, then all are given back.
    let free_each = (usize::try_from(due_rows)? / (APPS * QUOTA as usize)).max(1);
    for turn in 0..=times {
        let begun = Instant::now();
        world.store.due_apps().await?;
        let looked = begun.elapsed();
        let begun = Instant::now();
        let leases = world.store.claim_due(replica, &quotas).await?;
        let claimed = begun.elapsed();
        // The first prepares the statements.
        if turn > 0 {
            looks.push(looked);
            claims.push(claimed);
            rows += leases.len();
        }
        if (turn + 1) % free_each == 0 {
            world.store.free_unknown_leases(replica, &[]).await?;
        }
    }
    world.store.free_unknown_leases(replica, &[]).await?;
    Ok(Claims {
        due_rows,
        due_apps_p50_ms: milliseconds(percentile(&mut looks, 50)),
        due_apps_p99_ms: milliseconds(percentile(&mut looks, 99)),
        claim_p50_ms: milliseconds(percentile(&mut claims, 50)),
        claim_p99_ms: milliseconds(percentile(&mut claims, 99)),
        rows_a_claim: rows / times,
        count: times,
    })
}

/// The plans of the product's statements, as the compiler checked them: they are read from `.sqlx`.
pub(crate) async fn plans(world: &World) -> anyhow::Result<Vec<(&'static str, String)>> {
    let (due, pick, claim) = (
        statement("cross join lateral (\n                   select k.refresh_at from credentials k")?,
        statement("as q (app_id, quota)")?,
        statement("where k.connection_id = any ($3) and c.id = k.connection_id")?,
    );
    let mut connection = world.pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    let explain = |sql: &str| sqlx::AssertSqlSafe(format!("explain (analyze, buffers, costs off) {sql}"));
    let due = sqlx::query(explain(&due)).fetch_all(&mut *transaction).await?;
    let (apps, limits): (Vec<Uuid>, Vec<i64>) = quotas(world)
        .iter()
        .map(|quota| (quota.app.0, i64::from(quota.limit)))
        .unzip();
    let picked = sqlx::query(explain(&pick))
        .bind(&apps)
        .bind(&limits)
        .fetch_all(&mut *transaction)
        .await?;
    let rows: Vec<Uuid> = sqlx::query_scalar(sqlx::AssertSqlSafe(pick))
        .bind(&apps)
        .bind(&limits)
        .fetch_all(&mut *transaction)
        .await?;
    let claim = sqlx::query(explain(&claim))
        .bind(Uuid::new_v4())
        .bind(Uuid::new_v4())
        .bind(rows)
        .fetch_all(&mut *transaction)
        .await?;
    transaction.rollback().await?;
    let text = |rows: Vec<sqlx::postgres::PgRow>| {
        let lines: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<String, _>(0)).collect();
        lines.map(|lines| lines.iter().map(|line| short(line)).collect::<Vec<_>>().join("\n"))
    };
    Ok(vec![
        ("due_apps", text(due)?),
        ("claim_due: which", text(picked)?),
        ("claim_due: theirs", text(claim)?),
    ])
}

/// A line of a plan without the ids of an array.
fn short(line: &str) -> String {
    match line.split_once("('{") {
        Some((before, array)) => format!(
            "{before}('{{…}}{}",
            array.split_once('}').map_or("", |(_, after)| after)
        ),
        None => line.to_owned(),
    }
}

/// The one statement of `.sqlx` that holds a text.
fn statement(holds: &str) -> anyhow::Result<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.sqlx");
    for entry in std::fs::read_dir(folder).context("the folder .sqlx of the workspace")? {
        let text = std::fs::read_to_string(entry?.path())?;
        let document: serde_json::Value = serde_json::from_str(&text)?;
        if let Some(query) = document["query"].as_str().filter(|query| query.contains(holds)) {
            return Ok(query.to_owned());
        }
    }
    anyhow::bail!("no statement in .sqlx holds `{holds}`: the bench does not know the product's statement any more")
}
