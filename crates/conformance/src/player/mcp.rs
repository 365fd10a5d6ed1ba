//! A remote server of the Model Context Protocol, with its authorization server: where one signs in (RFC 9728 §3 and §5.1,
//! RFC 8414 §3), clients that register themselves (RFC 7591 §2 and §3), tokens for this server alone (RFC 8707 §2), and
//! the calls that it answers.

use serde_json::{Value, json};
use url::Url;

use super::sent::Sent;
use super::{Address, Asked, Client, Mood, Reply, Role, Seen};
use crate::template::Template;

/// How many servers there are that differ in what the standards leave open.
pub(crate) const SERVERS: usize = 3;

/// Where the first server says that its metadata is: any address will do.
const NAMED: &str = "/about/signing-in.json";

/// The server and its authorization server.
struct Server {
    /// As it was typed in.
    url: String,
    /// Of the server.
    origin: String,
    issuer: String,
    /// Which of the servers it is.
    number: usize,
}

/// A client that registered itself.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub(super) client: Client,
    /// As a definition names it.
    authentication: &'static str,
    redirect_uris: Vec<String>,
}

impl Server {
    /// What tokens are for (RFC 8707 §2): the address, or the whole host, as the metadata says.
    fn resource(&self) -> &str {
        if self.number == 2 { &self.origin } else { &self.url }
    }

    /// What its authorization server says of clients; where it says nothing that is Basic (RFC 8414 §2).
    fn authentication(&self) -> (&'static str, &'static str) {
        [
            ("none", "none"),
            ("client_secret_basic", "basic"),
            ("client_secret_post", "body"),
        ][self.number]
    }

    /// The scopes that it names, and whether the challenge does (RFC 6750 §3) or the metadata (RFC 9728 §2).
    fn scopes(&self) -> (&'static [&'static str], bool) {
        match self.number {
            0 => (&["tools:read", "tools:call"], false),
            1 => (&["everything"], true),
            _ => (&[], false),
        }
    }

    /// Where the protected resource metadata is: where the challenge says, or below `/.well-known/`, with the path or
    /// without (RFC 9728 §3.1).
    fn document(&self) -> String {
        let path = self.url.strip_prefix(&self.origin).unwrap_or_default();
        match self.number {
            0 => format!("{}{NAMED}", self.origin),
            1 => format!("{}/.well-known/oauth-protected-resource{path}", self.origin),
            _ => format!("{}/.well-known/oauth-protected-resource", self.origin),
        }
    }

    /// Where the authorization server's metadata is: the path stands behind (RFC 8414 §3.1).
    fn metadata_address(&self) -> Result<Address, String> {
        let issuer = Url::parse(&self.issuer).map_err(|error| error.to_string())?;
        let path = issuer.path().trim_end_matches('/');
        let origin = issuer.origin().ascii_serialization();
        Address::parse(&format!("{origin}/.well-known/oauth-authorization-server{path}"))
    }

    fn challenge(&self, error: &str) -> String {
        let mut parts = Vec::new();
        if !error.is_empty() {
            parts.push(format!("error=\"{error}\""));
        }
        match self.number {
            0 => parts.push(format!("resource_metadata=\"{}\"", self.document())),
            1 => parts.push(format!("scope=\"{}\"", self.scopes().0.join(" "))),
            _ => parts.push("realm=\"tools\"".to_owned()),
        }
        format!("Bearer {}", parts.join(", "))
    }
}

impl Role {
    /// Whether this way is a server of the Model Context Protocol.
    pub(super) fn is_mcp(&self) -> bool {
        self.kind() == "mcp"
    }

    fn mcp_server(&self) -> Option<Server> {
        if !self.is_mcp() {
            return None;
        }
        // Not through `inputs`, which name what is discovered here.
        let known = json!({ "variables": self.take.variables, "instance": self.instance });
        let part = self.script.ways()[self.way].at("url");
        let url = Template::parse(part.text_or(""))
            .and_then(|text| text.address(&known))
            .ok()?;
        let parsed = Url::parse(&url).ok()?;
        let number = self.take.number % SERVERS;
        let path = if number == 0 { "/tenant" } else { "" };
        Some(Server {
            issuer: format!("https://sign-in.{}{path}", parsed.host_str()?),
            origin: parsed.origin().ascii_serialization(),
            url,
            number,
        })
    }

