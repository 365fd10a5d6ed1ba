//! The start page spends its ticket: the flow is tied to this browser and leaves for the provider, or the person is
//! asked first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use store::{Bind, Flow, FlowId, FlowMode, FlowStatus, Project, ReturnForm};
use url::Url;
use vault::{Digest, Token};
use zeroize::Zeroizing;

use super::departure::FlowSecrets;
use super::evidence::{Evidence, Proofs, judge};
use super::{expired, not_this_browser};
use crate::{Broker, Kind, Place, Problem};

/// What the start page brings.
#[derive(Debug)]
pub struct Redeem {
    /// The ticket from the fragment.
    pub ticket: Token,
    /// The opener's answer.
    pub proof: Option<Token>,
    /// Whether the page found a `window.opener`.
    pub has_opener: bool,
    /// In the same window: the state as the customer's page rewrote it.
    pub state: Option<String>,
    /// What the document request said about itself.
    pub evidence: Evidence,
    /// The browser cookie, if there is one.
    pub browser: Option<Token>,
    /// The embed cookie, if it is visible here.
    pub embed: Option<Token>,
    /// Which of our origins the start page is on.
    pub place: Place,
}

/// Where the start page goes on.
#[derive(Debug)]
pub enum Next {
    /// To the provider.
    Provider(Url),
    /// To the confirm page.
    Confirm(FlowId),
}

/// A ticket that was spent.
#[derive(Debug)]
pub struct Redeemed {
    /// The browser cookie to set.
    pub browser: Token,
    /// Where to go on.
    pub next: Next,
}

/// A flow that a reloaded start page can go on with.
#[derive(Debug, Serialize)]
pub struct Resumable {
    flow: FlowId,
    name: String,
    url: String,
}

impl Broker {
    /// Spends a ticket once.
    pub async fn redeem(&self, redeem: Redeem) -> Result<Redeemed, Problem> {
        let ticket = redeem.ticket.digest();
        let flow = self.store().flow_by_ticket(&ticket).await?.ok_or_else(|| {
            Problem::new(
                Kind::NotFound,
                "ticket_unknown",
                "This sign-in is not known yet, or has ended.",
            )
        })?;
        // The browser's cookie would lie on this origin, and the answer of the service be brought to the other.
        if flow.origin.as_deref().unwrap_or_else(|| self.public_origin()) != &*redeem.place.origin {
            return Err(Problem::new(
                Kind::Forbidden,
                "not_from_app",
                "This sign-in was started at another address than this one. Go back to the app and start again.",
            ));
        }
        if flow.status != FlowStatus::Created {
            return Err(Problem::new(
                Kind::Conflict,
                "ticket_spent",
                "This sign-in was opened before.",
            ));
        }
        if flow.over {
            return Err(expired());
        }
        let project = self.project(flow.project).await?;
        let back = self.way_back(&flow, redeem.state.as_deref()).await?;
        let (proof, embed) = (
            redeem.proof.as_ref().map(Token::digest),
            redeem.embed.as_ref().map(Token::digest),
        );
        let (opener_proved, embed_proved) = self.store().flow_proof(flow.id, proof.as_ref(), embed.as_ref()).await?;
        let proofs = Proofs {
            evidence: &redeem.evidence,
            has_opener: redeem.has_opener,
            opener_proved,
            embed_proved,
        };
        let grade = judge(&flow, &project, &proofs)?;

        let browser = redeem.browser.unwrap_or_else(Token::generate);
        let handle = back.as_ref().and_then(|back| back.handle.clone());
        let secrets = handle
            .map(|handle| {
                FlowSecrets {
                    handle: Some(handle),
                    ..FlowSecrets::default()
                }
                .to_plaintext()
            })
            .transpose()?;
        let back = back.map(|back| (back.url, back.form));
        let bind = Bind {
            browser: browser.digest(),
            grade,
            back,
            secrets,
        };
        if !self.store().bind_flow(&flow, &ticket, &bind).await? {
            return Err(self.not_bound(&flow).await);
        }
        let next = match grade {
            None => Next::Confirm(flow.id),
            Some(_) => match self.depart(flow.id).await {
                Ok(url) => Next::Provider(url),
                Err(problem) => {
                    // Not this browser's fault: the same ticket can be tried again.
                    self.store().unbind_flow(flow.id).await?;
                    return Err(problem);
                }
            },
        };
        Ok(Redeemed { browser, next })
    }

    /// Why a flow could not be tied to a browser: the session ended, or another window was first.
    async fn not_bound(&self, flow: &Flow) -> Problem {
        match self.store().session_by_id(flow.session).await {
            Ok(Some(session)) if session.is_live() => {
                Problem::new(Kind::Conflict, "ticket_spent", "This sign-in was opened before.")
            }
            Ok(_) => expired(),
            Err(error) => error.into(),
        }
    }

