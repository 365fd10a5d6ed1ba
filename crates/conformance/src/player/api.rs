//! The API: the check, lists to choose from, and everything else, which is echoed. Each call must carry exactly the
//! credential that the definition says.

use std::sync::Arc;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::body::{fill, put, put_at_pointer};
use super::login::rendered;
use super::signed::with_token;
use super::{Address, Asked, Mood, Reply, Role, Seen};
use crate::sample;
use crate::script::{Part, Script};
use crate::template::{Template, at_path};

/// Entries of a list to choose from.
pub(crate) const CHOICES: usize = 2;

/// What a user name and a password are sent as (RFC 7617 §2).
const BASIC: &str = r#"Basic ${base64(variables.username ":" credential.password)}"#;

/// What the token of a server that one signs in to is sent as (RFC 6750 §2.1).
const BEARER: &str = "Bearer ${credential.access_token}";

/// A header or a query parameter of calls.
struct Written<'a> {
    name: String,
    text: &'a str,
    path: String,
}

impl Role {
    /// A request of the product to the API, if it is one.
    pub(super) fn answer_api(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        self.turn_to_grant(asked);
        if let Some(reply) = self.compare_bound(asked)? {
            return Ok(Some(reply));
        }
        if let Some(reply) = self.answer_rpc(asked)? {
            return Ok(Some(reply));
        }
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        for call in way.at("calls").items() {
            let mut names = call.at("learn").entries().into_iter();
            let is_known = names.all(|(name, _)| self.learnt.contains_key(name));
            if !is_known && self.is_call(&call, asked)? {
                return self.more(&call, asked).map(Some);
            }
        }
        let choose = way.at("choose");
        let chosen = choose
            .at("learn")
            .entries()
            .iter()
            .any(|(name, _)| self.learnt.contains_key(*name));
        // The same call may prove the credential once the choice is made.
        let again = chosen && self.is_same_call(&choose, &script.check(self.way));
        if choose.is_there() && !again && self.is_call(&choose, asked)? {
            return self.choices(&choose, asked).map(Some);
        }
        let check = script.check(self.way);
        if check.is_there() && self.is_call(&check, asked)? {
            return self.check(&check, asked).map(Some);
        }
        let base = script.at("api").at("base_url");
        let Ok(mut at) = self.address(&base) else {
            return Ok(None);
        };
        // A base that ends with a slash has the same addresses below it.
        if at.path.last().is_some_and(String::is_empty) {
            at.path.pop();
        }
        if !asked.address.is_below(&at) {
            let Some(host) = self.other_host(asked) else {
                return Ok(None);
            };
            at = host;
        }
        self.seen.push(Seen::Call);
        self.ledger.used(&base.path);
        self.compare_credential(asked, &at.query, false, None)?;
        if self.mood == Mood::Unauthorized {
            return Ok(Some(self.unauthorized()));
        }
        let path = &asked.address.path[at.path.len()..];
        let host = asked.address.origin.trim_start_matches("https://");
        let echo = json!({ "host": host, "method": asked.method, "path": path.join("/"), "body": asked.body });
        Ok(Some(Reply::json(200, &echo)))
    }

    /// Whether a request is the call that `check` or `choose` describes.
    fn is_call(&mut self, call: &Part<'_>, asked: &Asked) -> Result<bool, String> {
        let (get, post) = (call.at("get"), call.at("post"));
        let (part, method) = if get.is_there() { (get, "GET") } else { (post, "POST") };
        // What stands in it may not be known before the sign-in is through.
        let Ok(address) = self.address(&part) else {
            return Ok(false);
        };
        if !asked.address.is_at(&address) || asked.method != method {
            return Ok(false);
        }
        self.ledger.used(&part.path);
        self.compare_body(call, asked)?;
        self.compare_credential(asked, &address.query, is_early(call), Some(call))?;
        Ok(true)
    }

