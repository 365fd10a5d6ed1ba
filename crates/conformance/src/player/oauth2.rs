//! The authorization server: RFC 6749, 7636, 7009, 9207 and OpenID Connect Discovery, as far as a definition promises.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::body::{put, put_at_pointer};
use super::role::{Code, Grant};
use super::{Address, Asked, Mood, Reply, Role, Seen};
use crate::script::Part;
use crate::template::Template;

/// Form parameters.
type Form = Vec<(String, String)>;

impl Role {
    fn part(&self, path: &[&str]) -> (String, Option<String>) {
        let way = &self.script.ways()[self.way];
        let part = path.iter().fold(way.clone(), |part, key| part.at(key));
        (part.path.clone(), part.text().map(ToOwned::to_owned))
    }

    /// What the issuer says of itself, where the definition asks it (OpenID Connect Discovery 1.0 §3).
    pub(super) fn metadata(&self) -> Value {
        let way = &self.script.ways()[self.way];
        let issuer = way.at("discover").at("issuer");
        if !issuer.is_there() {
            return Value::Null;
        }
        // Not through `inputs`, of which this is a part.
        let known = json!({ "variables": self.take.variables, "instance": self.instance });
        let issuer = Template::parse(issuer.text_or("")).and_then(|text| text.address(&known));
        let Ok(issuer) = issuer else { return Value::Null };
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/connect/authorize"),
            "token_endpoint": format!("{issuer}/connect/token"),
            "revocation_endpoint": format!("{issuer}/connect/revoke"),
            "userinfo_endpoint": format!("{issuer}/connect/userinfo"),
            "jwks_uri": format!("{issuer}/connect/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// The address of an endpoint: written, or found by discovery.
    fn endpoint(&mut self, written: &[&str], found: &str) -> Result<Option<Address>, String> {
        let script = std::sync::Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let part = written.iter().fold(way, |part, key| part.at(key));
        if part.is_there() {
            return self.address(&part).map(Some);
        }
        self.metadata()[found].as_str().map(Address::parse).transpose()
    }

    /// Whether grants can be given back.
    pub(crate) fn revokes(&mut self) -> bool {
        self.is_oauth2() && matches!(self.endpoint(&["revoke", "url"], "revocation_endpoint"), Ok(Some(_)))
    }

    /// The scopes of the authorization request.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let scopes = self.script.ways()[self.way].at("scopes");
        let default = || scopes.at("default").texts().into_iter().map(ToOwned::to_owned).collect();
        let mut wanted: Vec<String> = self.take.scopes.clone().unwrap_or_else(default);
        wanted.extend(scopes.at("required").texts().into_iter().map(ToOwned::to_owned));
        let mut seen = Vec::new();
        wanted.retain(|scope| !seen.contains(scope) && { seen.push(scope.clone()); true });
        wanted
    }

    /// A browser comes to the authorization endpoint (RFC 6749 §4.1.1).
    pub(super) fn visit(&mut self, address: &Address) -> Reply {
        self.seen.push(Seen::Authorize);
        self.authorize(address).unwrap_or_else(|problem| {
            self.complain(format!("authorize: {problem}"));
            Reply::json(400, &json!({ "error": problem }))
        })
    }

    fn authorize(&mut self, address: &Address) -> Result<Reply, String> {
        let script = std::sync::Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let endpoint = self
            .endpoint(&["authorize", "url"], "authorization_endpoint")?
            .ok_or("there is no authorization endpoint")?;
        let url = way.at("authorize").at("url");
        self.ledger.used(&url.path);
        if !address.is_at(&endpoint) {
            return Err(format!("the browser is at {}, not at {}", address.place(), endpoint.place()));
        }
        let mut given = address.query.clone();
        for pair in &endpoint.query {
            take(&mut given, &pair.0);
        }
        let mut one = |name: &str| match take(&mut given, name).as_slice() {
            [value] => Ok(value.clone()),
            other => Err(format!("`{name}` is there {} times", other.len())),
        };
        let (redirect_uri, state) = (one("redirect_uri")?, one("state")?);
        let (response_type, client_id) = (one("response_type")?, one("client_id")?);
        if response_type != "code" || client_id != self.client.id {
            return Err(format!("response_type is `{response_type}`, client_id `{client_id}`"));
        }
        self.compare_scopes(&way, &mut given);
        let challenge = self.compare_challenge(&way, &mut given);
        for (name, part) in way.at("authorize").at("params").entries() {
            let value = self.plain(&part)?;
            let found = take(&mut given, name);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            self.expect(&part.path, &format!("authorize: parameter `{name}`"), &value, &found);
        }
        for (name, _) in given {
            self.complain(format!("authorize: the parameter `{name}` is not in the definition"));
        }
        self.callback(&way, redirect_uri, &state, challenge)
    }

    fn compare_scopes(&mut self, way: &Part<'_>, given: &mut Form) {
        let scopes = way.at("scopes");
        let wanted = self.scopes();
        let name = scopes.at("parameter").text_or("scope");
        let separator = scopes.at("separator").text_or(" ");
        let found = take(given, name);
        self.ledger.used(&scopes.at("parameter").path);
        self.ledger.used(&scopes.at("required").path);
        if self.take.scopes.is_none() {
            self.ledger.used(&scopes.at("default").path);
        }
        if wanted.len() > 1 {
            self.ledger.used(&scopes.at("separator").path);
        }
        let expected = if wanted.is_empty() { vec![] } else { vec![wanted.join(separator)] };
        if found != expected {
            self.complain(format!("authorize: `{name}` should be {expected:?}, is {found:?}"));
        }
    }

    /// PKCE (RFC 7636 §4.3).
    fn compare_challenge(&mut self, way: &Part<'_>, given: &mut Form) -> Option<String> {
        let challenge = take(given, "code_challenge");
        let method = take(given, "code_challenge_method");
        self.ledger.used(&way.at("pkce").path);
        if is_pkce_off(way) {
            if !challenge.is_empty() || !method.is_empty() {
                self.complain("authorize: PKCE is off, and there is a challenge");
            }
            return None;
        }
        if challenge.len() != 1 || method != ["S256"] {
            self.complain(format!("authorize: no PKCE with S256: {} challenges, {method:?}", challenge.len()));
        }
        challenge.into_iter().next()
    }

    fn callback(
        &mut self,
        way: &Part<'_>,
        redirect_uri: String,
        state: &str,
        challenge: Option<String>,
    ) -> Result<Reply, String> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", state);
        let issuer = way.at("issuer");
        let metadata = self.metadata();
        if self.mood == Mood::ForeignIssuer {
            query.append_pair("iss", "https://foreign.example");
        } else if issuer.is_there() {
            self.ledger.used(&issuer.path);
            query.append_pair("iss", &self.plain(&issuer)?);
        } else if let Some(issuer) = metadata["issuer"].as_str() {
            query.append_pair("iss", issuer);
        }
        if self.mood == Mood::Denies {
            query.append_pair("error", "access_denied");
            return Ok(back_to(&redirect_uri, &query.finish()));
        }
        let mut callback = json!({});
        for (name, part) in way.at("learn").entries() {
            if let Some(path) = learnt_from(&part, "query")? {
                put(&mut callback, &path, json!(self.learn(name, &part)?));
            }
        }
        for (name, value) in callback.as_object().into_iter().flatten() {
            query.append_pair(name, value.as_str().unwrap_or_default());
        }
        self.issued.count += 1;
        let code = format!("code/{}+{}", self.script.id, self.issued.count);
        query.append_pair("code", &code);
        let made = Code {
            redirect_uri: redirect_uri.clone(),
            challenge,
            callback,
        };
        self.issued.codes.insert(code, made);
        Ok(back_to(&redirect_uri, &query.finish()))
    }

