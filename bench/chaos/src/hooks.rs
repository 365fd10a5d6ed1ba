//! A subscriber that takes every webhook and remembers it: each event must come at least once, those of one connection in
//! their order.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use sqlx::Row as _;
use sqlx::postgres::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::provider::Connection;

/// What came. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Hooks {
    pub(crate) address: SocketAddr,
    came: Arc<Mutex<Came>>,
}

#[derive(Debug, Default)]
struct Came {
    /// The turn in which each event came first.
    first: HashMap<Uuid, usize>,
    total: usize,
}

#[derive(Deserialize)]
struct Body {
    id: Uuid,
}

impl Hooks {
    /// Listens.
    pub(crate) async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let hooks = Self {
            address: listener.local_addr()?,
            came: Arc::default(),
        };
        let taking = hooks.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taking = taking.clone();
                tokio::spawn(async move { taking.serve(Connection::new(stream)).await });
            }
        });
        Ok(hooks)
    }

    async fn serve(&self, mut connection: Connection) {
        while let Ok(Some(request)) = connection.request().await {
            let status = match serde_json::from_slice::<Body>(&request.body) {
                Ok(body) => {
                    self.take(body.id);
                    204
                }
                Err(_) => 400,
            };
            if connection.answer(status, "", "").await.is_err() {
                return;
            }
        }
    }

    fn take(&self, event: Uuid) {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.total += 1;
        let turn = came.total;
        came.first.entry(event).or_insert(turn);
    }

    /// Deliveries that came, repeated ones too.
    pub(crate) fn total(&self) -> usize {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// What is missing or came in the wrong order, in words.
    pub(crate) async fn findings(&self, pool: &PgPool) -> anyhow::Result<Vec<String>> {
        let rows = sqlx::query(
            "select event_id, lane, status || ', attempts ' || attempts || ', next in '
                    || extract(epoch from next_attempt_at - latchkey_now())::int || ' s, leased for '
                    || coalesce(extract(epoch from lease_until - latchkey_now())::int::text, 'no') || ' s' as status
             from webhook_deliveries order by lane, seq",
        )
        .fetch_all(pool)
        .await?;
        let came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        let mut findings = Vec::new();
        let mut before: Option<(Option<Uuid>, usize)> = None;
        for row in rows {
            let (event, lane): (Uuid, Option<Uuid>) = (row.try_get("event_id")?, row.try_get("lane")?);
            let status: String = row.try_get("status")?;
            let Some(&turn) = came.first.get(&event) else {
                findings.push(format!(
                    "event {event} never came to the subscriber; its delivery is {status}"
                ));
                continue;
            };
            if lane.is_some() && before.is_some_and(|(other, earlier)| other == lane && earlier > turn) {
                findings.push(format!(
                    "event {event} came before an earlier one of the same connection"
                ));
            }
            before = Some((lane, turn));
        }
        Ok(findings)
    }
}
