//! The checked form of a definition. Everything in it was proved at load: names in templates exist, hosts are fixed or
//! end with a written-out suffix, patterns compile, addresses are https.

mod api;
mod key;
mod learn;
mod login;
mod oauth2;
mod set;
mod variable;

use std::collections::BTreeMap;

use url::Url;

pub use self::api::{Api, Check, CheckMethod, CheckTarget};
pub use self::key::{ApiKeyAuth, FieldsKind, SecretField};
pub use self::learn::{Choose, Learned, LearnedKind};
pub use self::login::{JsonTemplate, KeyFormat, Login, LoginBody, LoginRequest, Signature, SignatureAlgorithm};
pub use self::oauth2::{
    AuthorizeRequest, ClientAuth, Endpoints, OAuth2, ParameterNames, ParameterValue, Pkce, Refresh, RefreshErrors,
    RequestBody, RequestMethod, RevokeRequest, RevokedToken, Scopes, SecondExchange, TokenAnswer, TokenRequest,
};
pub use self::set::Catalog;
pub use self::variable::{Choice, SetBy, Variable, VariableKind};
use crate::action::Action;
use crate::template::Template;

/// The id of an integration: lower case, digits and hyphens, as `google-calendar`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct IntegrationId(pub(crate) String);

impl IntegrationId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A service that one can connect.
#[derive(Debug)]
pub struct Integration {
    /// Its id, which is also the platform name on the wire.
    pub id: IntegrationId,
    /// The name that people know.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Where it stands in lists, as `crm`.
    pub categories: Vec<String>,
    /// Other names that people search for.
    pub aliases: Vec<String>,
    /// The provider's API documents.
    pub docs: Url,
    /// Name of the logo file (`logos/NAME.svg`).
    pub logo: Option<String>,
    /// Non-secret values of a connection or of the operator's app.
    pub variables: BTreeMap<String, Variable>,
    /// The ways to sign in, first is the default. Never empty.
    pub auth: Vec<AuthMethod>,
    /// How its API is called.
    pub api: Api,
    /// A call that proves a credential and names the account.
    pub check: Option<Check>,
    /// The provider's documents that this definition was written from. Never empty.
    pub sources: Vec<Url>,
    /// Environments in which it exists: both, unless the definition says `environments: [test]`.
    pub environments: Vec<String>,
    /// Calls of its API that are worth knowing, in the definition's order.
    pub actions: Vec<Action>,
}

impl Integration {
    /// An action by its id.
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// A sign-in method by its id, or the default one.
    pub fn method(&self, id: Option<&str>) -> Option<&AuthMethod> {
        match id {
            None => self.auth.first(),
            Some(id) => self.auth.iter().find(|method| method.id == id),
        }
    }

    /// The first sign-in method of a kind (`oauth2`, `api_key`), for a credential that says no more than its kind.
    pub fn method_of_kind(&self, kind: &str) -> Option<&AuthMethod> {
        self.auth.iter().find(|method| method.kind.name() == kind)
    }
}

/// One way to sign in.
#[derive(Debug)]
pub struct AuthMethod {
    /// Unique in the definition; the kind's name unless the definition gives another.
    pub id: String,
    /// What the person reads, as `Sign in with Google`.
    pub title: String,
    /// How.
    pub kind: AuthKind,
    /// Headers put into each API call with a credential of this method: those of [`Api::headers`] and its own.
    pub headers: Vec<(String, Template)>,
    /// Query parameters put into each API call with a credential of this method: those of [`Api::query`] and its own.
    pub query: Vec<(String, Template)>,
    /// A call that lists what the credential reaches, of which a connection uses one.
    pub choose: Option<Choose>,
}

impl AuthMethod {
    /// What connections of this method keep as variables besides what somebody gives: learnt from the token answer, and
    /// from what was chosen.
    pub fn kept(&self) -> impl Iterator<Item = &Learned> {
        let learned = match &self.kind {
            AuthKind::OAuth2(oauth2) => oauth2.learn.as_slice(),
            AuthKind::ApiKey(typed) => typed.login.as_ref().map_or(&[][..], |login| &login.learn),
        };
        let chosen = self.choose.as_ref().map_or(&[][..], |choose| &choose.learn);
        learned.iter().chain(chosen)
    }
}

/// How a sign-in works.
#[derive(Debug)]
pub enum AuthKind {
    /// The authorization code grant of RFC 6749 §4.1.
    OAuth2(Box<OAuth2>),
    /// One or several values that the person types in, which are sent as they are, or buy or sign what is sent.
    ApiKey(ApiKeyAuth),
}

impl AuthKind {
    /// Whether an operator must register an OAuth app for it.
    pub fn needs_app(&self) -> bool {
        matches!(self, Self::OAuth2(oauth2) if !oauth2.registers_clients())
    }

    /// The name in the YAML and on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OAuth2(_) => "oauth2",
            Self::ApiKey(typed) => typed.kind.name(),
        }
    }
}
