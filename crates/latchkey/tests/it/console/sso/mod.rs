//! Single sign-on: a provider that this test plays says who somebody is.

mod attacks;
mod confirm;
mod people;
mod program;

use std::collections::BTreeMap;

use protocol::SigningKey;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use testkit::{OddProvider, Reply, TestServer};

use super::{Person, Seen, owner};

/// Of our client at the provider.
pub(crate) const SECRET: &str = "canary-sso-client-secret-71c4";
const LINK: &str = "/console/account/logins/link";
const START: &str = "/console/sso/start";
const CONFIRM: &str = "/console/confirm/sso";

/// A provider with a key.
struct Provider {
    odd: OddProvider,
    key: SigningKey,
}

fn new_key(id: &str) -> SigningKey {
    SigningKey::generate().unwrap().0.named(Some(id.to_owned()))
}

impl Provider {
    /// One whose answers carry `iss` where that is said.
    async fn start(announces: bool) -> Self {
        let provider = Self {
            odd: OddProvider::start().await,
            key: new_key("k1"),
        };
        provider.describe(announces);
        provider
    }

    fn describe(&self, announces: bool) {
        let base = self.odd.url();
        let document = json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "jwks_uri": format!("{base}/keys"),
            "authorization_response_iss_parameter_supported": announces,
        });
        self.odd
            .reply_at("/.well-known/openid-configuration", Reply::json(200, &document));
        self.show_keys(&[&self.key]);
    }

    fn show_keys(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys
            .iter()
            .map(|key| {
                let mut jwk = key.public_jwk();
                jwk.insert("kid".to_owned(), json!(key.id()));
                Value::Object(jwk)
            })
            .collect();
        self.odd.reply_at("/keys", Reply::json(200, &json!({ "keys": keys })));
    }

    /// Says these things of a person once.
    fn say(&self, key: &SigningKey, claims: &Map<String, Value>) -> String {
        let header = [("kid".to_owned(), json!(key.id()))].into_iter().collect();
        let algorithm = key.algorithm(None).unwrap();
        let token = key.sign(algorithm, header, claims.clone()).unwrap();
        self.answer_with(token.expose_secret());
        token.expose_secret().to_owned()
    }

    fn answer_with(&self, id_token: &str) {
        let body = json!({ "access_token": "sso-access-token-8d20", "token_type": "Bearer", "id_token": id_token });
        self.odd.reply(Reply::json(200, &body));
    }

    /// What it says when all is well.
    async fn claims(&self, server: &TestServer, away: &Away, subject: &str) -> Map<String, Value> {
        // The real time, whatever the database's clock is moved to.
        let now = server.database.number("select extract(epoch from now())::bigint").await;
        let claims = json!({
            "iss": self.odd.url(), "aud": "latchkey-console", "sub": subject, "nonce": away.get("nonce"),
            "iat": now, "exp": now + 300, "auth_time": now, "email": "ann@example.com",
        });
        claims.as_object().unwrap().clone()
    }

    /// Lets somebody who was sent here go back as this subject.
    async fn back(&self, server: &TestServer, person: &Person, away: &Away, subject: &str) -> Seen {
        self.say(&self.key, &self.claims(server, away, subject).await);
        person.get(&away.callback()).await
    }
}

/// The request that a browser was sent to the provider with.
#[derive(Debug)]
struct Away(BTreeMap<String, String>);

impl Away {
    fn of(page: &Seen) -> Self {
        assert_eq!(page.status, 200, "{}", page.text);
        let address = page.text.split("0; url=").nth(1).unwrap().split('"').next();
        let address = address.unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let address = url::Url::parse(&address).unwrap();
        assert_eq!(address.path(), "/authorize");
        Self(address.query_pairs().into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The address of a good answer.
    fn callback(&self) -> String {
        format!(
            "/console/sso/callback?code=sso-code-5f1e9a7c30&state={}",
            self.get("state")
        )
    }
}

async fn start(server: &TestServer) -> (Person, Away) {
    let person = Person::new(server);
    let away = Away::of(&person.post(START, &[("next", "/console/account")]).await);
    (person, away)
}

async fn server(provider: &Provider) -> TestServer {
    TestServer::builder().signing_on(&provider.odd, SECRET).start().await
}

/// The first owner, ann@example.com, with this account linked.
async fn linked(server: &TestServer, provider: &Provider, subject: &str) -> Person {
    let person = owner(server).await;
    let away = Away::of(&person.post(LINK, &[]).await);
    let came = provider.back(server, &person, &away, subject).await.expect(303);
    assert_eq!(came.location, "/console/account?done=linked");
    person
}

/// Somebody links, signs in, is refused and goes away again; all that is secret in it.
pub(crate) async fn secrets_of_sign_ons(server: &TestServer, provider: OddProvider) -> Vec<(&'static str, String)> {
    let provider = Provider {
        odd: provider,
        key: new_key("k1"),
    };
    provider.describe(false);
    let mut secrets = vec![
        ("client secret of single sign-on", SECRET.to_owned()),
        ("code of single sign-on", "sso-code-5f1e9a7c30".to_owned()),
        ("access token of single sign-on", "sso-access-token-8d20".to_owned()),
    ];
    let person = owner(server).await;
    let away = Away::of(&person.post(LINK, &[]).await);
    provider.back(server, &person, &away, "s-1").await.expect(303);
    for subject in ["s-1", "s-2"] {
        let (person, away) = start(server).await;
        let claims = provider.claims(server, &away, subject).await;
        secrets.push(("ID token", provider.say(&provider.key, &claims)));
        secrets.push(("state of single sign-on", away.get("state").to_owned()));
        secrets.push(("nonce of single sign-on", away.get("nonce").to_owned()));
        secrets.push(("cookie of single sign-on", person.cookie("lk_sign_on").unwrap()));
        let came = person.get(&away.callback()).await;
        assert_eq!(came.status, if subject == "s-1" { 303 } else { 403 });
    }
    // One that is still away.
    let (_, away) = start(server).await;
    secrets.push(("nonce of one that is away", away.get("nonce").to_owned()));
    for seen in provider.odd.seen("/token") {
        let verifier = url::form_urlencoded::parse(seen.body.as_bytes())
            .find(|(name, _)| name == "code_verifier")
            .map(|(_, value)| value.into_owned());
        secrets.extend(verifier.map(|verifier| ("verifier of single sign-on", verifier)));
    }
    secrets
}
