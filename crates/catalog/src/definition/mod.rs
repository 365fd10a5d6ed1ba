//! The YAML format as it is written. The JSON Schema for editors is made from these types, so each comment here is also
//! what an editor shows.

mod action;
mod api;
mod key;
mod learn;
mod login;
mod mcp;
mod oauth2;
mod variable;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::action::{Action, ActionIo, ActionMethod};
pub(crate) use self::api::{Api, Check};
pub(crate) use self::key::{ApiKey, SecretField};
pub(crate) use self::learn::{Choose, Learn, LearnType};
pub(crate) use self::login::{
    ClientCredentials, Jwt, KeyFormat, Login, LoginRequest, SecretClientAuth, Sign, SignatureAlgorithm,
};
pub(crate) use self::mcp::Mcp;
pub(crate) use self::oauth2::{
    Answer, Callback, ClientAuth, ExpiresUnit, OAuth2, Omitted, Param, Pkce, RefreshErrors, RefreshWith, Revoke,
    RevokeAuth, RevokeBody, RevokeMethod, RevokedToken, Scopes, Then, TokenBody, TokenMethod, TokenNames,
};
pub(crate) use self::variable::{SetBy, Variable, VariableType};

/// An integration of Latchkey: a service, how one signs in to it and how its API is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Latchkey integration")]
pub(crate) struct Definition {
    /// Unique id: lower-case letters, digits and hyphens, as `google-calendar`.
    pub(crate) id: String,
    /// The name that people know.
    pub(crate) name: String,
    /// One sentence on what the service is.
    pub(crate) description: String,
    /// Where it stands in lists, as `crm`.
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    /// Other names that people search for.
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    /// The provider's API documents, https.
    pub(crate) docs: String,
    /// Name of the logo file, without its ending.
    pub(crate) logo: Option<String>,
    /// The provider's documents that this definition was written from, https. At least one.
    pub(crate) sources: Vec<String>,
    /// Environments in which it exists. Both, unless said otherwise.
    #[serde(default = "both_environments")]
    pub(crate) environments: Vec<Environment>,
    /// Non-secret values of a connection or of the operator's app, by name.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    /// The ways to sign in. The first is the default.
    pub(crate) auth: Vec<Auth>,
    /// How the API is called.
    pub(crate) api: Api,
    /// A call that proves a credential and names the account.
    pub(crate) check: Option<Check>,
    /// Calls of the API that are worth knowing, for agents and for whoever looks one up. Every other call works too.
    #[serde(default)]
    pub(crate) actions: Vec<Action>,
}

fn both_environments() -> Vec<Environment> {
    vec![Environment::Test, Environment::Live]
}

/// An environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Environment {
    /// For development.
    Test,
    /// For real.
    Live,
}

/// A way to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
pub(crate) enum Auth {
    /// The authorization code grant of OAuth 2 (RFC 6749 §4.1).
    #[serde(rename = "oauth2")]
    OAuth2(Box<OAuth2>),
    /// One or several secrets that the person pastes.
    #[serde(rename = "api_key")]
    ApiKey(ApiKey),
    /// Typed-in values for which the service gives a token: a log-in, a service account.
    #[serde(rename = "login")]
    Login(Box<Login>),
    /// The client credentials grant of OAuth 2 (RFC 6749 §4.4), with a client of the person's own.
    #[serde(rename = "oauth2_client_credentials")]
    ClientCredentials(Box<ClientCredentials>),
    /// A token that we sign anew for each call, with a key that the person gives.
    #[serde(rename = "jwt")]
    Jwt(Box<Jwt>),
    /// A remote server of the Model Context Protocol.
    #[serde(rename = "mcp")]
    Mcp(Mcp),
}
