//! The call that proves a credential and names its account.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use catalog::{
    AuthKind, CheckBody, CheckMethod, CheckTarget, Endpoints, Expected, Inputs, Integration, RenderError, Slot,
    Template,
};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use vault::Credential;

use crate::Protocol;
use crate::egress::{ANSWER_LIMIT, EgressError};
use crate::oauth2::{Metadata, Scrub, TokenError, said};
use crate::passthrough::{ApiCall, PassthroughError, method_of, with_credential};
use crate::retry_after::retry_after;

/// The account of a credential, as far as the service tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The service's stable id of it.
    pub id: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
}

/// Why a credential is not proved.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The service does not accept the credential.
    #[error(
        "the service does not accept this credential (HTTP {status}); check it and enter it again, or sign in again"
    )]
    Refused {
        /// HTTP status; 200 where the refusal stood in a good answer.
        status: u16,
        /// The service's words: plain text, at most 300 characters, free of secrets.
        provider_message: Option<String>,
    },
    /// The service is busy, failing or out of reach; nothing is known about the credential.
    #[error("the service could not be asked ({reason}); try again later")]
    Unavailable {
        /// What happened, in our words.
        reason: String,
        /// HTTP status, when there was an answer.
        status: Option<u16>,
        /// How long the service asks to wait, at most an hour.
        retry_after: Option<Duration>,
    },
    /// An answer that the definition does not foresee; nothing is known about the credential.
    #[error(
        "the service answered the check in an unexpected way (HTTP {status}: {reason}); an operator should check the integration's definition"
    )]
    Unexpected {
        /// HTTP status.
        status: u16,
        /// What is unexpected, in our words.
        reason: &'static str,
    },
    /// A typed-in key is not what the definition signs with. Nothing was sent.
    #[error("the key cannot be used: {0}; enter it again, whole")]
    Key(String),
    /// The definition cannot be filled in. Nothing was sent.
    #[error("the check cannot be made: {0}; an operator must correct the app or the definition")]
    Configuration(String),
}

impl From<EgressError> for CheckError {
    fn from(error: EgressError) -> Self {
        Self::Unavailable {
            reason: error.to_string(),
            status: None,
            retry_after: None,
        }
    }
}

impl From<PassthroughError> for CheckError {
    fn from(error: PassthroughError) -> Self {
        Self::Configuration(error.to_string())
    }
}

impl From<TokenError> for CheckError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Configuration(what) => Self::Configuration(what),
            other => Self::Unavailable {
                reason: other.to_string(),
                status: None,
                retry_after: other.retry_after(),
            },
        }
    }
}

/// A call of the definition's own.
pub(crate) struct Asked<'a> {
    /// Headers and parameters.
    pub(crate) call: &'a ApiCall,
    /// Where to.
    pub(crate) address: &'a url::Url,
    /// `GET` or `POST`.
    pub(crate) method: CheckMethod,
    /// Body of a `POST`.
    pub(crate) body: Option<&'a CheckBody>,
    /// What the answer says when it accepts the credential.
    pub(crate) expect: &'a BTreeMap<String, Expected>,
}

impl Protocol {
    /// Makes the check of a credential that was given in this way to sign in. Without a check in the definition nothing is
    /// proved and the account is unknown. `inputs` are the connection's `variables`, its `app` and `instance`.
    pub async fn check(
        &self,
        integration: &Integration,
        (auth_method, credential): (&str, &Credential),
        inputs: &Inputs<'_>,
    ) -> Result<Account, CheckError> {
        let method = method_of(integration, auth_method, credential);
        let Some(check) = method.map_or(integration.check.as_ref(), |method| method.check.as_ref()) else {
            return Ok(Account::default());
        };
        let metadata = self.metadata_for(integration, credential, inputs).await?;
        let mut inputs = with_credential(inputs, credential);
        if let Some(metadata) = &metadata {
            inputs.insert_json("discovered", &metadata.document);
        }
        let signed = self.signed_for(method, &inputs)?;
        if let Some(jwt) = &signed {
            inputs.insert_text("signed", "jwt", jwt.expose_secret());
        }
        let mut call = ApiCall::new(integration, method, &inputs, None)?;
        call.add_headers("check.headers", &check.headers, &inputs)?;
        let place = |error| CheckError::Configuration(format!("`check`: {error}"));
        let address = match &check.target {
            CheckTarget::Path(path) => call.address(&path.render(&inputs).map_err(place)?)?,
            CheckTarget::Url(template) => template.render(&inputs).map_err(place)?,
        };
        let asked = Asked {
            call: &call,
            address: &address,
            method: check.method,
            body: check.body.as_ref(),
            expect: &check.expect,
        };
        let document = self.ask(asked, credential, &inputs).await?;

        let inputs = document
            .as_ref()
            .map_or_else(|| inputs.clone(), |document| inputs.clone().json("body", document));
        let value = |template: &Option<Template>| {
            let text = template.as_ref()?.render(&inputs, Slot::Plain).ok()?;
            let text = text.expose_secret().trim();
            (!text.is_empty() && text.len() <= 512).then(|| text.to_owned())
        };
        let id = value(&check.account_id);
        if id.is_none() && check.account_required {
            // Some services answer whom they do not know with a stranger's account.
            return Err(CheckError::Refused {
                status: 200,
                provider_message: None,
            });
        }
        Ok(Account {
            id,
            name: value(&check.account_name),
        })
    }

