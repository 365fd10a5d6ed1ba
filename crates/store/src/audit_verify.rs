//! Reads the chained audit log from its first entry to its head and tells what was changed or is missing.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::audit_chain::Link;
use crate::{ProjectId, Store, StoreError};

/// Entries that are read at once.
const PAGE: i64 = 1000;
/// Faults of one chain that are told one by one.
const TOLD: usize = 100;

/// What a look at the whole audit log found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct AuditReport {
    /// Whether nothing was found.
    pub intact: bool,
    /// The chains, by project.
    pub chains: Vec<ChainReport>,
    /// Rows outside of any chain: what browsers and the command line did, and everything of versions before the chain.
    pub unchained: i64,
}

/// One project's chain.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ChainReport {
    /// The project.
    pub project: ProjectId,
    /// Entries that were read.
    pub entries: i64,
    /// `PROJECT:NUMBER:TAG`: the number of the last entry, and its tag in hex. Kept elsewhere, it shows later that nothing before it was
    /// rewritten or cut off.
    pub head: String,
    /// Entries that another master key tagged: their order is checked, what they say is not.
    pub unchecked: i64,
    /// What is wrong, a hundred at most.
    pub faults: Vec<ChainFault>,
}

/// What a look at the newest entries of one chain found.
#[derive(Clone, Debug)]
pub struct AuditTail {
    /// The number of the last entry; none where nothing was chained yet.
    pub last: i64,
    /// Entries that were read, the newest.
    pub entries: i64,
    /// Entries among them that another master key tagged.
    pub unchecked: i64,
    /// What is wrong.
    pub faults: Vec<ChainFault>,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum ChainFault {
    /// The entry is not as it was written.
    Edited {
        /// Its number.
        no: i64,
        /// Its row.
        id: Uuid,
    },
    /// The entry does not follow the one before it.
    Unlinked {
        /// Its number.
        no: i64,
        /// Its row.
        id: Uuid,
    },
    /// Entries are missing.
    Gap {
        /// The first that is missing.
        from: i64,
        /// The last that is missing.
        to: i64,
    },
    /// The head does not speak of the last entry.
    HeadChanged {
        /// The number that it names; none when the head itself is missing.
        head: Option<i64>,
        /// The last entry.
        last: i64,
    },
    /// A head that was noted earlier is not a part of this chain.
    HeadRewritten {
        /// The number that was noted.
        no: i64,
    },
    /// A head that was noted earlier is beyond the last entry: entries were cut off, or the number is wrong.
    HeadBeyond {
        /// The number that was noted.
        no: i64,
        /// The last entry.
        last: i64,
    },
    /// A head was noted of a project that has no entries at all.
    NoSuchChain {
        /// The number that was noted.
        no: i64,
    },
}

impl fmt::Display for ChainFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { no, id } => write!(formatter, "Entry {no} ({id}) is not as it was written."),
            Self::Unlinked { no, id } => write!(formatter, "Entry {no} ({id}) does not follow the one before it."),
            Self::Gap { from, to } if from == to => write!(formatter, "Entry {from} is missing."),
            Self::Gap { from, to } => write!(formatter, "The entries {from} to {to} are missing."),
            Self::HeadChanged { head: Some(head), last } => {
                write!(
                    formatter,
                    "The head speaks of entry {head}, and the last entry is {last}."
                )
            }
            Self::HeadChanged { head: None, last } => {
                write!(formatter, "The head is missing; the last entry is {last}.")
            }
            Self::HeadRewritten { no } => write!(formatter, "Entry {no} has another tag than the one that was noted."),
            Self::HeadBeyond { no, last } => write!(
                formatter,
                "Entry {no} was noted, and the chain ends with entry {last}: entries were cut off, or the number is mistyped."
            ),
            Self::NoSuchChain { no } => write!(
                formatter,
                "Entry {no} was noted of this project, which has no chain here: it was taken away, or the project's id is mistyped."
            ),
        }
    }
}

struct Row {
    id: Uuid,
    environment: String,
    action: String,
    actor: String,
    subject: String,
    detail: Value,
    created_at: DateTime<Utc>,
    no: i64,
    previous: Vec<u8>,
    tag: Vec<u8>,
    key: Uuid,
}

impl Store {
    /// Reads every chain in one snapshot. `noted` are heads of earlier reports, by project.
    pub async fn verify_audit(&self, noted: &[(ProjectId, i64, Vec<u8>)]) -> Result<AuditReport, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        // A chain whose head was taken away is found by its entries. Served by audit_log_by_chain.
        let heads = sqlx::query!(
            r#"select coalesce(h.project_id, e.project_id) as "project!: ProjectId", h.last_no as "last_no?",
                      h.last_tag as "last_tag?"
               from audit_chain h
               full join (select distinct project_id from audit_log where chain_no is not null) e using (project_id)
               order by 1"#
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut chains = Vec::with_capacity(heads.len());
        for head in heads {
            let noted: Vec<_> = noted
                .iter()
                .filter(|(project, ..)| *project == head.project)
                .map(|(_, no, tag)| (*no, tag.as_slice()))
                .collect();
            let mut walk = Walk::new(head.project, noted);
            loop {
                let rows = page(&mut transaction, head.project, walk.last).await?;
                let more = rows.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
                for row in &rows {
                    walk.step(row, &self.ring);
                }
                if !more {
                    break;
                }
            }
            chains.push(walk.end(head.last_no, head.last_tag.as_deref()));
        }
        for (project, no, _) in noted {
            if !chains.iter().any(|chain| chain.project == *project) {
                let mut walk = Walk::new(*project, Vec::new());
                walk.found(ChainFault::NoSuchChain { no: *no });
                chains.push(walk.end(Some(0), None));
            }
        }
        let unchained = sqlx::query_scalar!(r#"select count(*) as "n!" from audit_log where chain_no is null"#)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(AuditReport {
            intact: chains.iter().all(|chain| chain.faults.is_empty()),
            chains,
            unchained,
        })
    }
}

