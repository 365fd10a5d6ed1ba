//! What the service says: its metadata, its sign-in page with our parameters, and its token endpoint with a code that
//! was made up.

use std::sync::Arc;

use catalog::{Endpoints, Integration, OAuth2, Pkce};
use chrono::{DateTime, Utc};
use http::header::{DATE, LOCATION};
use protocol::oauth2::{DpopKey, PkceVerifier};
use serde_json::{Value, json};
use store::App;
use vault::{ExposeSecret as _, SecretString, Token};

use super::judge::{Answered, judge_page, judge_token};
use super::{Finding, PAGE, PATIENCE, too_slow};
use crate::flows::ClientParts;
use crate::{Broker, Problem};

const DISCOVERY: &str = "Discovery";
const PKCE: &str = "PKCE";
const PAGE_TITLE: &str = "Sign-in page";
const TOKEN: &str = "Client secret";
const CLOCK: &str = "Clock";

impl Broker {
    /// Asks the service with the app's client. Nothing is asked at an address that nobody agreed to.
    pub(super) async fn check_service(
        &self,
        integration: &Integration,
        auth_method: &str,
        method: &OAuth2,
        app: &App,
    ) -> Result<Vec<Finding>, Problem> {
        let own = std::collections::BTreeMap::new();
        let mut parts = match self.client_parts(app.clone(), auth_method, &own, None).await {
            Ok(parts) => parts,
            Err(problem) => {
                let found = Finding::bad("service", "Asking the service", problem.message());
                return Ok(vec![found.mended(
                    "Look at the new addresses, and agree to them if they are the service's.",
                )]);
            }
        };
        if method.dpop {
            let key = DpopKey::generate().map_err(|error| Problem::internal(&error.to_string()))?;
            parts.dpop = Some(Arc::new(key));
        }
        let name = &integration.name;
        let mut found = Vec::new();
        let document = match self.server_document(&parts, method).await {
            Ok(document) => document,
            Err(why) => {
                let bad = Finding::bad(
                    "discovery",
                    DISCOVERY,
                    format!("{name} does not say where to sign in: {why}."),
                );
                found.push(
                    bad.mended("Check the issuer in the settings of the app, and that this server may reach it."),
                );
                return Ok(found);
            }
        };
        if document.is_some() {
            found.push(Finding::good(
                "discovery",
                DISCOVERY,
                format!("{name} says where to sign in."),
            ));
        }
        found.push(pkce(name, &method.pkce, document.as_ref()));
        let verifier = (method.pkce == Pkce::S256).then(PkceVerifier::random);
        let date = self.check_page(&parts, verifier.as_ref(), &mut found).await?;
        self.check_token(&parts, method, verifier.as_ref(), &mut found).await?;
        found.push(match date {
            None => Finding::skipped("clock", CLOCK, format!("{name} did not say what time it is.")),
            Some(theirs) => clock(name, theirs, self.store().now().await?),
        });
        Ok(found)
    }

    async fn server_document(&self, parts: &ClientParts, method: &OAuth2) -> Result<Option<Value>, String> {
        if matches!(method.endpoints, Endpoints::Fixed { .. }) {
            return Ok(None);
        }
        let client = parts.client(self).map_err(|problem| problem.message().to_owned())?;
        match tokio::time::timeout(PATIENCE, self.protocol().server_document(&client)).await {
            Ok(document) => document.map_err(|error| error.to_string()),
            Err(_) => Err(too_slow()),
        }
    }

    /// Opens the sign-in page as a browser would be sent there. When the service says it is.
    async fn check_page(
        &self,
        parts: &ClientParts,
        verifier: Option<&PkceVerifier>,
        found: &mut Vec<Finding>,
    ) -> Result<Option<DateTime<Utc>>, Problem> {
        let name = &parts.integration.name;
        let client = parts.client(self)?;
        let state = Token::generate().expose();
        let made = self.protocol().authorize(&client, &state, verifier, &[]);
        let url = match tokio::time::timeout(PATIENCE, made).await {
            Ok(Ok(url)) => url,
            Ok(Err(error)) => {
                let bad = Finding::bad(
                    "authorize",
                    PAGE_TITLE,
                    format!("Its address could not be made: {error}."),
                );
                found.push(bad.mended(format!("Check the settings of the app here and at {name}.")));
                return Ok(None);
            }
            Err(_) => {
                found.push(Finding::unreached(
                    "authorize",
                    PAGE_TITLE,
                    format!("{name} could not be asked: {}.", too_slow()),
                ));
                return Ok(None);
            }
        };
        let answer = match self.look(&url, PAGE).await {
            Ok(answer) => answer,
            Err(why) => {
                let host = url.host_str().unwrap_or_default();
                let bad = Finding::unreached(
                    "authorize",
                    PAGE_TITLE,
                    format!("{host} could not be reached from here: {why}."),
                );
                found.push(
                    bad.mended("Check that the address is the service's, and that this server's network lets it out."),
                );
                return Ok(None);
            }
        };
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let answered = Answered {
            name,
            redirect_uri: &parts.redirect_uri,
            status: answer.status().as_u16(),
            location: location.and_then(|text| url.join(text).ok()),
            body: &String::from_utf8_lossy(answer.body()),
        };
        found.push(judge_page(&answered, PAGE_TITLE));
        let date = answer.headers().get(DATE).and_then(|value| value.to_str().ok());
        Ok(date
            .and_then(|text| DateTime::parse_from_rfc2822(text).ok())
            .map(|date| date.with_timezone(&Utc)))
    }

