//! What a provider's documents show, said in place of the player's own words. What the player thinks of the request counts
//! too: product, player and document have to agree.

use serde_json::Value;

use super::authorize::learnt_from;
use super::role::{Code, Grant, Issued};
use super::{Address, Asked, Reply, Role};
use crate::fixture::{Exchange, Moment, differs, matches};
use crate::script::Part;
use crate::template::{Template, at_path};

/// The exchanges of a run, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recital {
    exchanges: Vec<Exchange>,
    /// Which were said.
    said: Vec<bool>,
}

impl Recital {
    /// Nothing was said yet.
    pub(crate) fn new(exchanges: Vec<Exchange>) -> Self {
        let said = vec![false; exchanges.len()];
        Self { exchanges, said }
    }

    /// What was not asked for.
    pub(crate) fn left(&self) -> Vec<String> {
        let left = self.exchanges.iter().zip(&self.said).filter(|(_, said)| !**said);
        left.map(|(exchange, _)| format!("{:?}", exchange.step)).collect()
    }

    fn trip(&mut self, step: Moment) -> Option<Exchange> {
        let index = self.exchanges.iter().position(|exchange| exchange.step == step)?;
        self.said[index] = true;
        Some(self.exchanges[index].clone())
    }

    /// The exchange that answers a request: the first that was not made; an error is said again and again.
    fn find(&mut self, asked: &Asked) -> Option<Exchange> {
        let is_its = |exchange: &Exchange| {
            let request = exchange.request.as_ref().filter(|_| exchange.step != Moment::Authorize);
            let address = request.and_then(|request| Address::parse(&request.url).ok());
            let same = address.is_some_and(|address| address.is_at(&asked.address));
            same && exchange.method().eq_ignore_ascii_case(&asked.method)
        };
        let fits = |index: &usize| {
            let exchange = &self.exchanges[*index];
            is_its(exchange) && (!self.said[*index] || exchange.end().is_some())
        };
        let index = (0..self.exchanges.len()).find(fits)?;
        self.said[index] = true;
        Some(self.exchanges[index].clone())
    }
}

impl Role {
    /// The browser's address, compared with the one that is shown.
    pub(super) fn recite_authorize(&mut self, address: &Address) {
        let Some(exchange) = self
            .recital
            .as_mut()
            .and_then(|recital| recital.trip(Moment::Authorize))
        else {
            return;
        };
        let shown = exchange.request.as_ref().map(|request| Address::parse(&request.url));
        if let Some(Ok(shown)) = shown
            && !shown.is_at(address)
        {
            self.complain(format!(
                "authorize: {} is shown, not {}",
                shown.place(),
                address.place()
            ));
        }
        let asked = Asked {
            method: "GET".to_owned(),
            address: address.clone(),
            headers: Vec::new(),
            body: String::new(),
        };
        for problem in differs(&exchange, &asked) {
            self.complain(format!("authorize, as shown: {problem}"));
        }
    }

