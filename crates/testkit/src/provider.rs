//! A provider that answers as a test says: in order, oddly, late, or not at all.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use crate::ports::{listen, listen_again};

/// What the clock of a service says that answers [`Reply::Asking`].
pub const SERVICE_DATE: &str = "Mon, 23 Nov 2026 18:00:00 GMT";

/// How one request to the token endpoint is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// With this status, type and body.
    With(u16, &'static str, String),
    /// 429 with this `Retry-After`, from a service whose clock says [`SERVICE_DATE`].
    Asking(String),
    /// Never; the connection stays open.
    Never,
    /// The connection ends after the request was read.
    HangUp,
    /// When the test says so.
    Held(Held, Box<Self>),
    /// As the book of a strict service says at that moment.
    Strictly,
    /// The head and these bytes at once, the others when the test says so.
    InTwo(Held, &'static str, &'static str),
}

impl Reply {
    /// JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::With(status, "application/json", body.to_string())
    }

    /// Tokens that live this many seconds.
    pub fn tokens(access: &str, refresh: &str, seconds: u64) -> Self {
        let body =
            json!({ "access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": seconds });
        Self::json(200, &body)
    }

    /// The same when the test says so.
    #[must_use]
    pub fn held(self) -> (Held, Self) {
        let held = Held::default();
        (held.clone(), Self::Held(held, Box::new(self)))
    }
}

/// A request that waits for the test.
#[derive(Clone, Debug, Default)]
pub struct Held {
    arrived: Arc<Notify>,
    released: Arc<Notify>,
}

impl Held {
    /// Returns when the request is there.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Lets it be answered.
    pub fn release(&self) {
        self.released.notify_one();
    }
}

/// What one request was.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The path with the query.
    pub target: String,
    /// Request line and headers, in lower case.
    pub head: String,
    /// Its `Authorization`, letter for letter.
    pub authorization: String,
    /// The body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Script {
    replies: Mutex<VecDeque<(String, Reply)>>,
    seen: Mutex<Vec<Seen>>,
    drop_unread: Mutex<u32>,
    strict: Mutex<Option<Strict>>,
}

/// The book of a strict service: refresh tokens work once, and a second use ends the family.
#[derive(Debug)]
struct Strict {
    lifetime: u64,
    /// By family: the number of the one token that works, `None` once the family is revoked.
    families: Vec<Option<u64>>,
    refreshes: usize,
    reuses: usize,
}

impl Strict {
    /// The answer to a token request with this body.
    fn answer(&mut self, body: &str) -> Reply {
        let gone = || Reply::json(400, &json!({ "error": "invalid_grant" }));
        let token = body.split('&').find_map(|pair| pair.strip_prefix("refresh_token="));
        let Some(token) = token else {
            self.families.push(Some(1));
            return self.tokens(self.families.len() - 1, 1);
        };
        let mut parts = token.split('-').skip(1).filter_map(|part| part.parse::<u64>().ok());
        let (Some(family), Some(number)) = (parts.next(), parts.next()) else {
            return gone();
        };
        let Some(current) = usize::try_from(family)
            .ok()
            .and_then(|family| self.families.get_mut(family))
        else {
            return gone();
        };
        if *current == Some(number) {
            *current = Some(number + 1);
            self.refreshes += 1;
            return self.tokens(usize::try_from(family).unwrap(), number + 1);
        }
        *current = None;
        self.reuses += 1;
        gone()
    }

    fn tokens(&self, family: usize, number: u64) -> Reply {
        let named = |kind: &str| format!("{kind}-{family}-{number}");
        Reply::tokens(&named("access"), &named("refresh"), self.lifetime)
    }
}

/// A provider on a port of its own.
#[derive(Debug)]
pub struct OddProvider {
    address: SocketAddr,
    script: Arc<Script>,
    running: Mutex<Option<AbortHandle>>,
}

