//! Calls of connections whose values a person typed in, and further hosts of a service.

use super::*;
use crate::testing::definition;

const SERVICE: &str = r#"
id: service
name: Service
description: A service for tests.
docs: https://docs.example.com
sources: [https://docs.example.com]
check_off_reason: A test.
variables:
  application: { title: Application, pattern: "[A-Z0-9]{4}" }
  region: { title: Region, type: choice, choices: [{ value: "https://api.example.com" }, { value: "https://api.example.eu" }] }
  server:
    title: Server
    type: choice
    choices: [{ value: "https://us.example.com", label: US }]
    other: origin
    default: https://us.example.com
auth:
  - kind: form
    title: Several
    fields:
      - { name: email, title: Email, type: email, secret: false }
      - { name: token, title: Token }
      - { name: seat, title: Seat, type: number, secret: false, optional: true }
    headers:
      Authorization: 'Basic ${base64(variables.email "/token:" credential.token)}'
      X-Application: "${variables.application}"
      X-Server: "${variables.server}"
    query: { seat: "${variables.seat}" }
  - kind: none
    title: Nothing
api:
  base_url: BASE
  hosts: [content.example.com, .svc.example.net]
"#;

fn typed(credential: bool) -> Credential {
    let token = credential.then(|| ("token".to_owned(), "t-canary".into()));
    Credential::Fields(token.into_iter().collect())
}

fn call(
    base: &str,
    auth_method: &str,
    variables: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Result<request::Parts, PassthroughError> {
    let closed = Protocol::new(crate::Egress::new(crate::EgressPolicy::default()).unwrap());
    let mut inputs = Inputs::new();
    for (name, value) in variables {
        inputs.insert_text("variables", name, value);
    }
    let integration = definition(&SERVICE.replace("BASE", &format!("\"{base}\"")));
    closed.passthrough_request(
        &integration,
        (auth_method, &typed(auth_method != "none")),
        &inputs,
        Method::GET,
        "/a?b=1",
        &caller(headers),
    )
}

const VALUES: &[(&str, &str)] = &[
    ("application", "AB12"),
    ("email", "ann@example.com"),
    ("region", "https://api.example.eu"),
    ("server", "https://own.example.org"),
];

#[test]
fn several_values_stand_where_they_belong_and_absent_ones_nowhere() {
    let built = call(
        "https://${lower(variables.application)}.example.net/v1",
        "form",
        VALUES,
        &[],
    )
    .unwrap();
    assert_eq!(built.uri, "https://ab12.example.net/v1/a?b=1");
    assert_eq!(built.headers["x-application"], "AB12");
    let basic = built.headers["authorization"].to_str().unwrap();
    assert_eq!(basic, "Basic YW5uQGV4YW1wbGUuY29tL3Rva2VuOnQtY2FuYXJ5");
    let seated: Vec<_> = VALUES.iter().copied().chain([("seat", "7")]).collect();
    let built = call("https://api.example.net", "form", &seated, &[]).unwrap();
    assert_eq!(built.uri.query(), Some("b=1&seat=7"));
    let built = call("https://api.example.net", "none", &[], &[]).unwrap();
    assert_eq!(built.uri, "https://api.example.net/a?b=1");
    assert!(!built.headers.contains_key("authorization"));
}

#[test]
fn a_choice_of_origins_can_be_no_other_unless_the_definition_says_so() {
    let at = |base: &str, value: (&'static str, &'static str)| {
        let values: Vec<_> = VALUES
            .iter()
            .copied()
            .filter(|(name, _)| *name != value.0)
            .chain([value])
            .collect();
        call(base, "form", &values, &[]).map(|built| built.uri.to_string())
    };
    let region = "${variables.region}/v1";
    assert_eq!(
        at(region, ("region", "https://api.example.eu")).unwrap(),
        "https://api.example.eu/v1/a?b=1"
    );
    for other in [
        "https://evil.example.com",
        "http://api.example.eu",
        "https://api.example.eu:8443",
        "https://u@api.example.eu",
    ] {
        assert!(at(region, ("region", other)).is_err(), "{other}");
    }
    assert_eq!(
        at("${variables.server}", ("server", "https://own.example.org")).unwrap(),
        "https://own.example.org/a?b=1"
    );
}

#[test]
fn a_caller_may_name_another_host_of_the_service_and_no_other() {
    let at = |host: &str| {
        call(
            "https://api.example.com/v1",
            "form",
            VALUES,
            &[("x-latchkey-host", host)],
        )
        .map(|built| {
            assert!(!built.headers.contains_key("x-latchkey-host"));
            assert!(built.headers.contains_key("authorization"));
            built.uri.to_string()
        })
    };
    assert_eq!(at("content.example.com").unwrap(), "https://content.example.com/a?b=1");
    assert_eq!(
        at("index-1.svc.example.net").unwrap(),
        "https://index-1.svc.example.net/a?b=1"
    );
    for host in [
        "evil.test",
        "api.example.com",
        "svc.example.net",
        ".svc.example.net",
        "content.example.com.evil.test",
        "evilsvc.example.net",
        "content.example.com:8443",
        "u@content.example.com",
        "content.example.com/x",
        "content.example.com?",
        "content.example.com#",
        "https://content.example.com",
        "evil.test\\.svc.example.net",
        "evil.test/.svc.example.net",
        "xn--a.svc.example.net%00",
        "",
        "127.0.0.1",
    ] {
        assert!(
            matches!(at(host), Err(PassthroughError::Host { .. })),
            "{host}: {:?}",
            at(host)
        );
    }
}

#[tokio::test]
async fn a_call_without_a_user_agent_has_ours_and_a_callers_stays() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let protocol = protocol(&server);
    let origin = server.uri();
    let inputs = Inputs::new().text("instance", "sandbox_url", &origin);
    for headers in [caller(&[]), caller(&[("user-agent", "caller/1")])] {
        let parts = protocol
            .passthrough_request(
                &service("basic"),
                ("oauth2", &oauth()),
                &inputs,
                Method::GET,
                "/a",
                &headers,
            )
            .unwrap();
        protocol.passthrough(parts, body_of("")).await.unwrap();
    }
    let seen = server.received_requests().await.unwrap();
    assert_eq!(
        seen[0].headers["user-agent"],
        concat!("Latchkey/", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(seen[1].headers["user-agent"], "caller/1");
}
