//! A grant that reaches several accounts, sites or workspaces: the person picks the one that the connection is for. The
//! tokens and the list wait sealed in the flow; a browser names an entry by its place in that list and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catalog::{AuthMethod, Integration};
use protocol::CheckError;
use serde::{Deserialize, Serialize};
use store::{App, Connection, Flow, FlowId, FlowMode, FlowStatus, Grant, HeldForm, Session};
use url::Url;
use vault::Token;
use zeroize::Zeroizing;

use super::callback::CallbackEnd;
use super::departure::FlowSecrets;
use super::exchange::value_refused;
use super::settle::{Around, LONGEST_PAUSE};
use super::{expired, not_this_browser};
use crate::sessions::{Platform, used};
use crate::texts::quoted;
use crate::{Broker, Kind, Looks, Problem};

/// What waits for the person, sealed in the flow.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct ChoiceList {
    entries: Vec<Entry>,
    /// The connection's earlier choice is not among them.
    changed: bool,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    description: Option<String>,
    values: BTreeMap<String, String>,
}

/// Whether a grant is for one account now.
pub(crate) enum Chosen {
    /// It is; what the account sets is among its variables.
    Settled,
    /// The person has to say which.
    Ask(ChoiceList),
}

/// Who asks about a choice.
#[derive(Clone, Copy, Debug)]
pub enum Chooser<'a> {
    /// The modal, with its session.
    Session(&'a Token),
    /// The window that was at the service, with its cookie.
    Browser(&'a Token),
}

/// What the person chooses from.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "what the modal reads")]
pub struct ChoiceView {
    app: NamedView,
    service: NamedView,
    branding: Arc<Looks>,
    white_label: bool,
    environment: vault::Environment,
    /// Whether who asks may choose. Otherwise it is done in the window that was at the service.
    here: bool,
    /// Whether the modal behind this window may choose as well, so that the window can go.
    elsewhere: bool,
    /// Whether the connection was for another one, which is not there any more.
    changed: bool,
    /// In the service's order; picked by their place.
    choices: Vec<EntryView>,
}

#[derive(Debug, Serialize)]
struct NamedView {
    name: String,
    /// An address of the project, or a file name of ours that the server turns into one.
    logo: Option<String>,
}

#[derive(Debug, Serialize)]
struct EntryView {
    name: String,
    description: Option<String>,
}

impl Broker {
    /// Makes a grant one account's where the definition lists several: the only one and, on a reconnect, the earlier one
    /// are taken without asking.
    pub(super) async fn choose_or_ask(&self, around: &Around, grant: &mut Grant) -> Result<Chosen, Problem> {
        let Some(method) = around.parts.auth() else {
            return Ok(Chosen::Settled);
        };
        let (integration, app) = (&*around.parts.integration, &around.parts.app);
        self.choose_for((integration, method, app), around.known.as_ref(), grant, list_problem)
            .await
    }

    /// The same for a grant without a flow; `explain` says what a list that does not come means.
    pub(crate) async fn choose_for(
        &self,
        (integration, method, app): (&Integration, &AuthMethod, &App),
        known: Option<&Connection>,
        grant: &mut Grant,
        explain: impl Fn(&str, &CheckError) -> Problem,
    ) -> Result<Chosen, Problem> {
        self.learn_by_calls((integration, method, app), grant, &explain).await?;
        let Some(choose) = &method.choose else {
            return Ok(Chosen::Settled);
        };
        let filled = self.call_inputs(integration, &method.id, app, &grant.variables).await?;
        let inputs = filled.inputs(self);
        let found = self
            .protocol()
            .choices(integration, method, choose, &grant.credential.credential, &inputs)
            .await
            .map_err(|error| explain(&integration.name, &error))?;
        if found.entries.is_empty() {
            return Err(if found.unusable > 0 {
                value_refused(&integration.name)
            } else {
                nothing_to_choose(&integration.name)
            });
        }
        let had_one = known.filter(|known| {
            let mut learned = choose.learn.iter();
            learned.any(|learned| known.variables.contains_key(&learned.name))
        });
        let mut entries = found.entries;
        let taken = match had_one {
            Some(known) => entries.iter().position(|entry| {
                let mut values = entry.values.iter();
                values.all(|(name, value)| known.variables.get(name) == Some(value))
            }),
            None => (entries.len() == 1).then_some(0),
        };
        if let Some(index) = taken {
            let entry = entries.swap_remove(index);
            grant.account_name = Some(quoted(&entry.name));
            grant.variables.extend(entry.values);
            return Ok(Chosen::Settled);
        }
        Ok(Chosen::Ask(ChoiceList {
            entries: entries
                .into_iter()
                .map(|entry| Entry {
                    name: quoted(&entry.name),
                    description: entry.description.map(|text| quoted(&text)),
                    values: entry.values,
                })
                .collect(),
            changed: had_one.is_some(),
        }))
    }

    /// What the definition's calls after the sign-in say is kept with the grant, each before the next is made.
    async fn learn_by_calls(
        &self,
        (integration, method, app): (&Integration, &AuthMethod, &App),
        grant: &mut Grant,
        explain: impl Fn(&str, &CheckError) -> Problem,
    ) -> Result<(), Problem> {
        for call in &method.calls {
            let filled = self.call_inputs(integration, &method.id, app, &grant.variables).await?;
            let values = self
                .protocol()
                .learned_by(
                    integration,
                    method,
                    call,
                    &grant.credential.credential,
                    &filled.inputs(self),
                )
                .await
                .map_err(|error| explain(&integration.name, &error))?;
            let plain = values
                .into_iter()
                .filter(|(_, value)| !value.chars().any(char::is_control));
            grant.variables.extend(plain);
        }
        Ok(())
    }

    /// The flow waits for the person. Its tokens are in our hands and nowhere else: a database that is away for a moment
    /// must not lose them.
    pub(super) async fn hold(
        &self,
        flow: &Flow,
        around: &Around,
        grant: Grant,
        list: ChoiceList,
        handle: Option<&str>,
    ) -> Result<CallbackEnd, Problem> {
        tracing::info!(flow = %flow.id, entries = list.entries.len(), "a sign-in waits for a choice");
        let secrets = FlowSecrets {
            handle: handle.map(|handle| Zeroizing::new(handle.to_owned())),
            list: Some(list),
            ..FlowSecrets::default()
        };
        let secrets = secrets.to_plaintext()?;
        let mut pause = Duration::from_millis(200);
        let problem = loop {
            match self.store().hold_flow(flow, &grant, &secrets).await {
                Ok(true) => return Ok(CallbackEnd::Redirect(self.choose_address(flow))),
                Ok(false) => break expired(),
                Err(error) if error.is_unavailable() => tokio::time::sleep(pause).await,
                Err(error) => break error.into(),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        self.give_back(flow, &around.parts, &grant, &problem).await;
        self.end_of(flow, handle, Some(problem.message())).await
    }

    /// Typed-in values that reach several accounts wait in a flow that begins with the choice. Gives it with the handle that
    /// reads its result.
    pub(crate) async fn hold_form(
        &self,
        session: &Session,
        (platform, method): (&Platform, &AuthMethod),
        (embedder, name): (Option<String>, Option<String>),
        grant: &Grant,
        list: ChoiceList,
    ) -> Result<(FlowId, Token), Problem> {
        let result = Token::generate();
        let form = HeldForm {
            app: platform.app.id,
            integration: platform.integration.id.as_str().to_owned(),
            auth_method: method.id.clone(),
            result: result.digest(),
            embedder,
            name,
        };
        let secrets = FlowSecrets {
            list: Some(list),
            ..FlowSecrets::default()
        };
        let flow = self
            .store()
            .hold_form(session, &form, grant, &secrets.to_plaintext()?)
            .await?
            .ok_or_else(used)?;
        tracing::info!(%flow, integration = form.integration, "typed-in values wait for a choice");
        Ok((flow, result))
    }

    /// Our own page with the list, in the window that was at the service.
    pub(super) fn choose_address(&self, flow: &Flow) -> Url {
        let mut url = self.address_of(flow);
        url.set_path("/connect/choose");
        url.query_pairs_mut().clear().append_pair("f", &flow.id.to_string());
        url
    }

    /// Whether a flow of this browser waits for a choice that nobody has made yet.
    pub async fn waits_for_choice(&self, flow: FlowId, browser: Option<&Token>) -> Result<bool, Problem> {
        let Some(browser) = browser else { return Ok(false) };
        if !self.store().flow_is_of_browser(flow, &browser.digest()).await? {
            return Ok(false);
        }
        let flow = self.store().flow(flow).await?;
        Ok(flow.is_some_and(|flow| require_waiting(&flow).is_ok()))
    }

    /// What there is to choose from.
    pub async fn choices(&self, flow: FlowId, chooser: Chooser<'_>) -> Result<ChoiceView, Problem> {
        let (flow, session) = self.flow_of_chooser(flow, chooser).await?;
        require_waiting(&flow)?;
        let around = self.choice_around(&flow, session).await?;
        let list = self.flow_secrets(&flow).await?.list.unwrap_or_default();
        let (here, elsewhere) = places(&flow, &around, chooser);
        let branding = self.looks(&around.project);
        let choices = list.entries.into_iter().map(|entry| EntryView {
            name: entry.name,
            description: entry.description,
        });
        Ok(ChoiceView {
            app: NamedView {
                name: around.project.shown_name().to_owned(),
                logo: branding.logo_url.clone(),
            },
            service: NamedView {
                name: around.parts.integration.name.clone(),
                logo: around.parts.integration.logo.clone(),
            },
            branding,
            white_label: around.project.white_label,
            environment: flow.environment,
            here,
            elsewhere,
            changed: list.changed,
            choices: if here { choices.collect() } else { Vec::new() },
        })
    }

    /// The person's choice, by its place in the list; without one the person stops. For a browser, where its window goes on.
    pub async fn choose(
        &self,
        flow: FlowId,
        chooser: Chooser<'_>,
        pick: Option<usize>,
    ) -> Result<Option<Url>, Problem> {
        let (flow, session) = self.flow_of_chooser(flow, chooser).await?;
        require_waiting(&flow)?;
        let FlowSecrets { handle, list, .. } = self.flow_secrets(&flow).await?;
        let by_browser = matches!(chooser, Chooser::Browser(_));
        let Some(pick) = pick else {
            self.store().give_choice_up(&flow).await?;
            let end = self.end_of(&flow, handle.as_deref().map(String::as_str), Some(STOPPED));
            return Ok(redirect(end.await?).filter(|_| by_browser));
        };
        let mut entries = list.unwrap_or_default().entries;
        if pick >= entries.len() {
            let message = "This is not in the list that the service gave. Load the page again and choose from it.";
            return Err(Problem::new(Kind::Unprocessable, "choice_unknown", message));
        }
        let entry = entries.swap_remove(pick);
        let around = match self.choice_around(&flow, session).await {
            Ok(around) => around,
            Err(problem) if problem.kind() == Kind::Unavailable => return Err(problem),
            Err(problem) => {
                self.refuse_choice(&flow, &problem).await?;
                return Err(problem);
            }
        };
        if !places(&flow, &around, chooser).0 {
            let message = "The choice is made in the window that was at the service. Go on there.";
            return Err(Problem::new(Kind::Conflict, "choose_elsewhere", message));
        }
        if !self.store().claim_choice(flow.id).await? {
            return Err(made());
        }
        // A task of its own: a browser that goes away must not interrupt what makes the connection.
        let broker = self.clone();
        let task = tokio::spawn(async move { broker.settle_choice(flow, around, entry, handle).await });
        let end = task.await.map_err(|panic| {
            tracing::error!(%panic, "a choice panicked");
            Problem::internal("The sign-in was interrupted. Choose again in a minute.")
        })??;
        Ok(redirect(end).filter(|_| by_browser))
    }

    async fn settle_choice(
        &self,
        flow: Flow,
        around: Around,
        entry: Entry,
        handle: Option<Zeroizing<String>>,
    ) -> Result<CallbackEnd, Problem> {
        let mut grant = match self.store().held_grant(&flow).await {
            Ok(Some(grant)) => grant,
            Ok(None) => return Err(made()),
            Err(error) if error.is_unavailable() => {
                // If that fails too, the flow is free again after its 60 seconds.
                if let Err(error) = self.store().release_choice(flow.id).await {
                    tracing::warn!(%error, flow = %flow.id, "a choice could not be put back");
                }
                return Err(error.into());
            }
            Err(error) => {
                // It does not open and never will: the flow ends, with nothing to revoke.
                let problem = Problem::from(error);
                self.refuse_choice(&flow, &problem).await?;
                return Err(problem);
            }
        };
        grant.account_name = Some(entry.name);
        grant.variables.extend(entry.values);
        let handle = handle.as_deref().map(String::as_str);
        self.settle(&flow, &around, grant, handle).await
    }

    /// The flow ends with this failure, and its grant is given back.
    async fn refuse_choice(&self, flow: &Flow, problem: &Problem) -> Result<(), Problem> {
        tracing::info!(flow = %flow.id, reason = problem.key(), "a choice is refused");
        Ok(self.store().fail_choice(flow, problem.key(), problem.message()).await?)
    }

    async fn choice_around(&self, flow: &Flow, session: Session) -> Result<Around, Problem> {
        if !session.is_live() {
            return Err(super::settle::session_expired());
        }
        let parts = self.flow_client_parts(flow).await?;
        self.around(flow, parts).await
    }

    async fn flow_of_chooser(&self, flow: FlowId, chooser: Chooser<'_>) -> Result<(Flow, Session), Problem> {
        match chooser {
            Chooser::Session(request_id) => {
                let session = self.store().session(&request_id.digest()).await?;
                let flow = self.store().flow(flow).await?;
                match (flow, session) {
                    (Some(flow), Some(session)) if flow.session == session.id => Ok((flow, session)),
                    _ => Err(Problem::not_found("This sign-in")),
                }
            }
            Chooser::Browser(browser) => {
                let (flow, _) = self.flow_of_browser(flow, &browser.digest()).await?;
                let session = self.store().session_by_id(flow.session).await?;
                Ok((flow, session.ok_or_else(not_this_browser)?))
            }
        }
    }
}

const STOPPED: &str = "The sign-in was cancelled.";

/// Whether this chooser may choose, and whether the modal may. Where the customer's backend confirms who finished, the
/// window has to go on to it; and behind a page that left there is no modal.
fn places(flow: &Flow, around: &Around, chooser: Chooser<'_>) -> (bool, bool) {
    let modal = flow.mode == FlowMode::Popup && !around.verifies();
    match chooser {
        Chooser::Session(_) => (modal, modal),
        Chooser::Browser(_) => (true, modal),
    }
}

fn redirect(end: CallbackEnd) -> Option<Url> {
    match end {
        CallbackEnd::Redirect(url) => Some(url),
        CallbackEnd::Page(_) => None,
    }
}

/// A flow that waits for a choice, by the database's clock.
fn require_waiting(flow: &Flow) -> Result<(), Problem> {
    match flow.status {
        FlowStatus::Choosing if flow.at_work => Err(made()),
        FlowStatus::Choosing if flow.over => Err(expired()),
        FlowStatus::Choosing => Ok(()),
        FlowStatus::Expired | FlowStatus::Cancelled | FlowStatus::Failed | FlowStatus::Rejected => Err(expired()),
        FlowStatus::Verifying | FlowStatus::Succeeded => Err(made()),
        FlowStatus::Created
        | FlowStatus::Bound
        | FlowStatus::Confirming
        | FlowStatus::Away
        | FlowStatus::Exchanging => Err(Problem::new(
            Kind::Conflict,
            "nothing_to_choose_yet",
            "There is nothing to choose yet. Finish the sign-in at the service first.",
        )),
    }
}

fn made() -> Problem {
    Problem::new(
        Kind::Conflict,
        "choice_made",
        "A choice was made already, here or in another window. This goes on by itself.",
    )
}

fn nothing_to_choose(name: &str) -> Problem {
    Problem::new(
        Kind::FailedDependency,
        "nothing_to_choose",
        format!(
            "{name} has nothing that this account may use. Sign in with an account that has access there, or ask whoever runs it there to give you access."
        ),
    )
}

/// Why there is no list, to the person who signed in.
fn list_problem(name: &str, error: &CheckError) -> Problem {
    tracing::warn!(%error, integration = name, "what a grant reaches could not be listed");
    let (key, message) = match error {
        CheckError::Refused { provider_message, .. } => {
            let words = provider_message
                .as_deref()
                .map(quoted)
                .filter(|words| !words.is_empty());
            let quote = words.map(|words| format!(" It said: “{words}”")).unwrap_or_default();
            let message = format!(
                "{name} did not say what this account may use. Sign in with another account, or ask whoever runs it there to give you access.{quote}"
            );
            ("choices_refused", message)
        }
        CheckError::Unavailable { .. } => (
            "provider_unavailable",
            format!("{name} did not answer as expected. Start again in a minute."),
        ),
        _ => (
            "choices_unexpected",
            format!(
                "{name} answered in a way that its definition does not foresee. Whoever runs the app has to look at it."
            ),
        ),
    };
    Problem::new(Kind::FailedDependency, key, message)
}

/// What people know a connection by: what was chosen, and whose account it is.
pub(crate) fn named(chosen: Option<String>, account: Option<String>) -> Option<String> {
    let account = account.map(|name| quoted(&name));
    match (chosen, account) {
        (Some(chosen), Some(account)) if chosen != account => Some(format!("{chosen} · {account}")),
        (chosen, account) => chosen.or(account),
    }
}
