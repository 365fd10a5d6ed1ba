//! Claims as a replica makes them, and replicas that never ran.

use store::{Lease, NewCredential, Quota, Refreshed, Replica, Store};
use uuid::Uuid;

/// A replica with these numbers for a name and a life.
pub fn replica(id: u128, boot: u128) -> Replica {
    Replica {
        id: Uuid::from_u128(id),
        boot: Uuid::from_u128(boot),
    }
}

/// Claims what is due, at most `limit` of each app.
pub async fn claim(store: &Store, replica: Replica, limit: u32) -> Vec<Lease> {
    let quotas: Vec<Quota> = store
        .due_apps()
        .await
        .unwrap()
        .iter()
        .map(|due| Quota {
            app: due.app,
            limit,
            open: due.open,
        })
        .collect();
    store.claim_due(replica, &quotas).await.unwrap()
}

/// An answer to a claimed refresh.
pub fn answer(lease: &Lease, new: NewCredential) -> Refreshed {
    Refreshed {
        new,
        claimed_at: lease.claimed_at,
        variables: std::collections::BTreeMap::default(),
        scopes: None,
        degraded: None,
    }
}
