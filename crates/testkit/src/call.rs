//! Requests to the server under test, and their answers.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A request on its way.
#[derive(Debug)]
pub struct Call {
    request: reqwest::RequestBuilder,
    key: Option<String>,
}

impl Call {
    pub(crate) fn new(client: &reqwest::Client, method: &str, url: &str, key: Option<String>) -> Self {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Self {
            request: client.request(method, url),
            key,
        }
    }

    /// With this secret key in `X-Pica-Secret`.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Without a key.
    #[must_use]
    pub fn no_key(mut self) -> Self {
        self.key = None;
        self
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Through a connection.
    #[must_use]
    pub fn connection(self, key: &str) -> Self {
        self.header("x-pica-connection-key", key)
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// With these bytes as the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// Sends it and reads the answer whole.
    pub async fn send(self) -> Answer {
        let answer = self.begin().await;
        Answer::read(answer).await
    }

    /// Sends it and returns when the head of the answer is there.
    pub async fn begin(self) -> reqwest::Response {
        let request = match self.key {
            Some(key) => self.request.header("x-pica-secret", key),
            None => self.request,
        };
        request.send().await.expect("the server answers")
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    pub(crate) async fn read(answer: reqwest::Response) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.expect("the answer arrives whole"),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is not JSON: {}", self.status, self.text))
    }

    /// A header's value; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, whose status must be this one.
    #[expect(clippy::return_self_not_must_use, reason = "often only the check matters")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The error's `key`, of an answer that must be a complete error body with this status.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], status, "{body}");
        for field in ["type", "key", "message", "correlationId"] {
            assert!(
                body[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field} in {body}"
            );
        }
        assert!(body["code"].is_u64() && body.get("meta").is_some(), "{body}");
        assert_eq!(body["correlationId"], self.header("x-request-id"), "{body}");
        body["key"].as_str().unwrap().to_owned()
    }
}