    /// What the authorization server says of itself (RFC 8414 §2).
    pub(super) fn mcp_metadata(&self) -> Option<Value> {
        let server = self.mcp_server()?;
        let issuer = &server.issuer;
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "registration_endpoint": format!("{issuer}/clients"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        if server.number != 1 {
            metadata["token_endpoint_auth_methods_supported"] = json!([server.authentication().0]);
        }
        if server.number != 2 {
            metadata["revocation_endpoint"] = json!(format!("{issuer}/revoke"));
        }
        Some(metadata)
    }

    /// The scopes to ask for: those of the definition, in place of those that the server names.
    pub(super) fn mcp_scopes(&self) -> Option<Vec<String>> {
        let server = self.mcp_server()?;
        let written = self.script.ways()[self.way].at("scopes").texts();
        let scopes = if written.is_empty() {
            server.scopes().0.to_vec()
        } else {
            written
        };
        Some(scopes.into_iter().map(ToOwned::to_owned).collect())
    }

    /// A request that has no token yet, if it is one.
    pub(super) fn answer_mcp(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        let Some(server) = self.mcp_server() else {
            return Ok(None);
        };
        let has_credential = !asked.header("authorization").is_empty();
        let metadata = self.mcp_metadata().unwrap_or_default();
        let text = |name: &str| metadata[name].as_str().unwrap_or_default();
        let document = if asked.address == Address::parse(&server.document())? {
            self.seen.push(Seen::Discovery);
            let mut about = json!({
                "resource": server.resource(),
                "authorization_servers": [server.issuer],
                "bearer_methods_supported": ["header"],
            });
            if self.mood == Mood::ForeignResource {
                about["resource"] = json!("https://foreign.player.example/mcp");
            }
            if let (scopes @ [_, ..], false) = server.scopes() {
                about["scopes_supported"] = json!(scopes);
            }
            Some(about)
        } else if asked.address == server.metadata_address()? {
            self.seen.push(Seen::Discovery);
            let mut about = metadata.clone();
            if self.mood == Mood::ForeignMetadata {
                about["issuer"] = json!("https://foreign.player.example");
            }
            Some(about)
        } else {
            None
        };
        if let Some(document) = document {
            if has_credential || asked.method != "GET" {
                self.complain("metadata is asked for by a plain GET, without a credential");
            }
            return Ok(Some(Reply::json(200, &document)));
        }
        // What else a client may look for is not there.
        if asked.address.path.first().is_some_and(|first| first == ".well-known") {
            return Ok(Some(Reply::json(404, &json!({ "error": "not_found" }))));
        }
        if asked.address.is_at(&Address::parse(text("registration_endpoint"))?) {
            return Ok(Some(self.register(&server, asked)));
        }
        if asked.address.is_at(&Address::parse(&server.url)?) && !has_credential {
            let way = self.script.ways()[self.way].at("url").path;
            self.ledger.used(&way);
            self.seen.push(Seen::Discovery);
            return Ok(Some(challenged(&server, "")));
        }
        Ok(None)
    }

    /// The API refuses the credential, and says where one signs in (RFC 9728 §5.1).
    pub(super) fn unauthorized(&self) -> Reply {
        match self.mcp_server() {
            Some(server) => challenged(&server, "invalid_token"),
            None => Reply::json(401, &json!({ "error": "unauthorized" })),
        }
    }

    /// A client registers itself (RFC 7591 §3.1).
    fn register(&mut self, server: &Server, asked: &Asked) -> Reply {
        self.seen.push(Seen::Register);
        if let Mood::RefusesClient(words) = &self.mood {
            let problem = json!({ "error": "invalid_client_metadata", "error_description": words });
            return Reply::json(400, &problem);
        }
        let wish: Value = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
        let has = |name: &str, value: &str| {
            wish[name]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one == value))
        };
        let uris: Vec<String> = serde_json::from_value(wish["redirect_uris"].clone()).unwrap_or_default();
        let (authentication, declared) = server.authentication();
        let is_json = asked.header("content-type").concat().starts_with("application/json");
        let wrong = [
            (asked.method != "POST" || !is_json, "it is no POST of JSON"),
            (!asked.header("authorization").is_empty(), "it has a credential"),
            (uris.is_empty(), "redirect_uris"),
            (
                !has("grant_types", "authorization_code") || !has("grant_types", "refresh_token"),
                "grant_types",
            ),
            (!has("response_types", "code"), "response_types"),
            (
                wish["token_endpoint_auth_method"] != authentication,
                "token_endpoint_auth_method",
            ),
            (wish["client_name"].as_str().is_none_or(str::is_empty), "client_name"),
        ];
        for (_, what) in wrong.iter().filter(|(wrong, _)| *wrong) {
            self.complain(format!("registration: {what}: {}", asked.body));
        }
        if wrong.iter().any(|(wrong, _)| *wrong) {
            return Reply::json(400, &json!({ "error": "invalid_client_metadata" }));
        }
        self.issued.count += 1;
        let client = Client {
            // With every character that needs care in a form or in Basic.
            id: format!("registered {}+&={}", self.script.id, self.issued.count),
            secret: format!("registered-secret/{}:%+&=", self.issued.count),
            key: String::new(),
        };
        let mut answer = wish;
        answer["client_id"] = json!(client.id);
        answer["client_id_issued_at"] = json!(1);
        if declared != "none" {
            answer["client_secret"] = json!(client.secret);
            answer["client_secret_expires_at"] = json!(0);
        }
        self.issued.registered.push(Registered {
            client,
            authentication: declared,
            redirect_uris: uris,
        });
        Reply::json(201, &answer)
    }

    /// The client that must be used: the one that registered itself last, or that holds what is asked with; the app's
    /// where nothing is registered.
    pub(super) fn client_now(&self) -> (Client, &'static str) {
        match self.issued.registered.last().filter(|_| self.is_mcp()) {
            Some(registered) => (registered.client.clone(), registered.authentication),
            None => (self.client.clone(), "basic"),
        }
    }

    /// A browser comes with this client; it must have registered the address to come back to (RFC 7591 §2).
    pub(super) fn turn_to_client(&mut self, id: &str, redirect_uri: &str) -> Result<(), String> {
        if !self.is_mcp() {
            return Ok(());
        }
        let position = self.issued.registered.iter().position(|one| one.client.id == id);
        let found =
            position.ok_or_else(|| format!("client_id is `{id}`, which is no client that registered itself"))?;
        let found = self.issued.registered.remove(found);
        let knows = found.redirect_uris.iter().any(|one| one == redirect_uri);
        self.issued.registered.push(found);
        if knows {
            Ok(())
        } else {
            Err(format!("redirect_uri `{redirect_uri}` was not registered"))
        }
    }

    /// Codes and tokens belong to the client that they were given to.
    pub(super) fn gave(&mut self, what: &str) {
        if self.is_mcp() {
            let owner = self.client_now().0.id;
            self.issued.owners.insert(what.to_owned(), owner);
        }
    }

    /// A request with a code or token comes from the client that it was given to.
    pub(super) fn turn_to_owner(&mut self, asked: &Asked) {
        let mut newest_first = self.issued.owners.iter().rev();
        let owner = newest_first
            .find(|(what, _)| asked.carries(what))
            .map(|(_, owner)| owner.clone());
        let all = &self.issued.registered;
        if let Some(position) = all.iter().position(|one| Some(&one.client.id) == owner.as_ref()) {
            let found = self.issued.registered.remove(position);
            self.issued.registered.push(found);
        }
    }

    /// What the token is for stands in the request once (RFC 8707 §2).
    pub(super) fn compare_resource(&mut self, found: &[String], what: &str) {
        let Some(server) = self.mcp_server() else { return };
        if found != [server.resource()] {
            self.complain(format!(
                "{what}: resource should be `{}`, is {found:?}",
                server.resource()
            ));
        }
    }

    /// The same in a request to the token endpoint.
    pub(super) fn compare_resource_sent(&mut self, sent: &mut Sent, what: &str) {
        if self.is_mcp() {
            let found = sent.take("resource");
            let found: Vec<String> = found
                .iter()
                .map(|one| one.as_str().unwrap_or_default().to_owned())
                .collect();
            self.compare_resource(&found, what);
        }
    }

    /// The check's answer as the protocol has it: a result of this request, or a stream of events where nothing of the
    /// account is read from it.
    pub(super) fn as_rpc(&self, asked: &Asked, mut body: Value, is_read: bool) -> Reply {
        if !self.is_mcp() {
            return Reply::json(200, &body);
        }
        body["jsonrpc"] = json!("2.0");
        body["id"] = request_of(asked)["id"].clone();
        if is_read {
            Reply::json(200, &body)
        } else {
            stream(&body)
        }
    }

    /// A call of a customer's to the server, which begins with `initialize`. Ids of the check are numbers, and those of
    /// callers are texts.
    pub(super) fn answer_rpc(&mut self, asked: &Asked) -> Result<Option<Reply>, String> {
        let Some(server) = self.mcp_server() else {
            return Ok(None);
        };
        let request = request_of(asked);
        let method = request["method"].as_str().unwrap_or_default().to_owned();
        let is_callers = request["id"].is_string() || method.starts_with("notifications/");
        if !is_callers || asked.method != "POST" || !asked.address.is_at(&Address::parse(&server.url)?) {
            return Ok(None);
        }
        self.seen.push(Seen::Call);
        self.compare_credential(asked, &[], false, None)?;
        if self.mood == Mood::Unauthorized {
            return Ok(Some(self.unauthorized()));
        }
        let accept = asked.header("accept").concat();
        if !accept.contains("application/json") || !accept.contains("text/event-stream") {
            self.complain(format!(
                "{method}: Accept is `{accept}`, and both answers must be welcome"
            ));
        }
        let session = format!("session-{}", self.script.id);
        if method != "initialize" && asked.header("mcp-session-id") != [session.as_str()] {
            return Ok(Some(Reply::json(400, &json!({ "error": "the session is missing" }))));
        }
        let result = match method.as_str() {
            "initialize" => json!({
                "protocolVersion": "2025-06-18",
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "played", "version": "1" },
            }),
            "tools/list" => json!({ "tools": [{ "name": "play", "inputSchema": { "type": "object" } }] }),
            _ if method.starts_with("notifications/") => {
                let mut taken = Reply::json(202, &Value::Null);
                taken.body.clear();
                return Ok(Some(taken));
            }
            _ => {
                let error = json!({ "code": -32601, "message": "no such method" });
                let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
                return Ok(Some(Reply::json(200, &answer)));
            }
        };
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        let mut reply = if server.number == 1 {
            stream(&answer)
        } else {
            Reply::json(200, &answer)
        };
        if method == "initialize" {
            reply.headers.push(("mcp-session-id".to_owned(), session));
        }
        Ok(Some(reply))
    }
}

fn request_of(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap_or(Value::Null)
}

fn challenged(server: &Server, error: &str) -> Reply {
    let mut reply = Reply::json(401, &json!({ "error": "unauthorized" }));
    let challenge = server.challenge(error);
    reply.headers.push(("www-authenticate".to_owned(), challenge));
    reply
}

/// One event of a stream.
fn stream(answer: &Value) -> Reply {
    Reply {
        status: 200,
        body: format!("event: message\ndata: {answer}\n\n"),
        location: None,
        headers: vec![("content-type".to_owned(), "text/event-stream".to_owned())],
    }
}