    /// A request of the product to the authorization server, if it is one.
    pub(super) fn answer_oauth2(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        if !self.is_oauth2() {
            return Ok(None);
        }
        let metadata = self.metadata();
        if let Some(issuer) = metadata["issuer"].as_str()
            && asked.address.is_at(&Address::parse(&format!("{issuer}/.well-known/openid-configuration"))?)
        {
            let place = self.part(&["discover", "issuer"]).0;
            self.ledger.used(&place);
            self.seen.push(Seen::Discovery);
            return Ok(Some(Reply::json(200, &metadata)));
        }
        if let Some(token) = self.endpoint(&["token", "url"], "token_endpoint")?
            && asked.address.is_at(&token)
        {
            return self.token(asked).map(Some);
        }
        if let Some(revoke) = self.endpoint(&["revoke", "url"], "revocation_endpoint")?
            && asked.address.is_at(&revoke)
        {
            return self.revoke(asked).map(Some);
        }
        Ok(None)
    }

    /// A token request (RFC 6749 §4.1.3 and §6).
    fn token(&mut self, asked: &Asked) -> Result<Reply, String> {
        let script = std::sync::Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        self.ledger.used(&way.at("token").at("url").path);
        let before = self.complaints.len();
        let mut form = self.form(asked, "token");
        self.compare_client(&way, asked, &mut form, "token");
        let grant_type = single(&mut form, "grant_type");
        let refreshing = grant_type.as_deref() == Some("refresh_token");
        let mut callback = Value::Null;
        if refreshing {
            self.seen.push(Seen::Refresh);
            let token = single(&mut form, "refresh_token");
            let position = self.issued.grants.iter().position(|grant| token.is_some() && grant.refresh == token);
            match position {
                Some(position) => {
                    let grant = self.issued.grants.remove(position);
                    self.issued.grants.push(grant);
                }
                None => self.complain("refresh: the refresh token is none that is good now"),
            }
        } else {
            self.seen.push(Seen::Exchange);
            if grant_type.as_deref() != Some("authorization_code") {
                self.complain(format!("token: grant_type is {grant_type:?}"));
            }
            let code = single(&mut form, "code").and_then(|code| self.issued.codes.remove(&code));
            let Some(code) = code else {
                self.complain("token: the code is unknown or was used before");
                return Ok(self.token_error("invalid_grant"));
            };
            self.compare_code(&code, &mut form);
            callback = code.callback;
        }
        let params = way.at(if refreshing { "refresh" } else { "token" }).at("params");
        for (name, part) in params.entries() {
            let mut inputs = self.inputs();
            inputs["query"] = callback.clone();
            let value = Template::parse(part.text_or(""))?.plain(&inputs)?;
            let found = take(&mut form, name);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            self.expect(&part.path, &format!("token: parameter `{name}`"), &value, &found);
        }
        for (name, _) in form {
            self.complain(format!("token: the parameter `{name}` is not in the definition"));
        }
        if let Mood::TokenError(code) = self.mood.clone() {
            return Ok(self.token_error(&code));
        }
        if self.complaints.len() > before {
            return Ok(self.token_error("invalid_request"));
        }
        if refreshing {
            self.issued.grants.pop();
        }
        self.tokens(&way)
    }