impl OddProvider {
    /// One that gives new tokens of an hour until it is told otherwise.
    pub async fn start() -> Self {
        let listener = listen().await;
        let provider = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::default(),
            running: Mutex::default(),
        };
        provider.run(listener);
        provider
    }

    /// Its address, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next answer of the token endpoint that is not told yet.
    pub fn reply(&self, reply: Reply) {
        self.reply_at("/token", reply);
    }

    /// The next answer to a path that begins like this.
    pub fn reply_at(&self, path: &str, reply: Reply) {
        self.script.replies.lock().unwrap().push_back((path.to_owned(), reply));
    }

    /// From now on, what is not told is answered as a strict service does: tokens live this many seconds, a refresh
    /// token works once, and a second use revokes its family.
    pub fn be_strict(&self, lifetime: u64) {
        *self.script.strict.lock().unwrap() = Some(Strict {
            lifetime,
            families: Vec::new(),
            refreshes: 0,
            reuses: 0,
        });
    }

    /// Of a strict service: refreshes, second uses of a refresh token, and families that still live.
    pub fn strict_book(&self) -> (usize, usize, usize) {
        let strict = self.script.strict.lock().unwrap();
        let book = strict.as_ref().expect("be_strict was called");
        (book.refreshes, book.reuses, book.families.iter().flatten().count())
    }

    /// Answers as if it had been told nothing.
    pub fn forget_replies(&self) {
        self.script.replies.lock().unwrap().clear();
    }

    /// Drops this many connections before it reads from them.
    pub fn drop_unread(&self, connections: u32) {
        *self.script.drop_unread.lock().unwrap() = connections;
    }

    /// Requests so far to paths that begin like this.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.script
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.target.starts_with(path))
            .cloned()
            .collect()
    }

    /// Refuses connections from now on.
    pub fn close(&self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            running.abort();
        }
    }

    /// Takes connections again, at the same address.
    pub async fn open(&self) {
        self.close();
        self.run(listen_again(self.address).await);
    }

    fn run(&self, listener: TcpListener) {
        let script = Arc::clone(&self.script);
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let drops = {
                    let mut left = script.drop_unread.lock().unwrap();
                    let drops = *left > 0;
                    *left = left.saturating_sub(1);
                    drops
                };
                if !drops {
                    open.spawn(serve(stream, Arc::clone(&script)));
                }
            }
        });
        *self.running.lock().unwrap() = Some(task.abort_handle());
    }
}

