//! A replica's life: announced, its journal replayed, its signs of life, and what it takes over from others.

use std::sync::atomic::Ordering;
use std::time::Duration;

use store::StoreError;

use super::Broker;
use crate::Problem;

/// Leases taken over in one go.
const TAKEN_AT_ONCE: i64 = 500;

impl Broker {
    /// Begins this life: announces it, commits what an earlier one kept in its journal, and only then lets others have
    /// what that one had claimed. Waits for a database that is away.
    pub async fn start_replica(&self) -> Result<(), Problem> {
        let replica = self.settings().replica;
        let mut pause = Duration::from_millis(100);
        loop {
            match self.begin_life().await {
                Ok(replayed) => {
                    if replayed > 0 {
                        tracing::info!(replayed, "answers of an earlier life are in the database");
                    }
                    self.0.refreshes.started.store(true, Ordering::Release);
                    tracing::debug!(replica = %replica.id, boot = %replica.boot, "this replica refreshes");
                    // What the definitions of this start name newly is told at once; it is refused where it would be used.
                    if let Err(problem) = self.compare_destinations().await {
                        tracing::warn!(%problem, "what the definitions name is compared later");
                    }
                    return Ok(());
                }
                Err(error) if error.may_pass() => {
                    tracing::warn!(%error, "the journal waits for the database");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn begin_life(&self) -> Result<usize, StoreError> {
        let replica = self.settings().replica;
        self.store().register_replica(replica).await?;
        let has_journal = self.0.refreshes.has_journal();
        self.store()
            .describe_replica(replica, env!("CARGO_PKG_VERSION"), has_journal)
            .await?;
        let mut replayed = 0;
        if let Some(journal) = &self.0.refreshes.journal {
            let left = journal.left();
            for record in &left {
                match self.store().commit_refresh(&record.fence, &record.refreshed).await {
                    Ok(true) => {
                        replayed += 1;
                        metrics::counter!("latchkey_journal_replayed_total").increment(1);
                    }
                    Ok(false) => {
                        let late = &record.refreshed.new.credential;
                        self.store().revoke_late_refresh(&record.fence, late).await?;
                    }
                    // Nothing leaves the disk while it may still be committed.
                    Err(error) if error.may_pass() => return Err(error),
                    // Its project is gone, or its row is damaged: the others must not wait for it.
                    Err(error) => {
                        tracing::error!(%error, connection = %record.fence.connection, "an answer of the journal cannot be committed");
                    }
                }
            }
            journal.forget_left();
        }
        self.store().journal_replayed(replica).await?;
        Ok(replayed)
    }

    /// A sign of life; without it others take this replica's leases after five minutes.
    pub async fn beat_replica(&self) -> Result<(), Problem> {
        if !self.store().beat_replica(self.settings().replica).await? {
            tracing::error!(
                "another process runs as this replica: give each replica a LATCHKEY_JOURNAL_DIR of its own"
            );
            self.0.refreshes.started.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Frees claims that were lost with the database, and takes over what replicas left that are gone.
    pub(super) async fn recover(&self) -> Result<(), Problem> {
        let refreshes = &self.0.refreshes;
        if !refreshes.started.load(Ordering::Acquire) {
            return Ok(());
        }
        if refreshes.claims_in_doubt.swap(false, Ordering::AcqRel) {
            // Nobody claims between the look and the end of the statement.
            let _claims = refreshes.claims.write().await;
            let known: Vec<_> = refreshes.in_flight().iter().copied().collect();
            match self.store().free_unknown_leases(self.settings().replica, &known).await {
                Ok(0) => {}
                Ok(freed) => tracing::info!(freed, "claims whose answer was lost are free again"),
                Err(error) => {
                    refreshes.claims_in_doubt.store(true, Ordering::Release);
                    return Err(error.into());
                }
            }
        }
        for taken in self.store().take_over_leases(TAKEN_AT_ONCE).await? {
            metrics::counter!("latchkey_refreshes_interrupted_total", "integration" => taken.integration).increment(1);
            tracing::warn!(
                connection = %taken.fence.connection,
                "a refresh was cut off with its replica; it is tried once more"
            );
        }
        Ok(())
    }

    /// Claims nothing more and waits for what is on its way.
    pub(crate) async fn drain_refreshes(&self, patience: Duration) {
        let refreshes = &self.0.refreshes;
        refreshes.stopping.store(true, Ordering::Release);
        let idle = async {
            while !(refreshes.scheduled.is_idle() && refreshes.waited_for.is_idle()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(patience, idle).await.is_err() {
            tracing::warn!("refreshes were still on their way at the stop; the next start goes on with them");
        }
    }
}
