//! Log-ins: the requests that turn typed-in values into a token, and tokens that we sign ourselves.

mod request;
mod sign;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use catalog::{ApiKeyAuth, Inputs, Login, Signature};
use http::header::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use vault::{Fields, IssuedToken};

use self::sign::sign;
use crate::oauth2::{Assertions, Scrub, learn, lifetime, told_by_token, until};
use crate::{CheckError, Protocol, SigningKey};

/// The OAuth client of the operator's app.
#[derive(Clone, Copy, Debug, Default)]
pub struct AppClient<'a> {
    /// Its id.
    pub id: Option<&'a str>,
    /// Its secret.
    pub secret: Option<&'a SecretString>,
    /// Its private key.
    pub key: Option<&'a SigningKey>,
}

/// What a log-in gave.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The values and the token.
    pub token: IssuedToken,
    /// Lifetime of the token in seconds: the answer's if it makes sense, else the definition's. `None`: nobody knows.
    pub expires_in: Option<u64>,
    /// Values to keep with the connection as variables, checked against the definition.
    pub learned: BTreeMap<String, String>,
    /// Variables whose value in the answer is not what the definition allows: there must be no connection then.
    pub forbidden: Vec<String>,
}

impl Protocol {
    /// Makes the requests of a log-in. `inputs` are `variables` and `instance`; `app` is the operator's app, which may be
    /// the client. `None`: the values are sent as they are,
    /// and there is nothing to log in to.
    pub async fn log_in(
        &self,
        method: &ApiKeyAuth,
        fields: &Fields,
        app: Option<AppClient<'_>>,
        inputs: &Inputs<'_>,
    ) -> Result<Option<Issued>, CheckError> {
        let Some(login) = &method.login else { return Ok(None) };
        let mut inputs = inputs.clone();
        let mut scrub = Scrub::default();
        for (name, value) in fields {
            inputs.insert_text("credential", name, value.expose_secret());
            scrub.add(value);
        }
        let app = app.filter(|_| login.app.is_some());
        let assertion = match app {
            Some(app) => self.app_assertion(login, &app, &inputs)?,
            None => None,
        };
        if let Some(app) = app {
            inputs.insert_text("app", "client_id", app.id.ok_or_else(|| lacks("client id"))?);
            if let Some(secret) = app.secret {
                inputs.insert_text("app", "client_secret", secret.expose_secret());
                scrub.add(secret);
            }
        }
        if let Some(assertion) = &assertion {
            inputs.insert_text("app", "client_assertion", assertion.expose_secret());
            scrub.add(assertion);
        }
        let signed = method.sign.as_deref().map(|written| self.signed(written, &inputs));
        let signed = signed.transpose()?;
        if let Some(jwt) = &signed {
            inputs.insert_text("signed", "jwt", jwt.expose_secret());
            scrub.add(jwt);
        }
        let (document, headers) = self.requests(login, &inputs, &mut scrub).await?;
        read(login, fields, &inputs, (&document, &headers)).map(Some)
    }

    /// What the operator's app signs in place of a secret, where it does.
    fn app_assertion(
        &self,
        login: &Login,
        app: &AppClient<'_>,
        inputs: &Inputs<'_>,
    ) -> Result<Option<SecretString>, CheckError> {
        let Some(written) = login.app.and_then(|written| written.assertion) else {
            return Ok(None);
        };
        let endpoint = login
            .requests
            .first()
            .map(|request| request.url.render(inputs))
            .transpose();
        let endpoint = endpoint
            .map_err(|error| CheckError::Configuration(format!("`url` of the log-in cannot be filled in: {error}")))?
            .ok_or_else(|| lacks("token endpoint"))?;
        let assertions = Assertions {
            key: app.key.ok_or_else(|| lacks("private key"))?,
            written,
            client_id: app.id.unwrap_or_default(),
            audience: endpoint.to_string(),
            now: self.now(),
        };
        Ok(Some(assertions.next()?))
    }

    /// Makes each request; gives the last answer.
    async fn requests(
        &self,
        login: &Login,
        inputs: &Inputs<'_>,
        scrub: &mut Scrub,
    ) -> Result<(Value, HeaderMap), CheckError> {
        let mut kept = Value::Object(Map::new());
        let (mut document, mut headers) = (Value::Null, HeaderMap::new());
        for request in &login.requests {
            (document, headers) = {
                let inputs = inputs.clone().json("kept", &kept);
                self.login_call(request, &inputs, scrub).await?
            };
            let answer = Inputs::new().json("body", &document);
            let mut more = Vec::new();
            for (name, template) in &request.keep {
                let value = template
                    .render(&answer, catalog::Slot::Plain)
                    .map_err(|_| CheckError::Unexpected {
                        status: 200,
                        reason: "the answer lacks what the next request needs",
                    })?;
                scrub.add(&value);
                more.push((name, value));
            }
            if let Value::Object(kept) = &mut kept {
                for (name, value) in more {
                    kept.insert(name.clone(), Value::from(value.expose_secret()));
                }
            }
        }
        Ok((document, headers))
    }

    /// A token that is signed with the values of a credential.
    pub(crate) fn signed(&self, written: &Signature, inputs: &Inputs<'_>) -> Result<SecretString, CheckError> {
        sign(written, inputs, self.now()).map_err(|error| CheckError::Key(error.to_string()))
    }
}

fn lacks(what: &str) -> CheckError {
    CheckError::Configuration(format!("the app has no {what}"))
}

/// The token in the last answer, and what is learnt from it.
fn read(
    login: &Login,
    fields: &Fields,
    inputs: &Inputs<'_>,
    (document, headers): (&Value, &HeaderMap),
) -> Result<Issued, CheckError> {
    let unexpected = |reason| CheckError::Unexpected { status: 200, reason };
    let token = match document.pointer(&login.access_token) {
        Some(Value::String(text)) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => text,
        Some(Value::String(_)) => return Err(unexpected("its token is empty or cannot stand in a header")),
        _ => return Err(unexpected("it has no token where the definition says")),
    };
    let told = document
        .pointer(&login.expires_in)
        .and_then(|value| lifetime(value, false));
    let ends = login.expires_at.as_ref().and_then(|pointer| document.pointer(pointer));
    let expires_in = told
        .or_else(|| until(ends?, headers))
        .or_else(|| told_by_token(token))
        .or(login.lifetime);
    let (learned, forbidden) = learn(&login.learn, &inputs.clone().json("token", document));
    Ok(Issued {
        token: IssuedToken {
            fields: fields.clone(),
            access_token: SecretString::from(token.as_str()),
        },
        expires_in,
        learned,
        forbidden: forbidden.into_iter().map(|one| one.name).collect(),
    })
}
