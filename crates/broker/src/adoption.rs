//! A restored or copied database changes nothing at a service before somebody adopts it: otherwise it would spend the
//! refresh tokens that the server it came from lives on.

use std::time::Duration;

use crate::{Broker, Kind, Problem};

/// What `/readyz` says of a database that is not at home. Everybody may read it.
pub(crate) const NOT_ADOPTED: &str = "this database was restored or copied: nothing is refreshed, revoked or delivered until somebody runs `latchkey adopt`";

impl Broker {
    /// Whether refresh, revocation and delivery may go out. Asks the database at most each ten seconds; a database that
    /// is away leaves the last answer.
    pub async fn is_at_home(&self) -> bool {
        let is_here = match self.store().look_home().await {
            Ok(is_here) => is_here,
            Err(error) => {
                tracing::debug!(%error, "whether the database is at home was not seen");
                self.store().is_at_home()
            }
        };
        metrics::gauge!("latchkey_adopted").set(f64::from(u8::from(is_here)));
        is_here
    }

    /// The same for a call that waits.
    ///
    /// # Errors
    /// `not_adopted`: the operator has to run `latchkey adopt`. `database_unavailable`: nobody has seen it yet.
    pub async fn require_home(&self) -> Result<(), Problem> {
        match self.store().look_home().await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(_) if self.store().is_at_home() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        Err(Problem::new(
            Kind::Unavailable,
            "not_adopted",
            "This server's database was restored or copied, so it refreshes no token yet. Whoever runs the server has to run `latchkey adopt`.",
        )
        .with_retry_after(Duration::from_mins(1)))
    }
}
