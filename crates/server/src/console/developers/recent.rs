//! The latest requests of one connection, for its page: `console/developers/recent.html` shows them.

use broker::{Broker, ConnectionId, Permission, RequestSearch};
use chrono::{DateTime, Utc};

use super::super::operator::Here;
use super::lines::LineRow;
use crate::problems::Problem;

/// Lines that are shown.
const ROWS: i64 = 10;

/// The latest requests of a connection.
#[derive(Debug)]
pub(in crate::console) struct Recent {
    pub(in crate::console) rows: Vec<LineRow>,
    /// The address of all of them.
    pub(in crate::console) all: String,
    /// Whether there is a log.
    pub(in crate::console) is_on: bool,
}

impl Recent {
    /// Those of a connection, where this operator may see them.
    pub(in crate::console) async fn of(
        broker: &Broker,
        here: &Here,
        connection: ConnectionId,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Problem> {
        if !here.may(Permission::Build) {
            return Ok(None);
        }
        let search = RequestSearch {
            connection: Some(connection),
            limit: ROWS,
            ..RequestSearch::default()
        };
        let page = broker.requests(&here.caller(Permission::Build)?, search).await?;
        Ok(Some(Self {
            rows: page.rows.iter().map(|line| LineRow::new(here, line, now)).collect(),
            all: here.at(&format!("requests?connection={connection}")),
            is_on: broker.logs_requests(),
        }))
    }
}
