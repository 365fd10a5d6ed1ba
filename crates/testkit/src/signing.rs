//! A service of OAuth 1.0a: what an odd provider has to be asked with, and whether it was.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use url::form_urlencoded;

use crate::Seen;

/// A definition `odd-oauth1` of the odd provider.
pub(crate) fn oauth1_definition() -> (&'static str, &'static str) {
    (
        "odd-oauth1.yaml",
        r#"
id: odd-oauth1
name: Odd signer
description: A provider for tests, with OAuth 1.0a.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: oauth1
    title: Sign in
    request_token: { url: "${variables.base}/initiate", params: { scope: "read & write" } }
    authorize: { url: "${variables.base}/allow", params: { mode: plain } }
    access_token: { url: "${variables.base}/buy" }
    signature: HMAC-SHA1
    realm: Odd realm
    learn:
      user: { from: "${token.user_id}", pattern: "[0-9]+" }
      company: { from: "${query.company}", pattern: "[a-z]+" }
    headers: { X-Company: "${first(variables.company, variables.user)}" }
  - kind: form
    id: token
    title: Enter a token
    fields:
      - { name: account, title: Account, secret: false, pattern: "[0-9]+(?:-[a-z0-9]+)?" }
      - { name: consumer_key, title: Consumer key }
      - { name: consumer_secret, title: Consumer secret }
      - { name: token_id, title: Token }
      - { name: token_secret, title: Token secret }
    oauth1:
      signature: HMAC-SHA256
      consumer_key: "${credential.consumer_key}"
      consumer_secret: "${credential.consumer_secret}"
      token: "${credential.token_id}"
      token_secret: "${credential.token_secret}"
      realm: '${first(upper(part(variables.account, "-", "0") "_" part(variables.account, "-", "1")), variables.account)}'
  - kind: oauth2
    title: Sign in otherwise
    authorize: { url: "${variables.base}/authorize" }
    token: { url: "${variables.base}/token" }
    callback: { state: ticket }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.base}/api"
check:
  get: /me
  account: { id: "${body.id}", name: "${body.name}" }
"#,
    )
}

impl Seen {
    /// The parameters of its `Authorization: OAuth` header.
    pub fn signed_with(&self) -> BTreeMap<String, String> {
        let given = self.authorization.strip_prefix("OAuth ").unwrap_or_default();
        given
            .split(", ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value.trim_matches('"'))))
            .collect()
    }

    /// Whether its signature is the one that these secrets make (RFC 5849 §3.4). It is worked out here anew.
    pub fn is_signed_by(&self, base: &str, consumer_secret: &str, token_secret: &str) -> bool {
        let mut given = self.signed_with();
        let Some(signature) = given.remove("oauth_signature") else {
            return false;
        };
        given.remove("realm");
        let algorithm = match given.get("oauth_signature_method").map(String::as_str) {
            Some("HMAC-SHA1") => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Some("HMAC-SHA256") => hmac::HMAC_SHA256,
            _ => return false,
        };
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let is_form = self.head.contains("content-type: application/x-www-form-urlencoded");
        let form = if is_form { self.body.as_str() } else { "" };
        let mut all: Vec<(String, String)> = given.into_iter().collect();
        for text in [query, form] {
            all.extend(form_urlencoded::parse(text.as_bytes()).into_owned());
        }
        let mut all: Vec<String> = all
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        // `=` sorts after `%` and before letters, but names here are no beginnings of each other.
        all.sort();
        let method = self.head.split(' ').next().unwrap_or_default().to_uppercase();
        let message = [method, format!("{base}{path}"), all.join("&")]
            .map(|part| encoded(&part))
            .join("&");
        let key = format!("{}&{}", encoded(consumer_secret), encoded(token_secret));
        let made = hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), message.as_bytes());
        STANDARD.encode(made) == signature
    }
}

fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn decoded(text: &str) -> String {
    let whole = format!("x={}", text.replace('+', "%2B"));
    form_urlencoded::parse(whole.as_bytes()).next().unwrap().1.into_owned()
}