    async fn check_token(
        &self,
        parts: &ClientParts,
        method: &OAuth2,
        verifier: Option<&PkceVerifier>,
        found: &mut Vec<Finding>,
    ) -> Result<(), Problem> {
        let client = parts.client(self)?;
        // Whatever a service thinks of it, it is a code of nobody.
        let code = SecretString::from(format!("latchkey-check-{}", Token::generate().expose()));
        let query = json!({});
        let asked = self.protocol().exchange(&client, &code, verifier, &query);
        let judged = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => judge_token(
                &parts.integration.name,
                TOKEN,
                method.needs_client_secret(),
                &answer.map(|_| ()),
                &method.refresh.errors,
            ),
            Err(_) => Finding::unreached(
                "token",
                TOKEN,
                format!("{} could not be asked: {}.", parts.integration.name, too_slow()),
            ),
        };
        // A code that nobody gave is no secret, and still stands in nothing that is shown.
        debug_assert!(!judged.message.contains(code.expose_secret()));
        found.push(judged);
        Ok(())
    }
}

/// Whether the service and the definition say the same about PKCE.
fn pkce(name: &str, declared: &Pkce, document: Option<&Value>) -> Finding {
    let methods = document.and_then(|document| document.get("code_challenge_methods_supported"));
    let supported = methods.map(|methods| {
        let all = methods.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().any(|one| one == "S256")
    });
    match (declared, supported) {
        (Pkce::S256, Some(true)) => {
            Finding::good("pkce", PKCE, format!("It is used, and {name} says that it takes it."))
        }
        (Pkce::S256, Some(false)) => {
            let bad = Finding::attention(
                "pkce",
                PKCE,
                format!("It is used, and {name} says that it takes no S256."),
            );
            bad.mended("If sign-ins fail there, the definition needs `pkce: off` with the reason.")
        }
        (Pkce::S256, None) => Finding::good("pkce", PKCE, "It is used."),
        (Pkce::Off { .. }, Some(true)) => {
            let found = Finding::attention(
                "pkce",
                PKCE,
                format!("The definition has it off, and {name} says that it takes it."),
            );
            found.mended("Take `pkce: off` out of the definition, and try a sign-in.")
        }
        (Pkce::Off { reason }, _) => Finding::skipped("pkce", PKCE, format!("Off. {reason}")),
    }
}

/// Tokens end, and signatures are dated, by two clocks.
fn clock(name: &str, theirs: DateTime<Utc>, ours: DateTime<Utc>) -> Finding {
    let seconds = (theirs - ours).num_seconds();
    let away = seconds.abs();
    let which = if seconds > 0 { "behind" } else { "ahead of" };
    let message = format!("This server's clock is {away} seconds {which} that of {name}.");
    let mend = "Set the clock of the database server by NTP.";
    match away {
        0..=30 => Finding::good("clock", CLOCK, format!("It agrees with that of {name}.")),
        31..=300 => Finding::attention("clock", CLOCK, message).mended(mend),
        _ => Finding::bad("clock", CLOCK, message).mended(mend),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn pkce_is_compared_with_what_the_service_says() {
        let off = Pkce::Off {
            reason: "It takes none.".to_owned(),
        };
        let says = |methods: &[&str]| json!({ "code_challenge_methods_supported": methods });
        for (declared, document, verdict) in [
            (&Pkce::S256, None, Verdict::Good),
            (&Pkce::S256, Some(says(&["plain", "S256"])), Verdict::Good),
            (&Pkce::S256, Some(says(&["plain"])), Verdict::Attention),
            (&Pkce::S256, Some(json!({})), Verdict::Good),
            (&off, None, Verdict::Skipped),
            (&off, Some(says(&["S256"])), Verdict::Attention),
        ] {
            assert_eq!(
                pkce("Acme", declared, document.as_ref()).verdict,
                verdict,
                "{document:?}"
            );
        }
    }

    #[test]
    fn clocks_may_differ_a_little() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        for (seconds, verdict) in [
            (0, Verdict::Good),
            (-30, Verdict::Good),
            (90, Verdict::Attention),
            (-3600, Verdict::Bad),
        ] {
            assert_eq!(clock("Acme", now + TimeDelta::seconds(seconds), now).verdict, verdict);
        }
        assert!(
            clock("Acme", now + TimeDelta::seconds(90), now)
                .message
                .contains("90 seconds behind")
        );
    }
}
