//! What is noted of an app that its service refused, or that a check found wrong, and when that is over.
//!
//! Only what the service answers this server counts. What comes back through a person's browser can be made up by that
//! person, and so can the answers of a host that each customer has of their own.

use protocol::TokenError;
use store::{AppId, FoundBy};

use crate::doctor::{Diagnosis, Finding, Verdict, is_about_redirect};
use crate::flows::ClientParts;
use crate::texts::quoted;
use crate::{App, Broker};

impl Broker {
    /// Notes that a service refused the app itself when somebody connected; other failures are none of the app's.
    pub(crate) async fn note_refused_app(&self, parts: &ClientParts, error: &TokenError) {
        if parts.registered.is_some() || parts.own_host(self).is_some() {
            return;
        }
        let name = &parts.integration.name;
        let said = error.provider_message();
        let words = said.map(quoted).filter(|words| !words.is_empty());
        let quote = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
        let texts = [error.provider_code(), said];
        let (message, mend) = if texts.into_iter().flatten().any(is_about_redirect) {
            (
                format!("{name} does not know the redirect address of this app.{quote}"),
                format!("Register exactly this address there: {}", parts.redirect_uri),
            )
        } else if matches!(error, TokenError::AppBroken { .. }) {
            (
                format!("{name} refused this app's client when somebody connected.{quote}"),
                "Check its client id, and its secret or key, and give the right ones below.".to_owned(),
            )
        } else {
            return;
        };
        self.note_attention(parts.app.id, FoundBy::Connect, &message, Some(&mend))
            .await;
    }

    /// Somebody connected with the app: it is well.
    pub(crate) async fn note_app_well(&self, app: AppId) {
        if let Err(error) = self.store().app_is_well(app).await {
            tracing::warn!(%error, %app, "that an app is well was not noted; the next sign-in says it again");
        }
    }

    /// Notes what a check of the app found. What is not surely good or bad changes
    /// nothing, and neither does a service that could not be reached, where its address is no matter of the app.
    pub(crate) async fn note_checkup(&self, app: &App, found: &Diagnosis) {
        match found.verdict {
            Verdict::Good => self.note_app_well(app.id).await,
            Verdict::Bad => {
                let Some(first) = found.checks.iter().find(|one| is_about(!app.variables.is_empty(), one)) else {
                    return;
                };
                let message = format!("{}: {}", first.title, first.message);
                self.note_attention(app.id, FoundBy::Check, &message, first.mend.as_deref())
                    .await;
            }
            Verdict::Attention | Verdict::Skipped => {}
        }
    }

    async fn note_attention(&self, app: AppId, found_by: FoundBy, message: &str, mend: Option<&str>) {
        if let Err(error) = self.store().note_app_attention(app, found_by, message, mend).await {
            tracing::warn!(%error, %app, "that an app needs attention was not noted");
        }
    }
}

/// Whether a finding says that the app is wrong. That a service was not reached says so only where the app has values
/// that its address is made of.
fn is_about(app_has_values: bool, one: &Finding) -> bool {
    one.verdict == Verdict::Bad && (app_has_values || !one.is_unreached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_away_says_nothing_of_an_app_without_values() {
        let (wrong, away) = (
            Finding::bad("token", "Token", "The secret is wrong."),
            Finding::unreached("token", "Token", "It was not reached."),
        );
        assert!(is_about(false, &wrong) && is_about(true, &wrong));
        assert!(is_about(true, &away) && !is_about(false, &away));
        assert!(!is_about(true, &Finding::good("token", "Token", "Right.")));
    }
}