    /// The state of the same-window mode: `H~RET` or `H~RET~v3`, where H must be the handle of this flow and RET a page
    /// of the embedder that is on the project's list.
    async fn way_back(&self, flow: &Flow, state: Option<&str>) -> Result<Option<WayBack>, Problem> {
        let Some(state) = state.filter(|_| flow.mode == FlowMode::Redirect) else {
            return Ok(None);
        };
        let mut segments = state.split('~');
        let handle = segments.next().and_then(Token::parse).map(|token| token.digest());
        let known = match &handle {
            Some(handle) => self
                .store()
                .flow_by_result(handle)
                .await?
                .is_some_and(|known| known.id == flow.id),
            None => false,
        };
        if !known {
            return Err(not_allowed("The address of this sign-in was changed on the way."));
        }
        let Some(encoded) = segments.next() else {
            return Ok(None);
        };
        let form = if segments.next().is_some() {
            ReturnForm::Unchanged
        } else {
            ReturnForm::Parameters
        };
        let url = decode_return(encoded).ok_or_else(|| not_allowed("The page to go back to is not a web address."))?;
        let origin = url.origin().ascii_serialization();
        if flow.embedder.as_deref() != Some(&origin) {
            return Err(not_allowed(
                "The page to go back to is not the page that started this sign-in.",
            ));
        }
        self.require_embedder(flow.project, flow.environment, Some(&origin))
            .await
            .map_err(|_| not_allowed("The page to go back to is not on the app's list."))?;
        // Only this form shows the handle to the page again.
        let handle = (form == ReturnForm::Parameters)
            .then(|| Zeroizing::new(state.split('~').next().unwrap_or_default().to_owned()));
        Ok(Some(WayBack {
            url: url.to_string(),
            form,
            handle,
        }))
    }

    /// Flows that this browser holds, each with a new address to go on at.
    pub async fn resume(&self, browser: &Token) -> Result<Vec<Resumable>, Problem> {
        let mut resumable = Vec::new();
        for flow in self.store().open_flows_of_browser(&browser.digest()).await? {
            let name = self.integration_name(&flow.integration);
            let next = match flow.status {
                FlowStatus::Choosing => Ok(self.choose_address(&flow)),
                _ => self.depart(flow.id).await,
            };
            match next {
                Ok(url) => resumable.push(Resumable {
                    flow: flow.id,
                    name,
                    url: url.to_string(),
                }),
                Err(problem) => tracing::warn!(%problem, flow = %flow.id, "a flow cannot be taken up again"),
            }
        }
        if resumable.is_empty() {
            Err(not_this_browser())
        } else {
            Ok(resumable)
        }
    }

    pub(crate) fn integration_name(&self, id: &str) -> String {
        self.catalog()
            .get(id)
            .map_or_else(|| id.to_owned(), |integration| integration.name.clone())
    }

    /// A flow that a browser holds, with its project.
    pub(super) async fn flow_of_browser(&self, flow: FlowId, browser: &Digest) -> Result<(Flow, Project), Problem> {
        if !self.store().flow_is_of_browser(flow, browser).await? {
            return Err(not_this_browser());
        }
        let flow = self.store().flow(flow).await?.ok_or_else(not_this_browser)?;
        let project = self.project(flow.project).await?;
        Ok((flow, project))
    }
}

/// The customer's page to go back to.
struct WayBack {
    url: String,
    form: ReturnForm,
    handle: Option<Zeroizing<String>>,
}

/// `RET`: base64url of a page's address; plain http(s) without a user part.
fn decode_return(encoded: &str) -> Option<Url> {
    if encoded.len() > 8192 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    let url = Url::parse(std::str::from_utf8(&bytes).ok()?).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    plain.then_some(url)
}

fn not_allowed(message: &str) -> Problem {
    Problem::new(
        Kind::Forbidden,
        "return_not_allowed",
        format!("{message} Go back to the app and start again there."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_addresses_are_plain_pages() {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let page = "https://shop.test/settings?tab=1#top";
        assert_eq!(decode_return(&encode(page)).unwrap().as_str(), page);
        for wrong in [
            "javascript:alert(1)",
            "https://user@shop.test/",
            "data:text/html,x",
            "/relative",
            "",
        ] {
            assert!(decode_return(&encode(wrong)).is_none(), "{wrong}");
        }
        assert!(decode_return("!!").is_none());
        assert!(decode_return(&encode(&format!("https://shop.test/{}", "x".repeat(9000)))).is_none());
    }
}