    /// A body is JSON or a form, as it is written; without either there is none, and no type of one.
    fn compare_body(&mut self, call: &Part<'_>, asked: &Asked) -> Result<(), String> {
        let (body, form) = (call.at("body"), call.at("form"));
        let inputs = with_token(self.inputs());
        let content_type = asked.header("content-type").join(", ");
        let (same, expected_type) = if let Some(written) = body.value() {
            self.ledger.used(&body.path);
            let sent = serde_json::from_str::<Value>(&asked.body).ok();
            (sent == Some(rendered(written, &inputs)?), "application/json")
        } else if form.is_there() {
            let mut sent: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
            sent.sort();
            let mut expected = Vec::new();
            for (name, part) in form.entries() {
                self.ledger.used(&part.path);
                match self.plain(&part) {
                    Ok(value) => expected.push((name.to_owned(), value)),
                    Err(_) if self.is_left_out(part.text_or(""))? => {}
                    Err(problem) => return Err(problem),
                }
            }
            expected.sort();
            (sent == expected, "application/x-www-form-urlencoded")
        } else {
            (asked.body.is_empty(), "")
        };
        let same_type = content_type.split(';').next() == Some(expected_type);
        if !same || !same_type {
            self.complain(format!(
                "{}: the body is `{}` of type `{content_type}`",
                call.path, asked.body
            ));
        }
        Ok(())
    }

    /// One of the further hosts of the API, without a path.
    fn other_host(&mut self, asked: &Asked) -> Option<Address> {
        let script = Arc::clone(&self.script);
        let host = asked.address.origin.strip_prefix("https://")?;
        let hosts = script.at("api").at("hosts").items();
        let found = hosts.iter().find(|one| {
            let one = one.text_or("");
            one == host || (one.starts_with('.') && host.ends_with(one))
        })?;
        self.ledger.used(&found.path);
        Address::parse(&asked.address.origin).ok()
    }

    /// Whether a text needs an optional value that nobody gave, so that what it is for is left out.
    fn is_left_out(&self, text: &str) -> Result<bool, String> {
        let template = Template::parse(text)?;
        let script = Arc::clone(&self.script);
        let given = script.given(self.way);
        let plain = given
            .iter()
            .filter(|given| given.is_optional() && !self.take.variables.contains_key(given.name))
            .map(|given| ("variables", given.name));
        let fields = script.ways()[self.way].at("fields").items();
        let secrets = fields
            .iter()
            .filter(|field| !field.is_plain() && field.at("optional").is_true())
            .map(|field| ("credential", field.at("name").text_or("")))
            .filter(|(_, name)| !self.take.secrets.contains_key(*name));
        let missing: Vec<(&str, &str)> = plain.chain(secrets).collect();
        Ok(missing
            .iter()
            .any(|(namespace, name)| template.paths(namespace, 0).iter().any(|path| path == name)))
    }

    /// What each call has, as it is written: headers, or query parameters. Names may hold inputs. Those of one call stand
    /// in place of those of the API.
    fn written<'a>(&self, script: &'a Script, what: &str, call: Option<&Part<'a>>) -> Result<Vec<Written<'a>>, String> {
        let way = script.ways()[self.way].clone();
        let of_call = call.map(|call| call.at(what));
        let mut all: Vec<Written<'a>> = Vec::new();
        for place in [Some(script.at("api").at(what)), Some(way.at(what)), of_call]
            .into_iter()
            .flatten()
        {
            for (name, part) in place.entries() {
                let name = Template::parse(name)?.plain(&self.inputs())?;
                let text = part.text_or("");
                all.retain(|other| what != "headers" || !other.name.eq_ignore_ascii_case(&name));
                all.push(Written {
                    name,
                    text,
                    path: part.path,
                });
            }
        }
        let is_authorization = |one: &Written<'_>| one.name.eq_ignore_ascii_case("authorization");
        let of_way = way.at("headers").entries();
        let named = of_way
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let implied = match way.at("kind").text() {
            Some("basic") => Some(BASIC),
            Some("mcp") => Some(BEARER),
            _ => None,
        };
        if let (Some(text), "headers", false) = (implied, what, named) {
            all.retain(|one| !is_authorization(one));
            all.push(Written {
                name: "Authorization".to_owned(),
                text,
                path: way.at("kind").path,
            });
        }
        Ok(all)
    }

