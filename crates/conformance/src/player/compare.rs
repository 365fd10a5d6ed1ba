//! What a request to the authorization server has, compared with what a definition says.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::role::Code;
use super::sent::Sent;
use super::{Address, Asked, Role};
use crate::script::Part;
use crate::template::Template;

impl Role {
    /// Reads a request: method, where parameters are, and how they are written.
    pub(super) fn sent(&mut self, asked: &Asked, endpoint: &Address, method: &str, kind: &str, what: &str) -> Sent {
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
    pub(super) fn compare_headers(
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

    pub(super) fn compare_params(
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
    pub(super) fn compare_client(
        &mut self,
        auth: &Part<'_>,
        names: &Part<'_>,
        omits_id: bool,
        asked: &Asked,
        sent: &mut Sent,
        what: &str,
    ) -> Result<(), String> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (client, usual) = self.client_now();
        let (id, secret) = (client.id, client.secret);
        let basic = format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", encoded(&id), encoded(&secret)))
        );
        let declared = auth.text_or(usual);
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
            "private_key_jwt" => {
                let asserted = self.compare_assertion(sent, what)?;
                header.is_empty() && id_is_right && secrets.is_empty() && asserted
            }
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

    pub(super) fn compare_code(&mut self, code: &Code, verifier: Option<String>) {
        let answer = verifier.map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
        if answer != code.challenge {
            self.complain("token: the PKCE verifier does not answer the challenge");
        }
    }
}