    /// Makes a call that a definition makes by itself, with the credential put in; `None` when the answer has no JSON.
    pub(crate) async fn ask(
        &self,
        asked: Asked<'_>,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Option<Value>, CheckError> {
        let mut headers = HeaderMap::new();
        asked.call.inject(&mut headers);
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        let method = match asked.method {
            CheckMethod::Get => http::Method::GET,
            CheckMethod::Post => http::Method::POST,
        };
        let body = match asked.body {
            None => Bytes::new(),
            Some(body) => {
                let (kind, bytes) = filled_body(body, inputs)
                    .map_err(|error| CheckError::Configuration(format!("the call's body: {error}")))?;
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
                bytes
            }
        };
        let mut request = http::Request::new(body);
        *request.uri_mut() = asked
            .call
            .whole(asked.address)
            .as_str()
            .parse()
            .map_err(|_| CheckError::Configuration("the call's address is none".to_owned()))?;
        (*request.method_mut(), *request.headers_mut()) = (method, headers);

        let mut scrub = Scrub::default();
        credential
            .values()
            .into_iter()
            .for_each(|(_, secret)| scrub.add(secret));
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        accepted(&answer, asked.expect, &scrub)
    }

    /// What the authorization server of this credential says about itself, to be put into a call's inputs as
    /// `discovered` where the definition's `api` names it. `None` where nothing is discovered. Cached for ten minutes.
    pub async fn discovered(
        &self,
        integration: &Integration,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Option<Value>, TokenError> {
        let metadata = self.metadata_for(integration, credential, inputs).await?;
        Ok(metadata.map(|metadata| metadata.document.clone()))
    }

    /// Metadata, where this credential's sign-in is a discovered one.
    pub(crate) async fn metadata_for(
        &self,
        integration: &Integration,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Option<std::sync::Arc<Metadata>>, TokenError> {
        let discovered = integration.auth.iter().find_map(|method| match &method.kind {
            AuthKind::OAuth2(method) => match &method.endpoints {
                Endpoints::Discovered { issuer } => Some(issuer),
                Endpoints::Fixed { .. } | Endpoints::Resource { .. } => None,
            },
            AuthKind::ApiKey(_) => None,
        });
        match (discovered, credential.tokens()) {
            (Some(issuer), Some(_)) => self.metadata(issuer, inputs).await.map(Some),
            _ => Ok(None),
        }
    }
}

/// The content type of a body, and its bytes.
fn filled_body(body: &CheckBody, inputs: &Inputs<'_>) -> Result<(&'static str, Bytes), RenderError> {
    Ok(match body {
        CheckBody::Json(json) => {
            let document = json.render(inputs)?.unwrap_or(Value::Null);
            ("application/json", document.to_string().into())
        }
        CheckBody::Form(parameters) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (name, template) in parameters {
                if let Some(value) = template.render_present(inputs, Slot::Plain)? {
                    form.append_pair(name, value.expose_secret());
                }
            }
            ("application/x-www-form-urlencoded", form.finish().into())
        }
    })
}

/// The document of an answer that accepts the credential; `None` when it has no JSON.
pub(crate) fn accepted(
    answer: &http::Response<Bytes>,
    expect: &BTreeMap<String, Expected>,
    scrub: &Scrub,
) -> Result<Option<Value>, CheckError> {
    let status = answer.status().as_u16();
    let document: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let message = || {
        let (code, message) = said(document.as_ref()?);
        message
            .and_then(|text| scrub.message(text))
            .or_else(|| scrub.message(code?))
    };
    let wait = retry_after(answer.headers());
    match status {
        408 | 425 | 429 | 500.. => Err(CheckError::Unavailable {
            reason: format!("it answered with HTTP {status}"),
            status: Some(status),
            retry_after: wait,
        }),
        // Some services tell a rate limit so.
        403 if wait.is_some() => Err(CheckError::Unavailable {
            reason: format!("it answered with HTTP {status}"),
            status: Some(status),
            retry_after: wait,
        }),
        400..=403 | 422 => Err(CheckError::Refused {
            status,
            provider_message: message(),
        }),
        200..=299 if expect.is_empty() => Ok(document),
        200..=299 => match document {
            None => Err(CheckError::Unexpected {
                status,
                reason: "the answer is not JSON",
            }),
            Some(found)
                if expect
                    .iter()
                    .all(|(pointer, expected)| expected.accepts(found.pointer(pointer))) =>
            {
                Ok(Some(found))
            }
            Some(_) => Err(CheckError::Refused {
                status,
                provider_message: message(),
            }),
        },
        300..=399 => Err(CheckError::Unexpected {
            status,
            reason: "it redirects, which is not followed",
        }),
        _ => Err(CheckError::Unexpected {
            status,
            reason: "neither accepted nor refused",
        }),
    }
}

#[cfg(test)]
mod tests;
