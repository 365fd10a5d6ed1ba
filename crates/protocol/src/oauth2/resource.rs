//! A service that tells by itself where one signs in to it: protected resource metadata (RFC 9728), as remote servers of
//! the Model Context Protocol have it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use url::Url;

use super::discovery::{Discovery, Metadata};
use super::error::TokenError;
use crate::egress::{ANSWER_LIMIT, Egress};

/// What a service says about signing in to it.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Its authorization server.
    pub(crate) metadata: Arc<Metadata>,
    /// Its own name, for the parameter `resource` (RFC 8707).
    pub(crate) identifier: String,
    /// Scopes that it asks for.
    pub(crate) scopes: Vec<String>,
}

/// Where its metadata is, and which scopes a call without a token was refused for (RFC 6750 §3, RFC 9728 §5.1).
#[derive(Debug, Default, PartialEq, Eq)]
struct Challenge {
    metadata: Option<Url>,
    scopes: Vec<String>,
}

impl Discovery {
    /// Asks the service, then its authorization server. An error is always one of before the real request.
    pub(super) async fn ask_resource(&self, egress: &Egress, url: &Url) -> Result<Resource, TokenError> {
        self.look(egress, url).await.map_err(TokenError::before_sending)
    }

    async fn look(&self, egress: &Egress, url: &Url) -> Result<Resource, TokenError> {
        let challenge = challenge(egress, url).await?;
        let document = match &challenge.metadata {
            Some(address) => Some(
                document(egress, address)
                    .await?
                    .ok_or_else(|| unusable("it is not there"))?,
            ),
            None => well_known(egress, url, "oauth-protected-resource").await?,
        };
        // Servers from before RFC 9728 are their own authorization servers.
        let Some(document) = document else {
            let mut origin = url.clone();
            origin.set_path("");
            origin.set_query(None);
            return Ok(Resource {
                metadata: self.server(egress, &origin).await?,
                identifier: canonical(url),
                scopes: challenge.scopes,
            });
        };
        let identifier = document.get("resource").and_then(Value::as_str).unwrap_or_default();
        if !covers(identifier, url) {
            return Err(unusable("it is about another address"));
        }
        let server = document
            .pointer("/authorization_servers/0")
            .and_then(Value::as_str)
            .and_then(|server| Url::parse(server).ok())
            .ok_or_else(|| unusable("it names no authorization server"))?;
        egress
            .admit(&server)
            .map_err(|error| unusable(&format!("its authorization server is refused: {error}")))?;
        let scopes = if challenge.scopes.is_empty() {
            texts(document.get("scopes_supported"))
        } else {
            challenge.scopes
        };
        Ok(Resource {
            metadata: self.server(egress, &server).await?,
            identifier: identifier.to_owned(),
            scopes,
        })
    }
}

fn unusable(why: &str) -> TokenError {
    TokenError::transient(format!("what it says about signing in cannot be used: {why}"), true)
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let all = list.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A call without a token, which must be refused.
async fn challenge(egress: &Egress, url: &Url) -> Result<Challenge, TokenError> {
    let hello = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "latchkey", "version": env!("CARGO_PKG_VERSION") },
        },
    });
    let request = http::Request::post(url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .body(Bytes::from(hello.to_string()))
        .map_err(|_| TokenError::Configuration("the server's address is none".to_owned()))?;
    let answer = egress.call(request, ANSWER_LIMIT).await?;
    if answer.status().is_success() {
        return Err(TokenError::Configuration(
            "the server answers without a sign-in: there is nothing to sign in to".to_owned(),
        ));
    }
    Ok(read_challenge(answer.headers()))
}

fn read_challenge(headers: &HeaderMap) -> Challenge {
    let mut found = Challenge::default();
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(text) = value.to_str() else { continue };
        if let Some(address) = parameter(text, "resource_metadata") {
            found.metadata = Url::parse(address).ok();
        }
        if let Some(scopes) = parameter(text, "scope") {
            found.scopes = scopes
                .split(' ')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect();
        }
    }
    found
}

