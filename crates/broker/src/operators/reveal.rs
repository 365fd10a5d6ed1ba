//! A credential that an operator reads: with a permission of its own, a fresh proof, and after the audit log has it.

use std::convert::Infallible;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use store::{Environment, Exportable, ProjectId};
use vault::{Credential, SecretString};

use super::{Permission, Signed};
use crate::{Broker, CredentialRequest, Exported, Known, Problem, Scope};

/// A credential, to be shown once. Never its refresh token.
#[derive(Debug)]
pub struct Revealed {
    /// What it is, in words.
    pub kind: &'static str,
    /// Its values, by name.
    pub values: Vec<(String, SecretString)>,
    /// When it ends, where that is known.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Revealed {
    fn of(export: &Exportable) -> Self {
        let token = |token: &SecretString| vec![("access_token".to_owned(), token.clone())];
        let (kind, values) = match &export.credential {
            Credential::OAuth2(tokens) => ("An access token", token(&tokens.access_token)),
            // What was typed in buys tokens for longer than somebody should have them.
            Credential::Issued(issued) => ("An access token", token(&issued.access_token)),
            Credential::OAuth1(_) => (
                "A token of OAuth 1, with its secret",
                export
                    .credential
                    .values()
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.clone()))
                    .collect(),
            ),
            Credential::Fields(fields) => (
                "What the person typed in",
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
            ),
        };
        Self {
            kind,
            values,
            expires_at: export.expires_at,
        }
    }
}

impl Broker {
    /// Reads a credential for an operator. Nothing leaves before the audit log has it, durably.
    ///
    /// # Errors
    /// `missing_permission`; `proof_needed`; those of [`Broker::read_credential`].
    pub async fn reveal_credential(
        &self,
        signed: &Signed,
        (project, environment): (ProjectId, Environment),
        connection: &str,
        from: IpAddr,
    ) -> Result<Revealed, Problem> {
        let mut caller = signed.caller(project, environment, Permission::Reveal)?;
        signed.require_proof()?;
        caller.scopes.insert(Scope::CredentialsRead);
        let asked = CredentialRequest {
            connection,
            min_ttl: None,
            known: Known::Nothing,
            from: Some(from),
            action: "credential.reveal",
        };
        let form = |export: &Exportable| Ok::<_, (&'static str, Infallible)>(Revealed::of(export));
        match self.read_credential(&caller, asked, form).await? {
            Exported::Given(revealed) => Ok(revealed),
            // Nothing is known already, and every form can be shown.
            Exported::Known { .. } => Err(Problem::internal("The credential cannot be shown.")),
            Exported::Withheld(never) => match never {},
        }
    }
}
