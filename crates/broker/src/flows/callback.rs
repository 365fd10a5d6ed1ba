//! The provider comes back. In order: the raw query, the claim (one statement with the browser in it), the issuer, the
//! exchange with no transaction open, the account, one commit.

use std::collections::BTreeSet;
use std::time::Duration;

use catalog::{AuthKind, AuthMethod, Integration};
use serde_json::{Map, Value, json};
use store::{AppId, AuditEntry, Flow, FlowMode, FlowStatus, ReturnForm};
use url::{Url, form_urlencoded};
use vault::{SecretString, Token};

use super::oauth1::STATE;
use crate::{Broker, Kind, Place, Problem};

/// How a callback ends in the browser.
#[derive(Debug)]
pub enum CallbackEnd {
    /// 303 to a clean address: our last page, the customer's page, or its verify address.
    Redirect(Url),
    /// A page of ours. The words are those of the reader's language, so they are chosen where pages are written.
    Page(CallbackPage),
}

/// What a page of ours says about a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackPage {
    /// The query is not one that a service writes.
    Incomplete,
    /// No flow of this browser waits for it.
    Unknown,
    /// The flow belongs to another browser.
    OtherBrowser,
    /// The flow has ended.
    Over,
    /// A fault of ours.
    Failed,
    /// Not now. The page loads itself again after a few seconds.
    Later {
        /// Its name, where nothing was sent to it and the flow is untouched.
        service: Option<String>,
    },
}

/// What a callback comes to that could not be judged.
fn ended(problem: &Problem) -> CallbackEnd {
    if problem.kind() == Kind::Unavailable {
        return CallbackEnd::Page(CallbackPage::Later { service: None });
    }
    tracing::error!(%problem, "a callback failed");
    CallbackEnd::Page(CallbackPage::Failed)
}

/// A browser gets an answer by then; the work goes on without it.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
/// Why a flow ended whose own domain was taken away.
const DOMAIN_GONE: &str = "The address that this sign-in was started at no longer belongs to the app. Go back to the app and start again there.";
/// Lines in the audit log about one flow and action; anybody can load an address many times.
const AUDITED: i64 = 3;
/// The largest query that is read.
const QUERY_LIMIT: usize = 16 * 1024;
/// The largest `state` that is read.
const STATE_LIMIT: usize = 8 * 1024;

/// A callback's query that passed the raw check.
pub(crate) struct Query {
    pub(crate) state: Token,
    /// The parameter that it stood in.
    state_name: String,
    pub(crate) code: Option<SecretString>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    pub(crate) issuer: Option<String>,
    /// Everything, for values that a definition learns.
    pub(crate) all: Value,
}