/// A quoted parameter of a challenge (RFC 9110 §11.2).
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = challenge;
    loop {
        let at = rest.to_ascii_lowercase().find(name)?;
        let before = rest[..at].chars().next_back();
        let after = rest[at + name.len()..].trim_start();
        rest = &rest[at + name.len()..];
        let starts = before.is_none_or(|one| one == ' ' || one == ',');
        if let Some(quoted) = after
            .strip_prefix('=')
            .map(str::trim_start)
            .and_then(|text| text.strip_prefix('"'))
            && starts
        {
            return quoted.split('"').next();
        }
    }
}

/// RFC 8707 §2: without a fragment; an origin without its last slash.
fn canonical(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    let text = url.to_string();
    if url.path() == "/" && url.query().is_none() {
        text.trim_end_matches('/').to_owned()
    } else {
        text
    }
}

/// Whether metadata of this resource is about the address: the same origin, and the address itself or one above it
/// (RFC 9728 §3.3; the Model Context Protocol lets a server speak for what is below it).
fn covers(identifier: &str, url: &Url) -> bool {
    let Ok(resource) = Url::parse(identifier) else {
        return false;
    };
    let above = resource.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(above);
    resource.origin() == url.origin() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A document below `/.well-known/`, with the path behind it, then at the root (RFC 9728 §3.1, RFC 8414 §3.1).
pub(super) async fn well_known(egress: &Egress, url: &Url, name: &str) -> Result<Option<Value>, TokenError> {
    let path = url.path().trim_end_matches('/');
    let mut tried = vec![format!("/.well-known/{name}{path}")];
    if !path.is_empty() {
        tried.push(format!("/.well-known/{name}"));
    }
    for path in tried {
        let mut address = url.clone();
        address.set_path(&path);
        address.set_query(None);
        if let Some(found) = document(egress, &address).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A JSON object; `None` when there is none at this address.
pub(super) async fn document(egress: &Egress, address: &Url) -> Result<Option<Value>, TokenError> {
    let request = http::Request::get(address.as_str())
        .header(ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| TokenError::Configuration("the address of the metadata is none".to_owned()))?;
    let answer = egress.call(request, ANSWER_LIMIT).await?;
    if answer.status().is_server_error() {
        return Err(unusable(&format!("HTTP {}", answer.status().as_u16())));
    }
    if !answer.status().is_success() {
        return Ok(None);
    }
    Ok(serde_json::from_slice::<Value>(answer.body())
        .ok()
        .filter(Value::is_object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_as_rfc_9728_writes_it() {
        let mut headers = HeaderMap::new();
        headers.append(
            WWW_AUTHENTICATE,
            r#"Bearer error="invalid_token", error_description="the scope = \"none\"", resource_metadata="https://mcp.test/.well-known/oauth-protected-resource/mcp", scope="read write""#
                .parse()
                .unwrap(),
        );
        let found = read_challenge(&headers);
        assert_eq!(
            found.metadata.unwrap().as_str(),
            "https://mcp.test/.well-known/oauth-protected-resource/mcp"
        );
        assert_eq!(found.scopes, ["read", "write"]);
        assert_eq!(read_challenge(&HeaderMap::new()), Challenge::default());
    }

    #[test]
    fn metadata_speaks_for_its_own_address_and_below() {
        let url = Url::parse("https://mcp.test/a/mcp").unwrap();
        for identifier in [
            "https://mcp.test/a/mcp",
            "https://mcp.test/a/",
            "https://mcp.test",
            "https://mcp.test:443/a",
        ] {
            assert!(covers(identifier, &url), "{identifier}");
        }
        for identifier in [
            "https://mcp.test/a/mc",
            "https://evil.test/a/mcp",
            "http://mcp.test/a/mcp",
            "https://mcp.test/b",
            "",
        ] {
            assert!(!covers(identifier, &url), "{identifier}");
        }
    }

    #[test]
    fn resources_are_named_as_rfc_8707_wants() {
        for (url, expected) in [
            ("https://mcp.test/", "https://mcp.test"),
            ("https://mcp.test/mcp#x", "https://mcp.test/mcp"),
            ("https://mcp.test/mcp/", "https://mcp.test/mcp/"),
        ] {
            assert_eq!(canonical(&Url::parse(url).unwrap()), expected);
        }
    }
}
