//! Revocation (RFC 7009), as declared.

use std::sync::Arc;

use serde_json::json;

use super::body::put_at_pointer;
use super::role::Grant;
use super::token::inherited;
use super::{Address, Asked, Reply, Role, Seen};

impl Role {
    /// Revocation (RFC 7009 §2.1), as declared. An unknown token is no error there.
    pub(super) fn revoke(&mut self, asked: &Asked, endpoint: &Address) -> Result<Reply, String> {
        let script = Arc::clone(&self.script);
        let way = script.ways()[self.way].clone();
        let (token, own) = (way.at("token"), way.at("revoke"));
        self.turn_to_owner(asked);
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
        let refreshes = |grant: &Grant| grant.refresh.as_deref() == Some(given.as_str());
        let kind = if given.starts_with("refresh-") || self.issued.grants.iter().any(refreshes) {
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
                headers: Vec::new(),
            },
        })
    }
}
