//! After the faults: everything runs again, and each connection comes to rest.

use std::time::Duration;

use sqlx::Row as _;
use tokio::time::Instant;

use crate::report::say;
use crate::stage::Stage;

/// The silence after which a claim of a dead replica is free, and two minutes.
const PATIENCE: Duration = Duration::from_mins(7);
/// From now on tokens live so long, so that a connection is quiet once it has been refreshed.
const QUIET: u64 = 4 * 3_600;

/// At rest is what needs its person, or has a long-lived token and no refresh in flight.
const RESTLESS: &str = "
    select c.id, c.state, coalesce(c.state_reason, '-') as reason, k.lease_owner is not null as leased
    from connections c join credentials k on k.connection_id = c.id
    where c.deleted_at is null and c.state <> 'failed'
      and (k.lease_owner is not null or k.expires_at < latchkey_now() + interval '1 hour' or c.state <> 'operational')";

/// A refresh that waits for its next attempt waits no longer: an outage of minutes is not what is measured here.
const NUDGE: &str = "
    update credentials set refresh_at = latchkey_now()
    where lease_owner is null and refresh_at > latchkey_now() and expires_at < latchkey_now() + interval '1 hour'";

/// The same for a delivery: one that was written while the clock was ahead waits until it is there again.
const NUDGE_DELIVERIES: &str = "
    update webhook_deliveries set next_attempt_at = latchkey_now()
    where status = 'pending' and next_attempt_at > latchkey_now()";

/// Waits until all is at rest; the seconds that it took. What is not at rest in time is a finding, and so is a
/// connection that is well and cannot be called through.
pub(crate) async fn settle(stage: &Stage) -> anyhow::Result<u64> {
    let began = Instant::now();
    for station in &stage.stations {
        if let Err(error) = station.replica.ready(&stage.client, Duration::from_mins(1)).await {
            stage.recorder.finding(format!("{error:#}"));
        }
    }
    stage.world.quieten(QUIET);
    let pool = stage.postgres.pool();
    let mut rounds = 0_u32;
    loop {
        let restless = sqlx::query(RESTLESS).fetch_all(pool).await?;
        if restless.is_empty() {
            break;
        }
        if began.elapsed() > PATIENCE {
            for row in restless {
                let id: uuid::Uuid = row.try_get("id")?;
                let (health, reason): (String, String) = (row.try_get("state")?, row.try_get("reason")?);
                let leased: bool = row.try_get("leased")?;
                let number = stage.world.number(id).unwrap_or(u32::MAX);
                stage.recorder.finding(format!(
                    "connection {number} did not come to rest: {health}, {reason}, leased: {leased}"
                ));
            }
            break;
        }
        if rounds.is_multiple_of(20) {
            say(format!("{} connections are not at rest", restless.len()));
        }
        if rounds.is_multiple_of(5) {
            stage.postgres.execute(NUDGE).await?;
        }
        rounds += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    call_each(stage).await?;
    while began.elapsed() < PATIENCE {
        let waiting: i64 = sqlx::query_scalar("select count(*) from webhook_deliveries where status = 'pending'")
            .fetch_one(pool)
            .await?;
        if waiting == 0 {
            break;
        }
        stage.postgres.execute(NUDGE_DELIVERIES).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(began.elapsed().as_secs())
}

/// Each connection that says it is well answers.
async fn call_each(stage: &Stage) -> anyhow::Result<()> {
    let failed = stage.world.failed().await?;
    for (number, connected) in (0_u32..).zip(&stage.world.connections) {
        if failed.contains(&number) {
            continue;
        }
        let me = stage.caller.call(&stage.origin, &connected.key).await;
        if me.and_then(|me| me.connection) != Some(number) {
            stage.recorder.finding(format!(
                "connection {number} is not called failed and cannot be called through: {me:?}"
            ));
        }
    }
    Ok(())
}
