//! Numbers by the hour: what the console's home draws. Replicas count in memory and add here each few seconds; what is
//! made and lost is marked in the transaction of the change.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;
use vault::Environment;

use crate::{NewEvent, ProjectId, Store, StoreError};

/// Days that numbers are kept.
pub const NUMBERS_KEPT_DAYS: i32 = 90;
/// Marks of one statement at most.
const BITE: i64 = 5_000;

/// A connection was made.
pub const MADE: &str = "made";
/// A connection failed, or was ended while it still worked.
pub const LOST: &str = "lost";
/// A session ended with its connection.
pub const CONNECTED: &str = "connected";

/// Something to add to the hour that it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// What was counted.
    pub name: &'static str,
    /// Of which integration; empty where there is none.
    pub integration: String,
    /// How often.
    pub count: i64,
}

/// How often something happened in an hour or a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// What.
    pub name: String,
    /// When the hour or the day (UTC) began.
    pub at: DateTime<Utc>,
    /// How often.
    pub count: i64,
}

/// How often something happened with an integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// What.
    pub name: String,
    /// The integration; empty where there is none.
    pub integration: String,
    /// How often.
    pub count: i64,
}

/// What an event counts as.
fn mark_of(kind: &str) -> Option<&'static str> {
    match kind {
        "connection.created" => Some(MADE),
        "connection.failed" | "connection.deleted" => Some(LOST),
        "session.completed" => Some(CONNECTED),
        _ => None,
    }
}