/// One request, one answer, the end of the connection.
async fn serve(mut stream: TcpStream, script: Arc<Script>) -> Option<()> {
    let seen = read(&mut stream).await?;
    let is_token = seen.target.starts_with("/token");
    let mut reply = {
        let mut replies = script.replies.lock().unwrap();
        let next = replies
            .iter()
            .position(|(path, _)| seen.target.starts_with(path.as_str()));
        next.and_then(|next| replies.remove(next)).map(|(_, reply)| reply)
    };
    if is_token && reply.is_none() && script.strict.lock().unwrap().is_some() {
        reply = Some(Reply::Strictly);
    }
    let body = seen.body.clone();
    script.seen.lock().unwrap().push(seen);
    loop {
        match reply {
            Some(Reply::Held(held, then)) => {
                held.arrived.notify_one();
                held.released.notified().await;
                reply = Some(*then);
            }
            Some(Reply::Strictly) => {
                let mut strict = script.strict.lock().unwrap();
                reply = Some(strict.as_mut().expect("be_strict was called").answer(&body));
            }
            Some(Reply::Never) => std::future::pending().await,
            Some(Reply::HangUp) => return None,
            Some(Reply::InTwo(held, first, second)) => {
                let length = first.len() + second.len();
                let start = format!("HTTP/1.1 200 Odd\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                stream.write_all(start.as_bytes()).await.ok()?;
                stream.write_all(first.as_bytes()).await.ok()?;
                stream.flush().await.ok()?;
                held.arrived.notify_one();
                held.released.notified().await;
                return stream.write_all(second.as_bytes()).await.ok();
            }
            Some(Reply::Asking(wait)) => {
                let head = format!(
                    "HTTP/1.1 429 Odd\r\nretry-after: {wait}\r\ndate: {SERVICE_DATE}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                return stream.write_all(head.as_bytes()).await.ok();
            }
            Some(Reply::With(status, kind, body)) => return write(&mut stream, status, kind, &body).await,
            None if is_token => reply = Some(Reply::tokens(&unique("access"), &unique("refresh"), 3600)),
            None => return write(&mut stream, 200, "application/json", r#"{"id":"odd-1","name":"Odd"}"#).await,
        }
    }
}

fn unique(kind: &str) -> String {
    format!("{kind}-{}", uuid::Uuid::new_v4().simple())
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let length: usize = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let authorization = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .map(|(_, value)| value.trim().to_owned());
    Some(Seen {
        target: text.split(' ').nth(1)?.to_owned(),
        head: text.to_lowercase(),
        authorization: authorization.unwrap_or_default(),
        body: String::from_utf8_lossy(&bytes[head..]).into_owned(),
    })
}

async fn write(stream: &mut TcpStream, status: u16, kind: &str, body: &str) -> Option<()> {
    let head = format!(
        "HTTP/1.1 {status} Odd\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nx-odd: yes\r\nset-cookie: a=b\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// A definition `odd-key` of the same provider, with a typed-in key or a log-in, and a check.
pub(crate) fn key_definition() -> (&'static str, &'static str) {
    (
        "odd-key.yaml",
        r#"
id: odd-key
name: Odd key
description: A provider for tests, with a key.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: api_key
    title: Enter a key
    fields: [{ name: api_key, title: API key }]
    headers: { X-Api-Key: "${credential.api_key}" }
  - kind: login
    title: Log in
    fields: [{ name: user, title: User }, { name: password, title: Password }]
    requests:
      - post: "${variables.base}/login"
        json: { user: "${credential.user}", password: "${credential.password}" }
    token: { access_token: /token }
    learn: { home: { from: "${token.home}", pattern: "[a-z]+" } }
    query: { session: "${credential.access_token}" }
api:
  base_url: "${variables.base}/api"
check:
  get: /me
  account: { id: "${body.id}", name: "${body.name}" }
"#,
    )
}

/// A definition `odd-device` of the same provider, where a code is entered.
pub(crate) fn device_definition() -> (&'static str, &'static str) {
    (
        "odd-device.yaml",
        r#"
id: odd-device
name: Odd device
description: A provider for tests, with a code.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: oauth2_device
    title: Enter a code
    device: { url: "${variables.base}/device" }
    token: { url: "${variables.base}/token", client_auth: body }
    revoke: { url: "${variables.base}/revoke" }
    scopes: { default: [read] }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.base}/api"
check:
  get: /me
  account: { id: "${body.id}", name: "${body.name}" }
"#,
    )
}

/// A definition `odd` whose addresses are the operator's value `base`.
pub fn definition() -> (&'static str, &'static str) {
    (
        "odd.yaml",
        r#"
id: odd
name: Odd
description: A provider for tests.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${variables.base}/authorize" }
    token: { url: "${variables.base}/token", client_auth: basic }
    revoke: { url: "${variables.base}/revoke" }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.base}/api"
"#,
    )
}

/// A definition `odd-calls` of the same provider, which says in two more answers where a connection's API is.
pub(crate) fn calls_definition() -> (&'static str, &'static str) {
    (
        "odd-calls.yaml",
        r#"
id: odd-calls
name: Odd calls
description: A provider for tests, with calls after the sign-in.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${variables.base}/authorize" }
    token: { url: "${variables.base}/token" }
    revoke: { url: "${variables.base}/revoke" }
    headers: { Authorization: "Bearer ${credential.access_token}", X-Region: "${variables.region}" }
    query: { home: "${variables.home}" }
    calls:
      - get: "${variables.base}/metadata"
        headers: { authorization: "OAuth ${credential.access_token}" }
        learn:
          region: { from: "${body.dc}", pattern: "[a-z]{2}[0-9]+" }
      - post: "${variables.base}/in/${variables.region}"
        body: { want: home }
        ok: /ok
        learn:
          home: { from: "${body.home.id}", pattern: "[0-9]+" }
api:
  base_url: "${variables.base}/api/${variables.home}"
check:
  get: /me
  account: { id: "${body.id}", name: "${body.name}" }
"#,
    )
}

/// A definition `odd-sites` of the same provider, whose connections are for one of the sites that it lists.
pub(crate) fn sites_definition() -> (&'static str, &'static str) {
    (
        "odd-sites.yaml",
        r#"
id: odd-sites
name: Odd sites
description: A provider for tests, with sites.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${variables.base}/authorize" }
    token: { url: "${variables.base}/token", client_auth: basic }
    revoke: { url: "${variables.base}/revoke" }
    headers: { Authorization: "Bearer ${credential.access_token}", X-Site: "${variables.site}" }
    choose:
      get: /sites
      id: "${item.id}"
      name: "${item.name}"
      learn:
        site: { from: "${item.id}", pattern: "[a-z0-9-]{1,40}" }
  - kind: api_key
    title: Enter a key
    fields: [{ name: api_key, title: Key }]
    headers: { X-Key: "${credential.api_key}", X-Site: "${variables.site}" }
    choose:
      get: /sites
      id: "${item.id}"
      name: "${item.name}"
      learn:
        site: { from: "${item.id}", pattern: "[a-z0-9-]{1,40}" }
api:
  base_url: "${variables.base}/api"
check:
  get: /me
  account: { id: "${body.id}", name: "${body.name}" }
"#,
    )
}

/// A definition `odd-signed` of the same provider, which signs its callbacks, calls the state `ticket`, and gives tokens
/// that buy the next ones themselves.
pub(crate) fn signed_definition() -> (&'static str, &'static str) {
    (
        "odd-signed.yaml",
        r#"
id: odd-signed
name: Odd signed
description: A provider for tests that signs.
categories: [development]
docs: https://docs.example.com
sources: [https://docs.example.com]
variables:
  base: { title: Base, type: url, set_by: operator }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "${variables.base}/authorize" }
    token: { url: "${variables.base}/token", client_auth: body, body: json }
    refresh: { url: "${variables.base}/again", method: get, client_auth: none, with: access_token, grant_type: again }
    revoke: { url: "${variables.base}/revoke", client_auth: bearer, body: none }
    callback: { state: ticket, signature: { parameter: hmac } }
    headers: { Authorization: "Bearer ${credential.access_token}" }
api:
  base_url: "${variables.base}/api"
"#,
    )
}