    /// The credential, and the other headers and query parameters of the definition: exactly once each, and the secrets
    /// nowhere else. What needs a choice is left out before it is made (`early`).
    pub(super) fn compare_credential(
        &mut self,
        asked: &Asked,
        own: &[(String, String)],
        early: bool,
        call: Option<&Part<'_>>,
    ) -> Result<(), String> {
        let script = Arc::clone(&self.script);
        let mut rest = String::new();
        let mut carried = Vec::new();
        for one in self.written(&script, "headers", call)? {
            let found = asked.header(&one.name);
            self.compare_written(&one, &found, early)?;
            carried.push(one.name.to_ascii_lowercase());
        }
        for one in self.written(&script, "query", None)? {
            let given = asked.address.query.iter().filter(|(other, _)| *other == one.name);
            let found: Vec<&str> = given.map(|(_, value)| value.as_str()).collect();
            self.compare_written(&one, &found, early)?;
            carried.push(one.name.to_ascii_lowercase());
        }
        for (name, value) in own {
            if !asked.address.query.contains(&(name.clone(), value.clone())) {
                self.complain(format!("{}: `{name}={value}` is missing", asked.address.place()));
            }
        }
        for (name, value) in asked.headers.iter().chain(&asked.address.query) {
            if !carried.contains(&name.to_ascii_lowercase()) {
                rest.push_str(value);
            }
        }
        rest.push_str(&asked.address.path.join("/"));
        // What a check says in its body was compared.
        if call.is_none() {
            rest.push_str(&asked.body);
        }
        let secret = self.issued.grants.last().and_then(|grant| grant.refresh.clone());
        let secrets = [
            self.access_token().to_owned(),
            secret.unwrap_or_default(),
            self.client_now().0.secret,
        ];
        for secret in self.take.secrets.values().chain(&secrets) {
            if !secret.is_empty() && rest.contains(secret.as_str()) {
                self.complain(format!(
                    "{}: a secret stands where the definition has none",
                    asked.address.place()
                ));
                break;
            }
        }
        Ok(())
    }

    /// One header or parameter: there once with its value, or not at all where something that it needs is not there.
    fn compare_written(&mut self, one: &Written<'_>, found: &[&str], early: bool) -> Result<(), String> {
        match Template::parse(one.text)?.plain(&with_token(self.inputs())) {
            Ok(value) => self.expect(&one.path, &one.name, &value, found),
            Err(_) if early || self.is_left_out(one.text)? => self.expect_none(&one.name, found),
            Err(problem) => return Err(format!("{}: {problem}", one.path)),
        }
        Ok(())
    }

    fn expect_none(&mut self, name: &str, found: &[&str]) {
        if !found.is_empty() {
            self.complain(format!("`{name}` needs a value that is not there, and is sent"));
        }
    }

    fn check(&mut self, check: &Part<'_>, asked: &Asked) -> Result<Reply, String> {
        self.seen.push(Seen::Check);
        let mut expected = self.address(&if check.at("get").is_there() {
            check.at("get")
        } else {
            check.at("post")
        })?;
        let script = Arc::clone(&self.script);
        for one in self.written(&script, "query", None)? {
            // What is missing there was told already.
            if let Ok(value) = Template::parse(one.text)?.plain(&with_token(self.inputs())) {
                expected.query.push((one.name, value));
            }
        }
        self.compare_query(&expected, asked);
        let ok = check.at("ok");
        if let Mood::Refuses(words) = &self.mood {
            return Ok(Reply::json(401, &json!({ "error": words })));
        }
        let mut body = self.account_body()?;
        if let Some(pointer) = ok.text() {
            self.ledger.used(&ok.path);
            put_at_pointer(&mut body, pointer, json!(self.mood != Mood::NotOk(pointer.to_owned())));
        }
        let account = check.at("account");
        let is_read = ["id", "name"].map(|key| Template::parse(account.at(key).text_or("")));
        let is_read = is_read
            .into_iter()
            .flatten()
            .any(|template| !template.paths("body", self.take.alternative).is_empty());
        Ok(self.as_rpc(asked, body, is_read))
    }

