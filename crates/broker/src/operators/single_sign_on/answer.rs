//! A browser comes back from the provider. In order: the raw query, the claim (one statement with the browser in it), the issuer,
//! the code, the ID token; then what it was for.

use protocol::oauth2::PkceVerifier;
use protocol::openid::Identity;
use serde_json::json;
use store::{
    AcceptedWay, AuditEntry, Linked, NewOperatorLogin, OperatorLogin, OperatorLoginId, OperatorSessionId, Verified,
};
use vault::{SecretString, Token};

use super::super::Signed;
use super::super::links::Person;
use super::super::sign_in::{Cookie, Visitor};
use super::{Kept, PATIENCE, Purpose, SingleSignOn, state_names, words};
use crate::flows::{Query, read_query};
use crate::{Broker, Problem};

/// Lines in the audit log about one sign-on and action; anybody can load an address many times.
const AUDITED: i64 = 3;
/// Clocks of the provider and of this server may differ by so many seconds.
const SKEW: u64 = 60;

/// What a browser came back for.
#[derive(Debug)]
pub enum SignedOn {
    /// The person is in.
    In {
        /// The new session.
        cookie: Cookie,
        /// The page that they wanted.
        next: String,
    },
    /// The account is linked.
    Linked,
    /// The person confirmed who they are.
    Confirmed {
        /// The session goes on under it.
        cookie: Cookie,
        /// The page that they wanted.
        next: String,
    },
    /// The invitation was accepted, and the person is in.
    Joined(Cookie),
}

/// Where somebody goes on who was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// To the sign-in.
    SignIn,
    /// To their account.
    Account,
    /// To confirm otherwise, for this page.
    Confirm(String),
    /// To nothing but the link that they were sent.
    Invitation,
}

/// Why nothing came of it.
#[derive(Debug)]
pub struct SignOnRefused {
    /// What happened.
    pub problem: Problem,
    /// How to go on.
    pub back: WayBack,
}

impl From<Problem> for SignOnRefused {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            back: WayBack::SignIn,
        }
    }
}

impl From<store::StoreError> for SignOnRefused {
    fn from(error: store::StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl Purpose {
    fn back(&self) -> WayBack {
        match self {
            Self::SignIn { .. } => WayBack::SignIn,
            Self::Link { .. } => WayBack::Account,
            Self::Confirm { next, .. } => WayBack::Confirm(next.clone()),
            Self::Join { .. } => WayBack::Invitation,
        }
    }
}

/// Somebody whom the provider named.
struct Named<'a> {
    provider: &'a SingleSignOn,
    identity: Identity,
    /// Seconds since the browser was sent away.
    age: u64,
}

impl Named<'_> {
    fn login(&self) -> NewOperatorLogin<'_> {
        NewOperatorLogin {
            id: OperatorLoginId::generate(),
            issuer: self.provider.party.issuer(),
            subject: &self.identity.subject,
            label: &self.identity.label,
        }
    }

    /// Whether the provider asked after it was told to.
    fn was_asked_again(&self) -> bool {
        self.identity
            .authenticated_ago
            .is_some_and(|ago| ago <= self.age + SKEW)
    }
}

impl Broker {
    /// Takes the provider's answer. `browser` is the cookie that it was sent away with, `signed` who is signed in.
    pub async fn finish_sign_on(
        &self,
        raw_query: &str,
        browser: Option<&Token>,
        signed: Option<&Signed>,
        visitor: &Visitor,
    ) -> Result<SignedOn, SignOnRefused> {
        let provider = self.single_sign_on().ok_or_else(words::off)?;
        let query = read_query(raw_query, &state_names()).ok_or_else(words::incomplete)?;
        let state = query.state.digest();
        let taken = match browser {
            Some(browser) => self.store().take_sign_on(&state, &browser.digest()).await?,
            None => None,
        };
        let Some(taken) = taken else {
            return Err(self.not_taken(&query.state, browser).await?.into());
        };
        let kept: Kept = serde_json::from_slice(&taken.kept).map_err(|error| words::unreadable().with_cause(error))?;
        let back = kept.purpose.back();
        let age = u64::try_from(taken.age).unwrap_or(0);
        let finished = self.judge(provider, (kept, age), query, signed, visitor);
        match finished.await {
            Ok(done) => Ok(done),
            Err(problem) => {
                let entry = AuditEntry {
                    project: None,
                    environment: None,
                    action: "operator.sign_on_refused",
                    actor: signed.map_or_else(|| "browser".to_owned(), Signed::actor),
                    subject: None,
                    detail: &json!({ "address": visitor.address.to_string(), "reason": problem.key() }),
                };
                self.store().audit(entry).await?;
                Err(SignOnRefused { problem, back })
            }
        }
    }

