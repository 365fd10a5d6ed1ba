//! A server with one of everything that a page of the console can be about.

use store::Role;
use testkit::{Account, Consent, TestServer};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::matrix::with_definitions;
use super::{Person, home, operator};

const DEFINITION: &str = "id: acme
name: Acme
description: Makes everything.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
auth:
  - kind: api_key
    title: Enter a key
    fields: [{ name: key, title: Key }]
api:
  base_url: https://api.acme.example/v1
  headers: { X-Key: \"${credential.key}\" }
check: { get: /me, account: { id: \"${body.id}\", name: \"${body.name}\" } }
";

pub(super) struct Furnished {
    pub(super) server: TestServer,
    /// What was shown once, and is on no page again.
    pub(super) secrets: Vec<String>,
    /// What stands for each name in the addresses of pages.
    names: Vec<(&'static str, String)>,
    /// Takes what is delivered.
    _receiver: MockServer,
}

/// What a page has to be copied, of this kind.
fn copied(page: &str, is_meant: impl Fn(&str) -> bool) -> String {
    let all = page.split("data-copy=\"").skip(1);
    let mut all = all.map(|part| part.split('"').next().unwrap());
    let found = all.find(|text| is_meant(text));
    found.unwrap_or_else(|| panic!("nothing to copy on {page}")).to_owned()
}

/// The secret of a link, which stands behind `#`.
fn behind_hash(page: &str) -> String {
    let link = copied(page, |text| text.contains('#'));
    link.split_once('#').unwrap().1.to_owned()
}

/// A signing secret without what stands before each.
fn signing(page: &str) -> String {
    copied(page, |text| text.starts_with("whsec_")).replace("whsec_", "")
}

impl Furnished {
    pub(super) async fn start() -> Self {
        let receiver = MockServer::start().await;
        let taken = ResponseTemplate::new(200).set_body_string("taken");
        Mock::given(any()).respond_with(taken).mount(&receiver).await;
        let server = TestServer::builder().allowing(&receiver.uri()).start().await;
        with_definitions(&server);
        let (someone, admin) = operator(&server, Some(Role::Admin)).await;
        let place = home(&server);
        let sent = async |page: &str, form: &[(&str, &str)]| admin.post(&format!("{place}/{page}"), form).await;

        let connection = server.connect("u-42", Consent::Allow(Account::Ann)).await;
        let key = connection["key"].as_str().unwrap();
        let call = server.api("GET", "/v1/passthrough/me").connection(key);
        call.send().await.expect(200);
        server.broker.write_requests().await.unwrap();
        let problem = "insert into connect_problems (id, session_id, project_id, environment, reference, code, message)
                       select gen_random_uuid(), id, project_id, environment, 'furnished', 'access_denied', 'No.'
                       from connect_sessions limit 1";
        server.database.execute(problem).await;
        let link = [("identity", "u-42"), ("verify", "off")];
        let link = sent("links", &link).await.expect(200).text;
        let invited = [("email", "cleo@example.com"), ("role", "support")];
        let invited = sent("team/invite", &invited).await.expect(200).text;
        sent("definitions/edit", &[("document", DEFINITION), ("do", "save")])
            .await
            .expect(303);
        let url = receiver.uri();
        let hook = [("url", url.as_str()), ("which", "all"), ("active", "on")];
        let hook = sent("webhooks/new", &hook).await.expect(200).text;
        let endpoint = server.database.text("select id::text from webhook_endpoints").await;
        let tested = sent(&format!("webhooks/{endpoint}/test"), &[]).await.expect(303);
        let delivery = tested.location.split('?').next().unwrap().rsplit('/').next().unwrap();
        let rolled = sent(&format!("webhooks/{endpoint}/secret"), &[("overlap", "1h")])
            .await
            .expect(200)
            .text;

        let one = async |table: &str| {
            let query = format!("select id::text from {table} where environment = 'test' order by id limit 1");
            server.database.text(&query).await
        };
        let names = vec![
            ("project", server.project.id.to_string()),
            ("environment", "test".to_owned()),
            ("integration", "sandbox".to_owned()),
            ("definition", "acme".to_owned()),
            ("connection", connection["id"].as_str().unwrap().to_owned()),
            ("identity", reference(&server, &admin, "u-42").await),
            ("session", one("connect_sessions").await),
            ("link", one("connect_links").await),
            ("key", one("api_keys").await),
            ("request", one("requests").await),
            ("delivery", delivery.to_owned()),
            ("endpoint", endpoint),
            ("operator", someone.to_string()),
        ];
        let secrets = vec![
            behind_hash(&link),
            behind_hash(&invited),
            signing(&hook),
            signing(&rolled),
        ];
        Self {
            server,
            secrets,
            names,
            _receiver: receiver,
        }
    }

    /// The address of a page, as it is written, about what is here.
    pub(super) fn address(&self, path: &str) -> String {
        let mut address = path.to_owned();
        for (name, value) in &self.names {
            address = address.replace(&format!("{{{name}}}"), value);
        }
        assert!(!address.contains('{'), "furnished.rs has nothing that {path} is about");
        address
    }
}

/// What stands for a user in addresses.
pub(super) async fn reference(server: &TestServer, person: &Person, identity: &str) -> String {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id", identity)
        .finish();
    let moved = person.get(&format!("{}/identities/of?{form}", home(server))).await;
    let page = moved.expect(303).location;
    page.rsplit('/').next().unwrap().to_owned()
}
