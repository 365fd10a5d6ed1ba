//! Token and revocation requests (RFC 6749 §4.1.3 and §6, RFC 7009).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use catalog::{ClientAuth, Inputs, Slot, Template};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};
use vault::OAuth2Tokens;
use zeroize::Zeroizing;

use super::answer::{self, Answer, Shape};
use super::{Client, Granted, PkceVerifier, Resolved, Revocation, Scrub, TokenError, learn, unrenderable};
use crate::Protocol;
use crate::egress::ANSWER_LIMIT;

/// A request with form parameters, and the secrets in it.
struct Form {
    body: Zeroizing<String>,
    authorization: Option<HeaderValue>,
    scrub: Scrub,
}

fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Form {
    /// An empty form with the client's authentication: exactly the declared one (RFC 6749 §2.3.1).
    fn new(client: &Client<'_>) -> Result<Self, TokenError> {
        let mut form = Self {
            body: Zeroizing::default(),
            authorization: None,
            scrub: Scrub::default(),
        };
        let secret = || {
            client
                .secret()
                .ok_or_else(|| TokenError::Configuration("the app has no client secret".to_owned()))
        };
        match client.authentication() {
            ClientAuth::Basic => {
                let secret = secret()?;
                form.scrub.add(secret);
                let pair = Zeroizing::new(format!(
                    "{}:{}",
                    form_encoded(client.id()),
                    form_encoded(secret.expose_secret())
                ));
                form.scrub.add_basic(&pair);
                let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
                let mut value = HeaderValue::from_str(&value)
                    .map_err(|_| TokenError::Configuration("the client id cannot stand in a header".to_owned()))?;
                value.set_sensitive(true);
                form.authorization = Some(value);
            }
            ClientAuth::Body => {
                form.plain("client_id", client.id());
                form.secret("client_secret", secret()?);
            }
            ClientAuth::None => form.plain("client_id", client.id()),
        }
        Ok(form)
    }

    fn append(&mut self, name: &str, value: &str) {
        form_urlencoded::Serializer::for_suffix(&mut *self.body, 0).append_pair(name, value);
    }

    fn plain(&mut self, name: &str, value: &str) {
        self.append(name, value);
    }

    fn secret(&mut self, name: &str, value: &SecretString) {
        self.scrub.add(value);
        self.append(name, value.expose_secret());
    }

    /// Which service the token is for (RFC 8707).
    fn resource(&mut self, resolved: &Resolved) {
        if let Some(resource) = &resolved.resource {
            self.plain("resource", &resource.identifier);
        }
    }

    /// The definition's own parameters. They may hold secrets.
    fn templates(
        &mut self,
        at: &'static str,
        templates: &[(String, Template)],
        inputs: &Inputs<'_>,
    ) -> Result<(), TokenError> {
        for (name, template) in templates {
            let value = template.render(inputs, Slot::Plain).map_err(unrenderable(at))?;
            match template.literal() {
                Some(literal) => self.plain(name, literal),
                None => self.secret(name, &value),
            }
        }
        Ok(())
    }

    fn request(self, url: &Url) -> Result<(http::Request<Bytes>, Scrub), TokenError> {
        let body = Bytes::from_owner(Zeroizing::new(self.body.as_bytes().to_vec()));
        let mut request = http::Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(body)
            .map_err(|_| TokenError::Configuration("the token address is no address".to_owned()))?;
        if let Some(authorization) = self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        Ok((request, self.scrub))
    }
}

impl Protocol {
    /// Exchanges the code of a callback (RFC 6749 §4.1.3). `callback_query` is the callback's query as an object, from
    /// which definitions may learn values. A code is never sent twice by this function.
    pub async fn exchange(
        &self,
        client: &Client<'_>,
        code: &SecretString,
        verifier: Option<&PkceVerifier>,
        callback_query: &Value,
    ) -> Result<Granted, TokenError> {
        let resolved = self.resolve(client).await?;
        let inputs = client
            .inputs(resolved.metadata.as_deref())
            .json("query", callback_query);
        let mut form = Form::new(client)?;
        form.plain("grant_type", "authorization_code");
        form.secret("code", code);
        form.plain("redirect_uri", client.redirect_uri);
        if let Some(verifier) = client.verifier(verifier)? {
            form.secret("code_verifier", verifier.secret());
        }
        form.resource(&resolved);
        form.templates("token.params", &client.method.token_params, &inputs)?;
        let answer = self.token_call(client, &resolved.token, form).await?;

        let (learned, forbidden) = learn::learn(&client.method.learn, &inputs.json("token", &answer.document));
        for one in &forbidden {
            tracing::warn!(
                variable = one.name,
                "a value of the token answer is not what the definition allows"
            );
        }
        let refresh_token_in_answer = answer.tokens.refresh_token.is_some();
        let Answer {
            tokens,
            expires_in,
            scopes,
            ..
        } = answer;
        Ok(Granted {
            tokens,
            refresh_token_in_answer,
            expires_in,
            scopes,
            learned,
            forbidden: forbidden.into_iter().map(|one| one.name).collect(),
        })
    }