    /// The callback that is shown; `*` is what the player says itself.
    pub(super) fn recite_callback(
        &mut self,
        way: &Part<'_>,
        pairs: &mut Vec<(String, String)>,
        made: Option<Code>,
    ) -> Result<(), String> {
        let Some(exchange) = self.recital.as_mut().and_then(|recital| recital.trip(Moment::Callback)) else {
            return Ok(());
        };
        if exchange.end().is_some() {
            pairs.retain(|(name, _)| name != "code");
        }
        let signature = way.at("callback").at("signature").at("parameter");
        for (name, shown) in &exchange.query {
            if signature.text() == Some(name) {
                // The player signs what stands here in the end.
            } else if !shown.contains('*') {
                pairs.retain(|(other, _)| other != name);
                pairs.push((name.clone(), shown.clone()));
            } else if !pairs
                .iter()
                .any(|(other, value)| other == name && matches(shown, value))
            {
                self.complain(format!("callback: the player has no `{name}` as {shown}"));
            }
        }
        let query = pairs
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.clone())));
        let query: Value = Value::Object(query.collect());
        if let (Some(mut made), Some(code)) = (made, query["code"].as_str()) {
            made.callback = query.clone();
            self.issued.codes.insert(code.to_owned(), made);
        }
        self.learn_from(way, "query", &query)
    }

    /// Values that the definition reads in an answer.
    fn learn_from(&mut self, way: &Part<'_>, namespace: &str, answer: &Value) -> Result<(), String> {
        for (name, part) in way.at("learn").entries() {
            let Some(path) = learnt_from(&part, namespace)? else {
                continue;
            };
            match at_path(answer, &path) {
                Some(Value::String(text)) => self.learnt.insert(name.to_owned(), text.clone()),
                Some(other) => self.learnt.insert(name.to_owned(), other.to_string()),
                None => self.learnt.remove(name),
            };
        }
        Ok(())
    }

    /// The answer that is shown to a request, with what follows from it; the player's own where none is.
    pub(super) fn recite(&mut self, asked: &Asked, own: Reply, before: Option<Issued>) -> Result<Reply, String> {
        let Some(exchange) = self.recital.as_mut().and_then(|recital| recital.find(asked)) else {
            return Ok(own);
        };
        for problem in differs(&exchange, asked) {
            self.complain(format!("{:?}, as shown: {problem}", exchange.step));
        }
        let Some(response) = &exchange.response else {
            return Ok(own);
        };
        let body = match (&response.json, &response.text) {
            (Some(json), _) => json.to_string(),
            (None, text) => text.clone().unwrap_or_default(),
        };
        match (exchange.end(), before) {
            (None, _) => self.follow(&exchange, response.json.as_ref().unwrap_or(&Value::Null))?,
            (Some(_), Some(before)) => self.issued = before,
            (Some(_), None) => {}
        }
        Ok(Reply {
            status: response.status,
            body,
            location: None,
            headers: response.headers.clone().into_iter().collect(),
        })
    }

    /// What the player reads in an answer by the definition.
    fn follow(&mut self, exchange: &Exchange, answer: &Value) -> Result<(), String> {
        let script = std::sync::Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        match exchange.step {
            Moment::Token if way.at("token").at("then").is_there() => {
                self.issued.short = Some(answer.clone());
                Ok(())
            }
            Moment::Token | Moment::Refresh | Moment::Exchange => self.follow_tokens(&way, exchange.step, answer),
            Moment::Choose => self.follow_choice(&way, answer),
            _ => Ok(()),
        }
    }

    fn follow_tokens(&mut self, way: &Part<'_>, step: Moment, answer: &Value) -> Result<(), String> {
        let token = way.at("token");
        let shape = if token.at("then").is_there() {
            token.at("then")
        } else {
            token
        };
        let object = answer
            .pointer(shape.at("object").text_or(""))
            .ok_or("the player finds no tokens in the answer that is shown")?;
        let text = |key: &str, or: &str| {
            let pointer = shape.at("answer").at(key);
            object
                .pointer(pointer.text_or(or))
                .and_then(Value::as_str)
                .map(ToOwned::to_owned)
        };
        let access = text("access_token", "/access_token")
            .ok_or("the player finds no access token in the answer that is shown")?;
        // What the player gave itself was not sent.
        drop(self.issued.grants.pop());
        let kept = (step == Moment::Refresh).then(|| self.issued.before.clone()).flatten();
        let refresh = text("refresh_token", "/refresh_token").or(kept);
        self.issued.before.clone_from(&refresh);
        self.issued.grants.push(Grant {
            access,
            refresh,
            key: None,
        });
        self.learn_from(way, "token", answer)
    }

    fn follow_choice(&mut self, way: &Part<'_>, answer: &Value) -> Result<(), String> {
        let choose = way.at("choose");
        let list = answer.pointer(choose.at("list").text_or(""));
        let first = list
            .and_then(|list| list.get(0))
            .ok_or("the player finds no list in the answer that is shown")?;
        let item = if first.is_object() {
            first.clone()
        } else {
            serde_json::json!({ "value": first })
        };
        self.pick = 0;
        for (name, part) in choose.at("learn").entries() {
            let from = Template::parse(part.at("from").text_or(""))?;
            let value = from.plain(&serde_json::json!({ "item": item }))?;
            self.learnt.insert(name.to_owned(), value);
        }
        Ok(())
    }
}
