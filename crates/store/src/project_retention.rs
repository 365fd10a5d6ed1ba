//! What a project keeps for less time than the server. A turn has one bite of each table for all of them, after the server's
//! own ([`Store::purge`]): each gets an equal share, and what some leave goes to those that have more.

use std::collections::HashMap;

use chrono::TimeDelta;
use uuid::Uuid;
use vault::Environment;

use crate::retention::{delete_events, seconds};
use crate::{PURGE_BITE, Store, StoreError};

/// How often a bite, or what is left of it, is shared out. What is left then is for the next turn.
const ROUNDS: usize = 4;

/// A project in one of its environments: the indexes begin with both.
type Place = (Uuid, &'static str);

/// Where the next turn goes on among events, behind some that stay because a delivery is on its way: they must not keep
/// turns from what comes after them. Lost with the process, which begins with the oldest again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgePositions(HashMap<Place, Uuid>);

/// One that has a share in a bite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sharer {
    place: Place,
    days: i32,
    /// The last event that was looked at.
    after: Uuid,
}

fn projects(sharers: &[Sharer]) -> Vec<Uuid> {
    sharers.iter().map(|sharer| sharer.place.0).collect()
}

fn environments(sharers: &[Sharer]) -> Vec<&'static str> {
    sharers.iter().map(|sharer| sharer.place.1).collect()
}

fn days(sharers: &[Sharer]) -> Vec<i32> {
    sharers.iter().map(|sharer| sharer.days).collect()
}

/// Those who had a whole share of these rows, which are in order and numbered by sharer from 1.
fn with_more(sharers: &[Sharer], rows: impl Iterator<Item = (i64, Uuid)>, share: usize) -> Vec<Sharer> {
    let mut had: HashMap<i64, (usize, Uuid)> = HashMap::new();
    for (sharer, id) in rows {
        let (count, last) = had.entry(sharer).or_default();
        (*count, *last) = (*count + 1, id);
    }
    let numbered = (1..).zip(sharers);
    numbered
        .filter_map(|(number, sharer)| {
            let (count, after) = *had.get(&number)?;
            (count >= share).then_some(Sharer { after, ..*sharer })
        })
        .collect()
}

/// Rows for each; none where there is nobody, or less than one for each.
fn share(left: usize, sharers: &[Sharer]) -> Option<usize> {
    left.checked_div(sharers.len()).filter(|share| *share > 0)
}

fn limit(share: usize) -> i64 {
    i64::try_from(share).unwrap_or(PURGE_BITE)
}