    async fn judge(
        &self,
        provider: &SingleSignOn,
        (kept, age): (Kept, u64),
        query: Query,
        signed: Option<&Signed>,
        visitor: &Visitor,
    ) -> Result<SignedOn, Problem> {
        let identity = self.identity(provider, &kept, query).await?;
        let named = Named {
            provider,
            identity,
            age,
        };
        self.go_on(kept.purpose, &named, signed, visitor).await
    }

    /// Nothing waits for this answer in this browser: why, as far as it may know.
    async fn not_taken(&self, state: &Token, browser: Option<&Token>) -> Result<Problem, Problem> {
        let Some(id) = self.store().waiting_sign_on(&state.digest()).await? else {
            return Ok(words::over());
        };
        let action = if browser.is_some() {
            "operator.sign_on_cookie_mismatch"
        } else {
            "operator.sign_on_cookie_missing"
        };
        let entry = AuditEntry {
            project: None,
            environment: None,
            action,
            actor: "browser".to_owned(),
            subject: Some(format!("sign_on:{id}")),
            detail: &json!({}),
        };
        self.store().audit_at_most(entry, AUDITED).await?;
        Ok(words::other_browser())
    }

    /// Who it is, by the provider's word.
    async fn identity(&self, provider: &SingleSignOn, kept: &Kept, query: Query) -> Result<Identity, Problem> {
        let (party, name) = (&provider.party, &provider.name);
        if kept.issuer != party.issuer() {
            // Another provider was set up meanwhile.
            return Err(words::over());
        }
        let expected = match tokio::time::timeout(PATIENCE, self.protocol().answering_issuer(party)).await {
            Ok(Ok(expected)) => expected,
            Ok(Err(error)) => return Err(words::unreachable(name, &error)),
            Err(late) => return Err(words::unreachable(name, &late)),
        };
        // RFC 9207 §2.4: of a refusal, too.
        if let Some(expected) = expected {
            let holds = match &query.issuer {
                Some(given) => *given == expected.issuer,
                None => !expected.required,
            };
            if !holds {
                return Err(words::from_elsewhere(name));
            }
        }
        if let Some(error) = &query.error {
            return Err(words::refused_there(name, error, query.error_description.as_deref()));
        }
        let code = query.code.ok_or_else(|| words::no_code(name))?;
        let verifier = PkceVerifier::new(SecretString::from(kept.verifier.as_str()));
        let verifier = verifier.map_err(|error| words::unreadable().with_cause(error))?;
        let identifying = self.protocol().identify(party, &code, &verifier, &kept.nonce);
        match tokio::time::timeout(PATIENCE, identifying).await {
            Ok(identified) => identified.map_err(|error| words::not_identified(name, &error)),
            Err(late) => Err(words::unreachable(name, &late)),
        }
    }

