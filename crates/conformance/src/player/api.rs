//! The API: the check, lists to choose from, and everything else, which is echoed. Each call must carry exactly the
//! credential that the definition says.

use std::sync::Arc;

use serde_json::{Value, json};

use super::body::{fill, put, put_at_pointer};
use super::{Address, Asked, Mood, Reply, Role, Seen};
use crate::sample;
use crate::script::Part;
use crate::template::{Template, at_path};

/// Entries of a list to choose from.
pub(crate) const CHOICES: usize = 2;

impl Role {
    /// A request of the product to the API, if it is one.
    pub(super) fn answer_api(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        self.turn_to_grant(asked);
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let choose = way.at("choose");
        let chosen = choose
            .at("learn")
            .entries()
            .iter()
            .any(|(name, _)| self.learnt.contains_key(*name));
        // The same call may prove the credential once the choice is made.
        let again = chosen && same_call(&choose, &script.at("check"));
        if choose.is_there() && !again && self.is_call(&choose, asked)? {
            return self.choices(&choose, asked).map(Some);
        }
        let check = script.at("check");
        if check.is_there() && self.is_call(&check, asked)? {
            return self.check(&check, asked).map(Some);
        }
        let base = script.at("api").at("base_url");
        let Ok(at) = self.address(&base) else { return Ok(None) };
        if !asked.address.is_below(&at) {
            return Ok(None);
        }
        self.seen.push(Seen::Call);
        self.ledger.used(&base.path);
        self.compare_credential(asked, &at.query, false)?;
        if self.mood == Mood::Unauthorized {
            return Ok(Some(Reply::json(401, &json!({ "error": "unauthorized" }))));
        }
        let path = &asked.address.path[at.path.len()..];
        let echo = json!({ "method": asked.method, "path": path.join("/"), "body": asked.body });
        Ok(Some(Reply::json(200, &echo)))
    }

    /// Whether a request is the call that `check` or `choose` describes.
    fn is_call(&mut self, call: &Part<'_>, asked: &Asked) -> Result<bool, String> {
        let (get, post) = (call.at("get"), call.at("post"));
        let (part, method) = if get.is_there() { (get, "GET") } else { (post, "POST") };
        let address = match self.address(&part) {
            Ok(address) => address,
            // What stands in it is not known before the sign-in is through.
            Err(_) => return Ok(false),
        };
        if !asked.address.is_at(&address) || asked.method != method {
            return Ok(false);
        }
        self.ledger.used(&part.path);
        let body = call.at("body");
        let sent: Value = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
        if body.is_there() {
            self.ledger.used(&body.path);
        }
        if body.value().unwrap_or(&Value::Null) != &sent {
            self.complain(format!("{}: the body is `{}`", call.path, asked.body));
        }
        self.compare_credential(asked, &address.query, call.path.ends_with("choose"))?;
        Ok(true)
    }

    /// The credential, and the other headers and query parameters of the definition: exactly once each, and the secrets
    /// nowhere else. What needs a choice is left out before it is made (`early`).
    fn compare_credential(&mut self, asked: &Asked, own: &[(String, String)], early: bool) -> Result<(), String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let mut rest = String::new();
        let mut carried = Vec::new();
        for place in [script.at("api"), way] {
            for (name, part) in place.at("headers").entries() {
                match self.plain(&part) {
                    Ok(value) => {
                        self.expect(&part.path, &format!("header {name}"), &value, &asked.header(name));
                        carried.push(name.to_ascii_lowercase());
                    }
                    Err(_) if early => self.expect_none(name, &asked.header(name)),
                    Err(problem) => return Err(problem),
                }
            }
            for (name, part) in place.at("query").entries() {
                let given = asked.address.query.iter().filter(|(other, _)| other == name);
                let found: Vec<&str> = given.map(|(_, value)| value.as_str()).collect();
                match self.plain(&part) {
                    Ok(value) => self.expect(&part.path, &format!("query parameter {name}"), &value, &found),
                    Err(_) if early => self.expect_none(name, &found),
                    Err(problem) => return Err(problem),
                }
                carried.push(name.to_ascii_lowercase());
            }
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
        rest.push_str(&asked.body);
        let secrets = [self.access_token().to_owned(), self.client.secret.clone()];
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

    fn expect_none(&mut self, name: &str, found: &[&str]) {
        if !found.is_empty() {
            self.complain(format!("`{name}` needs the choice, which is not made, and is there"));
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
        for place in [script.at("api"), script.ways()[self.way].clone()] {
            for (name, part) in place.at("query").entries() {
                expected.query.push((name.to_owned(), self.plain(&part)?));
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
            put_at_pointer(&mut body, pointer, json!(self.mood != Mood::NotOk));
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
        let account = script.at("check").at("account");
        let mut body = json!({});
        let mark = self.take.account.to_string();
        for (key, part) in account.entries() {
            self.ledger.used(&part.path);
            let template = Template::parse(part.text_or(""))?;
            let alternative = if key == "name" { self.take.alternative } else { 0 };
            fill(&mut body, &template, "body", alternative, &mark);
        }
        Ok(body)
    }

    /// What `account.id` or `account.name` must be read as.
    pub(crate) fn account(&mut self, key: &str) -> Result<Option<String>, String> {
        let script = Arc::clone(&self.script);
        let part = script.at("check").at("account").at(key);
        let Some(text) = part.text() else { return Ok(None) };
        let mut inputs = self.inputs();
        inputs["body"] = self.account_body()?;
        Template::parse(text)?.plain(&inputs).map(Some)
    }

    /// Whether another account has another id: it is read from the check's answer.
    pub(crate) fn account_is_told(&self) -> Result<bool, String> {
        let part = self.script.at("check").at("account").at("id");
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
        for place in [script.at("api"), script.ways()[self.way].clone()] {
            for (name, part) in place.at("query").entries() {
                if let Ok(value) = self.plain(&part) {
                    expected.query.push((name.to_owned(), value));
                }
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

/// An entry as templates read it.
fn readable(entry: Value) -> Value {
    if entry.is_object() {
        entry
    } else {
        json!({ "value": entry })
    }
}

fn same_call(one: &Part<'_>, other: &Part<'_>) -> bool {
    ["get", "post"]
        .iter()
        .all(|key| one.at(key).text() == other.at(key).text())
}