    /// The answer to a call after the sign-in.
    fn more(&mut self, call: &Part<'_>, asked: &Asked) -> Result<Reply, String> {
        if let Mood::Refuses(words) = &self.mood {
            return Ok(Reply::json(401, &json!({ "error": words })));
        }
        let mut expected = self.address(&if call.at("get").is_there() {
            call.at("get")
        } else {
            call.at("post")
        })?;
        let script = Arc::clone(&self.script);
        for one in self.written(&script, "query", None)? {
            // What needs a value that is learnt later is left out.
            if let Ok(value) = Template::parse(one.text)?.plain(&with_token(self.inputs())) {
                expected.query.push((one.name, value));
            }
        }
        self.compare_query(&expected, asked);
        let mut body = json!({});
        for (name, part) in call.at("learn").entries() {
            let from = Template::parse(part.at("from").text_or(""))?;
            let path = from.only_name().and_then(|name| name.strip_prefix("body."));
            let path = path.ok_or_else(|| format!("{}: the player can only turn round one plain input", part.path))?;
            put(&mut body, path, json!(self.learn(name, &part)?));
        }
        if let Some(pointer) = call.at("ok").text() {
            self.ledger.used(&call.at("ok").path);
            put_at_pointer(&mut body, pointer, json!(true));
        }
        Ok(Reply::json(200, &body))
    }

    fn compare_query(&mut self, expected: &Address, asked: &Asked) {
        let sorted = |query: &[(String, String)]| {
            let mut query = query.to_vec();
            query.sort();
            query
        };
        if sorted(&expected.query) != sorted(&asked.address.query) {
            self.complain(format!(
                "{}: the query should be {:?}, is {:?}",
                asked.address.place(),
                expected.query,
                asked.address.query
            ));
        }
    }

    /// A body from which the account can be read.
    fn account_body(&mut self) -> Result<Value, String> {
        let script = Arc::clone(&self.script);
        let check = script.check(self.way);
        let account = check.at("account");
        let mut body = json!({});
        for (pointer, part) in check.at("expect").entries() {
            self.ledger.used(&part.path);
            let wrong = self.mood == Mood::NotOk(pointer.to_owned());
            if let Some(written) = part.value().filter(|value| !value.is_object()) {
                let value = if wrong {
                    json!("something else")
                } else {
                    written.clone()
                };
                put_at_pointer(&mut body, pointer, value);
            }
        }
        if self.mood == Mood::Nobody {
            self.ledger.used(&account.at("required").path);
            return Ok(body);
        }
        let mark = self.take.account.to_string();
        for (key, part) in ["id", "name"].map(|key| (key, account.at(key))) {
            self.ledger.used(&part.path);
            let template = Template::parse(part.text_or(""))?;
            let alternative = if key == "name" { self.take.alternative } else { 0 };
            fill(&mut body, &template, "body", alternative, &mark);
        }
        for (pointer, part) in check.at("expect").entries() {
            let Some(present) = part.at("present").value().and_then(Value::as_bool) else {
                continue;
            };
            let wrong = self.mood == Mood::NotOk(pointer.to_owned());
            // `null` counts as not there.
            if present == wrong {
                put_at_pointer(&mut body, pointer, Value::Null);
            } else if body.pointer(pointer).is_none_or(Value::is_null) {
                put_at_pointer(&mut body, pointer, json!("is there"));
            }
        }
        Ok(body)
    }

    /// What `account.id` or `account.name` must be read as.
    pub(crate) fn account(&mut self, key: &str) -> Result<Option<String>, String> {
        let script = Arc::clone(&self.script);
        let part = script.check(self.way).at("account").at(key);
        let Some(text) = part.text() else { return Ok(None) };
        let mut inputs = self.inputs();
        inputs["body"] = self.account_body()?;
        Template::parse(text)?.plain(&inputs).map(Some)
    }

    /// Whether another account has another id: it is read from the check's answer.
    pub(crate) fn account_is_told(&self) -> Result<bool, String> {
        let part = self.script.check(self.way).at("account").at("id");
        Ok(Template::parse(part.text_or(""))?.uses("body"))
    }

