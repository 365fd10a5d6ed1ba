//! The token endpoint (RFC 6749 §4.1.3, §5 and §6), as far as a definition promises, and in the shape that it declares.

use std::sync::Arc;

use serde_json::{Value, json};

use super::body::{put, put_at_pointer};
use super::role::{Code, Grant};
use super::sent::Sent;
use super::{Address, Asked, Mood, Reply, Role, Seen};
use crate::script::Part;
use crate::template::{Template, at_path};

/// Which request to the token endpoint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Exchange,
    Refresh,
    /// The second exchange.
    Then,
}

impl Request {
    fn name(self) -> &'static str {
        match self {
            Self::Exchange => "token",
            Self::Refresh => "refresh",
            Self::Then => "token.then",
        }
    }
}

/// A key of a part, or the same one of `token` where the part has none.
pub(super) fn inherited<'a>(part: &Part<'a>, token: &Part<'a>, key: &str) -> Part<'a> {
    if part.at(key).is_there() {
        part.at(key)
    } else {
        token.at(key)
    }
}

impl Role {
    /// A request of the product to the authorization server, if it is one.
    pub(super) fn answer_oauth2(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        if !self.is_oauth2() {
            return Ok(None);
        }
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        if let Some(reply) = self.answer_mcp(asked)? {
            return Ok(Some(reply));
        }
        let metadata = self.metadata();
        if let Some(issuer) = metadata["issuer"].as_str()
            && asked
                .address
                .is_at(&Address::parse(&format!("{issuer}/.well-known/openid-configuration"))?)
        {
            self.ledger.used(&way.at("discover").at("issuer").path);
            self.seen.push(Seen::Discovery);
            return Ok(Some(Reply::json(200, &metadata)));
        }
        if let Some(reply) = self.pushed(asked, &way)? {
            return Ok(Some(reply));
        }
        if self.is_by_code()
            && let Some(device) = self.endpoint(&["device", "url"], "device_authorization_endpoint")?
            && asked.address.is_at(&device)
        {
            return self.device(asked, &device).map(Some);
        }
        if let Some(then) = self.endpoint(&["token", "then", "url"], "")?
            && asked.address.is_at(&then)
            && self.issued.short.is_some()
        {
            return self.token(asked, Request::Then, &then).map(Some);
        }
        let token = self.endpoint(&["token", "url"], "token_endpoint")?;
        let refresh = self.endpoint(&["refresh", "url"], "")?.or_else(|| token.clone());
        let is_at = |address: &Option<Address>| address.as_ref().is_some_and(|address| asked.address.is_at(address));
        let device = self.issued.device.as_ref().map(|device| &device.code);
        let has_code = self.issued.codes.keys().chain(device).any(|code| asked.carries(code));
        if let (true, Some(token)) = (is_at(&token) && (has_code || !is_at(&refresh)), &token) {
            // An issuer is asked once: a second way goes by what the first one was told.
            if !metadata.is_null() && !way.at("token").at("url").is_there() {
                self.ledger.used(&way.at("discover").at("issuer").path);
            }
            return self.token(asked, Request::Exchange, token).map(Some);
        }
        if let (true, Some(refresh)) = (is_at(&refresh), &refresh) {
            return self.token(asked, Request::Refresh, refresh).map(Some);
        }
        if let Some(revoke) = self.endpoint(&["revoke", "url"], "revocation_endpoint")?
            && asked.address.is_at(&revoke)
        {
            return self.revoke(asked, &revoke).map(Some);
        }
        Ok(None)
    }

    fn token(&mut self, asked: &Asked, request: Request, endpoint: &Address) -> Result<Reply, String> {
        if !self.is_bound() {
            return self.token_for(asked, request, endpoint, None);
        }
        match self.proof(asked, None, request.name())? {
            Ok(key) => self.token_for(asked, request, endpoint, Some(key)),
            Err(reply) => Ok(reply),
        }
    }

