//! What a connection is made of.

use std::collections::BTreeMap;

use vault::{Credential, Environment};

use crate::{AppId, Owner, ProjectId};

/// A connection to make.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: Environment,
    /// The app.
    pub app: AppId,
    /// The integration.
    pub integration: String,
    /// The sign-in method.
    pub auth_method: String,
    /// The key.
    pub key: String,
    /// The person's name for it.
    pub name: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// What the service granted.
    pub grant: Grant,
}

/// What a service granted: the credential, the account and what was learnt.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whether a check proved it.
    pub proved: bool,
    /// The account at the service.
    pub account_id: Option<String>,
    /// Its name.
    pub account_name: Option<String>,
    /// Non-secret values.
    pub variables: BTreeMap<String, String>,
    /// Granted scopes.
    pub scopes: Option<Vec<String>>,
    /// What is sealed.
    pub credential: NewCredential,
}

/// A credential to seal.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// The secret.
    pub credential: Credential,
    /// Seconds until the access token ends.
    pub expires_in: Option<u64>,
    /// Seconds until it should be refreshed; `None` when it cannot be.
    pub refresh_in: Option<u64>,
}
