//! The token and revocation endpoints: RFC 6749 §4.1.3, §5 and §6, RFC 7009, as far as a definition promises, and in the
//! shape that it declares.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::authorize::learnt_from;
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
fn inherited<'a>(part: &Part<'a>, token: &Part<'a>, key: &str) -> Part<'a> {
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
        if let Some(then) = self.endpoint(&["token", "then", "url"], "")?
            && asked.address.is_at(&then)
            && self.issued.short.is_some()
        {
            return self.token(asked, Request::Then, &then).map(Some);
        }
        let token = self.endpoint(&["token", "url"], "token_endpoint")?;
        let refresh = self.endpoint(&["refresh", "url"], "")?.or_else(|| token.clone());
        let is_at = |address: &Option<Address>| address.as_ref().is_some_and(|address| asked.address.is_at(address));
        let has_code = self.issued.codes.keys().any(|code| asked.carries(code));
        if let (true, Some(token)) = (is_at(&token) && (has_code || !is_at(&refresh)), &token) {
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
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let token = way.at("token");
        let own = match request {
            Request::Exchange => token.clone(),
            Request::Refresh => way.at("refresh"),
            Request::Then => token.at("then"),
        };
        let what = request.name();
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
        let grant_type = sent.single(&name("grant_type"));
        let expected = match request {
            Request::Exchange | Request::Refresh if omits("grant_type") => None,
            Request::Then => None,
            Request::Exchange => Some("authorization_code"),
            Request::Refresh => Some(own.at("grant_type").text_or("refresh_token")),
        };
        self.ledger.used(&way.at("refresh").at("grant_type").path);
        if request != Request::Then && grant_type.as_deref() != expected {
            self.complain(format!("{what}: grant_type is {grant_type:?}, not {expected:?}"));
        } else if let Some(grant_type) = grant_type.filter(|_| request == Request::Then) {
            sent.put_back(&name("grant_type"), &grant_type);
        }
        let mut callback = Value::Null;
        match request {
            Request::Exchange => match self.redeem(&token, &mut sent, !omits("redirect_uri")) {
                Some(code) => callback = code.callback,
                None => return Ok(token_error(&token, "invalid_grant")),
            },
            Request::Refresh => self.compare_refresh(&token, &own, &mut sent),
            Request::Then => {}
        }
        inputs["query"] = callback;
        self.compare_params(&own.at("params"), &inputs, kind, &mut sent, what)?;
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
        self.tokens(&way, &shape)
    }

    /// The code of an exchange, with what must come with it (RFC 6749 §4.1.3).
    fn redeem(&mut self, token: &Part<'_>, sent: &mut Sent, has_redirect_uri: bool) -> Option<Code> {
        self.seen.push(Seen::Exchange);
        let name = |key: &str| token.at("names").at(key).text_or(key).to_owned();
        let code = sent.single(&name("code"));
        let Some(code) = code.and_then(|code| self.issued.codes.remove(&code)) else {
            self.complain("token: the code is unknown or was used before");
            return None;
        };
        self.compare_code(&code, sent.single(&name("code_verifier")));
        let given = sent.single(&name("redirect_uri"));
        self.compare_redirect(&code.redirect_uri, given.as_deref(), has_redirect_uri, "token");
        self.issued.redirect_uri.clone_from(&code.redirect_uri);
        Some(code)
    }

    /// The token of a refresh, which is one that is good now (RFC 6749 §6).
    fn compare_refresh(&mut self, token: &Part<'_>, own: &Part<'_>, sent: &mut Sent) {
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

    /// Reads a request: method, where parameters are, and how they are written.
    fn sent(&mut self, asked: &Asked, endpoint: &Address, method: &str, kind: &str, what: &str) -> Sent {
        if !asked.method.eq_ignore_ascii_case(method) {
            self.complain(format!("{what}: it is a {}, not a {method}", asked.method));
        }
        match Sent::read(asked, endpoint, kind) {
            Ok(sent) => sent,
            Err(problem) => {
                self.complain(format!("{what}: {problem}"));
                Sent::default()
            }
        }
    }

    /// Extra headers; those of `token` also go with the other requests, unless these authenticate in their own way.
    fn compare_headers(
        &mut self,
        asked: &Asked,
        places: &[Part<'_>],
        own_auth: bool,
        inputs: &Value,
    ) -> Result<(), String> {
        let mut all: Vec<(&str, Part<'_>)> = Vec::new();
        for (position, place) in places.iter().enumerate() {
            if position == 0 && own_auth && places[0].path != places[1].path {
                continue;
            }
            for (name, part) in place.entries() {
                all.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                all.push((name, part));
            }
        }
        for (name, part) in all {
            let value = Template::parse(part.text_or(""))?.plain(inputs)?;
            self.expect(&part.path, &format!("header {name}"), &value, &asked.header(name));
        }
        Ok(())
    }

    fn compare_params(
        &mut self,
        params: &Part<'_>,
        inputs: &Value,
        kind: &str,
        sent: &mut Sent,
        what: &str,
    ) -> Result<(), String> {
        for (name, part) in params.entries() {
            let value = match part.value() {
                Some(Value::String(text)) => json!(Template::parse(text)?.plain(inputs)?),
                // Only JSON tells a number from its text.
                Some(other) if kind == "json" => other.clone(),
                other => json!(other.map(ToString::to_string)),
            };
            let found = sent.take(name);
            self.ledger.used(&part.path);
            if found != [value.clone()] {
                self.complain(format!(
                    "{what}: parameter `{name}` should be {value} ({}), is {found:?}",
                    part.path
                ));
            }
        }
        Ok(())
    }

    /// Client authentication (RFC 6749 §2.3.1), and ways of other services.
    fn compare_client(
        &mut self,
        auth: &Part<'_>,
        names: &Part<'_>,
        omits_id: bool,
        asked: &Asked,
        sent: &mut Sent,
        what: &str,
    ) -> Result<(), String> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (id, secret) = (self.client.id.clone(), self.client.secret.clone());
        let basic = format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", encoded(&id), encoded(&secret)))
        );
        let declared = auth.text_or("basic");
        let (id_name, secret_name) = (
            names.at("client_id").text_or("client_id"),
            names.at("client_secret").text_or("client_secret"),
        );
        let in_query = declared == "query";
        let ids = if in_query {
            sent.take_from_query(id_name)
        } else {
            sent.take(id_name)
        };
        let secrets = if in_query {
            sent.take_from_query(secret_name)
        } else {
            sent.take(secret_name)
        };
        let header = asked.header("authorization");
        let id_is_right = if omits_id { ids.is_empty() } else { ids == [json!(id)] };
        let is_right = match declared {
            "basic" => header == [basic.as_str()] && secrets.is_empty(),
            "body" | "query" => header.is_empty() && id_is_right && secrets == [json!(secret)],
            "header" => secrets.is_empty(),
            "none" => header.is_empty() && id_is_right && secrets.is_empty(),
            other => return Err(format!("{}: the player does not know `{other}`", auth.path)),
        };
        self.ledger.used(&auth.path);
        if !is_right {
            self.complain(format!(
                "{what}: the client does not authenticate by `{declared}` ({}): {} Authorization headers, {} {id_name} and {} \
                 {secret_name}",
                auth.path,
                header.len(),
                ids.len(),
                secrets.len()
            ));
        }
        Ok(())
    }

    fn compare_code(&mut self, code: &Code, verifier: Option<String>) {
        let answer = verifier.map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
        if answer != code.challenge {
            self.complain("token: the PKCE verifier does not answer the challenge");
        }
    }

    /// An answer with tokens (RFC 6749 §5.1), in the declared shape.
    fn tokens(&mut self, way: &Part<'_>, shape: &Part<'_>) -> Result<Reply, String> {
        self.issued.count += 1;
        let made = |kind: &str| format!("{kind}-{}-{}", self.script.id, self.issued.count);
        let (access, refresh) = (made("access"), made("refresh"));
        let (supported, with) = (way.at("refresh").at("supported"), way.at("refresh").at("with"));
        self.ledger.used(&supported.path);
        let gives = supported.value() != Some(&json!(false)) && with.text() != Some("access_token");
        let names = shape.at("answer");
        let mut tokens = json!({ "token_type": "Bearer" });
        let mut say = |role: &mut Self, key: &str, or: &str, value: Value| {
            let pointer = names.at(key);
            role.ledger.used(&pointer.path);
            put_at_pointer(&mut tokens, pointer.text_or(or), value);
        };
        say(self, "access_token", "/access_token", json!(access));
        if gives {
            say(self, "refresh_token", "/refresh_token", json!(refresh));
        }
        let scopes = self.answered_scopes(way);
        if !scopes.is_empty() {
            say(self, "scope", "/scope", json!(scopes));
        }
        if let Some(seconds) = self.take.expires_in {
            let unit = names.at("expires_unit");
            if names.at("expires_at").is_there() {
                say(self, "expires_at", "", moment(seconds, self.take.number)?);
            } else {
                self.ledger.used(&unit.path);
                let count = if unit.text() == Some("ms") {
                    seconds * 1000
                } else {
                    seconds
                };
                say(self, "expires_in", "/expires_in", json!(count));
            }
        }
        let refresh = gives.then_some(refresh);
        self.issued.grants.push(Grant { access, refresh });
        let mut answer = json!({});
        let (object, ok) = (shape.at("object"), shape.at("ok"));
        put_at_pointer(&mut answer, object.text_or(""), tokens);
        self.ledger.used(&object.path);
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

    /// The scopes of an answer, as the service spells them.
    fn answered_scopes(&mut self, way: &Part<'_>) -> String {
        let scopes = way.at("scopes");
        let (prefix, ignore_case) = (scopes.at("answer_prefix"), scopes.at("ignore_case"));
        let mut given = self.scopes();
        if let Some(prefix) = prefix.text() {
            given = given.into_iter().map(|scope| format!("{prefix}{scope}")).collect();
            self.ledger.used(&scopes.at("answer_prefix").path);
        }
        if ignore_case.value() == Some(&json!(true)) {
            given = given.iter().map(|scope| scope.to_lowercase()).collect();
            self.ledger.used(&ignore_case.path);
        }
        given.join(scopes.at("separator").text_or(" "))
    }

    /// Revocation (RFC 7009 §2.1), as declared. An unknown token is no error there.
    fn revoke(&mut self, asked: &Asked, endpoint: &Address) -> Result<Reply, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let (token, own) = (way.at("token"), way.at("revoke"));
        let (method, body) = (own.at("method").text_or("post"), own.at("body"));
        for key in ["url", "method", "body", "client_auth", "parameter", "tokens"] {
            self.ledger.used(&own.at(key).path);
        }
        let kind = if method == "get" && !body.is_there() {
            "query"
        } else {
            body.text_or("form")
        };
        let mut sent = self.sent(asked, endpoint, method, kind, "revoke");
        let inputs = self.inputs();
        self.compare_headers(
            asked,
            &[token.at("headers"), own.at("headers")],
            own.at("client_auth").is_there(),
            &inputs,
        )?;
        let auth = inherited(&own, &token, "client_auth");
        // Before the client, whose id may be among them.
        self.compare_params(&own.at("params"), &inputs, kind, &mut sent, "revoke")?;
        let bearer = asked.header("authorization").concat();
        if auth.text() != Some("bearer") {
            self.compare_client(&auth, &token.at("names"), false, asked, &mut sent, "revoke")?;
        }
        let parameter = own.at("parameter").text_or("token");
        let given = match sent.single(parameter) {
            Some(token) => token,
            None => bearer
                .strip_prefix("Bearer ")
                .ok_or("revoke: there is no token")?
                .to_owned(),
        };
        if auth.text() == Some("bearer") && bearer != format!("Bearer {given}") {
            self.complain("revoke: the token is not its own Authorization");
        }
        let hint = sent.single("token_type_hint");
        if !matches!(hint.as_deref(), None | Some("access_token" | "refresh_token")) {
            self.complain(format!("revoke: token_type_hint is {hint:?}"));
        }
        for name in sent.left() {
            self.complain(format!("revoke: the parameter `{name}` is not in the definition"));
        }
        let declared = own.at("tokens").texts();
        let kind = if given.starts_with("refresh-") {
            "refresh_token"
        } else {
            "access_token"
        };
        if !declared.is_empty() && !declared.contains(&kind) {
            self.complain(format!(
                "revoke: a {kind} is sent, and the definition says {declared:?}"
            ));
        }
        self.seen.push(Seen::Revoke(given));
        Ok(match token.at("ok").text() {
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

/// A moment in so many seconds by the real clock, which is that of the answer's `Date`: seconds since 1970, or RFC 3339.
pub(super) fn moment(seconds: u64, number: usize) -> Result<Value, String> {
    #[expect(clippy::disallowed_methods, reason = "a service has a clock of its own")]
    let now = SystemTime::now();
    let at = now + Duration::from_secs(seconds);
    if number % 2 == 1 {
        return Ok(json!(chrono::DateTime::<chrono::Utc>::from(at).to_rfc3339()));
    }
    let since = at.duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    Ok(json!(since.as_secs()))
}

/// A refusal (RFC 6749 §5.2), or, where the service answers with 200, the declared one.
fn token_error(shape: &Part<'_>, code: &str) -> Reply {
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
