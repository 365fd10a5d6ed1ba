//! Typed-in values for which the service gives a token: a log-in in steps, or the client credentials grant (RFC 6749
//! §4.4).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::moment;
use super::authorize::learnt_from;
use super::body::{fill, put, put_at_pointer};
use super::role::Grant;
use super::sent::Sent;
use super::signed::with_token;
use super::{Address, Asked, Mood, Reply, Role, Seen};
use crate::script::Part;
use crate::template::Template;

impl Role {
    /// A request of the product for a token, if it is one.
    pub(super) fn answer_login(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        match self.kind().as_str() {
            "login" => {
                let requests = way.at("requests").items();
                for (number, request) in requests.iter().enumerate() {
                    let address = self.login_address(request)?;
                    let is_next = number == self.issued.step;
                    if address.is_some_and(|address| asked.address.is_at(&address)) && is_next {
                        return self
                            .log_in(&way, request, number + 1 == requests.len(), asked)
                            .map(Some);
                    }
                }
                Ok(None)
            }
            "oauth2_client_credentials" => {
                let endpoint = self.address(&way.at("token").at("url"))?;
                if !asked.address.is_at(&endpoint) {
                    return Ok(None);
                }
                self.client_credentials(&way, &endpoint, asked).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The address of a step, if all that stands in it is known.
    fn login_address(&mut self, request: &Part<'_>) -> Result<Option<Address>, String> {
        let part = if request.at("get").is_there() {
            request.at("get")
        } else {
            request.at("post")
        };
        let rendered = Template::parse(part.text_or(""))?.address(&with_token(self.inputs()));
        rendered.ok().map(|text| Address::parse(&text)).transpose()
    }

    fn log_in(&mut self, way: &Part<'_>, request: &Part<'_>, is_last: bool, asked: &Asked) -> Result<Reply, String> {
        let before = self.complaints.len();
        let (get, post) = (request.at("get"), request.at("post"));
        let (part, method) = if get.is_there() { (get, "GET") } else { (post, "POST") };
        self.ledger.used(&part.path);
        if asked.method != method {
            self.complain(format!("{}: it is a {}", request.path, asked.method));
        }
        for (name, part) in request.at("headers").entries() {
            let value = self.plain(&part)?;
            self.expect(&part.path, &format!("header {name}"), &value, &asked.header(name));
        }
        let mut query = asked.address.query.clone();
        for (name, part) in request.at("query").entries() {
            let value = self.plain(&part)?;
            let found: Vec<String> = query
                .iter()
                .filter(|(other, _)| other == name)
                .map(|(_, value)| value.clone())
                .collect();
            query.retain(|(other, _)| other != name);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            self.expect(&part.path, &format!("query parameter {name}"), &value, &found);
        }
        self.login_body(request, asked)?;
        let ok = request.at("ok");
        if self.refuses() || self.complaints.len() > before {
            return Ok(self.refusal(ok.text()));
        }
        let mut answer = json!({});
        for (name, part) in request.at("keep").entries() {
            let template = Template::parse(part.text_or(""))?;
            fill(&mut answer, &template, "body", 0, &self.issued.count.to_string());
            let value = template.plain(&json!({ "body": answer }))?;
            self.issued.kept.insert(name.to_owned(), json!(value));
            self.ledger.used(&part.path);
        }
        if let Some(pointer) = ok.text() {
            put_at_pointer(&mut answer, pointer, json!(true));
            self.ledger.used(&ok.path);
        }
        if !is_last {
            self.issued.step += 1;
            return Ok(Reply::json(200, &answer));
        }
        self.issued.step = 0;
        self.issue(way, answer)
    }

    fn login_body(&mut self, request: &Part<'_>, asked: &Asked) -> Result<(), String> {
        let (form, body) = (request.at("form"), request.at("json"));
        if form.is_there() {
            let mut given: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            for (name, part) in form.entries() {
                let value = self.plain(&part)?;
                let found: Vec<String> = given
                    .iter()
                    .filter(|(other, _)| other == name)
                    .map(|(_, value)| value.clone())
                    .collect();
                given.retain(|(other, _)| other != name);
                let found: Vec<&str> = found.iter().map(String::as_str).collect();
                self.expect(&part.path, &format!("form parameter {name}"), &value, &found);
            }
            for (name, _) in given {
                self.complain(format!(
                    "{}: the parameter `{name}` is not in the definition",
                    form.path
                ));
            }
        } else if body.is_there() {
            let expected = rendered(body.value().unwrap_or(&Value::Null), &with_token(self.inputs()))?;
            let found: Value = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
            self.ledger.used(&body.path);
            if expected != found {
                self.complain(format!("{}: the body is {found}, not {expected}", body.path));
            }
        } else if !asked.body.is_empty() {
            self.complain(format!("{}: there is a body", request.path));
        }
        Ok(())
    }

    fn refuses(&self) -> bool {
        matches!(self.mood, Mood::Refuses(_) | Mood::TokenError(_))
    }

    fn refusal(&self, ok: Option<&str>) -> Reply {
        let words = match &self.mood {
            Mood::Refuses(words) | Mood::TokenError(words) => words.as_str(),
            _ => "invalid_request",
        };
        let mut body = json!({ "error": words });
        match ok {
            Some(pointer) => {
                put_at_pointer(&mut body, pointer, json!(false));
                Reply::json(200, &body)
            }
            None => Reply::json(401, &body),
        }
    }

    /// The last answer: the token where the definition says, and what is learnt.
    fn issue(&mut self, way: &Part<'_>, mut answer: Value) -> Result<Reply, String> {
        let token = way.at("token");
        self.issued.count += 1;
        let access = format!("access-{}-{}", self.script.id, self.issued.count);
        let pointer = token.at("access_token");
        self.ledger.used(&pointer.path);
        put_at_pointer(&mut answer, pointer.text_or("/access_token"), json!(access));
        if let Some(seconds) = self.take.expires_in {
            let at = token.at("expires_at");
            if let Some(pointer) = at.text() {
                self.ledger.used(&at.path);
                put_at_pointer(&mut answer, pointer, moment(seconds, self.take.number)?);
            } else {
                let pointer = token.at("expires_in");
                self.ledger.used(&pointer.path);
                put_at_pointer(&mut answer, pointer.text_or("/expires_in"), json!(seconds));
            }
        }
        for (name, part) in way.at("learn").entries() {
            if let Some(path) = learnt_from(&part, "token")? {
                put(&mut answer, &path, json!(self.learn(name, &part)?));
            }
        }
        self.give(access);
        Ok(Reply::json(200, &answer))
    }

    /// The first token is bought for a connection, the others when it ends.
    fn give(&mut self, access: String) {
        let again = self.seen.contains(&Seen::Exchange);
        self.seen.push(if again { Seen::Refresh } else { Seen::Exchange });
        if again {
            self.issued.grants.pop();
        }
        self.issued.grants.push(Grant {
            access,
            refresh: None,
            key: None,
        });
    }

    fn client_credentials(&mut self, way: &Part<'_>, endpoint: &Address, asked: &Asked) -> Result<Reply, String> {
        let before = self.complaints.len();
        let token = way.at("token");
        self.ledger.used(&token.at("url").path);
        let mut sent = Sent::read(asked, endpoint, "form")?;
        let secret = |name: &str| self.take.secrets.get(name).cloned().unwrap_or_default();
        let set_by = way.at("set_by");
        self.ledger.used(&set_by.path);
        let (id, secret) = if set_by.text() == Some("operator") {
            (self.client.id.clone(), self.client.secret.clone())
        } else {
            (secret("client_id"), secret("client_secret"))
        };
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", encoded(&id), encoded(&secret)))
        );
        let (ids, secrets, header) = (
            sent.take("client_id"),
            sent.take("client_secret"),
            asked.header("authorization"),
        );
        let auth = token.at("client_auth");
        let is_right = match auth.text_or("basic") {
            "basic" => header == [basic.as_str()] && secrets.is_empty(),
            "body" => header.is_empty() && ids == [json!(id)] && secrets == [json!(secret)],
            "private_key_jwt" => {
                let asserted = self.compare_assertion(&mut sent, "token")?;
                header.is_empty() && ids == [json!(id)] && secrets.is_empty() && asserted
            }
            other => return Err(format!("{}: the player does not know `{other}`", auth.path)),
        };
        self.ledger.used(&auth.path);
        if !is_right {
            self.complain(format!("{}: the client does not authenticate so", auth.path));
        }
        if sent.single("grant_type").as_deref() != Some("client_credentials") {
            self.complain("token: grant_type is not client_credentials");
        }
        let scopes = way.at("scopes");
        let expected = scopes.texts().join(" ");
        self.ledger.used(&scopes.path);
        if sent.single("scope").unwrap_or_default() != expected {
            self.complain(format!("{}: the scope is not `{expected}`", scopes.path));
        }
        for (name, part) in token.at("params").entries() {
            let value = self.plain(&part)?;
            let found = sent.single(name);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            self.expect(&part.path, &format!("token: parameter `{name}`"), &value, &found);
        }
        for name in sent.left() {
            self.complain(format!("token: the parameter `{name}` is not in the definition"));
        }
        let ok = token.at("ok");
        if self.refuses() || self.complaints.len() > before {
            return Ok(self.refusal(ok.text()));
        }
        let mut answer = json!({ "token_type": "Bearer" });
        if let Some(pointer) = ok.text() {
            put_at_pointer(&mut answer, pointer, json!(true));
            self.ledger.used(&ok.path);
        }
        self.issued.count += 1;
        let access = format!("access-{}-{}", self.script.id, self.issued.count);
        answer["access_token"] = json!(access);
        if let Some(seconds) = self.take.expires_in {
            answer["expires_in"] = json!(seconds);
        }
        for (name, part) in way.at("learn").entries() {
            if let Some(path) = learnt_from(&part, "token")? {
                put(&mut answer, &path, json!(self.learn(name, &part)?));
            }
        }
        self.give(access);
        Ok(Reply::json(200, &answer))
    }
}

/// JSON whose texts are templates.
pub(super) fn rendered(value: &Value, inputs: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => json!(Template::parse(text)?.plain(inputs)?),
        Value::Array(list) => list.iter().map(|one| rendered(one, inputs)).collect::<Result<_, _>>()?,
        Value::Object(map) => {
            let entries = map.iter().map(|(key, one)| Ok((key.clone(), rendered(one, inputs)?)));
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}