/// Marks what of these events is counted, in their transaction. Who failed before and is deleted now was lost already.
pub(crate) async fn mark(connection: &mut PgConnection, events: &[NewEvent<'_>]) -> Result<(), StoreError> {
    let marked: Vec<(&NewEvent<'_>, &str)> = events
        .iter()
        .filter_map(|event| Some((event, mark_of(event.kind)?)))
        .collect();
    if marked.is_empty() {
        return Ok(());
    }
    let named = |(event, _): &(&NewEvent<'_>, &str)| event.payload["platform"].as_str().map(ToOwned::to_owned);
    sqlx::query!(
        "insert into number_marks (project_id, environment, name, hour, integration)
         select v.project_id, v.environment, v.name, date_trunc('hour', latchkey_now()),
                coalesce(c.integration, v.integration, '')
         from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::boolean[])
              as v (project_id, environment, name, connection_id, integration, ended)
         left join connections c on c.id = v.connection_id
         where not v.ended or c.state is distinct from 'failed'",
        &marked.iter().map(|(event, _)| event.project.0).collect::<Vec<_>>(),
        &marked
            .iter()
            .map(|(event, _)| event.environment.as_str().to_owned())
            .collect::<Vec<_>>(),
        &marked.iter().map(|(_, name)| (*name).to_owned()).collect::<Vec<_>>(),
        &marked
            .iter()
            .map(|(event, _)| event.connection.map(|id| id.0))
            .collect::<Vec<_>>() as &[Option<Uuid>],
        &marked.iter().map(named).collect::<Vec<_>>() as &[Option<String>],
        &marked
            .iter()
            .map(|(event, _)| event.kind == "connection.deleted")
            .collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Adds to the hour that it is now. What a project that is gone counted is dropped. Rows are taken in the order of the
    /// primary key, so that replicas do not wait for each other in a circle.
    pub async fn add_numbers(&self, added: &[Added]) -> Result<(), StoreError> {
        if added.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "insert into hourly_numbers as h (project_id, environment, name, hour, integration, count)
             select v.project_id, v.environment, v.name, date_trunc('hour', latchkey_now()), v.integration,
                    sum(v.count)::bigint
             from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[])
                  as v (project_id, environment, name, integration, count)
             join projects p on p.id = v.project_id
             group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
             on conflict (project_id, environment, name, hour, integration)
                 do update set count = h.count + excluded.count",
            &added.iter().map(|one| one.project.0).collect::<Vec<_>>(),
            &added
                .iter()
                .map(|one| one.environment.as_str().to_owned())
                .collect::<Vec<_>>(),
            &added.iter().map(|one| one.name.to_owned()).collect::<Vec<_>>(),
            &added.iter().map(|one| one.integration.clone()).collect::<Vec<_>>(),
            &added.iter().map(|one| one.count).collect::<Vec<_>>(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Adds one bite of marks to their hours; how many there were. Replicas skip what another one holds.
    pub async fn fold_marks(&self) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Asked first: mostly there is none, and nothing is written then. Served by `number_marks_pkey`.
        let ids = sqlx::query_scalar!(
            "select id from number_marks order by id limit $1 for update skip locked",
            BITE
        )
        .fetch_all(&mut *transaction)
        .await?;
        if ids.is_empty() {
            return Ok(0);
        }
        sqlx::query!(
            "with taken as (delete from number_marks where id = any ($1) returning *)
             insert into hourly_numbers as h (project_id, environment, name, hour, integration, count)
             select t.project_id, t.environment, t.name, t.hour, t.integration, count(*)
             from taken t join projects p on p.id = t.project_id
             group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
             on conflict (project_id, environment, name, hour, integration)
                 do update set count = h.count + excluded.count",
            &ids
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }

    /// Numbers of the last hours, this one included, by `hour` or `day`. Served by `hourly_numbers_pkey`; of marks there
    /// are those of the last seconds.
    pub async fn numbers(
        &self,
        project: ProjectId,
        environment: Environment,
        names: &[&str],
        hours: i32,
        by: &str,
    ) -> Result<Vec<Number>, StoreError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(sqlx::query_as!(
            Number,
            r#"select name as "name!", date_trunc($5, hour, 'UTC') as "at!", sum(count)::bigint as "count!" from (
                   select name, hour, count from hourly_numbers
                   where project_id = $1 and environment = $2 and name = any ($3)
                     and hour > latchkey_now() - make_interval(hours => $4)
                   union all
                   select name, hour, 1 from number_marks
                   where project_id = $1 and environment = $2 and name = any ($3)
                     and hour > latchkey_now() - make_interval(hours => $4)) n
               group by 1, 2 order by 2, 1"#,
            project.0,
            environment.as_str(),
            &names,
            hours,
            by
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Sums of the last hours by integration. Served by `hourly_numbers_pkey`.
    pub async fn numbers_by_integration(
        &self,
        project: ProjectId,
        environment: Environment,
        names: &[&str],
        hours: i32,
    ) -> Result<Vec<Share>, StoreError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(sqlx::query_as!(
            Share,
            r#"select name as "name!", integration as "integration!", sum(count)::bigint as "count!" from (
                   select name, integration, count from hourly_numbers
                   where project_id = $1 and environment = $2 and name = any ($3)
                     and hour > latchkey_now() - make_interval(hours => $4)
                   union all
                   select name, integration, 1 from number_marks
                   where project_id = $1 and environment = $2 and name = any ($3)
                     and hour > latchkey_now() - make_interval(hours => $4)) n
               group by 1, 2 order by 2, 1"#,
            project.0,
            environment.as_str(),
            &names,
            hours
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Forgets a bite of what is older than it is kept. Served by `hourly_numbers_by_hour`.
    pub async fn purge_numbers(&self, bite: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "delete from hourly_numbers where ctid = any (array(
                 select ctid from hourly_numbers where hour < latchkey_now() - make_interval(days => $1)
                 order by hour limit $2 for update skip locked))",
            NUMBERS_KEPT_DAYS,
            bite
        )
        .execute(&self.pool)
        .await?
        .rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_drawn_is_marked() {
        for (kind, mark) in [
            ("connection.created", Some(MADE)),
            ("connection.failed", Some(LOST)),
            ("session.completed", Some(CONNECTED)),
            ("connection.updated", None),
            ("session.failed", None),
        ] {
            assert_eq!(mark_of(kind), mark, "{kind}");
        }
    }
}