    fn choices(&mut self, choose: &Part<'_>, asked: &Asked) -> Result<Reply, String> {
        self.seen.push(Seen::Choose);
        if let Mood::Refuses(words) = &self.mood {
            return Ok(Reply::json(401, &json!({ "error": words })));
        }
        let part = if choose.at("get").is_there() {
            choose.at("get")
        } else {
            choose.at("post")
        };
        let mut expected = self.address(&part)?;
        let script = Arc::clone(&self.script);
        for one in self.written(&script, "query", None)? {
            // What is missing there was told already.
            if let Ok(value) = Template::parse(one.text)?.plain(&with_token(self.inputs())) {
                expected.query.push((one.name, value));
            }
        }
        self.compare_query(&expected, asked);
        let entries = (0..CHOICES)
            .map(|number| self.entry(choose, number))
            .collect::<Result<Vec<_>, _>>()?;
        let list = choose.at("list");
        let mut answer = json!({});
        put_at_pointer(&mut answer, list.text_or(""), Value::Array(entries));
        self.ledger.used(&list.path);
        if let Some(pointer) = choose.at("ok").text() {
            put_at_pointer(&mut answer, pointer, json!(true));
            self.ledger.used(&choose.at("ok").path);
        }
        self.pick = self.take.number % CHOICES;
        for (name, part) in choose.at("learn").entries() {
            self.ledger.used(&part.path);
            let entry = self.entry(choose, self.pick)?;
            let value = Template::parse(part.at("from").text_or(""))?.plain(&json!({ "item": readable(entry) }))?;
            self.learnt.insert(name.to_owned(), value);
        }
        Ok(Reply::json(200, &answer))
    }

    /// An entry of this number.
    fn entry(&mut self, choose: &Part<'_>, number: usize) -> Result<Value, String> {
        let mut entry = json!({});
        for (_, part) in choose.at("learn").entries() {
            let from = Template::parse(part.at("from").text_or(""))?;
            let name = from.only_name().and_then(|name| name.strip_prefix("item."));
            let name = name.ok_or_else(|| format!("{}: the player can only turn round one plain input", part.path))?;
            put(&mut entry, name, json!(sample::of_learn(&part, number)?));
        }
        for key in ["id", "name", "description"] {
            let part = choose.at(key);
            self.ledger.used(&part.path);
            fill(
                &mut entry,
                &Template::parse(part.text_or(""))?,
                "item",
                0,
                &number.to_string(),
            );
        }
        // A text or a number is read as `item.value`.
        let alone = entry.as_object().is_some_and(|map| map.len() == 1);
        Ok(match at_path(&entry, "value") {
            Some(value) if alone => value.clone(),
            _ => entry,
        })
    }

    /// Whether both are the same call, in whatever way it is written.
    fn is_same_call(&self, one: &Part<'_>, other: &Part<'_>) -> bool {
        ["get", "post"].iter().all(|key| {
            let (one, other) = (one.at(key), other.at(key));
            match (one.is_there(), other.is_there()) {
                (true, true) => {
                    matches!((self.address(&one), self.address(&other)), (Ok(one), Ok(other)) if one == other)
                }
                (one, other) => one == other,
            }
        })
    }

    /// What the person reads of the list: name and description of each entry.
    pub(crate) fn choices_to_read(&mut self, choose: &Part<'_>) -> Result<Vec<(String, Option<String>)>, String> {
        let mut read = Vec::new();
        for number in 0..CHOICES {
            let inputs = json!({ "item": readable(self.entry(choose, number)?) });
            let text = |key: &str| {
                choose
                    .at(key)
                    .text()
                    .map(|text| Template::parse(text)?.plain(&inputs))
                    .transpose()
            };
            read.push((text("name")?.unwrap_or_default(), text("description")?));
        }
        Ok(read)
    }
}

/// Whether a call is made before everything is learnt that calls may have.
fn is_early(call: &Part<'_>) -> bool {
    call.path.ends_with("choose") || call.path.contains(".calls[")
}

/// An entry as templates read it.
fn readable(entry: Value) -> Value {
    if entry.is_object() {
        entry
    } else {
        json!({ "value": entry })
    }
}