    /// `key` is the thumbprint of the key that the request proved.
    fn token_for(
        &mut self,
        asked: &Asked,
        request: Request,
        endpoint: &Address,
        key: Option<String>,
    ) -> Result<Reply, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let token = way.at("token");
        let own = match request {
            Request::Exchange => token.clone(),
            Request::Refresh => way.at("refresh"),
            Request::Then => token.at("then"),
        };
        let what = request.name();
        self.turn_to_owner(asked);
        let before = self.complaints.len();
        self.ledger.used(&inherited(&own, &token, "url").path);
        let (method, body) = (inherited(&own, &token, "method"), inherited(&own, &token, "body"));
        self.ledger.used(&method.path);
        self.ledger.used(&body.path);
        let kind = if method.text() == Some("get") {
            "query"
        } else {
            body.text_or("form")
        };
        let mut sent = self.sent(asked, endpoint, method.text_or("post"), kind, what);
        let omit = if request == Request::Then || own.at("omit").is_there() {
            own.at("omit")
        } else {
            token.at("omit")
        };
        let omits = |name: &str| omit.texts().contains(&name);
        let auth = inherited(&own, &token, "client_auth");
        let mut inputs = self.inputs();
        if let Some(short) = &self.issued.short {
            inputs["token"] = short.clone();
        }
        self.compare_headers(
            asked,
            &[token.at("headers"), own.at("headers")],
            own.at("client_auth").is_there(),
            &inputs,
        )?;
        self.compare_client(&auth, &token.at("names"), omits("client_id"), asked, &mut sent, what)?;
        let name = |key: &str| token.at("names").at(key).text_or(key).to_owned();
        for key in [
            "client_id",
            "client_secret",
            "code",
            "redirect_uri",
            "grant_type",
            "code_verifier",
            "refresh_token",
        ] {
            self.ledger.used(&token.at("names").at(key).path);
        }
        self.compare_grant_type(request, &own, &omit, &name("grant_type"), &mut sent);
        let mut callback = Value::Null;
        match request {
            Request::Exchange if self.is_by_code() => self.compare_device(&token, &mut sent),
            Request::Exchange => match self.redeem(&token, &mut sent, !omits("redirect_uri"), key.as_ref()) {
                Some(code) => callback = code.callback,
                None => return Ok(token_error(&token, "invalid_grant")),
            },
            Request::Refresh => self.compare_refresh(&token, &own, &mut sent, key.as_ref()),
            Request::Then => {}
        }
        inputs["query"] = callback;
        self.compare_params(&own.at("params"), &inputs, kind, &mut sent, what)?;
        self.compare_resource_sent(&mut sent, what);
        for parameter in sent.left() {
            self.complain(format!("{what}: the parameter `{parameter}` is not in the definition"));
        }
        self.ledger.used(&omit.path);
        if let Mood::TokenError(code) = self.mood.clone() {
            return Ok(token_error(&token, &code));
        }
        if self.complaints.len() > before {
            return Ok(token_error(&token, "invalid_request"));
        }
        if request == Request::Exchange && self.is_by_code() {
            if let Some(undecided) = self.decision() {
                return Ok(token_error(&token, undecided));
            }
            self.issued.device = None;
            self.seen.push(Seen::Exchange);
        }
        if request == Request::Exchange && token.at("then").is_there() {
            let short = self.first_answer(&token)?;
            self.issued.short = Some(short.clone());
            return Ok(Reply::json(200, &short));
        }
        self.issued.short = None;
        if request == Request::Refresh {
            self.issued.grants.pop();
        }
        // The answer to a second exchange has a shape of its own.
        let shape = if token.at("then").is_there() {
            token.at("then")
        } else {
            token.clone()
        };
        self.tokens(&way, &shape, key)
    }

    /// What the request asks for tokens with (RFC 6749 §4.1.3, §6; RFC 8628 §3.4).
    fn compare_grant_type(&mut self, request: Request, own: &Part<'_>, omit: &Part<'_>, name: &str, sent: &mut Sent) {
        let omits = omit.texts().contains(&"grant_type");
        let grant_type = sent.single(name);
        let expected = match request {
            Request::Exchange | Request::Refresh if omits => None,
            Request::Then => None,
            Request::Exchange if self.is_by_code() => Some("urn:ietf:params:oauth:grant-type:device_code"),
            Request::Exchange => Some("authorization_code"),
            Request::Refresh => Some(own.at("grant_type").text_or("refresh_token")),
        };
        let script = Arc::clone(&self.script);
        let written = script.ways()[self.way].at("refresh").at("grant_type");
        self.ledger.used(&written.path);
        if request != Request::Then && grant_type.as_deref() != expected {
            let what = request.name();
            self.complain(format!("{what}: grant_type is {grant_type:?}, not {expected:?}"));
        } else if let Some(grant_type) = grant_type.filter(|_| request == Request::Then) {
            sent.put_back(name, &grant_type);
        }
    }

    /// The code of an exchange, with what must come with it (RFC 6749 §4.1.3).
    fn redeem(
        &mut self,
        token: &Part<'_>,
        sent: &mut Sent,
        has_redirect_uri: bool,
        key: Option<&String>,
    ) -> Option<Code> {
        self.seen.push(Seen::Exchange);
        let name = |key: &str| token.at("names").at(key).text_or(key).to_owned();
        let code = sent.single(&name("code"));
        let Some(code) = code.and_then(|code| self.issued.codes.remove(&code)) else {
            self.complain("token: the code is unknown or was used before");
            return None;
        };
        self.compare_code(&code, sent.single(&name("code_verifier")));
        if code.key.as_ref() != key {
            self.complain("token: the proof is of another key than the request's");
        }
        let given = sent.single(&name("redirect_uri"));
        self.compare_redirect(&code.redirect_uri, given.as_deref(), has_redirect_uri, "token");
        self.issued.redirect_uri.clone_from(&code.redirect_uri);
        Some(code)
    }

    /// The device code of a question whether the person has decided (RFC 8628 §3.4).
    fn compare_device(&mut self, token: &Part<'_>, sent: &mut Sent) {
        let given = sent.single(token.at("names").at("code").text_or("device_code"));
        let expected = self.issued.device.as_ref().map(|device| device.code.clone());
        if given.is_none() || given != expected {
            self.complain("token: the device code is none that is good now");
        }
    }

    /// The token of a refresh, which is one that is good now (RFC 6749 §6).
    fn compare_refresh(&mut self, token: &Part<'_>, own: &Part<'_>, sent: &mut Sent, key: Option<&String>) {
        self.seen.push(Seen::Refresh);
        let with = own.at("with");
        self.ledger.used(&with.path);
        let name = |key: &str| token.at("names").at(key).text_or(key).to_owned();
        let parameter = if with.text() == Some("access_token") {
            "access_token".to_owned()
        } else {
            name("refresh_token")
        };
        let given = sent.single(&parameter);
        let is_with = |grant: &Grant| match with.text() {
            Some("access_token") => Some(&grant.access) == given.as_ref(),
            _ => given.is_some() && grant.refresh == given,
        };
        match self.issued.grants.iter().position(is_with) {
            Some(position) => {
                let grant = self.issued.grants.remove(position);
                self.issued.grants.push(grant);
            }
            None => self.complain("refresh: its token is none that is good now"),
        }
        if self.issued.grants.last().is_some_and(|grant| grant.key.as_ref() != key) {
            self.complain("refresh: the proof is of another key than the grant's");
        }
        let again = own.at("redirect_uri");
        self.ledger.used(&again.path);
        let redirect_uri = self.issued.redirect_uri.clone();
        let given = sent.single(&name("redirect_uri"));
        self.compare_redirect(&redirect_uri, given.as_deref(), again.is_true(), "refresh");
    }

    /// The answer to the code where a second exchange follows: what is of no use besides.
    fn first_answer(&mut self, token: &Part<'_>) -> Result<Value, String> {
        self.issued.count += 1;
        let mut short = json!({});
        let access = format!("short-{}-{}", self.script.id, self.issued.count);
        put_at_pointer(
            &mut short,
            token.at("object").text_or(""),
            json!({ "access_token": access, "token_type": "Bearer" }),
        );
        for (_, part) in token.at("then").at("params").entries() {
            for path in Template::parse(part.text_or(""))?.paths("token", 0) {
                if at_path(&short, &path).is_none() {
                    put(&mut short, &path, json!(access));
                }
            }
        }
        Ok(short)
    }

    fn compare_redirect(&mut self, expected: &str, given: Option<&str>, is_sent: bool, what: &str) {
        let expected = is_sent.then_some(expected);
        if given != expected {
            self.complain(format!("{what}: redirect_uri is {given:?}, not {expected:?}"));
        }
    }
}

/// A refusal (RFC 6749 §5.2), or, where the service answers with 200, the declared one.
pub(super) fn token_error(shape: &Part<'_>, code: &str) -> Reply {
    let mut body = json!({ "error": code });
    match shape.at("ok").text() {
        Some(pointer) => {
            put_at_pointer(&mut body, pointer, json!(false));
            Reply::json(200, &body)
        }
        None if code == "invalid_client" => Reply::json(401, &body),
        None => Reply::json(400, &body),
    }
}