    /// Buys new tokens (RFC 6749 §6). The old refresh token stays where the answer has none. Values that the
    /// definition does not allow are left out here: the new tokens are too precious to be lost over them.
    pub async fn refresh(&self, client: &Client<'_>, refresh_token: &SecretString) -> Result<Granted, TokenError> {
        let resolved = self.resolve(client).await?;
        let inputs = client.inputs(resolved.metadata.as_deref());
        let mut form = Form::new(client)?;
        form.plain("grant_type", "refresh_token");
        form.secret("refresh_token", refresh_token);
        form.resource(&resolved);
        form.templates("refresh.params", &client.method.refresh.params, &inputs)?;
        let answer = self.token_call(client, &resolved.token, form).await?;

        let (learned, forbidden) = learn::learn(&client.method.learn, &inputs.json("token", &answer.document));
        for one in forbidden {
            tracing::warn!(
                variable = one.name,
                "a value of the refresh answer is not what the definition allows"
            );
        }
        let Answer {
            mut tokens,
            expires_in,
            scopes,
            ..
        } = answer;
        let refresh_token_in_answer = tokens.refresh_token.is_some();
        tokens.refresh_token.get_or_insert_with(|| refresh_token.clone());
        Ok(Granted {
            tokens,
            refresh_token_in_answer,
            expires_in,
            scopes,
            learned,
            forbidden: Vec::new(),
        })
    }

    async fn token_call(&self, client: &Client<'_>, url: &Url, form: Form) -> Result<Answer, TokenError> {
        let (request, scrub) = form.request(url)?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        let shape = Shape {
            token_object: client.method.token_object.as_deref(),
            ok_pointer: client.method.ok_pointer.as_deref(),
            lifetime: client.method.refresh.lifetime,
        };
        let mut answer = answer::read(answer.status(), answer.headers(), answer.body(), shape, &scrub)?;
        answer.tokens.client = client.registered.cloned();
        Ok(answer)
    }

    /// Revokes the refresh token, then the access token (RFC 7009). A token that the service no longer knows counts as
    /// revoked.
    pub async fn revoke(&self, client: &Client<'_>, tokens: &OAuth2Tokens) -> Result<Revocation, TokenError> {
        let resolved = self.resolve(client).await?;
        let Some(url) = resolved.revoke else {
            return Ok(Revocation::Unsupported);
        };
        let refresh = tokens.refresh_token.as_ref().map(|token| (token, "refresh_token"));
        let mut end = Revocation::Unsupported;
        for (token, hint) in refresh.into_iter().chain([(&tokens.access_token, "access_token")]) {
            match self.revoke_one(client, &url, token, hint).await {
                Ok(Revocation::Revoked) => end = Revocation::Revoked,
                Ok(Revocation::Unsupported) => {}
                // With its refresh token the grant is over (RFC 7009 §2.1); the same answer would come tomorrow.
                Err(error) if end == Revocation::Revoked && !matches!(error, TokenError::Transient { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(end)
    }

    async fn revoke_one(
        &self,
        client: &Client<'_>,
        url: &Url,
        token: &SecretString,
        hint: &str,
    ) -> Result<Revocation, TokenError> {
        let mut form = Form::new(client)?;
        form.secret("token", token);
        form.plain("token_type_hint", hint);
        let (request, scrub) = form.request(url)?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        let ok_pointer = client.method.ok_pointer.as_deref();
        let Err(error) = answer::accepted(answer.status(), answer.headers(), answer.body(), ok_pointer, &scrub) else {
            return Ok(Revocation::Revoked);
        };
        match error.provider_code() {
            Some("unsupported_token_type") => Ok(Revocation::Unsupported),
            Some("invalid_token" | "token_revoked" | "invalid_grant") => Ok(Revocation::Revoked),
            _ => Err(error),
        }
    }
}
