//! Callbacks that the service signs.

use super::*;
use crate::testing::signing_in;

const SIGNED: &str = r#"authorize: { url: "${instance.public_url}/authorize" }
token: { url: "${instance.sandbox_url}/token", client_auth: body }
callback: { signature: { parameter: hmac } }
"#;

#[tokio::test]
async fn only_what_the_service_signed_is_genuine() {
    let server = MockServer::start().await;
    let mut setting = Setting::new(&server, signing_in(SIGNED));
    setting.secret = SecretString::from("hush");
    // As made by `printf %s 'code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com&state=0.67&timestamp=1337178173' |
    // openssl dgst -sha256 -hmac hush`.
    let hmac = "251dff6fc00046b6fb0db3f7c8da953142a086803f6e9f915bcb57b37bf75ee9";
    let query = |change: &[(&str, Option<&str>)]| {
        let mut query = json!({
            "timestamp": "1337178173", "shop": "some-shop.myshopify.com", "state": "0.67", "hmac": hmac,
            "code": "0907a61c0c8d55e99db179b68161bc00",
        });
        for (name, value) in change {
            match value {
                Some(value) => query[name] = json!(value),
                None => drop(query.as_object_mut().unwrap().remove(*name)),
            }
        }
        query
    };
    let client = setting.client();
    assert!(client.is_signed(&query(&[])));
    let upper = hmac.to_uppercase();
    assert!(
        client.is_signed(&query(&[("hmac", Some(&upper))])),
        "hex in either case"
    );
    for change in [
        [("shop", Some("evil.myshopify.com"))],
        [("code", Some("other"))],
        [("extra", Some("x"))],
        [("timestamp", None)],
        [("hmac", None)],
        [("hmac", Some(""))],
        [("hmac", Some(&hmac[..32]))],
        [("hmac", Some("no hex"))],
    ] {
        assert!(!client.is_signed(&query(&change)), "{change:?}");
    }
    let other = SecretString::from("other");
    for secret in [Some(&other), None] {
        let client = Client {
            client_secret: secret,
            ..setting.client()
        };
        assert!(!client.is_signed(&query(&[])));
    }
    let unsigned = Setting::new(&server, service("body"));
    assert!(
        unsigned.client().is_signed(&query(&[("hmac", None)])),
        "no signature is declared"
    );
    assert!(client.method.needs_client_secret());
}
