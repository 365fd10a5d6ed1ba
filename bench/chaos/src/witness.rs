//! What the database itself saw: triggers note each change of state and generation, each event and each delivery with
//! its transaction. The product does not know of them.

use sqlx::Row as _;
use sqlx::postgres::PgPool;
use uuid::Uuid;

use crate::postgres::Postgres;

/// The notes, and the clock that can be moved.
const SETUP: &str = "
    create table chaos_clock (only_row boolean primary key default true check (only_row), ahead interval not null);
    insert into chaos_clock (ahead) values ('0');
    create or replace function latchkey_now() returns timestamptz
        language sql stable as 'select now() + (select ahead from chaos_clock)';

    create table chaos_changes (connection uuid not null, what text not null, old text, new text, reason text,
        transaction xid8 not null default pg_current_xact_id(), at timestamptz not null default clock_timestamp());
    create table chaos_events (event uuid primary key, connection uuid, type text not null,
        transaction xid8 not null default pg_current_xact_id());
    create index chaos_events_by_transaction on chaos_events (transaction, connection);
    create table chaos_deliveries (event uuid not null, endpoint uuid not null, primary key (event, endpoint));

    create function chaos_state() returns trigger language plpgsql as $$
    begin
        insert into chaos_changes (connection, what, old, new, reason)
        values (new.id, 'state', old.state, new.state, new.state_reason);
        return null;
    end $$;
    create trigger chaos_state after update on connections
        for each row when (old.state is distinct from new.state) execute function chaos_state();

    create function chaos_generation() returns trigger language plpgsql as $$
    begin
        insert into chaos_changes (connection, what, old, new)
        values (new.connection_id, 'generation', old.generation::text, new.generation::text);
        return null;
    end $$;
    create trigger chaos_generation after update on credentials
        for each row when (old.generation is distinct from new.generation) execute function chaos_generation();

    create function chaos_event() returns trigger language plpgsql as $$
    begin
        insert into chaos_events (event, connection, type) values (new.id, new.connection_id, new.type);
        return null;
    end $$;
    create trigger chaos_event after insert on events for each row execute function chaos_event();

    create function chaos_delivery() returns trigger language plpgsql as $$
    begin
        insert into chaos_deliveries (event, endpoint) values (new.event_id, new.endpoint_id) on conflict do nothing;
        return null;
    end $$;
    create trigger chaos_delivery after insert on webhook_deliveries for each row execute function chaos_delivery();
";

/// Each finds what must not be; the text says what it is.
const CHECKS: [(&str, &str); 4] = [
    (
        "changed without an event in the same transaction",
        "select c.connection::text || ': ' || c.what || ' from ' || coalesce(c.old, '-') || ' to ' || coalesce(c.new, '-')
         from chaos_changes c where not exists (
             select from chaos_events e where e.transaction = c.transaction and e.connection = c.connection)",
    ),
    (
        "an event without a delivery to the subscribed endpoint",
        "select e.event::text || ' ' || e.type from chaos_events e
         where not exists (select from chaos_deliveries d where d.event = e.event)
           and e.event > (select id from webhook_endpoints limit 1)",
    ),
    (
        "a generation that is not the next one",
        "select connection::text || ': ' || old || ' to ' || new from chaos_changes
         where what = 'generation' and new::bigint <> old::bigint + 1",
    ),
    (
        "a credential without a connection, or the other way round",
        "select coalesce(k.connection_id, c.id)::text from credentials k full join connections c on c.id = k.connection_id
         where (k.connection_id is null and c.deleted_at is null) or c.id is null or c.deleted_at is not null",
    ),
];

/// A change to `failed`.
#[derive(Clone, Debug)]
pub(crate) struct FailedRow {
    pub(crate) connection: Uuid,
    pub(crate) reason: Option<String>,
    /// Milliseconds ago.
    pub(crate) ago: i64,
}

/// Begins to watch.
pub(crate) async fn begin(postgres: &Postgres) -> anyhow::Result<()> {
    postgres.execute(SETUP).await
}

/// Moves the database's clock away from the true time.
pub(crate) async fn set_clock(postgres: &Postgres, seconds: i64) -> anyhow::Result<()> {
    let sql = format!("update chaos_clock set ahead = interval '{seconds} seconds'");
    postgres.execute(&sql).await
}

/// What must not be, in words; a few of each kind.
pub(crate) async fn findings(pool: &PgPool) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for (words, sql) in CHECKS {
        let rows: Vec<Option<String>> = sqlx::query_scalar(sql).fetch_all(pool).await?;
        findings.extend(
            rows.into_iter()
                .map(|row| format!("{words}: {}", row.unwrap_or_default())),
        );
    }
    Ok(findings)
}

/// All changes to `failed`.
pub(crate) async fn failed(pool: &PgPool) -> anyhow::Result<Vec<FailedRow>> {
    let rows = sqlx::query(
        "select connection, reason, (extract(epoch from clock_timestamp() - at) * 1000)::bigint as ago
         from chaos_changes where what = 'state' and new = 'failed' order by at",
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(FailedRow {
                connection: row.try_get("connection")?,
                reason: row.try_get("reason")?,
                ago: row.try_get("ago")?,
            })
        })
        .collect()
}

/// How many changes of each kind were noted, for the report.
pub(crate) async fn counts(pool: &PgPool) -> anyhow::Result<(i64, i64, i64)> {
    let row = sqlx::query(
        "select (select count(*) from chaos_changes where what = 'state') as states,
                (select count(*) from chaos_events) as events, (select count(*) from chaos_deliveries) as deliveries",
    )
    .fetch_one(pool)
    .await?;
    Ok((
        row.try_get("states")?,
        row.try_get("events")?,
        row.try_get("deliveries")?,
    ))
}