    fn form(&mut self, asked: &Asked, what: &str) -> Form {
        let kind = asked.header("content-type").concat();
        if asked.method != "POST" || !kind.starts_with("application/x-www-form-urlencoded") {
            self.complain(format!("{what}: it is a {} with `{kind}`, not a form", asked.method));
        }
        let pairs = form_urlencoded::parse(asked.body.as_bytes());
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// Client authentication (RFC 6749 §2.3.1).
    fn compare_client(&mut self, way: &Part<'_>, asked: &Asked, form: &mut Form, what: &str) {
        let declared = way.at("token").at("client_auth");
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&self.client.id), encoded(&self.client.secret));
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let (id, secret) = (self.client.id.clone(), self.client.secret.clone());
        let header = asked.header("authorization");
        let (in_body, secret_in_body) = (take(form, "client_id"), take(form, "client_secret"));
        let is_right = match declared.text_or("basic") {
            "basic" => header == [basic.as_str()] && secret_in_body.is_empty(),
            "body" => header.is_empty() && in_body == [id] && secret_in_body == [secret],
            "none" => header.is_empty() && in_body == [id] && secret_in_body.is_empty(),
            other => {
                self.complain(format!("{}: the player does not know `{other}`", declared.path));
                return;
            }
        };
        self.ledger.used(&declared.path);
        if !is_right {
            self.complain(format!(
                "{what}: the client does not authenticate by `{}` ({}): {} Authorization headers, {} client_id and {} \
                 client_secret in the body",
                declared.text_or("basic"),
                declared.path,
                header.len(),
                in_body.len(),
                secret_in_body.len()
            ));
        }
    }

    fn compare_code(&mut self, code: &Code, form: &mut Form) {
        let redirect_uri = single(form, "redirect_uri");
        if redirect_uri.as_ref() != Some(&code.redirect_uri) {
            self.complain("token: redirect_uri is not that of the authorization request");
        }
        let verifier = single(form, "code_verifier");
        let answer = verifier.as_ref().map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
        if answer != code.challenge {
            self.complain("token: the PKCE verifier does not answer the challenge");
        }
    }

    /// An answer with tokens (RFC 6749 §5.1), in the declared shape.
    fn tokens(&mut self, way: &Part<'_>) -> Result<Reply, String> {
        self.issued.count += 1;
        let named = |kind: &str| format!("{kind}-{}-{}", self.script.id, self.issued.count);
        let (access, refresh) = (named("access"), named("refresh"));
        let supported = way.at("refresh").at("supported");
        self.ledger.used(&supported.path);
        let gives = supported.value() != Some(&json!(false));
        let separator = way.at("scopes").at("separator").text_or(" ");
        let mut tokens = json!({ "access_token": access, "token_type": "Bearer" });
        if gives {
            tokens["refresh_token"] = json!(refresh);
        }
        let scopes = self.scopes();
        if !scopes.is_empty() {
            tokens["scope"] = json!(scopes.join(separator));
        }
        if let Some(seconds) = self.take.expires_in {
            tokens["expires_in"] = json!(seconds);
        }
        let refresh = gives.then_some(refresh);
        self.issued.grants.push(Grant { access, refresh });
        let token = way.at("token");
        let mut answer = json!({});
        let object = token.at("object");
        put_at_pointer(&mut answer, object.text_or(""), tokens);
        self.ledger.used(&object.path);
        let ok = token.at("ok");
        if let Some(pointer) = ok.text() {
            put_at_pointer(&mut answer, pointer, json!(true));
            self.ledger.used(&ok.path);
        }
        for (name, part) in way.at("learn").entries() {
            if let Some(path) = learnt_from(&part, "token")? {
                put(&mut answer, &path, json!(self.learn(name, &part)?));
            }
        }
        Ok(Reply::json(200, &answer))
    }

    /// A refusal (RFC 6749 §5.2), or, where the service answers with 200, the declared one.
    fn token_error(&mut self, code: &str) -> Reply {
        let (_, ok) = self.part(&["token", "ok"]);
        let mut body = json!({ "error": code });
        match ok {
            Some(pointer) => {
                put_at_pointer(&mut body, &pointer, json!(false));
                Reply::json(200, &body)
            }
            None if code == "invalid_client" => Reply::json(401, &body),
            None => Reply::json(400, &body),
        }
    }

    /// Revocation (RFC 7009 §2.1). An unknown token is no error there.
    fn revoke(&mut self, asked: &Asked) -> Result<Reply, String> {
        let script = std::sync::Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let mut form = self.form(asked, "revoke");
        self.compare_client(&way, asked, &mut form, "revoke");
        let token = single(&mut form, "token").ok_or("revoke: there is no token")?;
        let hint = single(&mut form, "token_type_hint");
        if !matches!(hint.as_deref(), None | Some("access_token" | "refresh_token")) {
            self.complain(format!("revoke: token_type_hint is {hint:?}"));
        }
        for (name, _) in form {
            self.complain(format!("revoke: the parameter `{name}` is not in the definition"));
        }
        self.ledger.used(&way.at("revoke").at("url").path);
        self.seen.push(Seen::Revoke(token));
        Ok(match way.at("token").at("ok").text() {
            Some(pointer) => {
                let mut body = json!({});
                put_at_pointer(&mut body, pointer, json!(true));
                Reply::json(200, &body)
            }
            None => Reply {
                status: 200,
                body: String::new(),
                location: None,
            },
        })
    }

    /// Whether a token is one of the grant that was used last.
    pub(crate) fn is_live(&self, token: &str) -> bool {
        let last = self.issued.grants.last();
        last.is_some_and(|grant| grant.refresh.as_deref() == Some(token) || grant.access == token)
    }

    /// A call is about the grant whose token it carries; without any, about the last one.
    pub(super) fn turn_to_grant(&mut self, asked: &Asked) {
        let carried = |token: &str| {
            let mut values = asked.headers.iter().chain(&asked.address.query);
            values.any(|(_, value)| value.split([' ', '=']).any(|word| word == token))
        };
        if let Some(position) = self.issued.grants.iter().position(|grant| carried(&grant.access)) {
            let grant = self.issued.grants.remove(position);
            self.issued.grants.push(grant);
        }
    }
}

