//! Identities: whose connections there are, as a walk over the connections' own index. Nothing is kept beside it.

use chrono::{DateTime, Utc};
use vault::Environment;

use crate::{IdentityType, ProjectId, Store, StoreError};

/// Somebody in the customer's words. One without a type is a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The customer's id.
    pub id: String,
    /// What it is.
    pub kind: IdentityType,
}

/// What the list of identities looks for.
#[derive(Clone, Debug, Default)]
pub struct IdentitySearch {
    /// The beginning of the identity, in capitals or not.
    pub beginning: Option<String>,
    /// Behind this one.
    pub after: Option<Identity>,
    /// Most rows.
    pub limit: i64,
}

/// An identity with what it has connected.
#[derive(Clone, Debug)]
pub struct FoundIdentity {
    /// Who.
    pub identity: Identity,
    /// The name for people, of the newest connection.
    pub label: Option<String>,
    /// Connections that were counted: the newest [`Store::COUNTED`] at most.
    pub total: i64,
    /// Of them, those that work.
    pub operational: i64,
    /// Of them, those whose refresh fails.
    pub degraded: i64,
    /// Of them, those that failed.
    pub failed: i64,
    /// Of them, those that were never proved.
    pub unknown: i64,
    /// When one of them was last used, connected or changed.
    pub active_at: Option<DateTime<Utc>>,
}

/// What references are sealed as.
const REFERENCE: &str = "address.reference";

/// Behind every text that begins with another.
const LAST: char = '\u{10ffff}';

impl Store {
    /// Connections of one identity that its line counts.
    pub const COUNTED: i64 = 500;

