//! Whether an address leads to this server: asked at `/healthz`, where each of its replicas says the same of itself.

use url::Url;

use crate::Broker;

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To this server.
    Here,
    /// To something else, which answered with this status.
    Elsewhere(u16),
    /// Nobody knows: it could not be reached from here, and why.
    Nowhere(String),
}

impl Broker {
    /// What this server says of itself to everybody.
    pub fn instance_tag(&self) -> String {
        self.store().instance_tag(self.public_origin())
    }

    /// Asks where an address leads. A private one is asked only where it is our own, or an operator allowed it.
    pub async fn where_leads(&self, address: &str) -> Leads {
        let Ok(mut health) = Url::parse(address) else {
            return Leads::Nowhere("it is no address".to_owned());
        };
        health.set_path("/healthz");
        health.set_query(None);
        match self.look(&health, 64 * 1024).await {
            Ok(answer) if answer.status().is_success() && is_of(answer.body(), &self.instance_tag()) => Leads::Here,
            Ok(answer) => Leads::Elsewhere(answer.status().as_u16()),
            Err(why) => Leads::Nowhere(why),
        }
    }
}

/// Whether an answer is of this very server.
fn is_of(body: &[u8], tag: &str) -> bool {
    let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    body.is_some_and(|body| body["instance"] == tag)
}

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn another_server_is_told_from_this_one() {
        assert!(is_of(br#"{"status":"ok","instance":"0f"}"#, "0f"));
        for body in [
            r#"{"status":"ok"}"#,
            r#"{"status":"ok","instance":"1f"}"#,
            r#"{"status":"ok","instance":null}"#,
            r#"["0f"]"#,
            "0f",
            "<html>",
            "",
        ] {
            assert!(!is_of(body.as_bytes(), "0f"), "{body}");
        }
    }
}
