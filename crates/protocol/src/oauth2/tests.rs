//! The grant from the first redirect to the revocation, against stubs.

use std::collections::HashMap;

use catalog::Integration;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::testing::{definition, oauth2, protocol, service};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const REDIRECT: &str = "https://connect.example.com/connections/oauth/callback/app_1?x=%7e";

/// What a stub saw of one request.
struct Seen {
    body: HashMap<String, String>,
    basic: Option<(String, String)>,
}

fn seen(request: &Request) -> Seen {
    use base64::Engine as _;
    let decode = |text: &str| {
        url::form_urlencoded::parse(format!("x={text}").as_bytes())
            .next()
            .unwrap()
            .1
            .into_owned()
    };
    let basic = request.headers.get("authorization").map(|value| {
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        let pair = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()).unwrap();
        let (id, secret) = pair.split_once(':').unwrap();
        (decode(id), decode(secret))
    });
    let body = url::form_urlencoded::parse(&request.body);
    Seen {
        body: body
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
        basic,
    }
}

async fn stub(at: &str, answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    for (turn, answer) in answers.into_iter().enumerate() {
        let priority = u8::try_from(turn + 1).unwrap();
        Mock::given(path(at))
            .respond_with(answer)
            .up_to_n_times(1)
            .with_priority(priority)
            .mount(&server)
            .await;
    }
    server
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

async fn requests(server: &MockServer) -> Vec<Seen> {
    server.received_requests().await.unwrap().iter().map(seen).collect()
}

struct Setting {
    secret: SecretString,
    origin: String,
    integration: Arc<Integration>,
}

impl Setting {
    fn new(server: &MockServer, integration: Arc<Integration>) -> Self {
        Self {
            secret: SecretString::from("p:%+&é/= canary"),
            origin: server.uri(),
            integration,
        }
    }

    fn client(&self) -> Client<'_> {
        Client {
            method: oauth2(&self.integration),
            client_id: "my client",
            client_secret: Some(&self.secret),
            key: None,
            dpop: None,
            registered: None,
            redirect_uri: REDIRECT,
            scopes: None,
            inputs: Inputs::new()
                .text("instance", "public_url", "http://localhost:8080")
                .text("instance", "sandbox_url", &self.origin)
                .text("variables", "site", "main")
                .text("variables", "issuer", &self.origin),
        }
    }
}

fn verifier() -> PkceVerifier {
    PkceVerifier::new(SecretString::from(VERIFIER)).unwrap()
}