impl Store {
    /// Deletes one bite, 1 to [`PURGE_BITE`] rows, of the events that are older than their project keeps them, where that
    /// is shorter than the server keeps all. Events with a delivery on its way stay and count in the bite; how many were
    /// deleted.
    pub async fn purge_events_of_projects(
        &self,
        kept: TimeDelta,
        bite: i64,
        positions: &mut PurgePositions,
    ) -> Result<u64, StoreError> {
        let mut left = usize::try_from(bite.clamp(1, PURGE_BITE)).unwrap_or(1);
        // Served by projects_with_own_days. In any order: whoever is last when a turn breaks off is not so in the next.
        let own = sqlx::query!(
            r#"select id, event_days as "days!" from projects
               where event_days * 86400 < $1::float8 and deleted_at is null order by random() limit $2"#,
            seconds(kept),
            PURGE_BITE
        )
        .fetch_all(&self.pool)
        .await?;
        let mut sharers = sharers(own.iter().map(|row| (row.id, row.days)), positions, left);
        // Whoever keeps for as long as the server by now begins anew some day.
        positions.0.clear();
        let mut deleted = 0;
        for _ in 0..ROUNDS {
            let Some(share) = share(left, &sharers) else { break };
            // A look without locks, served by events_by_project: its end is where the next goes on, whatever stays.
            let looked = sqlx::query!(
                r#"select s.number as "number!", e.id as "id!", e.is_due as "is_due!"
                   from unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[]) with ordinality
                            as s (project_id, environment, days, after, number)
                   cross join lateral (
                       select e.id, e.created_at < latchkey_now() - make_interval(days => s.days) as is_due from events e
                       where e.project_id = s.project_id and e.environment = s.environment and e.id > s.after
                         and e.id < (rpad(lpad(to_hex(floor(extract(epoch from
                                 latchkey_now() - make_interval(days => s.days)) * 1000)::bigint), 12, '0'), 32, '0'))::uuid
                       order by e.id limit $5) e
                   order by s.number, e.id"#,
                &projects(&sharers),
                &environments(&sharers) as &[&str],
                &days(&sharers),
                &sharers.iter().map(|sharer| sharer.after).collect::<Vec<Uuid>>(),
                limit(share)
            )
            .fetch_all(&self.pool)
            .await?;
            let due: Vec<Uuid> = looked.iter().filter(|row| row.is_due).map(|row| row.id).collect();
            deleted += self.purge_due_events(&due).await?;
            left = left.saturating_sub(looked.len());
            let rows = looked.iter().map(|row| (row.number, row.id));
            sharers = with_more(&sharers, rows, share);
        }
        positions
            .0
            .extend(sharers.iter().map(|sharer| (sharer.place, sharer.after)));
        Ok(deleted)
    }

    /// Served by `events_pkey`; those with a delivery on its way stay (`webhook_deliveries_event_id_endpoint_id_key`).
    async fn purge_due_events(&self, due: &[Uuid]) -> Result<u64, StoreError> {
        if due.is_empty() {
            return Ok(0);
        }
        let mut transaction = self.pool.begin().await?;
        let ids = sqlx::query_scalar!(
            "select e.id from events e
             where e.id = any ($1)
               and not exists (select from webhook_deliveries d where d.event_id = e.id and d.status = 'pending')
             order by e.id for update skip locked",
            due
        )
        .fetch_all(&mut *transaction)
        .await?;
        let deleted = delete_events(&mut transaction, &ids).await?;
        transaction.commit().await?;
        Ok(deleted)
    }

    /// Deletes one bite of the log of requests that is older than its project keeps it, where that is shorter than the
    /// server keeps all; how many lines.
    pub async fn purge_requests_of_projects(&self, kept_days: u32, bite: i64) -> Result<u64, StoreError> {
        let mut left = usize::try_from(bite.clamp(1, PURGE_BITE)).unwrap_or(1);
        // Served by projects_with_own_days.
        let own = sqlx::query!(
            r#"select id, request_days as "days!" from projects
               where request_days < $1 and deleted_at is null order by random() limit $2"#,
            i32::try_from(kept_days).unwrap_or(i32::MAX),
            PURGE_BITE
        )
        .fetch_all(&self.pool)
        .await?;
        let own = own.iter().map(|row| (row.id, row.days));
        let mut sharers = sharers(own, &PurgePositions::default(), left);
        let mut deleted = 0;
        for _ in 0..ROUNDS {
            let Some(share) = share(left, &sharers) else { break };
            let mut transaction = self.pool.begin().await?;
            // Served by requests_by_project.
            let due = sqlx::query!(
                r#"select s.number as "number!", r.id as "id!"
                   from unnest($1::uuid[], $2::text[], $3::int[]) with ordinality as s (project_id, environment, days, number)
                   cross join lateral (
                       select r.id from requests r
                       where r.project_id = s.project_id and r.environment = s.environment
                         and r.id < (rpad(lpad(to_hex(floor(extract(epoch from
                                 latchkey_now() - make_interval(days => s.days)) * 1000)::bigint), 12, '0'), 32, '0'))::uuid
                       order by r.id limit $4 for update skip locked) r"#,
                &projects(&sharers),
                &environments(&sharers) as &[&str],
                &days(&sharers),
                limit(share)
            )
            .fetch_all(&mut *transaction)
            .await?;
            // Served by requests_pkey.
            let ids: Vec<Uuid> = due.iter().map(|row| row.id).collect();
            deleted += sqlx::query!("delete from requests where id = any ($1)", &ids)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            transaction.commit().await?;
            left = left.saturating_sub(ids.len());
            sharers = with_more(&sharers, due.iter().map(|row| (row.number, row.id)), share);
        }
        Ok(deleted)
    }
}

/// Each project in both environments, as many as can have a row.
fn sharers(own: impl Iterator<Item = (Uuid, i32)>, positions: &PurgePositions, most: usize) -> Vec<Sharer> {
    let places = own.flat_map(|(project, days)| {
        [Environment::Test, Environment::Live].map(|environment| ((project, environment.as_str()), days))
    });
    places
        .take(most)
        .map(|(place, days)| Sharer {
            place,
            days,
            after: positions.0.get(&place).copied().unwrap_or_default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_had_a_whole_share_goes_on_where_it_stopped() {
        let own = [(Uuid::from_u128(1), 5), (Uuid::from_u128(2), 7)];
        let stopped = PurgePositions([((own[1].0, "live"), Uuid::from_u128(9))].into());
        let all = sharers(own.into_iter(), &stopped, 100);
        assert_eq!(all.len(), 4);
        assert_eq!((all[0].after, all[3].after), (Uuid::nil(), Uuid::from_u128(9)));
        assert_eq!(share(11, &all), Some(2));
        assert_eq!((share(3, &all), share(3, &[])), (None, None));
        let rows = [(1, 21), (4, 31), (4, 32), (3, 41)].map(|(number, id)| (number, Uuid::from_u128(id)));
        let more = with_more(&all, rows.into_iter(), 2);
        let after = Uuid::from_u128(32);
        assert_eq!(more, [Sharer { after, ..all[3] }]);
        assert_eq!(sharers(own.into_iter(), &stopped, 3).len(), 3, "a row for each");
    }
}