fn is_pkce_off(way: &Part<'_>) -> bool {
    // YAML 1.1 reads `off` as false.
    matches!(way.at("pkce").value(), Some(Value::Bool(false))) || way.at("pkce").text() == Some("off")
}

fn back_to(redirect_uri: &str, query: &str) -> Reply {
    Reply {
        status: 302,
        body: String::new(),
        location: Some(format!("{redirect_uri}?{query}")),
    }
}

/// The path in this namespace that a value is learnt from, if it is from there.
fn learnt_from(part: &Part<'_>, namespace: &str) -> Result<Option<String>, String> {
    let from = Template::parse(part.at("from").text_or(""))?;
    if !from.uses(namespace) {
        return Ok(None);
    }
    let name = from.only_name().and_then(|name| name.strip_prefix(namespace)?.strip_prefix('.'));
    let name = name.ok_or_else(|| format!("{}: the player can only turn round one plain input", part.at("from").path))?;
    Ok(Some(name.to_owned()))
}

/// Takes all values of a parameter out.
fn take(form: &mut Form, name: &str) -> Vec<String> {
    let (taken, left): (Form, Form) = std::mem::take(form).into_iter().partition(|(other, _)| other == name);
    *form = left;
    taken.into_iter().map(|(_, value)| value).collect()
}

/// Takes a parameter out that stands once.
fn single(form: &mut Form, name: &str) -> Option<String> {
    let mut values = take(form, name);
    if values.len() == 1 { values.pop() } else { None }
}
