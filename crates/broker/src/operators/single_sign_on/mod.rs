//! Single sign-on: a provider of OpenID Connect says who an operator is. Which operator that is, says the account that they
//! linked, by issuer and subject; an address is never compared.

mod answer;
mod words;

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::RelyingParty;
use protocol::oauth2::PkceVerifier;
use protocol::openid::Binding;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{AuditEntry, OperatorLogin, OperatorLoginId, OperatorSessionId, SignOnId, Unlinked};
use url::Url;
use vault::{ExposeSecret as _, Token};
use zeroize::Zeroizing;

pub use self::answer::{SignOnRefused, SignedOn, WayBack};
use super::Signed;
use super::sign_in::Visitor;
use crate::{Broker, Problem};

/// From the way out to the way back.
const AWAY: Duration = Duration::from_mins(10);
/// A provider is waited for so long while somebody looks at an empty page.
const PATIENCE: Duration = Duration::from_secs(10);

/// The provider that says who operators are.
#[derive(Clone, Debug)]
pub struct SingleSignOn {
    /// What people call it.
    pub name: String,
    /// We, at it.
    pub party: RelyingParty,
}

/// What a browser is sent to the provider for.
#[derive(Clone, Copy, Debug)]
pub enum SignOnFor<'a> {
    /// To sign in, and then to see this page.
    SignIn {
        /// The page.
        next: &'a str,
    },
    /// To link an account to this operator.
    Link(&'a Signed),
    /// To confirm that it is this operator, and then to see a page.
    Confirm {
        /// Who.
        signed: &'a Signed,
        /// The page.
        next: &'a str,
    },
    /// To accept an invitation.
    Join {
        /// The secret of its link.
        secret: &'a Token,
        /// The name of the new operator; may be empty.
        name: &'a str,
    },
}

/// The same as it is kept until the browser comes back.
#[derive(Serialize, Deserialize)]
enum Purpose {
    SignIn { next: String },
    Link { session: OperatorSessionId },
    Confirm { session: OperatorSessionId, next: String },
    Join { secret: Zeroizing<String>, name: String },
}

impl Purpose {
    fn of(wanted: SignOnFor<'_>) -> Self {
        match wanted {
            SignOnFor::SignIn { next } => Self::SignIn { next: next.to_owned() },
            SignOnFor::Link(signed) => Self::Link {
                session: signed.session.id,
            },
            SignOnFor::Confirm { signed, next } => Self::Confirm {
                session: signed.session.id,
                next: next.to_owned(),
            },
            SignOnFor::Join { secret, name } => Self::Join {
                secret: Zeroizing::new(secret.expose()),
                name: name.to_owned(),
            },
        }
    }
}

/// What is sealed until the browser comes back.
#[derive(Serialize, Deserialize)]
struct Kept {
    issuer: String,
    nonce: Zeroizing<String>,
    verifier: Zeroizing<String>,
    purpose: Purpose,
}

impl Broker {
    /// The provider, where one is set up.
    pub fn single_sign_on(&self) -> Option<&SingleSignOn> {
        self.settings().single_sign_on.as_ref()
    }

    /// The provider's address for a browser that has this cookie.
    ///
    /// # Errors
    /// `sso_off`, `sso_unreachable`, `too_many_attempts`, `proof_needed`, `link_over`.
    pub async fn begin_sign_on(
        &self,
        wanted: SignOnFor<'_>,
        browser: &Token,
        visitor: &Visitor,
    ) -> Result<Url, Problem> {
        let provider = self.single_sign_on().ok_or_else(words::off)?;
        self.count_sign_on(visitor).await?;
        match wanted {
            SignOnFor::Link(signed) => signed.require_proof()?,
            SignOnFor::Join { secret, .. } => {
                self.open_invitation(secret, None).await?;
            }
            SignOnFor::SignIn { .. } | SignOnFor::Confirm { .. } => {}
        }
        let state = Token::generate();
        let binding = Binding {
            state: state.expose(),
            nonce: Token::generate().expose(),
            verifier: PkceVerifier::random(),
        };
        let again = matches!(wanted, SignOnFor::Confirm { .. });
        let request = self.protocol().authentication_request(&provider.party, &binding, again);
        let address = match tokio::time::timeout(PATIENCE, request).await {
            Ok(Ok(address)) => address,
            Ok(Err(error)) => return Err(words::unreachable(&provider.name, &error)),
            Err(late) => return Err(words::unreachable(&provider.name, &late)),
        };
        let kept = Kept {
            issuer: provider.party.issuer().to_owned(),
            nonce: Zeroizing::new(binding.nonce),
            verifier: Zeroizing::new(binding.verifier.secret().expose_secret().to_owned()),
            purpose: Purpose::of(wanted),
        };
        let kept = serde_json::to_vec(&kept).map_err(|error| words::unreadable().with_cause(error))?;
        let digests = (&state.digest(), &browser.digest());
        self.store()
            .begin_sign_on(SignOnId::generate(), digests, &Zeroizing::new(kept), AWAY)
            .await?;
        Ok(address)
    }

    /// The accounts that sign the person in.
    pub async fn logins_of(&self, signed: &Signed) -> Result<Vec<OperatorLogin>, Problem> {
        Ok(self.store().operator_logins(signed.operator.id).await?)
    }

    /// Whether the person can confirm with the provider that is set up.
    pub async fn can_sign_on(&self, signed: &Signed) -> Result<bool, Problem> {
        let Some(provider) = self.single_sign_on() else {
            return Ok(false);
        };
        let logins = self.logins_of(signed).await?;
        Ok(logins.iter().any(|login| login.issuer == provider.party.issuer()))
    }

    /// Takes an account of the person's own away. Their other sessions end.
    ///
    /// # Errors
    /// `proof_needed`, `not_found`, `only_way`.
    pub async fn unlink_login(&self, signed: &Signed, login: OperatorLoginId) -> Result<(), Problem> {
        signed.require_proof()?;
        let entry = AuditEntry {
            project: None,
            environment: None,
            action: "operator.sign_on_unlinked",
            actor: signed.actor(),
            subject: Some(format!("login:{login}")),
            detail: &json!({}),
        };
        let issuer = self.single_sign_on().map(|provider| provider.party.issuer());
        let unlinked = self
            .store()
            .unlink_login(signed.operator.id, login, issuer, signed.session.id, entry)
            .await?;
        match unlinked {
            Unlinked::Yes => Ok(()),
            Unlinked::NotThere => Err(Problem::not_found("This sign-in")),
            Unlinked::OnlyWay => Err(words::only_way()),
        }
    }

    /// Whether the provider can be asked and says of itself what is needed; why not, in words for the log and the doctor.
    pub(crate) async fn look_at_single_sign_on(&self, provider: &SingleSignOn) -> Result<(), String> {
        let looking = self.protocol().look_at_provider(&provider.party);
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(looked) => looked.map_err(|error| error.to_string()),
            Err(_) => Err("it did not answer within ten seconds".to_owned()),
        }
    }
}

/// What the state of an answer is called.
fn state_names() -> BTreeSet<String> {
    BTreeSet::from(["state".to_owned()])
}
