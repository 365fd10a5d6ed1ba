//! Sign-ins with a code (RFC 8628): a flow that waits in `away` for the person, and is asked for by one replica at a time.

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::steps::secrets_place;
use super::{Flow, FlowId, told};
use crate::{AppId, Store, StoreError};

/// A flow whose service may be asked now. Nobody else asks for two minutes, or until it is told when to ask again.
#[derive(Debug)]
pub struct ClaimedPoll {
    /// The flow.
    pub flow: Flow,
    /// Which claim of the flow it is: when it ends by itself. A later claim ends later, and then this one notes nothing.
    pub until: DateTime<Utc>,
    /// Seconds between two questions.
    pub interval: u32,
    /// Whether an earlier question was never told the end of: its replica died, and the answer may be lost.
    pub interrupted: bool,
}

/// How many questions at once.
#[derive(Clone, Copy, Debug)]
pub struct PollLimits<'a> {
    /// All of them.
    pub all: i64,
    /// For one app.
    pub per_app: i64,
    /// Apps that are asked for by as many already.
    pub full: &'a [AppId],
    /// Flows whose question is still in somebody's hands here, however old its claim: the answer may be tokens.
    pub held: &'a [FlowId],
}

impl Store {
    /// The service gave its code: `created → away`, until the code ends or the session does. The first question comes
    /// after one interval. Gives the seconds that are left; `None` when the flow ended meanwhile.
    pub async fn send_device(
        &self,
        flow: &Flow,
        secrets: &Zeroizing<Vec<u8>>,
        (interval, expires_in): (u32, u32),
    ) -> Result<Option<i64>, StoreError> {
        let sealed = self.seal(&self.pool, &secrets_place(flow), secrets).await?;
        Ok(sqlx::query_scalar!(
            r#"update flows f set status = 'away', sent_at = latchkey_now(), sealed = $2, ticket_digest = null, ticket_until = null,
                      poll_interval = $3, poll_at = latchkey_now() + make_interval(secs => $4),
                      expires_at = least(latchkey_now() + make_interval(secs => $5), s.expires_at),
                      updated_at = latchkey_now()
               from connect_sessions s
               where f.id = $1 and f.status = 'created' and f.expires_at > latchkey_now()
                 and s.id = f.session_id and s.revoked_at is null and s.expires_at > latchkey_now()
               returning extract(epoch from f.expires_at - latchkey_now())::bigint as "left!""#,
            flow.id.0,
            sealed.as_bytes(),
            i32::try_from(interval).unwrap_or(i32::MAX),
            f64::from(interval),
            f64::from(expires_in),
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Takes flows whose service may be asked now, the longest due of each app first. Served by `flows_polled`.
    pub async fn claim_polls(&self, limits: PollLimits<'_>) -> Result<Vec<ClaimedPoll>, StoreError> {
        let full: Vec<uuid::Uuid> = limits.full.iter().map(|app| app.0).collect();
        let held: Vec<uuid::Uuid> = limits.held.iter().map(|flow| flow.0).collect();
        let rows = sqlx::query!(
            r#"with due as (
                   select d.id, d.poll_until is not null as interrupted from flows d
                   where d.id = any (array(
                       select r.id from (
                           select id, row_number() over (partition by app_id order by poll_at) as place from flows
                           where status = 'away' and poll_at <= latchkey_now() and expires_at > latchkey_now()
                             and (poll_until is null or poll_until <= latchkey_now()) and not app_id = any ($3)
                             and not id = any ($4)) r
                       where r.place <= $2 limit $1))
                     and d.status = 'away' and d.poll_at <= latchkey_now()
                     and (d.poll_until is null or d.poll_until <= latchkey_now())
                   for update skip locked)
               update flows f set poll_until = latchkey_now() + interval '2 minutes', updated_at = latchkey_now()
               from due where f.id = due.id
               returning f.id as "id: FlowId", f.poll_until as "until!", f.poll_interval as "interval!",
                         due.interrupted as "interrupted!""#,
            limits.all,
            limits.per_app,
            &full,
            &held
        )
        .fetch_all(&self.pool)
        .await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(flow) = self.flow(row.id).await? {
                claimed.push(ClaimedPoll {
                    flow,
                    until: row.until,
                    interval: row.interval.unsigned_abs(),
                    interrupted: row.interrupted,
                });
            }
        }
        Ok(claimed)
    }

    /// The person has not decided: whoever comes next may ask after so many seconds. Nothing, once it is claimed anew.
    pub async fn ask_again(&self, claimed: &ClaimedPoll, interval: u32, wait: u32) -> Result<(), StoreError> {
        sqlx::query!(
            "update flows set poll_until = null, poll_interval = $3, poll_at = latchkey_now() + make_interval(secs => $4),
                    updated_at = latchkey_now()
             where id = $1 and status = 'away' and poll_at is not null and poll_until = $2",
            claimed.flow.id.0,
            claimed.until,
            i32::try_from(interval).unwrap_or(i32::MAX),
            f64::from(wait)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The tokens are here: `away → exchanging`, for 60 seconds. `None` when the flow ended in the meantime or another has
    /// tokens for it, and these have to be given back.
    ///
    /// It may be claimed anew: whoever did so knows only that the code is spent, and notes that no more.
    pub async fn take_device_grant(&self, claimed: &ClaimedPoll) -> Result<Option<Flow>, StoreError> {
        sqlx::query!(
            "update flows set status = 'exchanging', exchange_until = latchkey_now() + interval '60 seconds',
                    poll_at = null, poll_until = $2, updated_at = latchkey_now()
             where id = $1 and status = 'away' and poll_at is not null",
            claimed.flow.id.0,
            claimed.until
        )
        .execute(&self.pool)
        .await?;
        // The claim says whose doing it is, also when the answer was lost on the way.
        let ours = sqlx::query_scalar!(
            r#"select exists (select from flows where id = $1 and status = 'exchanging' and poll_until = $2) as "ours!""#,
            claimed.flow.id.0,
            claimed.until
        )
        .fetch_one(&self.pool)
        .await?;
        if !ours {
            return Ok(None);
        }
        self.flow(claimed.flow.id).await
    }

    /// The sign-in will not become tokens: `away → failed`. `false` when it ended before, or is claimed anew.
    pub async fn fail_poll(&self, claimed: &ClaimedPoll, code: &str, message: &str) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let ended = sqlx::query!(
            "update flows set status = 'failed', error_code = $3, error_message = $4, sealed = null,
                    ended_at = latchkey_now(), updated_at = latchkey_now()
             where id = $1 and status = 'away' and poll_until = $2",
            claimed.flow.id.0,
            claimed.until,
            code,
            message
        )
        .execute(&mut *transaction)
        .await?
        .rows_affected()
            == 1;
        if ended {
            told::failed(&mut transaction, claimed.flow.id).await?;
        }
        transaction.commit().await?;
        Ok(ended)
    }
}
