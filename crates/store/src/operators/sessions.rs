//! Sessions of operators: one for each browser in which somebody signed in.

use std::time::Duration;

use chrono::{DateTime, Utc};
use vault::Digest;

use super::{Membership, Operator};
use crate::{AuditEntry, OperatorId, OperatorLoginId, OperatorSessionId, Store, StoreError, audit};

/// What somebody proved who they are with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// A link that signs in, once.
    Link,
    /// The password that has this hash.
    Password(String),
    /// An account at a provider.
    Login {
        /// Which.
        login: OperatorLoginId,
        /// Seconds since the provider asked who it is, where it says so.
        proved_ago: Option<u64>,
    },
}

/// Long ago, for a proof: an account whose provider does not say when it asked.
const LONG_AGO: Duration = Duration::from_hours(24);

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewOperatorSession {
    /// Its id.
    pub id: OperatorSessionId,
    /// Whose it is.
    pub operator: OperatorId,
    /// Until it ends, whatever happens.
    pub lifetime: Duration,
    /// What the browser says it is, cut to 300 characters.
    pub browser: String,
    /// Where it came from.
    pub address: String,
    /// What was right.
    pub verified: Verified,
}

/// A session.
#[derive(Clone, Debug)]
pub struct OperatorSession {
    /// The id.
    pub id: OperatorSessionId,
    /// When the person signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to about a minute.
    pub seen_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// When the person last proved who they are.
    pub proved_at: DateTime<Utc>,
    /// What the browser said it is.
    pub browser: String,
    /// Where it came from.
    pub address: String,
}

/// Who asks, in which session, with what they may do.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person.
    pub operator: Operator,
    /// The session.
    pub session: OperatorSession,
    /// Seconds since the person last proved who they are.
    pub proved_ago: i64,
    /// What they are, where.
    pub memberships: Vec<Membership>,
}

impl Store {
    /// Begins a session, unless the operator was switched off, or has another password or not this account by now; whether it
    /// did.
    pub async fn begin_operator_session(
        &self,
        digest: &Digest,
        new: &NewOperatorSession,
        entry: Option<AuditEntry<'_>>,
    ) -> Result<bool, StoreError> {
        let (password, login, proved_ago) = match &new.verified {
            Verified::Link => (None, None, Duration::ZERO),
            Verified::Password(hash) => (Some(hash.as_str()), None, Duration::ZERO),
            Verified::Login { login, proved_ago } => {
                let ago = proved_ago.map_or(LONG_AGO, |seconds| Duration::from_secs(seconds).min(LONG_AGO));
                (None, Some(login.0), ago)
            }
        };
        let mut transaction = self.pool.begin().await?;
        // It waits for a change that is under way, and holds up the next one, which then ends this session too. Served by
        // the primary key.
        let may = sqlx::query!(
            "update operators set signed_in_at = latchkey_now()
             where id = $1 and disabled_at is null and ($2::text is null or password = $2)
               and ($3::uuid is null or exists (select from operator_logins l where l.id = $3 and l.operator_id = $1))",
            new.operator.0,
            password,
            login
        )
        .execute(&mut *transaction)
        .await?;
        if may.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(entry) = entry {
            audit::note(&mut transaction, entry).await?;
        }
        sqlx::query!(
            "insert into operator_sessions (token_hash, id, operator_id, ends_at, browser, address, proved_at)
             values ($1, $2, $3, latchkey_now() + make_interval(secs => $4), left($5, 300), left($6, 64),
                     latchkey_now() - make_interval(secs => $7))",
            digest.as_bytes(),
            new.id.0,
            new.operator.0,
            new.lifetime.as_secs_f64(),
            new.browser,
            new.address,
            proved_ago.as_secs_f64()
        )
        .execute(&mut *transaction)
        .await?;
        // Served by operator_sessions_by_end.
        sqlx::query!("delete from operator_sessions where ends_at <= latchkey_now() - interval '1 day'")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Who asks with this cookie, where the session has not ended, was used within `idle`, and the operator may
    /// sign in. Noted once a minute. Served by the primary key.
    pub async fn signed_in(&self, digest: &Digest, idle: Duration) -> Result<Option<SignedIn>, StoreError> {
        let row = sqlx::query!(
            r#"select s.id as "session: OperatorSessionId", s.created_at, s.seen_at, s.ends_at, s.proved_at, s.browser,
                      s.address, o.id as "operator: OperatorId", o.email, o.name, o.disabled_at,
                      o.created_at as operator_created_at, o.signed_in_at,
                      extract(epoch from latchkey_now() - s.proved_at)::bigint as "proved_ago!",
                      s.seen_at <= latchkey_now() - interval '1 minute' as "is_old!"
               from operator_sessions s join operators o on o.id = s.operator_id
               where s.token_hash = $1 and s.ends_at > latchkey_now() and o.disabled_at is null
                 and s.seen_at > latchkey_now() - make_interval(secs => $2)"#,
            digest.as_bytes(),
            idle.as_secs_f64()
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row.is_old {
            sqlx::query!(
                "update operator_sessions set seen_at = latchkey_now() where token_hash = $1",
                digest.as_bytes()
            )
            .execute(&self.pool)
            .await?;
        }
        Ok(Some(SignedIn {
            memberships: self.memberships(row.operator).await?,
            operator: Operator {
                id: row.operator,
                email: row.email,
                name: row.name,
                disabled_at: row.disabled_at,
                created_at: row.operator_created_at,
                signed_in_at: row.signed_in_at,
            },
            session: OperatorSession {
                id: row.session,
                created_at: row.created_at,
                seen_at: row.seen_at,
                ends_at: row.ends_at,
                proved_at: row.proved_at,
                browser: row.browser,
                address: row.address,
            },
            proved_ago: row.proved_ago,
        }))
    }

    /// Notes that the person proved who they are once more, in a session that has a new cookie from now on.
    pub async fn prove_operator_session(&self, id: OperatorSessionId, digest: &Digest) -> Result<bool, StoreError> {
        let proved = sqlx::query!(
            "update operator_sessions set proved_at = latchkey_now(), token_hash = $2 where id = $1",
            id.0,
            digest.as_bytes()
        );
        Ok(proved.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// Gives a session a new cookie. Served by the unique key on `id`.
    pub async fn renew_operator_session(&self, id: OperatorSessionId, digest: &Digest) -> Result<bool, StoreError> {
        let renewed = sqlx::query!(
            "update operator_sessions set token_hash = $2 where id = $1",
            id.0,
            digest.as_bytes()
        );
        Ok(renewed.execute(&self.pool).await?.rows_affected() > 0)
    }

    /// The sessions of an operator that have not ended, the newest first. Served by `operator_sessions_by_operator`.
    pub async fn operator_sessions(&self, operator: OperatorId) -> Result<Vec<OperatorSession>, StoreError> {
        Ok(sqlx::query_as!(
            OperatorSession,
            r#"select id as "id: OperatorSessionId", created_at, seen_at, ends_at, proved_at, browser, address
               from operator_sessions where operator_id = $1 and ends_at > latchkey_now()
               order by created_at desc limit 100"#,
            operator.0
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Ends a session of this operator; whether there was one.
    pub async fn end_operator_session(&self, operator: OperatorId, id: OperatorSessionId) -> Result<bool, StoreError> {
        let ended = sqlx::query!(
            "delete from operator_sessions where id = $1 and operator_id = $2",
            id.0,
            operator.0
        );
        Ok(ended.execute(&self.pool).await?.rows_affected() > 0)
    }
}
