//! A person's browser, as far as the connect flow needs one: it keeps the cookie, sends what browsers send, and follows
//! nothing by itself.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use vault::Token;

use crate::server::SHOP;
use crate::{Answer, TestServer};

/// A person at the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Ann.
    Ann,
    /// Ben.
    Ben,
}

/// What the person does on the sandbox's consent page.
#[derive(Clone, Copy, Debug)]
pub enum Consent {
    /// Allows, for access tokens that live an hour.
    Allow(Account),
    /// Allows, for access tokens that live ten seconds.
    AllowShortly(Account),
    /// Allows these scopes alone.
    AllowOnly(Account, &'static str),
    /// Denies.
    Deny,
}

/// A flow as the modal began it.
#[derive(Clone, Debug)]
pub struct StartedFlow {
    /// Its id.
    pub flow: String,
    /// The result handle.
    pub result: String,
    /// The code that the modal shows.
    pub code: String,
    /// The start ticket.
    pub ticket: String,
    /// The opener proof.
    pub proof: String,
    /// In the same window: where the customer's page is sent.
    pub url: Option<String>,
}

/// A browser with its cookies. Clones share them.
#[derive(Clone, Debug)]
pub struct Browser {
    client: reqwest::Client,
    /// Where the server listens.
    server: String,
    /// What the browser's address bar has: the server's own origin, or a project's own domain.
    origin: String,
    cookie: Arc<Mutex<Option<String>>>,
}

impl Browser {
    pub(crate) fn new(client: &reqwest::Client, origin: &str) -> Self {
        Self {
            client: client.clone(),
            server: origin.to_owned(),
            origin: origin.to_owned(),
            cookie: Arc::default(),
        }
    }

    /// The same server at another of its origins. Cookies are those of one host, so they do not come along.
    #[must_use]
    pub fn at(&self, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            cookie: Arc::default(),
            ..self.clone()
        }
    }

    /// The origin in its address bar.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A request to an address of ours, or of anybody.
    fn request(&self, method: Method, address: &str) -> reqwest::RequestBuilder {
        let own = address.strip_prefix(&self.origin).unwrap_or(address);
        if !own.starts_with('/') {
            return self.client.request(method, own);
        }
        let host = self.origin.split_once("://").map_or("", |(_, host)| host);
        self.client
            .request(method, format!("{}{own}", self.server))
            .header("host", host)
    }

    /// The browser cookie's value.
    pub fn cookie(&self) -> Option<String> {
        self.cookie
            .lock()
            .unwrap()
            .as_ref()
            .and_then(|pair| pair.split_once('='))
            .map(|(_, value)| value.to_owned())
    }

    /// Goes to a page.
    pub async fn get(&self, address: &str) -> Answer {
        self.navigate(address, &[("sec-fetch-site", "cross-site")]).await
    }

