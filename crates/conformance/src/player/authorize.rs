//! The authorization endpoint, and what an issuer says of itself: RFC 6749 §4.1, 7636, 9207 and OpenID Connect Discovery,
//! as far as a definition promises.

use std::sync::Arc;

use serde_json::{Value, json};
use url::form_urlencoded;

use super::body::put;
use super::role::Code;
use super::signed::hmac_hex;
use super::{Address, Mood, Reply, Role, Seen};
use crate::script::Part;
use crate::template::Template;

/// Parameters with their values.
type Form = Vec<(String, String)>;

impl Role {
    /// What the issuer says of itself, where the definition asks it (OpenID Connect Discovery 1.0 §3).
    pub(super) fn metadata(&self) -> Value {
        if let Some(metadata) = self.mcp_metadata() {
            return metadata;
        }
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
            "device_authorization_endpoint": format!("{issuer}/connect/device"),
            "userinfo_endpoint": format!("{issuer}/connect/userinfo"),
            "pushed_authorization_request_endpoint": format!("{issuer}/connect/ahead"),
            "jwks_uri": format!("{issuer}/connect/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// The address of an endpoint: written, or found by discovery.
    pub(super) fn endpoint(&mut self, written: &[&str], found: &str) -> Result<Option<Address>, String> {
        let script = Arc::clone(&self.script);
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

    /// The scopes of the authorization request that are no optional ones.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let optional = self.script.ways()[self.way].at("scopes").at("optional").texts();
        let mut wanted = self.scopes_to_read();
        wanted.retain(|scope| !optional.contains(&scope.as_str()));
        wanted
    }

    /// Scopes that the person may refuse, of those that are asked for.
    fn optional_scopes(&self) -> Vec<String> {
        let scopes = self.script.ways()[self.way].at("scopes");
        let texts = |key: &str| -> Vec<String> { scopes.at(key).texts().into_iter().map(ToOwned::to_owned).collect() };
        let asked = self.take.scopes.clone().unwrap_or_else(|| texts("default"));
        let mut optional = texts("optional");
        optional.retain(|scope| asked.contains(scope));
        optional
    }

    /// All that are asked for, in the order in which they are named: what the person reads.
    pub(crate) fn scopes_to_read(&self) -> Vec<String> {
        if let Some(scopes) = self.mcp_scopes() {
            return scopes;
        }
        let scopes = self.script.ways()[self.way].at("scopes");
        let texts = |key: &str| -> Vec<String> { scopes.at(key).texts().into_iter().map(ToOwned::to_owned).collect() };
        let mut all = self.take.scopes.clone().unwrap_or_else(|| texts("default"));
        all.extend(texts("required"));
        let mut seen = Vec::new();
        all.retain(|scope| {
            let is_new = !seen.contains(scope);
            seen.push(scope.clone());
            is_new
        });
        all
    }

    /// A browser comes to the authorization endpoint (RFC 6749 §4.1.1).
    pub(super) fn visit(&mut self, address: &str) -> Reply {
        self.seen.push(Seen::Authorize);
        let tampered = self.script.tamper.map(|tamper| tamper.address(address));
        self.authorize(tampered.as_deref().unwrap_or(address))
            .unwrap_or_else(|problem| {
                self.complain(format!("authorize: {problem}"));
                Reply::json(400, &json!({ "error": problem }))
            })
    }

    fn authorize(&mut self, raw: &str) -> Result<Reply, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        if self.kind() == "oauth1" {
            return self.allow(&way, raw);
        }
        let url = way.at("authorize").at("url");
        self.ledger.used(&url.path);
        let endpoint = self.authorization_endpoint(&url)?;
        let address = Address::parse(&out_of_fragment(raw))?;
        if !address.is_at(&endpoint) {
            return Err(format!(
                "the browser is at {}, not at {}",
                address.place(),
                endpoint.place()
            ));
        }
        self.recite_authorize(&address);
        let mut given = address.query.clone();
        for pair in &endpoint.query {
            take(&mut given, &pair.0);
        }
        let mut given = self.taken_ahead(&way, given)?;
        let (redirect_uri, state) = (
            self.named(&way, &mut given, "redirect_uri")?,
            self.state(&way, &mut given)?,
        );
        let response_type = self.named(&way, &mut given, "response_type")?;
        let client_id = self.named(&way, &mut given, "client_id")?;
        self.turn_to_client(&client_id, &redirect_uri)?;
        if response_type != "code" || client_id != self.client_now().0.id {
            return Err(format!("response_type is `{response_type}`, client_id `{client_id}`"));
        }
        self.compare_spelling(&way, raw);
        self.compare_scopes(&way, &mut given);
        if self.is_mcp() {
            let resource = take(&mut given, "resource");
            self.compare_resource(&resource, "authorize");
        }
        let challenge = self.compare_challenge(&way, &mut given);
        let key = take(&mut given, "dpop_jkt");
        if key.len() != usize::from(self.is_bound()) {
            self.complain(format!("authorize: dpop_jkt is there {} times", key.len()));
        }
        let bound = (challenge, key.into_iter().next());
        for (name, part) in way.at("authorize").at("params").entries() {
            let value = self.plain(&part)?;
            let found = take(&mut given, name);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            self.expect(&part.path, &format!("authorize: parameter `{name}`"), &value, &found);
        }
        for (name, _) in given {
            self.complain(format!("authorize: the parameter `{name}` is not in the definition"));
        }
        self.callback(&way, &redirect_uri, &state, bound)
    }

    /// The address of the authorization endpoint; what stands behind a `#` is a path as any other.
    fn authorization_endpoint(&mut self, url: &Part<'_>) -> Result<Address, String> {
        match url.text() {
            Some(text) => Address::parse(&out_of_fragment(&Template::parse(text)?.address(&self.inputs())?)),
            None => self
                .endpoint(&["authorize", "url"], "authorization_endpoint")?
                .ok_or_else(|| "there is no authorization endpoint".to_owned()),
        }
    }

    /// A parameter that stands once, under the name that the service has for it.
    fn named(&mut self, way: &Part<'_>, given: &mut Form, name: &str) -> Result<String, String> {
        let renamed = way.at("authorize").at("names").at(name);
        self.ledger.used(&renamed.path);
        once(given, renamed.text_or(name))
    }

    fn state(&mut self, way: &Part<'_>, given: &mut Form) -> Result<String, String> {
        let name = way.at("callback").at("state");
        self.ledger.used(&name.path);
        once(given, name.text_or("state"))
    }

    /// Scopes whose marks go as they are.
    fn compare_spelling(&mut self, way: &Part<'_>, raw: &str) {
        let scopes = way.at("scopes");
        let unescaped = scopes.at("unescaped");
        if unescaped.value() != Some(&json!(true)) {
            return;
        }
        self.ledger.used(&unescaped.path);
        let joined = self.scopes().join(scopes.at("separator").text_or(" "));
        if !raw.contains(&format!("{}={joined}", scopes.at("parameter").text_or("scope"))) {
            self.complain(format!("authorize: the scopes are not sent as `{joined}`: {raw}"));
        }
    }

    pub(super) fn compare_scopes(&mut self, way: &Part<'_>, given: &mut Form) {
        let scopes = way.at("scopes");
        let wanted = self.scopes();
        let name = scopes.at("parameter").text_or("scope");
        let separator = scopes.at("separator").text_or(" ");
        let found = take(given, name);
        if self.is_mcp() {
            self.ledger.used(&scopes.path);
        }
        self.ledger.used(&scopes.at("parameter").path);
        self.ledger.used(&scopes.at("required").path);
        if self.take.scopes.is_none() {
            self.ledger.used(&scopes.at("default").path);
        }
        if wanted.len() > 1 {
            self.ledger.used(&scopes.at("separator").path);
        }
        let expected = if wanted.is_empty() {
            vec![]
        } else {
            vec![wanted.join(separator)]
        };
        if found != expected {
            self.complain(format!("scopes: `{name}` should be {expected:?}, is {found:?}"));
        }
        let optional = scopes.at("optional");
        let parameter = scopes.at("optional_parameter");
        if let Some(name) = parameter.text() {
            let wanted = self.optional_scopes();
            let found = take(given, name);
            self.ledger.used(&parameter.path);
            self.ledger.used(&optional.path);
            let expected = if wanted.is_empty() {
                vec![]
            } else {
                vec![wanted.join(separator)]
            };
            if found != expected {
                self.complain(format!("scopes: `{name}` should be {expected:?}, is {found:?}"));
            }
        }
    }

    /// PKCE (RFC 7636 §4.3).
    fn compare_challenge(&mut self, way: &Part<'_>, given: &mut Form) -> Option<String> {
        let names = way.at("authorize").at("names");
        let mut taken = |name: &str| {
            self.ledger.used(&names.at(name).path);
            take(given, names.at(name).text_or(name))
        };
        let (challenge, method) = (taken("code_challenge"), taken("code_challenge_method"));
        self.ledger.used(&way.at("pkce").path);
        if is_pkce_off(way) {
            if !challenge.is_empty() || !method.is_empty() {
                self.complain("authorize: PKCE is off, and there is a challenge");
            }
            return None;
        }
        if challenge.len() != 1 || method != ["S256"] {
            self.complain(format!(
                "authorize: no PKCE with S256: {} challenges, {method:?}",
                challenge.len()
            ));
        }
        challenge.into_iter().next()
    }

    fn callback(
        &mut self,
        way: &Part<'_>,
        redirect_uri: &str,
        state: &str,
        (challenge, key): (Option<String>, Option<String>),
    ) -> Result<Reply, String> {
        let state_name = way.at("callback").at("state").text_or("state");
        let mut pairs: Form = vec![(state_name.to_owned(), state.to_owned())];
        let issuer = way.at("issuer");
        let metadata = self.metadata();
        if self.mood == Mood::ForeignIssuer {
            pairs.push(("iss".to_owned(), "https://foreign.example".to_owned()));
        } else if issuer.is_there() {
            self.ledger.used(&issuer.path);
            pairs.push(("iss".to_owned(), self.plain(&issuer)?));
        } else if let Some(issuer) = metadata["issuer"].as_str() {
            pairs.push(("iss".to_owned(), issuer.to_owned()));
        }
        if self.mood == Mood::Denies {
            pairs.push(("error".to_owned(), "access_denied".to_owned()));
            self.sign_callback(way, &mut pairs);
            return Ok(back_to(redirect_uri, &pairs));
        }
        let mut callback = json!({});
        for (name, part) in way.at("learn").entries() {
            if let Some(path) = learnt_from(&part, "query")? {
                put(&mut callback, &path, json!(self.learn(name, &part)?));
            }
        }
        for (name, value) in callback.as_object().into_iter().flatten() {
            pairs.push((name.clone(), value.as_str().unwrap_or_default().to_owned()));
        }
        self.issued.count += 1;
        let code = format!("code/{}+{}", self.script.id, self.issued.count);
        pairs.push(("code".to_owned(), code.clone()));
        let made = Code {
            redirect_uri: redirect_uri.to_owned(),
            challenge,
            key,
            callback,
        };
        self.gave(&code);
        self.issued.codes.insert(code, made.clone());
        self.recite_callback(way, &mut pairs, Some(made))?;
        self.sign_callback(way, &mut pairs);
        Ok(back_to(redirect_uri, &pairs))
    }

    /// HMAC-SHA256 with the client secret, in hex, over the other parameters: sorted, form-encoded.
    fn sign_callback(&mut self, way: &Part<'_>, pairs: &mut Form) {
        let parameter = way.at("callback").at("signature").at("parameter");
        let Some(name) = parameter.text() else { return };
        self.ledger.used(&parameter.path);
        let mut sorted = pairs.clone();
        sorted.sort();
        let message = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(sorted)
            .finish();
        let is_foreign = self.mood == Mood::ForeignSignature;
        let key = if is_foreign {
            "another secret"
        } else {
            self.client.secret.as_str()
        };
        let signature = hmac_hex(key, &message);
        pairs.push((name.to_owned(), signature));
    }
}

/// An address whose path stands behind a `#`, as one with that path.
fn out_of_fragment(address: &str) -> String {
    match address.split_once('#') {
        Some((before, after)) => format!(
            "{}/{}",
            before.trim_end_matches('/'),
            after.trim_start_matches(['!', '/'])
        ),
        None => address.to_owned(),
    }
}

fn once(given: &mut Form, name: &str) -> Result<String, String> {
    match take(given, name).as_slice() {
        [value] => Ok(value.clone()),
        other => Err(format!("`{name}` is there {} times", other.len())),
    }
}

fn is_pkce_off(way: &Part<'_>) -> bool {
    // YAML 1.1 reads `off` as false.
    matches!(way.at("pkce").value(), Some(Value::Bool(false))) || way.at("pkce").text() == Some("off")
}

pub(super) fn back_to(redirect_uri: &str, pairs: &Form) -> Reply {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Reply {
        status: 302,
        body: String::new(),
        location: Some(format!(
            "{redirect_uri}{}{query}",
            if redirect_uri.contains('?') { '&' } else { '?' }
        )),
        headers: Vec::new(),
    }
}

/// The path in this namespace that a value is learnt from, if it is from there.
pub(super) fn learnt_from(part: &Part<'_>, namespace: &str) -> Result<Option<String>, String> {
    let from = Template::parse(part.at("from").text_or(""))?;
    if !from.uses(namespace) {
        return Ok(None);
    }
    let name = from
        .only_name()
        .and_then(|name| name.strip_prefix(namespace)?.strip_prefix('.'));
    let name = name.ok_or_else(|| {
        format!(
            "{}: the player can only turn round one plain input",
            part.at("from").path
        )
    })?;
    Ok(Some(name.to_owned()))
}

/// Takes all values of a parameter out.
pub(super) fn take(form: &mut Form, name: &str) -> Vec<String> {
    let (taken, left): (Form, Form) = std::mem::take(form).into_iter().partition(|(other, _)| other == name);
    *form = left;
    taken.into_iter().map(|(_, value)| value).collect()
}
