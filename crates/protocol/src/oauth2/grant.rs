//! The exchange of a code and the refresh (RFC 6749 §4.1.3 and §6).

use catalog::{Inputs, SecondExchange, TokenAnswer};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;
use vault::OAuth2Tokens;

use super::answer::{self, Answer, Shape};
use super::dpop::{DpopKey, NONCE, Party, asks_at_server};
use super::request::Draft;
use super::{Client, Granted, PkceVerifier, Resolved, Scrub, TokenError, learn};
use crate::Protocol;
use crate::egress::ANSWER_LIMIT;

impl Protocol {
    /// Exchanges the code of a callback (RFC 6749 §4.1.3), and what comes of it once more where the definition has a
    /// second exchange. `callback_query` is the callback's query as an object, from which definitions may learn values.
    /// A code is never sent twice by this function.
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
        let method = client.method;
        let names = &method.token.names;
        let mut draft = Draft::new(client, &method.token, (&resolved, self.now()))?;
        draft.plain(names.grant_type.as_deref(), "authorization_code");
        draft.secret(&names.code, code);
        draft.plain(names.redirect_uri.as_deref(), client.redirect_uri);
        if let Some(verifier) = client.verifier(verifier)? {
            draft.secret(&names.code_verifier, verifier.secret());
        }
        draft.resource(resolved.resource.as_deref());
        let then = client.second_exchange()?;
        let first = self.first_token_call(client, &resolved.token, draft, &inputs).await?;
        self.complete_exchange((client, &resolved), first, then, inputs).await
    }

    /// Sends what the person's consent is exchanged for.
    pub(super) async fn first_token_call(
        &self,
        client: &Client<'_>,
        url: &Url,
        draft: Draft<'_>,
        inputs: &Inputs<'_>,
    ) -> Result<Answer, TokenError> {
        let call = TokenCall {
            client,
            url,
            at: "token",
            shape: &client.method.answer,
        };
        self.token_call(call, draft, inputs).await
    }

    /// What follows the first answer: the second exchange, and the values that are learnt.
    pub(super) async fn complete_exchange(
        &self,
        (client, resolved): (&Client<'_>, &Resolved),
        first: Answer,
        then: Option<(&SecondExchange, Url)>,
        inputs: Inputs<'_>,
    ) -> Result<Granted, TokenError> {
        let method = client.method;
        let mut answer = first;
        if let Some((then, url)) = &then {
            let second = self
                .exchange_again((client, resolved), (then, url), &answer.document, &inputs)
                .await;
            answer = over(answer, second.map_err(TokenError::after_the_code)?);
        }

        let (learned, forbidden) = learn::learn(&method.learn, &inputs.json("token", &answer.document));
        for one in &forbidden {
            tracing::warn!(
                variable = one.name,
                "a value of the token answer is not what the definition allows"
            );
        }
        let mut granted = granted(client, answer);
        granted.learned = learned;
        granted.forbidden = forbidden.into_iter().map(|one| one.name).collect();
        Ok(granted)
    }

    /// The second exchange; `first` is the answer to the code.
    async fn exchange_again(
        &self,
        (client, resolved): (&Client<'_>, &Resolved),
        (then, url): (&SecondExchange, &Url),
        first: &Value,
        inputs: &Inputs<'_>,
    ) -> Result<Answer, TokenError> {
        let draft = Draft::new(client, &then.request, (resolved, self.now()))?;
        let call = TokenCall {
            client,
            url,
            at: "token.then",
            shape: &then.answer,
        };
        self.token_call(call, draft, &inputs.clone().json("token", first)).await
    }

    /// Buys new tokens (RFC 6749 §6). The old refresh token stays where the answer has none. Values that the
    /// definition does not allow are left out here: the new tokens are too precious to be lost over them.
    pub async fn refresh(&self, client: &Client<'_>, refresh_token: &SecretString) -> Result<Granted, TokenError> {
        if client.bound().is_err() {
            // No other key fits these tokens: that is about this grant, and neither the app's nor the service's fault.
            return Err(TokenError::GrantGone {
                provider_code: None,
                provider_message: None,
            });
        }
        let resolved = self.resolve(client).await?;
        let inputs = client.inputs(resolved.metadata.as_deref());
        let refresh = &client.method.refresh;
        let names = &refresh.request.names;
        let mut draft = Draft::new(client, &refresh.request, (&resolved, self.now()))?;
        draft.plain(names.grant_type.as_deref(), &refresh.grant_type);
        draft.secret(&names.token, refresh_token);
        draft.plain(names.redirect_uri.as_deref(), client.redirect_uri);
        draft.resource(resolved.resource.as_deref());
        let own = refresh
            .url
            .as_ref()
            .map(|url| client.address(url, "refresh.url"))
            .transpose()?;
        let call = TokenCall {
            client,
            url: own.as_ref().unwrap_or(&resolved.token),
            at: "refresh",
            shape: &refresh.answer,
        };
        let answer = self.token_call(call, draft, &inputs).await?;

        let (learned, forbidden) = learn::learn(&client.method.learn, &inputs.json("token", &answer.document));
        for one in forbidden {
            tracing::warn!(
                variable = one.name,
                "a value of the refresh answer is not what the definition allows"
            );
        }
        let mut granted = granted(client, answer);
        granted
            .tokens
            .refresh_token
            .get_or_insert_with(|| refresh_token.clone());
        granted.learned = learned;
        Ok(granted)
    }

    async fn token_call(
        &self,
        call: TokenCall<'_>,
        draft: Draft<'_>,
        inputs: &Inputs<'_>,
    ) -> Result<Answer, TokenError> {
        let client = call.client;
        let answer = self.unclaimed_call(call, draft, inputs).await;
        answer.map_err(|error| error.of_client(client))
    }

    async fn unclaimed_call(
        &self,
        call: TokenCall<'_>,
        draft: Draft<'_>,
        inputs: &Inputs<'_>,
    ) -> Result<Answer, TokenError> {
        let key = call.client.bound()?;
        let shape = Shape {
            answer: call.shape,
            lifetime: call.client.method.refresh.lifetime,
            bound: key.is_some(),
        };
        let Some(key) = key else {
            let (request, scrub) = draft.request(call.url, call.at, inputs)?;
            let answer = self.egress().call(request, ANSWER_LIMIT).await?;
            return answer::read(answer.status(), answer.headers(), answer.body(), shape, &scrub);
        };
        let (answer, scrub) = self.bound_call(&call, key, draft.clone(), inputs).await?;
        // Refused for want of a number before anything else was looked at: code and refresh token are as they were.
        let (answer, scrub) = if answer.headers().contains_key(NONCE) && asks_at_server(&answer) {
            self.bound_call(&call, key, draft, inputs).await?
        } else {
            (answer, scrub)
        };
        answer::read(answer.status(), answer.headers(), answer.body(), shape, &scrub)
    }

    /// The request with a proof, and the number of its answer for the next one.
    async fn bound_call(
        &self,
        call: &TokenCall<'_>,
        key: &DpopKey,
        draft: Draft<'_>,
        inputs: &Inputs<'_>,
    ) -> Result<(http::Response<bytes::Bytes>, Scrub), TokenError> {
        let (mut request, scrub) = draft.request(call.url, call.at, inputs)?;
        let method = request.method().clone();
        let to = (&method, call.url);
        self.prove(key, (Party::AuthorizationServer, None), to, request.headers_mut())
            .map_err(|error| TokenError::Configuration(format!("the proof cannot be signed: {error}")))?;
        let answer = self.egress().call(request, ANSWER_LIMIT).await?;
        self.nonces()
            .keep(Party::AuthorizationServer, call.url, answer.headers());
        Ok((answer, scrub))
    }
}

impl<'a> Client<'a> {
    /// Where the second exchange goes. Asked before the code is spent: an address that cannot be filled in must not cost
    /// it.
    pub(super) fn second_exchange(&self) -> Result<Option<(&'a SecondExchange, Url)>, TokenError> {
        let then = self.method.then.as_ref();
        then.map(|then| Ok((then, self.address(&then.url, "token.then.url")?)))
            .transpose()
    }
}

impl Client<'_> {
    /// What tokens of this client carry beside what the service gave.
    pub(super) fn claim(&self, tokens: &mut OAuth2Tokens) {
        tokens.client = self.registered.cloned();
        tokens.dpop_key = self.dpop.map(|key| key.secret().clone());
        let refresh = &self.method.refresh;
        if refresh.supported && refresh.with_access_token {
            tokens.refresh_token = Some(tokens.access_token.clone());
        }
    }
}

