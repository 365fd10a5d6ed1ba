//! Credentials that nothing renews: without a look now and then, the first to hear of a revoked one is the person who needs it.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use store::{IdleKey, Tested};
use tokio::time::timeout;

use crate::check::CREDENTIAL_REFUSED;
use crate::{Broker, Problem};

/// Checks in flight at once.
const PARALLEL: usize = 10;
/// How long one check may take. Two rounds of them are less than two turns of the loop.
const PATIENCE: Duration = Duration::from_secs(10);

impl Broker {
    /// Checks credentials that nothing renews, and that were neither used nor checked for a week or with which a call was
    /// refused, twenty at most; how many the service answered about. A refusal counts the second time, an hour later. A
    /// service that is away or answers oddly changes nothing, and is asked again in an hour.
    pub async fn check_idle_tick(&self) -> Result<usize, Problem> {
        if !self.is_at_home().await {
            return Ok(0);
        }
        let claimed = self.store().claim_idle_keys().await?;
        let answered: Vec<Result<bool, Problem>> = stream::iter(claimed)
            .map(|key| async move { self.check_idle(&key).await })
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        answered
            .into_iter()
            .try_fold(0, |sum, answered| Ok(sum + usize::from(answered?)))
    }

    async fn check_idle(&self, key: &IdleKey) -> Result<bool, Problem> {
        let catalog = self.catalog();
        let callable = match self.store().callable(key.project, key.environment, &key.key).await {
            Ok(Some(callable)) if callable.generation == key.generation => callable,
            // Deleted or connected again in the meantime.
            Ok(_) => return Ok(false),
            Err(error) if error.is_unavailable() => return Err(error.into()),
            Err(error) => {
                // One row that does not open must not stop the others.
                tracing::error!(connection = %key.id, %error, "an idle credential cannot be read");
                return Ok(false);
            }
        };
        let integration = catalog.get(&key.integration);
        if integration.is_none_or(|one| one.check_of(&callable.auth_method).is_none()) {
            self.store().skip_idle_check(key).await?;
            return Ok(false);
        }
        let tested = timeout(PATIENCE, self.proof_of(&callable, key.account_id.as_deref())).await;
        let tested = tested.unwrap_or_else(|_| Tested::failed("provider_unavailable", String::new()));
        let result = match (tested.accepted, tested.reason) {
            (true, _) => {
                self.store().note_idle_accepted(key).await?;
                "accepted"
            }
            (false, Some(CREDENTIAL_REFUSED)) => {
                let message = tested
                    .message
                    .as_deref()
                    .unwrap_or("The service does not accept this credential.");
                self.store().note_idle_refused(key, message).await?;
                "refused"
            }
            (false, _) => "unknown",
        };
        metrics::counter!("latchkey_idle_checks_total", "result" => result).increment(1);
        Ok(result != "unknown")
    }
}
