//! Grants that several connections live on: at some services a revocation ends all that an account gave the OAuth client.

use std::collections::BTreeSet;

use sqlx::{PgConnection, PgExecutor};

use crate::{Connection, ConnectionId, RevocationId, Store, StoreError};

/// What a revocation at the service ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing: the service has no way to revoke.
    Nothing,
    /// The tokens of one sign-in.
    Token,
    /// All that an account gave the OAuth client, at other sign-ins too.
    Grant {
        /// Whether a connection's account is the one that signed in, and not one that was chosen afterwards.
        by_account: bool,
    },
}

impl Store {
    /// Whether another connection lives on the grant that this revocation would end. `by_account` is that of [`Reach`].
    pub async fn is_revocation_shared(&self, revocation: RevocationId, by_account: bool) -> Result<bool, StoreError> {
        let shared = shared(&self.pool, &[], Some((revocation, by_account))).await?;
        Ok(!shared.is_empty())
    }

    /// Which of these connections live on a grant that another one lives on, too. Each has its `by_account` of [`Reach`].
    pub async fn sharing(&self, connections: &[(ConnectionId, bool)]) -> Result<BTreeSet<ConnectionId>, StoreError> {
        let shared = shared(&self.pool, connections, None).await?;
        Ok(shared.into_iter().map(ConnectionId).collect())
    }
}

/// Whether another connection lives on the grant of one that was deleted in this transaction. Of several that are deleted at
/// once one decides after the other, so the last one finds none.
pub(crate) async fn lives_on(
    transaction: &mut PgConnection,
    deleted: &Connection,
    by_account: bool,
) -> Result<bool, StoreError> {
    // By the client, which several apps may have. Whoever waits here holds only what is its own connection's.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended(
                    concat_ws('/', 'grants', project_id, environment, coalesce(client_id, id::text)), 0))
         from apps where id = $1",
        deleted.app.0
    )
    .execute(&mut *transaction)
    .await?;
    let shared = shared(transaction, &[(deleted.id, by_account)], None).await?;
    Ok(!shared.is_empty())
}

/// Which of the grants of these connections, or of this revocation, another connection lives on: one by OAuth with the same
/// client, that is neither deleted nor failed. Its account tells, where both are known; else whose it is.
///
/// Served by `connections_by_identity` and `connections_by_account_id`.
async fn shared(
    executor: impl PgExecutor<'_>,
    connections: &[(ConnectionId, bool)],
    revocation: Option<(RevocationId, bool)>,
) -> Result<Vec<uuid::Uuid>, StoreError> {
    let (ids, by_account): (Vec<_>, Vec<bool>) = connections.iter().map(|(id, by_account)| (id.0, *by_account)).unzip();
    Ok(sqlx::query_scalar!(
        r#"with grants as materialized (
               select c.id, asked.by_account, c.project_id, c.environment, c.app_id, c.integration, c.identity,
                      coalesce(c.identity_type, 'user') as identity_type, c.account_id
               from unnest($1::uuid[], $2::bool[]) as asked (id, by_account) join connections c on c.id = asked.id
               union all
               select r.id, $4::bool, r.project_id, r.environment, r.app_id, r.integration,
                      coalesce(c.identity, s.identity, t.identity),
                      coalesce(case when c.identity is not null then c.identity_type
                                    when s.identity is not null then s.identity_type else t.identity_type end, 'user'),
                      coalesce(c.account_id, r.account_id)
               from revocations r left join connections c on c.id = coalesce(r.connection_id, r.held_by)
                   left join flows f on f.id = r.flow_id left join connect_sessions s on s.id = f.session_id
                   left join connections t on t.id = s.connection_id
               where r.id = $3)
           select g.id as "id!" from grants g join apps a on a.id = g.app_id
           where exists (
                   select from connections o join apps b on b.id = o.app_id
                   where o.project_id = g.project_id and o.environment = g.environment and o.identity = g.identity
                     and coalesce(o.identity_type, 'user') = g.identity_type and o.id <> g.id and o.deleted_at is null
                     and o.state <> 'failed' and o.auth_method like 'oauth%' and (b.id = a.id or b.client_id = a.client_id)
                     and not coalesce(g.by_account and o.account_id <> g.account_id, false))
               or exists (
                   select from connections o join apps b on b.id = o.app_id
                   where g.by_account and o.project_id = g.project_id and o.environment = g.environment
                     and o.account_id = g.account_id and o.id <> g.id and o.deleted_at is null
                     and o.state <> 'failed' and o.auth_method like 'oauth%' and (b.id = a.id or b.client_id = a.client_id))"#,
        &ids,
        &by_account,
        revocation.map(|(id, _)| id.0),
        revocation.is_some_and(|(_, by_account)| by_account)
    )
    .fetch_all(executor)
    .await?)
}
