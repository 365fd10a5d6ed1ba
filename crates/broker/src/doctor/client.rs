//! What can be seen without asking the service: the client's id and secret, and the redirect address.

use catalog::Integration;
use store::App;
use url::{Host, Url};
use vault::ExposeSecret as _;

use super::{Finding, Leads};
use crate::{Broker, Missing, Problem, Shelved};

const CLIENT: &str = "Client id and secret";
const SETTINGS: &str = "Settings";
const REDIRECT: &str = "Redirect address";

impl Broker {
    /// Whether everything was given, and looks like what services give.
    pub(super) async fn check_client(&self, integration: &Integration, app: &App) -> Result<Vec<Finding>, Problem> {
        let name = &integration.name;
        let mut found = Vec::new();
        for missing in Shelved::lacking(integration, Some(app)) {
            let (title, message, mend) = match missing {
                Missing::ClientId => (
                    CLIENT,
                    "There is no client id.".to_owned(),
                    format!(
                        "Register an app at {name} with the redirect address, and give the client id that it shows."
                    ),
                ),
                Missing::ClientSecret => (
                    CLIENT,
                    "There is no client secret.".to_owned(),
                    format!("Give the client secret that {name} shows for the app."),
                ),
                Missing::ClientKey => (
                    "Private key",
                    "There is no private key.".to_owned(),
                    format!("Give the app's private key, or have one made and register its public half at {name}."),
                ),
                Missing::Variable(variable) => (
                    SETTINGS,
                    format!(
                        "{} is not set.",
                        integration
                            .variables
                            .get(&variable)
                            .map_or(variable.as_str(), |one| one.title.as_str())
                    ),
                    "Give it in the form of the app.".to_owned(),
                ),
            };
            found.push(Finding::bad("client", title, message).mended(mend));
        }
        let secret = self.store().client_secret(app).await?;
        let id = app.client_id.as_deref().unwrap_or_default();
        if !id.is_empty() {
            found.extend(odd_id(
                name,
                id,
                secret.as_ref().map(vault::SecretString::expose_secret),
            ));
        }
        if found.is_empty() {
            // Whether it is right, the service says.
            found.push(Finding::good(
                "client",
                SETTINGS,
                "Everything that the app needs was given.",
            ));
        }
        Ok(found)
    }

    /// Whether browsers can come back: the address is https or of this machine, and its host leads here.
    pub(super) async fn check_redirect(&self, app: &App) -> Vec<Finding> {
        let redirect = app.redirect_uri();
        let Ok(url) = Url::parse(&redirect) else {
            return vec![Finding::bad(
                "redirect_address",
                REDIRECT,
                format!("{redirect} is no address."),
            )];
        };
        let mut found = vec![scheme(&url)];
        let host = url.host_str().unwrap_or_default();
        let mend = "Look at it from outside: open the address in a browser that is not in this network. It must lead to this server, over the proxy too.";
        let reached = match self.where_leads(&redirect).await {
            Leads::Here => {
                Finding::good("redirect_reached", "Redirect host", format!("{host} leads to this server."))
            }
            Leads::Elsewhere(status) => Finding::bad(
                "redirect_reached",
                "Redirect host",
                format!("Something else answered at {host} (HTTP {status})."),
            )
            .mended(mend),
            Leads::Nowhere(why) => Finding::attention(
                "redirect_reached",
                "Redirect host",
                format!("This server could not reach {host}: {why}. From some networks a server cannot reach its own public address, and browsers can."),
            )
            .mended(mend),
        };
        found.push(reached);
        found
    }
}

fn scheme(url: &Url) -> Finding {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" {
        return Finding::good("redirect_address", REDIRECT, "It is https.");
    }
    if is_here {
        let message = "It is of this machine, which services allow while developing.";
        return Finding::good("redirect_address", REDIRECT, message);
    }
    Finding::bad(
        "redirect_address",
        REDIRECT,
        "It is neither https nor of this machine: no service sends people there.",
    )
    .mended(
        "Put this server behind https, set LATCHKEY_PUBLIC_URL to that address, and register the new redirect address.",
    )
}

/// What ids look like that were copied from a wrong place.
fn odd_id(name: &str, id: &str, secret: Option<&str>) -> Option<Finding> {
    let again = format!("Copy the client id anew from the page of the app at {name}.");
    if secret == Some(id) {
        return Some(Finding::bad("client", CLIENT, "The client id and the client secret are the same.").mended(again));
    }
    if id.chars().any(char::is_whitespace) {
        return Some(Finding::bad("client", CLIENT, "The client id has a space in it.").mended(again));
    }
    let is_quoted = id.starts_with(['"', '\'', '<']) || id.ends_with(['"', '\'', '>', ',', ';']);
    if is_quoted {
        return Some(
            Finding::attention(
                "client",
                CLIENT,
                "The client id has marks around it that ids seldom have.",
            )
            .mended(again),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn ids_from_a_wrong_place_are_seen() {
        let verdict = |id: &str| odd_id("Acme", id, Some("s3cret")).map(|one| one.verdict);
        assert_eq!(verdict("1234.apps.example"), None);
        assert_eq!(verdict("s3cret"), Some(Verdict::Bad));
        assert_eq!(verdict("12 34"), Some(Verdict::Bad));
        assert_eq!(verdict("\"1234\""), Some(Verdict::Attention));
    }

    #[test]
    fn redirects_are_https_or_of_this_machine() {
        let verdict = |text: &str| scheme(&Url::parse(text).unwrap()).verdict;
        for good in [
            "https://latchkey.example.com/connections/oauth/callback/1",
            "http://localhost:8080/x",
            "http://127.0.0.1:8080/x",
            "http://[::1]/x",
            "http://a.localhost/x",
        ] {
            assert_eq!(verdict(good), Verdict::Good, "{good}");
        }
        for bad in [
            "http://latchkey.example.com/x",
            "http://10.0.0.5/x",
            "http://localhost.evil.test/",
        ] {
            assert_eq!(verdict(bad), Verdict::Bad, "{bad}");
        }
    }
}