impl Store {
    /// Reads the newest entries of one chain, a thousand at most: what a page can wait for. Served by the primary key of
    /// `audit_chain` and by `audit_log_by_chain`.
    pub async fn verify_audit_tail(&self, project: ProjectId) -> Result<AuditTail, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("set transaction isolation level repeatable read, read only")
            .execute(&mut *transaction)
            .await?;
        let head = sqlx::query!(
            "select last_no, last_tag from audit_chain where project_id = $1",
            project.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let last = head.as_ref().map_or(0, |head| head.last_no);
        let rows = page(&mut transaction, project, (last - PAGE).max(0)).await?;
        transaction.commit().await?;
        let mut walk = Walk::new(project, Vec::new());
        if let Some(first) = rows.first().filter(|_| last > PAGE) {
            walk.last = last - PAGE;
            walk.tag.clone_from(&first.previous);
        }
        for row in &rows {
            walk.step(row, &self.ring);
        }
        let tag = head.as_ref().map(|head| head.last_tag.as_slice());
        let report = walk.end(head.as_ref().map_or(Some(0), |head| Some(head.last_no)), tag);
        Ok(AuditTail {
            last,
            entries: report.entries,
            unchecked: report.unchecked,
            faults: report.faults,
        })
    }
}

/// Served by `audit_log_by_chain`.
async fn page(connection: &mut sqlx::PgConnection, project: ProjectId, after: i64) -> Result<Vec<Row>, StoreError> {
    Ok(sqlx::query_as!(
        Row,
        r#"select id, environment as "environment!", action, actor, subject as "subject!", detail, created_at,
                  chain_no as "no!", chain_previous as "previous!", chain_tag as "tag!", chain_key as "key!"
           from audit_log where project_id = $1 and chain_no > $2 order by chain_no limit $3"#,
        project.0,
        after,
        PAGE
    )
    .fetch_all(connection)
    .await?)
}

/// A walk along one chain.
struct Walk<'a> {
    project: ProjectId,
    noted: Vec<(i64, &'a [u8])>,
    entries: i64,
    last: i64,
    tag: Vec<u8>,
    unchecked: i64,
    faults: Vec<ChainFault>,
}

impl<'a> Walk<'a> {
    fn new(project: ProjectId, noted: Vec<(i64, &'a [u8])>) -> Self {
        Self {
            project,
            noted,
            entries: 0,
            last: 0,
            tag: vec![0; 32],
            unchecked: 0,
            faults: Vec::new(),
        }
    }

    fn found(&mut self, fault: ChainFault) {
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }

    fn step(&mut self, row: &Row, ring: &vault::KeyRing) {
        if row.no > self.last + 1 {
            self.found(ChainFault::Gap {
                from: self.last + 1,
                to: row.no - 1,
            });
        } else if row.previous != self.tag {
            self.found(ChainFault::Unlinked { no: row.no, id: row.id });
        }
        if row.key == ring.tagged_by() {
            let link = Link {
                no: row.no,
                previous: &row.previous,
                id: row.id,
                project: self.project.0,
                environment: &row.environment,
                action: &row.action,
                actor: &row.actor,
                subject: &row.subject,
                detail: &row.detail,
                created_at: row.created_at,
            };
            if link.tag(ring).as_slice() != row.tag {
                self.found(ChainFault::Edited { no: row.no, id: row.id });
            }
        } else {
            self.unchecked += 1;
        }
        let rewritten = |(no, tag): &(i64, &[u8])| *no == row.no && *tag != row.tag;
        if self.noted.iter().any(rewritten) {
            self.found(ChainFault::HeadRewritten { no: row.no });
        }
        self.entries += 1;
        self.last = row.no;
        self.tag.clone_from(&row.tag);
    }

    fn end(mut self, head: Option<i64>, tag: Option<&[u8]>) -> ChainReport {
        let fits = head == Some(self.last) && (self.last == 0 || tag == Some(self.tag.as_slice()));
        if !fits {
            self.found(ChainFault::HeadChanged { head, last: self.last });
        }
        let cut: Vec<i64> = self
            .noted
            .iter()
            .map(|(no, _)| *no)
            .filter(|no| *no > self.last)
            .collect();
        for no in cut {
            self.found(ChainFault::HeadBeyond { no, last: self.last });
        }
        let hex = hex::encode(&self.tag);
        ChainReport {
            project: self.project,
            entries: self.entries,
            head: format!("{}:{}:{hex}", self.project, self.last),
            unchecked: self.unchecked,
            faults: self.faults,
        }
    }
}
