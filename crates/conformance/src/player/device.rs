//! The device authorization endpoint, and the person who enters the code: RFC 8628 §3, as far as a definition promises.

use std::sync::Arc;

use serde_json::{Value, json};

use super::sent::Sent;
use super::token::{inherited, token_error};
use super::{Address, Asked, Mood, Reply, Role};
use crate::script::Part;

/// Seconds between two questions; another number than the one that holds where none is told.
pub(crate) const INTERVAL: i64 = 7;

/// A code that was given out.
#[derive(Clone, Debug)]
pub(super) struct DeviceCode {
    pub(super) code: String,
    user_code: String,
    /// Whether the person entered it.
    entered: bool,
}

impl Role {
    /// Whether this way is a sign-in with a code.
    pub(super) fn is_by_code(&self) -> bool {
        self.kind() == "oauth2_device"
    }

    /// A device authorization request (RFC 8628 §3.1).
    pub(super) fn device(&mut self, asked: &Asked, endpoint: &Address) -> Result<Reply, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let (token, own) = (way.at("token"), way.at("device"));
        let before = self.complaints.len();
        self.ledger.used(&own.at("url").path);
        let (method, body) = (token.at("method"), token.at("body"));
        let kind = if method.text() == Some("get") {
            "query"
        } else {
            body.text_or("form")
        };
        let mut sent = self.sent(asked, endpoint, method.text_or("post"), kind, "device");
        let inputs = self.inputs();
        let own_auth = own.at("client_auth").is_there();
        self.compare_headers(asked, &[token.at("headers"), own.at("headers")], own_auth, &inputs)?;
        let auth = inherited(&own, &token, "client_auth");
        self.compare_client(&auth, &token.at("names"), omits_id(&token), asked, &mut sent, "device")?;
        self.compare_params(&own.at("params"), &inputs, kind, &mut sent, "device")?;
        self.compare_scopes_sent(&way, &mut sent);
        for parameter in sent.left() {
            self.complain(format!("device: the parameter `{parameter}` is not in the definition"));
        }
        if self.complaints.len() > before {
            return Ok(token_error(&token, "invalid_request"));
        }
        self.issued.count += 1;
        let device = DeviceCode {
            code: format!("device/{}+{}", self.script.id, self.issued.count),
            user_code: format!("USER-{}", self.issued.count),
            entered: false,
        };
        let answer = json!({
            "device_code": device.code,
            "user_code": device.user_code,
            "verification_uri": VERIFICATION,
            "verification_uri_complete": format!("{VERIFICATION}?user_code={}", device.user_code),
            "expires_in": 600,
            "interval": INTERVAL,
        });
        self.issued.device = Some(device);
        Ok(Reply::json(200, &answer))
    }

    /// The scopes of a device authorization request, which are asked for there (RFC 8628 §3.1).
    fn compare_scopes_sent(&mut self, way: &Part<'_>, sent: &mut Sent) {
        let scopes = way.at("scopes");
        let names = [
            scopes.at("parameter").text_or("scope"),
            scopes.at("optional_parameter").text_or(""),
        ];
        let mut form = Vec::new();
        for name in names {
            let values = sent.take(name).into_iter();
            form.extend(values.map(|value| (name.to_owned(), value.as_str().unwrap_or_default().to_owned())));
        }
        self.compare_scopes(way, &mut form);
    }

    /// The person enters the code that the modal shows, on the page that it names.
    pub(crate) fn enter(&mut self, shown: &Value) {
        let Some(device) = &mut self.issued.device else {
            self.complain("device: there is no code to enter");
            return;
        };
        device.entered = true;
        let (code, complete) = (device.user_code.clone(), &shown["verification_uri_complete"]);
        if shown["user_code"] != json!(code)
            || shown["verification_uri"] != json!(VERIFICATION)
            || *complete != json!(format!("{VERIFICATION}?user_code={code}"))
        {
            self.complain(format!("device: the person is shown {shown}, and the code is {code}"));
        }
    }

    /// What the person has decided about a code (RFC 8628 §3.5), in place of tokens.
    pub(super) fn decision(&self) -> Option<&'static str> {
        let entered = self.issued.device.as_ref().is_some_and(|device| device.entered);
        match (entered, &self.mood) {
            (false, _) => Some("authorization_pending"),
            (true, Mood::Denies) => Some("access_denied"),
            (true, _) => None,
        }
    }
}

/// Where the code is entered.
const VERIFICATION: &str = "https://id.example.com/device";

fn omits_id(token: &Part<'_>) -> bool {
    token.at("omit").texts().contains(&"client_id")
}