/// Where a token request goes, and how its answer is read.
struct TokenCall<'a> {
    client: &'a Client<'a>,
    url: &'a Url,
    /// Its place in the definition.
    at: &'static str,
    shape: &'a TokenAnswer,
}

/// The second answer on top of the first, for values that are learnt from either. The tokens are the second's.
fn over(first: Answer, second: Answer) -> Answer {
    let mut document = first.document;
    match (document.as_object_mut(), second.document) {
        (Some(below), Value::Object(above)) => below.extend(above),
        (_, other) => document = other,
    }
    Answer {
        document,
        scopes: second.scopes.or(first.scopes),
        ..second
    }
}

/// What an answer gives, without the values that are learnt from it.
fn granted(client: &Client<'_>, answer: Answer) -> Granted {
    let Answer {
        mut tokens,
        expires_in,
        scopes,
        document,
    } = answer;
    let id_token = document.get("id_token").and_then(Value::as_str).map(SecretString::from);
    client.claim(&mut tokens);
    Granted {
        refresh_token_in_answer: tokens.refresh_token.is_some(),
        tokens,
        expires_in,
        scopes: scopes.map(|scopes| client.spelt(scopes)),
        id_token,
        learned: std::collections::BTreeMap::new(),
        forbidden: Vec::new(),
    }
}