    async fn go_on(
        &self,
        purpose: Purpose,
        named: &Named<'_>,
        signed: Option<&Signed>,
        visitor: &Visitor,
    ) -> Result<SignedOn, Problem> {
        match purpose {
            Purpose::SignIn { next } => {
                let cookie = self.sign_in_named(named, visitor).await?;
                Ok(SignedOn::In { cookie, next })
            }
            Purpose::Link { session } => self.link_named(named, still(signed, session)?, visitor).await,
            Purpose::Confirm { session, next } => {
                let cookie = self.confirm_named(named, still(signed, session)?, visitor).await?;
                Ok(SignedOn::Confirmed { cookie, next })
            }
            Purpose::Join { secret, name } => {
                let secret = Token::parse(&secret).ok_or_else(words::over)?;
                let cookie = self.join_named(named, &secret, &name, visitor).await?;
                Ok(SignedOn::Joined(cookie))
            }
        }
    }

    async fn login_of(&self, named: &Named<'_>) -> Result<Option<OperatorLogin>, Problem> {
        let login = named.login();
        Ok(self.store().operator_login(login.issuer, login.subject).await?)
    }

    async fn sign_in_named(&self, named: &Named<'_>, visitor: &Visitor) -> Result<Cookie, Problem> {
        let login = self.login_of(named).await?.ok_or_else(words::nobody)?;
        let verified = Verified::Login {
            login: login.id,
            proved_ago: named.identity.authenticated_ago,
        };
        let Some(cookie) = self.begin_session(login.operator, verified, visitor).await? else {
            let is_there = self.login_of(named).await?.is_some();
            return Err(if is_there {
                words::switched_off()
            } else {
                words::nobody()
            });
        };
        self.store().use_login(login.id, &named.identity.label).await?;
        Ok(cookie)
    }

    async fn link_named(&self, named: &Named<'_>, signed: &Signed, visitor: &Visitor) -> Result<SignedOn, Problem> {
        let login = named.login();
        let detail = json!({
            "address": visitor.address.to_string(),
            "issuer": login.issuer,
        });
        let entry = AuditEntry {
            project: None,
            environment: None,
            action: "operator.sign_on_linked",
            actor: signed.actor(),
            subject: Some(format!("login:{}", login.id)),
            detail: &detail,
        };
        let linked = self
            .store()
            .link_login(signed.operator.id, signed.session.id, login, entry)
            .await?;
        match linked {
            Linked::Yes => Ok(SignedOn::Linked),
            Linked::OfSomebodyElse => Err(words::of_somebody_else(&named.provider.name)),
            Linked::SessionOver => Err(words::session_over()),
        }
    }

    async fn confirm_named(&self, named: &Named<'_>, signed: &Signed, visitor: &Visitor) -> Result<Cookie, Problem> {
        let name = &named.provider.name;
        let login = self.login_of(named).await?;
        let login = login.filter(|login| login.operator == signed.operator.id);
        let login = login.ok_or_else(|| words::not_theirs(name, &signed.operator.email))?;
        if !named.was_asked_again() {
            return Err(words::not_asked_again(name));
        }
        self.store().use_login(login.id, &named.identity.label).await?;
        self.note_visit("operator.proved", Some(signed.operator.id), visitor)
            .await?;
        self.prove_now(signed).await
    }

    async fn join_named(
        &self,
        named: &Named<'_>,
        secret: &Token,
        name: &str,
        visitor: &Visitor,
    ) -> Result<Cookie, Problem> {
        let invitation = self.open_invitation(secret, None).await?;
        if self.login_of(named).await?.is_some() {
            return Err(words::of_somebody_else(&named.provider.name));
        }
        let login = named.login();
        let person = Person::new(&invitation.email, name)?;
        let link = self.open_operator_link(secret).await?;
        let operator = self
            .take_link(&link, &person, AcceptedWay::Login(login), visitor)
            .await?;
        let verified = Verified::Login {
            login: login.id,
            proved_ago: named.identity.authenticated_ago,
        };
        let cookie = self.begin_session(operator, verified, visitor).await?;
        cookie.ok_or_else(words::over)
    }
}

/// Who is signed in, where it is the session that was sent away.
fn still(signed: Option<&Signed>, session: OperatorSessionId) -> Result<&Signed, Problem> {
    signed
        .filter(|signed| signed.session.id == session)
        .ok_or_else(words::session_over)
}