impl Broker {
    /// Takes a provider's answer. Whatever goes wrong, the person gets a page that says what to do.
    /// `place` is the origin that it came to.
    pub async fn callback(
        &self,
        app: Option<AppId>,
        raw_query: &str,
        browser: Option<&Token>,
        place: &Place,
    ) -> CallbackEnd {
        let state_names = match self.state_names(app).await {
            Ok(names) => names,
            Err(problem) => return ended(&problem),
        };
        let Some(query) = read_query(raw_query, &state_names) else {
            return CallbackEnd::Page(CallbackPage::Incomplete);
        };
        match self.elsewhere(app, raw_query, &query, place).await {
            Ok(None) => {}
            Ok(Some(end)) => return end,
            Err(problem) => return ended(&problem),
        }
        // A task of its own: a browser that goes away must not interrupt what spends a code.
        let (broker, cookie) = (self.clone(), browser.cloned());
        let task = tokio::spawn(async move { broker.take_callback(app, query, cookie.as_ref()).await });
        let taken = match tokio::time::timeout(ANSWER_WITHIN, task).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(panic)) => {
                tracing::error!(%panic, "a callback panicked");
                Err(Problem::internal("The sign-in was interrupted."))
            }
            Err(_) => Err(Problem::new(
                Kind::Unavailable,
                "slow",
                "The sign-in goes on in the background.",
            )),
        };
        match taken {
            Ok(end) => end,
            Err(problem) => ended(&problem),
        }
    }

    /// What the service of this app calls the state: `state`, unless its definition says otherwise. Each way to sign in has
    /// one name; which of them a flow has is looked at once the flow is known.
    async fn state_names(&self, app: Option<AppId>) -> Result<BTreeSet<String>, Problem> {
        let names_of = |integration: &Integration| -> BTreeSet<String> {
            let names = integration.auth.iter().filter_map(state_name);
            names.map(str::to_owned).collect()
        };
        let standard = || BTreeSet::from([STATE.to_owned()]);
        let catalog = self.catalog();
        let is_renamed = |integration: &Integration| names_of(integration).iter().any(|name| name != STATE);
        let Some(app) = app.filter(|_| catalog.iter().any(|integration| is_renamed(integration))) else {
            return Ok(standard());
        };
        let app = self.store().app(app).await?;
        let names = app.and_then(|app| catalog.get(&app.integration).map(|integration| names_of(integration)));
        Ok(names.filter(|names| !names.is_empty()).unwrap_or_else(standard))
    }

    /// Whether the state stood in the parameter that the flow's way to sign in has for it. One that is gone from the
    /// definition is told later.
    fn is_well_named(&self, flow: &Flow, name: &str) -> bool {
        let catalog = self.catalog();
        let method = catalog
            .get(&flow.integration)
            .and_then(|integration| integration.method(Some(&flow.auth_method)));
        method.and_then(state_name).is_none_or(|own| own == name)
    }

    /// Where a flow was started on another of our origins than its app's callback address has: its browser cookie lies
    /// there, so the answer is brought there, as it came. Only to the origin that was stored with the flow, only while that
    /// is still ours, and only while the flow waits for an answer.
    async fn elsewhere(
        &self,
        app: Option<AppId>,
        raw_query: &str,
        query: &Query,
        place: &Place,
    ) -> Result<Option<CallbackEnd>, Problem> {
        let Some(flow) = self.store().flow_by_state(&query.state.digest()).await? else {
            return Ok(None);
        };
        if !self.is_well_named(&flow, &query.state_name) {
            return Ok(Some(CallbackEnd::Page(CallbackPage::Incomplete)));
        }
        let stored = flow.origin.as_deref().unwrap_or_else(|| self.public_origin());
        let waits = flow.status == FlowStatus::Away && !flow.over && app.is_none_or(|app| app == flow.app);
        // A domain can have gone to another project since.
        let here = stored == &*place.origin && place.project.is_none_or(|own| own == flow.project);
        if !waits || here {
            return Ok(None);
        }
        let Some(mut url) = self.origin_of(&flow).await? else {
            tracing::info!(flow = %flow.id, "the domain that a sign-in was started on was taken away");
            self.store().fail_flow(flow.id, "interrupted", DOMAIN_GONE).await?;
            return Ok(Some(over()));
        };
        match app {
            Some(app) => url.set_path(&format!("/connections/oauth/callback/{app}")),
            None => url.set_path("/connections/oauth/callback"),
        }
        url.set_query(Some(raw_query));
        Ok(Some(CallbackEnd::Redirect(url)))
    }

    /// The origin that a flow was started on; none when it was a domain that its project no longer has. Whoever holds that
    /// name then is brought no answer.
    async fn origin_of(&self, flow: &Flow) -> Result<Option<Url>, Problem> {
        let Some(origin) = flow.origin.as_deref().filter(|origin| *origin != self.public_origin()) else {
            return Ok(Some(self.settings().public_url.clone()));
        };
        let domain = self.project(flow.project).await?.domain;
        Ok(domain
            .filter(|domain| domain == origin)
            .and_then(|domain| Url::parse(&domain).ok()))
    }

    async fn take_callback(
        &self,
        app: Option<AppId>,
        query: Query,
        browser: Option<&Token>,
    ) -> Result<CallbackEnd, Problem> {
        let state = query.state.digest();
        let Some(cookie) = browser else {
            return self.refuse_callback(&query.state, None).await;
        };
        let Some(flow) = self.store().claim_flow(&state, &cookie.digest(), app).await? else {
            return self.refuse_callback(&query.state, Some(cookie)).await;
        };
        let secrets = match self.flow_secrets(&flow).await {
            Ok(secrets) => secrets,
            Err(problem) if problem.kind() == Kind::Unavailable => return Ok(self.put_back(&flow).await),
            Err(problem) => return self.end_in_failure(&flow, None, &problem).await,
        };
        let handle = secrets.handle.as_deref().map(String::as_str);
        let ready = match self.prepare_exchange(&flow, &secrets, query).await {
            Ok(ready) => ready,
            Err(problem) if problem.kind() == Kind::Unavailable => return Ok(self.put_back(&flow).await),
            Err(problem) => return self.end_in_failure(&flow, handle, &problem).await,
        };
        match self.exchange(&flow, ready, handle).await {
            Ok(end) => Ok(end),
            Err(problem) => self.end_in_failure(&flow, handle, &problem).await,
        }
    }

    /// Nothing was sent to the provider: the flow goes back to where it was, and the page tries again.
    pub(super) async fn put_back(&self, flow: &Flow) -> CallbackEnd {
        if let Err(error) = self.store().release_flow(flow.id).await {
            tracing::warn!(%error, flow = %flow.id, "a flow could not be put back; it ends as interrupted");
        }
        CallbackEnd::Page(CallbackPage::Later {
            service: Some(self.integration_name(&flow.integration)),
        })
    }

    async fn end_in_failure(
        &self,
        flow: &Flow,
        handle: Option<&str>,
        problem: &Problem,
    ) -> Result<CallbackEnd, Problem> {
        tracing::info!(flow = %flow.id, integration = flow.integration, reason = problem.key(), "a sign-in failed");
        self.store()
            .fail_flow(flow.id, problem.key(), problem.message())
            .await?;
        self.end_of(flow, handle, Some(problem.message())).await
    }

    /// The way out: the customer's page in its form, else our last page.
    pub(super) async fn end_of(
        &self,
        flow: &Flow,
        handle: Option<&str>,
        failure: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        if flow.mode == FlowMode::Redirect
            && let (Some(page), Some(form)) = (&flow.return_url, flow.return_form)
            && let Ok(url) = Url::parse(page)
            && self
                .require_embedder(
                    flow.project,
                    flow.environment,
                    Some(&url.origin().ascii_serialization()),
                )
                .await
                .is_ok()
        {
            return Ok(CallbackEnd::Redirect(return_address(url, form, handle, failure)));
        }
        let mut url = self.address_of(flow);
        url.set_path("/connect/done");
        url.query_pairs_mut().clear().append_pair("f", &flow.id.to_string());
        Ok(CallbackEnd::Redirect(url))
    }

    /// Our address that a flow was started on, where its browser's cookie lies.
    pub(super) fn address_of(&self, flow: &Flow) -> Url {
        let own = flow.origin.as_deref().and_then(|origin| Url::parse(origin).ok());
        own.unwrap_or_else(|| self.settings().public_url.clone())
    }

    /// No claim: say why, as far as this browser may know, and note what looks like an attack. No token request.
    async fn refuse_callback(&self, state: &Token, browser: Option<&Token>) -> Result<CallbackEnd, Problem> {
        let unknown = || CallbackEnd::Page(CallbackPage::Unknown);
        let Some(flow) = self.store().flow_by_state(&state.digest()).await? else {
            return Ok(unknown());
        };
        let same_browser = match browser {
            Some(browser) => self.store().flow_is_of_browser(flow.id, &browser.digest()).await?,
            None => false,
        };
        if !same_browser {
            let action = if browser.is_some() {
                "flow.state_cookie_mismatch"
            } else {
                "flow.state_cookie_missing"
            };
            let entry = AuditEntry {
                project: Some(flow.project),
                environment: Some(flow.environment),
                action,
                actor: "browser".to_owned(),
                subject: Some(format!("flow:{}", flow.id)),
                detail: &json!({ "integration": flow.integration }),
            };
            self.store().audit_at_most(entry, AUDITED).await?;
            if browser.is_some() {
                self.store().count_cookie_mismatch(flow.id).await?;
            }
            return Ok(CallbackEnd::Page(CallbackPage::OtherBrowser));
        }
        match flow.status {
            FlowStatus::Away if flow.over => Ok(over()),
            FlowStatus::Away => {
                // Right browser, right time: the app in the address is another, or the session ended.
                let session = self.store().session_by_id(flow.session).await?;
                if session.is_some_and(|session| session.is_live()) {
                    Ok(unknown())
                } else {
                    Ok(over())
                }
            }
            FlowStatus::Created | FlowStatus::Bound | FlowStatus::Confirming => Ok(unknown()),
            FlowStatus::Expired | FlowStatus::Cancelled => Ok(over()),
            _ => {
                self.end_of(
                    &Flow {
                        return_url: None,
                        ..flow
                    },
                    None,
                    None,
                )
                .await
            }
        }
    }
}