    /// A page of identities that have connections, in the order of the alphabet. Each step of the walk is one look into
    /// `connections_by_identity_order`; the numbers of each are served by `connections_by_identity`.
    pub async fn identities(
        &self,
        project: ProjectId,
        environment: Environment,
        search: &IdentitySearch,
    ) -> Result<Vec<FoundIdentity>, StoreError> {
        let beginning = search.beginning.as_deref().unwrap_or_default().to_lowercase();
        let end = format!("{beginning}{LAST}");
        let (folded, id, kind) = match &search.after {
            Some(after) => (after.id.as_str(), after.id.as_str(), after.kind.as_str()),
            // Before all that begin so.
            None => (beginning.as_str(), "", ""),
        };
        let rows = sqlx::query!(
            r#"with recursive walk as (
                 (select lower(c.identity) collate "C" as folded, c.identity collate "C" as identity,
                         coalesce(c.identity_type, 'user') collate "C" as kind, 1::bigint as step
                  from connections c
                  where c.project_id = $1 and c.environment = $2 and c.deleted_at is null and c.identity is not null
                    and lower(c.identity) collate "C" < $4
                    and (lower(c.identity) collate "C", c.identity collate "C", coalesce(c.identity_type, 'user') collate "C")
                        > (lower($3) collate "C", $5 collate "C", $6 collate "C")
                  order by lower(c.identity) collate "C", c.identity collate "C", coalesce(c.identity_type, 'user') collate "C"
                  limit 1)
                 union all
                 select n.folded, n.identity, n.kind, w.step + 1 from walk w cross join lateral (
                     select lower(c.identity) collate "C" as folded, c.identity collate "C" as identity,
                            coalesce(c.identity_type, 'user') collate "C" as kind
                     from connections c
                     where c.project_id = $1 and c.environment = $2 and c.deleted_at is null and c.identity is not null
                       and lower(c.identity) collate "C" < $4
                       and (lower(c.identity) collate "C", c.identity collate "C", coalesce(c.identity_type, 'user') collate "C")
                           > (w.folded, w.identity, w.kind)
                     order by lower(c.identity) collate "C", c.identity collate "C", coalesce(c.identity_type, 'user') collate "C"
                     limit 1) n
                 where w.step < $7)
               select identity as "identity!", kind as "kind!" from walk order by step limit $7"#,
            project.0,
            environment.as_str(),
            folded,
            end,
            id,
            kind,
            search.limit,
        )
        .fetch_all(&self.pool)
        .await?;
        let (ids, kinds) = rows.into_iter().map(|row| (row.identity, row.kind)).unzip();
        self.with_numbers(project, environment, ids, kinds).await
    }

    /// Identities whose name for people fits, at most `limit`: first those whose name begins so, in capitals or not, then
    /// those of whose name some word begins with each word of the text. Of those that [`Store::COUNTED`] connections show:
    /// by `connections_by_label_start`, and where these are fewer by `connections_by_label_words`.
    pub async fn identities_named(
        &self,
        project: ProjectId,
        environment: Environment,
        text: &str,
        limit: i64,
    ) -> Result<Vec<FoundIdentity>, StoreError> {
        let from = text.to_lowercase();
        let below = format!("{from}{LAST}");
        let words = self.name_words(project, environment, text).await?;
        // The words know their place. Beside them, another index by place could seem the shorter way: it is asked for after.
        let rows = sqlx::query!(
            r#"select n.identity as "identity!", n.kind as "kind!" from (
                 select f.identity, f.kind, f.name, f.place from (
                     (select c.identity, coalesce(c.identity_type, 'user') as kind, lower(c.label) as name, 1 as place
                      from connections c
                      where c.project_id = $1 and c.environment = $2 and c.deleted_at is null and c.label is not null
                        and c.identity is not null and lower(c.label) ~>=~ $3 and lower(c.label) ~<~ $4
                      order by lower(c.label) using ~<~ limit $5)
                     union all
                     (select w.identity, w.kind, w.name, 2 as place from (
                          select c.project_id, c.environment, c.identity, coalesce(c.identity_type, 'user') as kind,
                                 lower(c.label) as name
                          from connections c
                          where c.deleted_at is null and c.label is not null
                            and latchkey_place_words(c.project_id, c.environment, c.label) @@ $6::text::tsquery
                            and not (lower(c.label) ~>=~ $3 and lower(c.label) ~<~ $4)
                          limit $5) w
                      where w.project_id = $1 and w.environment = $2 and w.identity is not null)) f
                 limit $5) n
               group by n.identity, n.kind order by min(n.place), min(n.name), n.identity, n.kind limit $7"#,
            project.0,
            environment.as_str(),
            from,
            below,
            Self::COUNTED,
            words.as_ref().map(|words| words.query.as_str()),
            limit,
        )
        .fetch_all(&self.pool)
        .await?;
        let (ids, kinds) = rows.into_iter().map(|row| (row.identity, row.kind)).unzip();
        self.with_numbers(project, environment, ids, kinds).await
    }

    /// What some identities have connected, in their order. Served by `connections_by_identity`.
    pub async fn found_identities(
        &self,
        project: ProjectId,
        environment: Environment,
        identities: &[Identity],
    ) -> Result<Vec<FoundIdentity>, StoreError> {
        let ids = identities.iter().map(|one| one.id.clone()).collect();
        let kinds = identities.iter().map(|one| one.kind.as_str().to_owned()).collect();
        self.with_numbers(project, environment, ids, kinds).await
    }

    /// What each of them has connected, in their order. Served by `connections_by_identity`.
    async fn with_numbers(
        &self,
        project: ProjectId,
        environment: Environment,
        ids: Vec<String>,
        kinds: Vec<String>,
    ) -> Result<Vec<FoundIdentity>, StoreError> {
        let rows = sqlx::query!(
            r#"select w.identity as "identity!", w.kind as "kind!", n.label, n.total as "total!",
                      n.operational as "operational!", n.degraded as "degraded!", n.failed as "failed!",
                      n.unknown as "unknown!", n.active_at
               from unnest($3::text[], $4::text[]) with ordinality as w(identity, kind, step) cross join lateral (
                   select (array_agg(r.label order by r.id desc) filter (where r.label is not null))[1] as label,
                          count(*) as total,
                          count(*) filter (where r.state = 'operational') as operational,
                          count(*) filter (where r.state = 'degraded') as degraded,
                          count(*) filter (where r.state = 'failed') as failed,
                          count(*) filter (where r.state = 'unknown') as unknown,
                          max(greatest(r.last_used_at, r.updated_at)) as active_at
                   from (select c.id, c.label, c.state, c.last_used_at, c.updated_at from connections c
                         where c.project_id = $1 and c.environment = $2 and c.deleted_at is null
                           and c.identity = w.identity and coalesce(c.identity_type, 'user') = w.kind
                         order by c.id desc limit $5) r) n
               order by w.step"#,
            project.0,
            environment.as_str(),
            &ids,
            &kinds,
            Self::COUNTED
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let kind = row.kind.parse().map_err(|what| StoreError::Inconsistent {
                    table: "connections",
                    record: project.0,
                    what,
                })?;
                Ok(FoundIdentity {
                    identity: Identity { id: row.identity, kind },
                    label: row.label,
                    total: row.total,
                    operational: row.operational,
                    degraded: row.degraded,
                    failed: row.failed,
                    unknown: row.unknown,
                    active_at: row.active_at,
                })
            })
            .collect()
    }

    /// What stands for a text in an address of a project: the same for the same one, and read here alone. Addresses stay
    /// in logs of proxies and in histories of browsers.
    pub fn reference(&self, project: ProjectId, text: &str) -> String {
        self.ring.refer(project.0, REFERENCE, text.as_bytes())
    }

    /// The text that a reference of this project stands for.
    pub fn referred(&self, project: ProjectId, reference: &str) -> Option<String> {
        let text = self.ring.referred(reference, project.0, REFERENCE)?;
        Some(std::str::from_utf8(&text).ok()?.to_owned())
    }

    /// What stands for an identity in an address: it may be an email address.
    pub fn identity_reference(&self, project: ProjectId, identity: &Identity) -> String {
        self.reference(project, &format!("{} {}", identity.kind.as_str(), identity.id))
    }

    /// Whom a reference of this project stands for.
    pub fn identity_of_reference(&self, project: ProjectId, reference: &str) -> Option<Identity> {
        let text = self.referred(project, reference)?;
        let (kind, id) = text.split_once(' ')?;
        Some(Identity {
            id: id.to_owned(),
            kind: kind.parse().ok()?,
        })
    }

    /// What stands for an identity where its name must not be: the same for the same one, and only here.
    pub fn identity_tag(&self, project: ProjectId, identity: &Identity) -> String {
        let text = format!("{project} {} {}", identity.kind.as_str(), identity.id);
        let tag = self.ring.tag("identity", text.as_bytes());
        let mut start = [0; 8];
        start.copy_from_slice(&tag[..8]);
        format!("{:016x}", u64::from_be_bytes(start))
    }
}
