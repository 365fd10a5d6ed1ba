//! A callback that the service signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use sha2::Sha256;
use url::form_urlencoded;

use super::Client;

impl Client<'_> {
    /// Whether a callback's query, as an object, is what the service signed; always where the definition knows no
    /// signature. It is HMAC-SHA256 with the client secret in hex over all other parameters, sorted by name, and is
    /// compared in constant time.
    pub fn is_signed(&self, callback_query: &Value) -> bool {
        let Some(parameter) = &self.method.callback_signature else {
            return true;
        };
        let (Some(query), Some(secret)) = (callback_query.as_object(), self.client_secret) else {
            return false;
        };
        let signature = query
            .get(parameter)
            .and_then(Value::as_str)
            .and_then(|text| hex::decode(text).ok());
        let mut others: Vec<(&str, &str)> = query
            .iter()
            .filter(|(name, _)| *name != parameter)
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect();
        others.sort_unstable();
        let message = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .finish();
        let (Some(signature), Ok(mut mac)) = (
            signature,
            Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()),
        ) else {
            return false;
        };
        mac.update(message.as_bytes());
        mac.verify_slice(&signature).is_ok()
    }
}