/// The customer's page with the parameters that its form asks for; they go before the fragment.
fn return_address(mut url: Url, form: ReturnForm, handle: Option<&str>, failure: Option<&str>) -> Url {
    if form == ReturnForm::Parameters {
        let mut pairs = url.query_pairs_mut();
        if let Some(handle) = handle {
            pairs.append_pair("one_auth_state", handle);
        }
        if let Some(failure) = failure {
            pairs.append_pair("one_auth_error", &failure.chars().take(200).collect::<String>());
        }
    }
    url
}

/// The parameter that carries the state of this way to sign in.
fn state_name(method: &AuthMethod) -> Option<&str> {
    match &method.kind {
        AuthKind::OAuth2(oauth2) => Some(&oauth2.authorize.state),
        AuthKind::OAuth1(_) => Some(STATE),
        AuthKind::ApiKey(_) => None,
    }
}

fn over() -> CallbackEnd {
    CallbackEnd::Page(CallbackPage::Over)
}

/// Refuses doubled keys, contradictions, arrays, tokens in the query, and anything too long, before a value is used.
/// The state has one name: that of the service, of which there is one for each way to sign in.
pub(crate) fn read_query(raw: &str, state_names: &BTreeSet<String>) -> Option<Query> {
    if raw.len() > QUERY_LIMIT {
        return None;
    }
    let mut all = Map::new();
    for (key, value) in form_urlencoded::parse(raw.as_bytes()) {
        let odd =
            key.contains(['[', ']']) || matches!(key.as_ref(), "access_token" | "id_token" | "refresh_token" | "token");
        if odd
            || all
                .insert(key.into_owned(), Value::String(value.into_owned()))
                .is_some()
        {
            return None;
        }
    }
    let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
    let (code, error) = (text("code"), text("error"));
    // RFC 5849 §2.2, and how services say no there.
    let is_oauth1 = ["oauth_token", "denied", "oauth_problem"]
        .iter()
        .any(|name| all.contains_key(*name));
    match (&code, &error) {
        (Some(_), Some(_)) => return None,
        (None, None) if !is_oauth1 => return None,
        _ => {}
    }
    let mut states = state_names.iter().filter_map(|name| {
        let state = text(name).filter(|state| state.len() <= STATE_LIMIT)?;
        // Nothing of ours that goes to a provider holds a `~`: a state with one was not made by us.
        Some((name.clone(), Token::parse(&state)?))
    });
    let (state_name, state) = states.next()?;
    if states.next().is_some() {
        return None;
    }
    Some(Query {
        state,
        state_name,
        code: code.filter(|code| !code.is_empty()).map(SecretString::from),
        error,
        error_description: text("error_description"),
        issuer: text("iss"),
        all: Value::Object(all),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn an_answer_without_a_code_is_read_where_it_is_one_of_oauth_1() {
        let state = Token::generate().expose();
        let read = |query: &str| read_query(&format!("state={state}&{query}"), &names(&["state"]));
        for query in [
            "oauth_token=t&oauth_verifier=v",
            "denied=t",
            "oauth_problem=user_refused",
            "oauth_token=t",
        ] {
            assert!(read(query).is_some_and(|query| query.code.is_none()), "{query}");
        }
        for query in [
            "oauth_verifier=v",
            "oauth_token=t&oauth_token=t",
            "oauth_token[]=t",
            "oauth_token=t&code=c&error=e",
        ] {
            assert!(read(query).is_none(), "{query}");
        }
    }

    #[test]
    fn a_plain_answer_is_read() {
        let state = Token::generate().expose();
        let raw = format!("code=abc&state={state}&iss=https%3A%2F%2Fidp.test&realmId=7");
        let query = read_query(&raw, &names(&["state"])).unwrap();
        assert!(read_query(&raw, &names(&["ticket"])).is_none(), "a state has one name");
        let renamed = raw.replace("state=", "ticket=");
        assert!(read_query(&renamed, &names(&["ticket"])).is_some());
        let both = names(&["state", "ticket"]);
        assert_eq!(read_query(&raw, &both).unwrap().state_name, "state");
        assert_eq!(read_query(&renamed, &both).unwrap().state_name, "ticket");
        let doubled = format!("{raw}&ticket={state}");
        assert!(read_query(&doubled, &both).is_none(), "two states are none");
        assert!(
            read_query(&doubled, &names(&["state"])).is_some(),
            "it is another parameter there"
        );
        assert_eq!(query.issuer.as_deref(), Some("https://idp.test"));
        assert_eq!(query.all["realmId"], "7");
        assert!(query.error.is_none());
    }

    #[test]
    fn odd_answers_are_refused_before_anything_is_used() {
        let state = Token::generate().expose();
        for raw in [
            String::new(),
            format!("state={state}"),
            format!("code=a&state={state}&code=b"),
            format!("code=a&state={state}&state={state}"),
            format!("code=a&error=b&state={state}"),
            format!("code[]=a&state={state}"),
            format!("code=a&access_token=b&state={state}"),
            format!("code=a&state={state}~RET"),
            "code=a&state=short".to_owned(),
            format!("code={}&state={state}", "a".repeat(QUERY_LIMIT)),
        ] {
            assert!(read_query(&raw, &names(&["state"])).is_none(), "{raw}");
        }
    }
}