    /// Goes to a page, with these headers beside the usual ones.
    pub async fn navigate(&self, address: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self
            .request(Method::GET, address)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// Calls a JSON endpoint as our own page does.
    pub async fn post(&self, path: &str, bearer: Option<&str>, body: &Value) -> Answer {
        let mut request = self
            .request(Method::POST, path)
            .header("origin", &self.origin)
            .header("sec-fetch-site", "same-origin")
            .json(body);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        self.send(request).await
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> Answer {
        let cookie = self.cookie.lock().unwrap().clone();
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        let answer = Answer::read(request.send().await.expect("the server answers")).await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap_or_default();
            *self.cookie.lock().unwrap() = Some(pair.to_owned());
        }
        answer
    }

    /// Opens `/connect/start` and reads what the page was sealed with.
    pub async fn evidence(&self, headers: &[(&str, &str)]) -> String {
        let page = self.navigate("/connect/start", headers).await.expect(200);
        let (_, rest) = page
            .text
            .split_once(r#"name="latchkey:evidence" content=""#)
            .expect("the page holds evidence");
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// Spends the ticket, in a window that a page of ours opened.
    pub async fn redeem(&self, flow: &StartedFlow) -> Answer {
        let evidence = self.evidence(&[("sec-fetch-site", "same-origin")]).await;
        let body =
            json!({ "ticket": flow.ticket, "proof": null, "state": null, "evidence": evidence, "referrer": null });
        self.post("/connect/api/start", None, &body).await
    }

    /// Spends the ticket in the customer's window, with the state that its page wrote.
    pub async fn redeem_in_same_window(&self, flow: &StartedFlow, state: &str, referrer: Option<&str>) -> Answer {
        let mut headers = vec![("sec-fetch-site", "cross-site")];
        headers.extend(referrer.map(|referrer| ("referer", referrer)));
        let evidence = self.evidence(&headers).await;
        let body =
            json!({ "ticket": flow.ticket, "proof": null, "state": state, "evidence": evidence, "referrer": referrer });
        self.post("/connect/api/start", None, &body).await
    }

    /// Up to the provider: the address that the browser is sent to.
    pub async fn leave(&self, flow: &StartedFlow) -> String {
        let answer = self.redeem(flow).await.expect(200).json();
        assert_eq!(answer["next"], "provider", "{answer}");
        answer["url"].as_str().unwrap().to_owned()
    }

    /// Decides on the sandbox's consent page; returns the callback address.
    pub async fn consent(&self, authorize: &str, consent: Consent) -> String {
        self.navigate(authorize, &[("sec-fetch-site", "same-origin")])
            .await
            .expect(200);
        let form = match consent {
            Consent::Allow(account) => format!("decision=allow&account={}&lifetime=3600", name(account)),
            Consent::AllowShortly(account) => format!("decision=allow&account={}&lifetime=10", name(account)),
            Consent::AllowOnly(account, scope) => {
                format!("decision=allow&account={}&lifetime=3600&scope={scope}", name(account))
            }
            Consent::Deny => "decision=deny".to_owned(),
        };
        let request = self
            .client
            .post(authorize)
            .header("origin", &self.server)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        self.send(request).await.expect(303).header("location").to_owned()
    }

    /// From the start page to the callback address, at the sandbox.
    pub async fn sign_in(&self, flow: &StartedFlow, consent: Consent) -> String {
        let authorize = self.leave(flow).await;
        self.consent(&authorize, consent).await
    }

    /// How a flow stands, read with its handle.
    pub async fn check(&self, handle: &str) -> Value {
        self.post("/connect/api/check", Some(handle), &json!({}))
            .await
            .expect(200)
            .json()
    }
}

impl TestServer {
    /// A browser without a history.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.client, &self.url)
    }

    /// A connect session for this body of `/v1/authkit/token`; its secret.
    pub async fn session(&self, body: &Value) -> String {
        let answer = self
            .api("POST", "/v1/authkit/token")
            .json(body)
            .send()
            .await
            .expect(200);
        answer.json()["requestId"].as_str().unwrap().to_owned()
    }

    /// A flow at Sandbox Sites whose sign-in is through, with the browser that came back and where it was sent.
    pub async fn at_sites(&self, session: &str, account: Account) -> (StartedFlow, Browser, String) {
        let flow = self.begin_with(session, "sandbox-sites", "popup").await;
        let browser = self.browser();
        let callback = browser.sign_in(&flow, Consent::Allow(account)).await;
        let next = browser.get(&callback).await.expect(303).header("location").to_owned();
        (flow, browser, next)
    }

    /// Begins a flow at the sandbox in a window of its own.
    pub async fn begin(&self, session: &str) -> StartedFlow {
        self.begin_with(session, "sandbox", "popup").await
    }

    /// Begins a flow.
    pub async fn begin_with(&self, session: &str, integration: &str, mode: &str) -> StartedFlow {
        self.begin_in(&self.browser(), session, integration, mode).await
    }

    /// Begins a flow in the modal of this browser.
    pub async fn begin_in(&self, browser: &Browser, session: &str, integration: &str, mode: &str) -> StartedFlow {
        let (ticket, proof) = (Token::generate().expose(), Token::generate().expose());
        let body = json!({
            "integration": integration, "auth": null, "values": {}, "name": null, "mode": mode,
            "ticket": ticket, "proof": proof, "embedder": SHOP,
        });
        let answer = browser
            .post("/connect/api/flows", Some(session), &body)
            .await
            .expect(201)
            .json();
        let text = |field: &str| answer[field].as_str().unwrap().to_owned();
        StartedFlow {
            flow: text("flow"),
            result: text("result"),
            code: text("code"),
            ticket,
            proof,
            url: answer["url"].as_str().map(ToOwned::to_owned),
        }
    }

    /// Where a flow is in the database.
    pub async fn stage(&self, flow: &StartedFlow) -> String {
        self.database
            .text(&format!("select status from flows where id = '{}'", flow.flow))
            .await
    }

    /// A flow at the odd provider whose browser stands before its callback, and the callback's address with this code.
    pub async fn at_odd_callback(&self, session: &str, code: &str) -> (StartedFlow, Browser, String) {
        let flow = self.begin_with(session, "odd", "popup").await;
        let browser = self.browser();
        let authorize = browser.leave(&flow).await;
        (flow, browser, callback_of(&authorize, code))
    }

    /// Connects the odd provider.
    pub async fn connect_odd(&self) -> Value {
        let session = self.session(&json!({})).await;
        let (flow, browser, callback) = self.at_odd_callback(&session, "code").await;
        browser.get(&callback).await.expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["status"], "success", "{outcome}");
        outcome["connection"].clone()
    }

    /// Connects the sandbox by OAuth, from the session to the record.
    pub async fn connect(&self, identity: &str, consent: Consent) -> Value {
        let session = self
            .session(&json!({ "identity": identity, "identityType": "user" }))
            .await;
        self.connect_in(&session, consent).await
    }

    /// The same in a session that is there.
    pub async fn connect_in(&self, session: &str, consent: Consent) -> Value {
        let flow = self.begin(session).await;
        let browser = self.browser();
        let callback = browser.sign_in(&flow, consent).await;
        browser.get(&callback).await.expect(303);
        let outcome = browser.check(&flow.result).await;
        assert_eq!(outcome["status"], "success", "{outcome}");
        outcome["connection"].clone()
    }
}

/// Where a provider sends the browser that came with this authorization request.
pub fn callback_of(authorize: &str, code: &str) -> String {
    let parameter = |name| StartedFlow::parameter(authorize, name).expect("the request is complete");
    format!("{}?code={code}&state={}", parameter("redirect_uri"), parameter("state"))
}

/// The state as an SDK rewrites it: the handle, the page to go back to, and `v3` where it does not read the address.
pub fn rewritten_state(handle: &str, page: &str, v3: bool) -> String {
    let page = URL_SAFE_NO_PAD.encode(page);
    if v3 {
        format!("{handle}~{page}~v3")
    } else {
        format!("{handle}~{page}")
    }
}

impl StartedFlow {
    /// A parameter of an address, as the state that the provider got.
    pub fn parameter(address: &str, name: &str) -> Option<String> {
        let url = Url::parse(address).ok()?;
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

const fn name(account: Account) -> &'static str {
    match account {
        Account::Ann => "ann",
        Account::Ben => "ben",
    }
}