#[tokio::test]
async fn the_browser_is_sent_with_everything_declared() {
    let server = MockServer::start().await;
    let setting = Setting::new(&server, service("basic"));
    let (protocol, verifier) = (protocol(&server), verifier());
    let extra = [
        ("login_hint".to_owned(), "a@b.test".to_owned()),
        ("prompt".to_owned(), "login".to_owned()),
    ];
    let url = protocol
        .authorize(&setting.client(), "state-1", Some(&verifier), &extra)
        .await
        .unwrap();
    assert!(url.as_str().starts_with("http://localhost:8080/authorize?"));
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort();
    let expected = [
        ("client_id", "my client"),
        // RFC 7636 appendix B
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("login_hint", "a@b.test"),
        ("prompt", "login"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "read,write,offline"),
        ("site", "main"),
        ("state", "state-1"),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let scopes = ["write".to_owned(), "offline".to_owned()];
    let client = Client {
        scopes: Some(&scopes),
        ..setting.client()
    };
    let url = protocol
        .authorize(&client, "state-1", Some(&verifier), &[])
        .await
        .unwrap();
    assert_eq!(
        url.query_pairs().find(|(name, _)| name == "scope").unwrap().1,
        "write,offline"
    );

    for reserved in [
        "client_id",
        "redirect_uri",
        "state",
        "STATE",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "scope",
    ] {
        let extra = [(reserved.to_owned(), "evil".to_owned())];
        let result = protocol.authorize(&client, "state-1", Some(&verifier), &extra).await;
        assert!(matches!(result, Err(TokenError::Configuration(_))), "{reserved}");
    }
    assert!(
        protocol.authorize(&client, "state-1", None, &[]).await.is_err(),
        "PKCE is on"
    );
}

#[tokio::test]
async fn the_client_authenticates_alike_in_all_three_calls() {
    let secret = "p:%+&é/= canary";
    for (name, basic, in_body) in [("basic", true, false), ("body", false, true), ("none", false, false)] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(ok(json!({ "access_token": "at", "refresh_token": "rt2" })))
            .mount(&server)
            .await;
        let setting = Setting::new(&server, service(name));
        let (client, protocol, code) = (setting.client(), protocol(&server), SecretString::from("the code"));
        let granted = protocol
            .exchange(&client, &code, Some(&verifier()), &json!({}))
            .await
            .unwrap();
        protocol
            .refresh(&client, granted.tokens.refresh_token.as_ref().unwrap())
            .await
            .unwrap();
        assert_eq!(
            protocol.revoke(&client, &granted.tokens).await.unwrap(),
            Revocation::Revoked
        );

        let seen = requests(&server).await;
        assert_eq!(seen.len(), 4, "exchange, refresh, and both tokens revoked");
        for request in &seen {
            let pair = || ("my client".to_owned(), secret.to_owned());
            assert_eq!(request.basic, basic.then(pair), "{name}");
            assert_eq!(
                request.body.get("client_secret").map(String::as_str),
                in_body.then_some(secret),
                "{name}"
            );
            assert_eq!(request.body.contains_key("client_id"), !basic, "{name}");
        }
        let exchange = &seen[0].body;
        assert_eq!(exchange["grant_type"], "authorization_code");
        assert_eq!(exchange["code"], "the code");
        assert_eq!(exchange["redirect_uri"], REDIRECT);
        assert_eq!(exchange["code_verifier"], VERIFIER);
        assert_eq!(exchange["audience"], "main");
        let refresh = &seen[1].body;
        assert_eq!(
            (&*refresh["grant_type"], &*refresh["refresh_token"], &*refresh["again"]),
            ("refresh_token", "rt2", "yes")
        );
        let revoked: Vec<_> = seen[2..]
            .iter()
            .map(|one| (&*one.body["token"], &*one.body["token_type_hint"]))
            .collect();
        assert_eq!(revoked, [("rt2", "refresh_token"), ("at", "access_token")]);
    }
    let server = MockServer::start().await;
    let setting = Setting::new(&server, service("basic"));
    let client = Client {
        client_secret: None,
        ..setting.client()
    };
    let error = protocol(&server)
        .refresh(&client, &SecretString::from("rt"))
        .await
        .unwrap_err();
    assert!(matches!(error, TokenError::Configuration(_)) && error.surely_not_sent());
}

#[tokio::test]
async fn a_refresh_token_is_replaced_or_kept() {
    let answers =
        [json!("rt2"), json!(null), json!("")].map(|token| ok(json!({ "access_token": "at", "refresh_token": token })));
    let mut answers = answers.to_vec();
    answers.push(ok(json!({ "access_token": "at" })));
    let server = stub("/token", answers).await;
    let setting = Setting::new(&server, service("basic"));
    let (client, protocol) = (setting.client(), protocol(&server));
    for (expected, in_answer) in [("rt2", true), ("rt1", false), ("rt1", false), ("rt1", false)] {
        let granted = protocol.refresh(&client, &SecretString::from("rt1")).await.unwrap();
        assert_eq!(granted.tokens.refresh_token.unwrap().expose_secret(), expected);
        assert_eq!(granted.refresh_token_in_answer, in_answer);
        assert_eq!(granted.expires_in, Some(7200), "the definition's");
    }
    let server = stub("/token", vec![ok(json!({ "access_token": "at", "refresh_token": "" }))]).await;
    let setting = Setting::new(&server, service("basic"));
    let granted = crate::testing::protocol(&server)
        .exchange(
            &setting.client(),
            &SecretString::from("code"),
            Some(&verifier()),
            &json!({}),
        )
        .await
        .unwrap();
    assert!(granted.tokens.refresh_token.is_none() && !granted.refresh_token_in_answer);
}

