//! The call that proves a credential and names its account.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use catalog::{
    AuthMethod, CheckBody, CheckMethod, CheckTarget, Expected, Inputs, Integration, RenderError, Slot, Template,
};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use vault::Credential;

use crate::Protocol;
use crate::egress::{ANSWER_LIMIT, EgressError};
use crate::oauth1::Signer;
use crate::oauth2::{DpopKey, Metadata, Party, Scrub, TokenError, asks_at_resource, said};
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
    /// The key that the credential is bound to.
    pub(crate) bound: Option<&'a DpopKey>,
    /// What the answer says when it accepts the credential.
    pub(crate) expect: &'a BTreeMap<String, Expected>,
    /// What it is signed with.
    pub(crate) signer: Option<Signer>,
    /// The JSON Web Token that was signed for it.
    pub(crate) signed: Option<&'a SecretString>,
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
        let metadata = self.metadata_for(integration, method, credential, inputs).await?;
        let mut inputs = with_credential(inputs, credential);
        if let Some(metadata) = &metadata {
            inputs.insert_json("discovered", &metadata.document);
        }
        let signed = self.signed_for(method, &inputs)?;
        if let Some(jwt) = &signed {
            inputs.insert_text("signed", "jwt", jwt.expose_secret());
        }
        let bound = DpopKey::of(method, credential).map_err(|why| CheckError::Configuration(why.to_owned()))?;
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
            bound: bound.as_ref(),
            expect: &check.expect,
            signer: signer_of(method, credential, &inputs)?,
            signed: signed.as_ref(),
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

        if let Some(signer) = &asked.signer {
            let (mut parts, body) = request.into_parts();
            let signed = signer.sign(&mut parts, &body, self.now());
            signed.map_err(|error| CheckError::Configuration(error.to_string()))?;
            request = http::Request::from_parts(parts, body);
        }

        let mut scrub = Scrub::default();
        credential
            .values()
            .into_iter()
            .for_each(|(_, secret)| scrub.add(secret));
        // Neither is of the credential: the client's secret is the operator's.
        if let Some(signer) = &asked.signer {
            signer.hide_in(&mut scrub);
        }
        if let Some(jwt) = asked.signed {
            scrub.add(jwt);
        }
        let answer = match (asked.bound, credential.tokens()) {
            (Some(key), Some(tokens)) => {
                let once = || self.call_with_proof(request.clone(), key, &tokens.access_token);
                let answer = once().await?;
                if asks_at_resource(answer.status(), answer.headers()) {
                    once().await?
                } else {
                    answer
                }
            }
            _ => self.egress().call(request, ANSWER_LIMIT).await?,
        };
        accepted(&answer, asked.expect, &scrub)
    }

    /// A call with the proof that its token is ours (RFC 9449 §7).
    async fn call_with_proof(
        &self,
        mut request: http::Request<Bytes>,
        key: &DpopKey,
        token: &SecretString,
    ) -> Result<http::Response<Bytes>, CheckError> {
        let none = |_| CheckError::Configuration("the call's address is none".to_owned());
        let url = url::Url::parse(&request.uri().to_string()).map_err(none)?;
        let method = request.method().clone();
        let with = (Party::ResourceServer, Some(token));
        self.prove(key, with, (&method, &url), request.headers_mut())
            .map_err(|error| CheckError::Configuration(format!("the proof cannot be signed: {error}")))?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        self.nonces().keep(Party::ResourceServer, &url, answer.headers());
        Ok(answer)
    }

    /// What the authorization server of this credential says about itself, to be put into a call's inputs as
    /// `discovered` where the definition's `api` names it. `None` where nothing is discovered. Cached for ten minutes.
    pub async fn discovered(
        &self,
        integration: &Integration,
        (auth_method, credential): (&str, &Credential),
        inputs: &Inputs<'_>,
    ) -> Result<Option<Value>, TokenError> {
        let method = method_of(integration, auth_method, credential);
        let metadata = self.metadata_for(integration, method, credential, inputs).await?;
        Ok(metadata.map(|metadata| metadata.document.clone()))
    }

    /// Metadata for a credential with tokens: of its own way to sign in, or where that discovers nothing, of the first that
    /// does.
    pub(crate) async fn metadata_for(
        &self,
        integration: &Integration,
        method: Option<&AuthMethod>,
        credential: &Credential,
        inputs: &Inputs<'_>,
    ) -> Result<Option<std::sync::Arc<Metadata>>, TokenError> {
        let mut ways = method.into_iter().chain(&integration.auth);
        let discovered = ways.find_map(AuthMethod::discovered_issuer);
        match (discovered, credential.tokens()) {
            (Some(issuer), Some(_)) => self.metadata(issuer, inputs).await.map(Some),
            _ => Ok(None),
        }
    }
}

/// What calls of this way to sign in are signed with, where they are.
pub(crate) fn signer_of(
    method: Option<&AuthMethod>,
    credential: &Credential,
    inputs: &Inputs<'_>,
) -> Result<Option<Signer>, CheckError> {
    Signer::new(method, credential, inputs).map_err(|error| CheckError::Configuration(error.to_string()))
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