#[tokio::test]
async fn values_are_learnt_when_they_are_allowed() {
    let answer = |tenant: &str| ok(json!({ "access_token": "at", "tenant": tenant }));
    let server = stub("/token", vec![answer("acme"), answer("../evil"), answer("../evil")]).await;
    let setting = Setting::new(&server, service("basic"));
    let (client, protocol, code) = (setting.client(), protocol(&server), SecretString::from("code"));
    let query = json!({ "region": "eu", "code": "code" });
    let granted = protocol
        .exchange(&client, &code, Some(&verifier()), &query)
        .await
        .unwrap();
    assert_eq!(
        granted.learned,
        [("tenant", "acme"), ("region", "eu")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    );
    assert!(granted.forbidden.is_empty());
    let refused = protocol
        .exchange(&client, &code, Some(&verifier()), &query)
        .await
        .unwrap();
    assert_eq!(refused.forbidden, ["tenant"], "named, with the tokens to give back");
    assert!(!refused.learned.contains_key("tenant"));
    assert_eq!(refused.tokens.access_token.expose_secret(), "at");
    let kept = protocol.refresh(&client, &SecretString::from("rt")).await.unwrap();
    assert!(kept.learned.is_empty(), "a refresh is not lost over it");
}

#[tokio::test]
async fn an_echoed_secret_is_not_kept() {
    let words = "rt-canary-1234 and p:%+&é/= canary and bXkrY2xpZW50OnAlM0ElMjUlMkIlMjYlQzMlQTklMkYlM0QrY2FuYXJ5";
    let answer =
        ResponseTemplate::new(400).set_body_json(json!({ "error": "invalid_grant", "error_description": words }));
    let server = stub("/token", vec![answer]).await;
    let setting = Setting::new(&server, service("basic"));
    let error = protocol(&server)
        .refresh(&setting.client(), &SecretString::from("rt-canary-1234"))
        .await
        .unwrap_err();
    assert_eq!(error.class(), FailureClass::GrantGone);
    assert_eq!(error.provider_message(), Some("[hidden] and [hidden] and [hidden]"));
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary") && !shown.contains("bXkr"), "{shown}");
}

#[tokio::test]
async fn a_redirecting_token_endpoint_learns_nothing_more() {
    let elsewhere = MockServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
        let server = stub("/token", vec![redirect]).await;
        let setting = Setting::new(&server, service("body"));
        let allow = vec![server.uri().parse().unwrap(), elsewhere.uri().parse().unwrap()];
        let protocol = Protocol::new(
            crate::Egress::new(crate::EgressPolicy {
                allow,
                ..Default::default()
            })
            .unwrap(),
        );
        let error = protocol
            .refresh(&setting.client(), &SecretString::from("rt"))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TokenError::Answer { status: got, .. } if got == status),
            "{error:?}"
        );
        assert!(!error.surely_not_sent());
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_never_left_is_known() {
    let server = MockServer::start().await;
    let setting = Setting::new(&server, service("basic"));
    let closed = Protocol::new(crate::Egress::new(crate::EgressPolicy::default()).unwrap());
    let error = closed
        .refresh(&setting.client(), &SecretString::from("rt"))
        .await
        .unwrap_err();
    assert!(
        error.surely_not_sent() && error.class() == FailureClass::Transient,
        "{error:?}"
    );
    assert!(server.received_requests().await.unwrap().is_empty());

    let large = ResponseTemplate::new(200).set_body_bytes(vec![b' '; 300 * 1024]);
    let slow = stub("/token", vec![large]).await;
    let setting = Setting::new(&slow, service("basic"));
    let error = protocol(&slow)
        .refresh(&setting.client(), &SecretString::from("rt"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TokenError::Transient { not_sent: false, .. }),
        "{error:?}"
    );
}

#[test]
fn a_verifier_is_what_the_standard_says() {
    assert_eq!(PkceVerifier::random().secret().expose_secret().len(), 43);
    for bad in ["", &"a".repeat(42), &"a".repeat(129), &format!("{}+", "a".repeat(43))] {
        assert!(PkceVerifier::new(SecretString::from(bad)).is_err());
    }
}

mod asserted;
mod authorized;
mod bound;
mod discovered;
mod pushed;
mod registered;
mod revoked;
mod second;
mod sent;
mod signed;
