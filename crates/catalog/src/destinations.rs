//! Where secrets go: the origins that a way to sign in sends client secrets, grants and typed-in values to, as texts that
//! can be kept and compared. A definition that names one more than before sends them somewhere new.
//!
//! They are kept in databases: another spelling here would ask every operator anew.
//!
//! An origin stands as it is written, with its inputs: `https://${variables.domain}.example.com`. What each input may be
//! is told beside it, so that a pattern that allows more, or one more choice, is a difference, and one choice less is none.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::model::{
    AuthKind, AuthMethod, CheckTarget, Endpoints, Integration, LearnedKind, OAuth2, OtherValue, Pushed, SetBy,
    Variable, VariableKind,
};
use crate::template::{Name, UrlTemplate};

/// Fills in [`AuthMethod::destinations`] of each way to sign in.
pub(crate) fn fill_in(integration: &mut Integration) {
    let shared = of_api(integration);
    let all: Vec<BTreeSet<String>> = integration
        .auth
        .iter()
        .map(|method| {
            let mut found = shared.clone();
            of_method(integration, method, &mut found);
            found.told
        })
        .collect();
    for (method, found) in integration.auth.iter_mut().zip(all) {
        method.destinations = found;
    }
}

/// What was found.
#[derive(Clone, Default)]
struct Found {
    /// Origins, and what their inputs may be.
    told: BTreeSet<String>,
    /// Variables of the operator that stand in one of the origins.
    by_operator: BTreeSet<String>,
}

/// What any credential may be sent to. The checks and lists of all ways to sign in belong to it: where a definition has a
/// way no more, its connections are checked as those of another one.
fn of_api(integration: &Integration) -> Found {
    let mut found = Found::default();
    add(integration, &integration.api.base_url, &mut found);
    for host in &integration.api.hosts {
        found.told.insert(match host.strip_prefix('.') {
            Some(end) => format!("https://*.{end}"),
            None => format!("https://{host}"),
        });
    }
    let checks = integration.auth.iter().filter_map(|method| method.check.as_ref());
    let lists = integration.auth.iter().filter_map(|method| method.choose.as_ref());
    let calls = integration.auth.iter().flat_map(|method| &method.calls);
    let targets = integration
        .check
        .iter()
        .chain(checks)
        .map(|check| &check.target)
        .chain(lists.map(|choose| &choose.target))
        .chain(calls.map(|call| &call.target));
    for target in targets {
        if let CheckTarget::Url(url) = target {
            add(integration, url, &mut found);
        }
    }
    found
}

fn of_method(integration: &Integration, method: &AuthMethod, found: &mut Found) {
    match &method.kind {
        AuthKind::OAuth2(oauth2) => of_oauth2(integration, oauth2, found),
        AuthKind::OAuth1(oauth1) => {
            add(integration, &oauth1.request_token.url, found);
            add(integration, &oauth1.access_token.url, found);
        }
        AuthKind::ApiKey(typed) => {
            for request in typed.login.iter().flat_map(|login| &login.requests) {
                add(integration, &request.url, found);
            }
        }
    }
}

fn of_oauth2(integration: &Integration, oauth2: &OAuth2, found: &mut Found) {
    match &oauth2.endpoints {
        // The authorization endpoint is sent nothing that is kept.
        Endpoints::Fixed { token, revoke, .. } => {
            add(integration, token, found);
            if let Some(revoke) = revoke {
                add(integration, revoke, found);
            }
        }
        // Who is asked for the addresses decides where secrets go.
        Endpoints::Discovered { issuer: named_by } | Endpoints::Resource { resource: named_by } => {
            add_named_by(integration, named_by, found);
        }
    }
    let pushed = match &oauth2.authorize.pushed {
        Some(Pushed::To(url)) => Some(url),
        Some(Pushed::Discovered) | None => None,
    };
    let more = [
        pushed,
        oauth2.then.as_ref().map(|then| &then.url),
        oauth2.refresh.url.as_ref(),
        oauth2.device.as_ref().and_then(|device| device.url.as_ref()),
    ];
    for url in more.into_iter().flatten() {
        add(integration, url, found);
    }
}

fn add(integration: &Integration, url: &UrlTemplate, found: &mut Found) {
    found.told.insert(url.origin_text());
    add_inputs(integration, url, found);
}

/// What a server names that is asked for addresses, and where that server is.
fn add_named_by(integration: &Integration, server: &UrlTemplate, found: &mut Found) {
    found.told.insert(format!("what {} names", server.origin_text()));
    add_inputs(integration, server, found);
}

/// What the inputs of an origin may be, wherever the definition declares them.
fn add_inputs(integration: &Integration, url: &UrlTemplate, found: &mut Found) {
    for name in url.host_names() {
        if name.namespace == "discovered" {
            // Of another way too, where a connection's own way discovers nothing.
            for server in integration.auth.iter().filter_map(AuthMethod::discovered_issuer) {
                add_named_by(integration, server, found);
            }
        }
        if name.namespace != "variables" {
            continue;
        }
        let of_methods = integration.auth.iter().filter_map(|method| method.variable(&name.path));
        for variable in integration.variables.get(&name.path).into_iter().chain(of_methods) {
            add_variable(name, variable, found);
        }
        let kept = integration.auth.iter().flat_map(AuthMethod::kept);
        for learned in kept.filter(|learned| learned.name == name.path) {
            match &learned.kind {
                LearnedKind::Text { pattern } => {
                    found.told.insert(format!("{name} learnt, like {}", pattern.as_str()));
                }
                LearnedKind::Origin { hosts } => {
                    found
                        .told
                        .extend(hosts.iter().map(|host| format!("{name} learnt, of {host}")));
                }
            }
        }
    }
}

fn add_variable(name: &Name, variable: &Variable, found: &mut Found) {
    let by = match variable.set_by {
        SetBy::Person => "the person",
        SetBy::Operator => "the operator",
    };
    if variable.set_by == SetBy::Operator {
        found.by_operator.insert(name.path.clone());
    }
    let mut add = |what: &str| {
        found.told.insert(format!("{name} from {by}, {what}"));
    };
    match &variable.kind {
        VariableKind::Choice(choices) => {
            for choice in choices {
                add(&format!("as {}", choice.value));
            }
        }
        VariableKind::Text { pattern } => add(&format!("like {}", pattern.as_str())),
        kind @ (VariableKind::Origin | VariableKind::Url) => {
            add(&format!("any {}", kind.name()));
            // Whoever gave none is where the definition says.
            if let Some(default) = &variable.default {
                add(&format!("or {default}"));
            }
        }
        kind => add(&format!("any {}", kind.name())),
    }
    match variable.other {
        Some(OtherValue::Origin) => add("any origin"),
        Some(OtherValue::Url) => add("any url"),
        None => {}
    }
}

impl Integration {
    /// Where secrets of a connection that was made in this way go. Where the definition has the way no more, they still go
    /// to the API and its checks, and to no other address.
    pub fn destinations(&self, auth_method: &str) -> Cow<'_, BTreeSet<String>> {
        match self.auth.iter().find(|method| method.id == auth_method) {
            Some(method) => Cow::Borrowed(&method.destinations),
            None => Cow::Owned(of_api(self).told),
        }
    }

    /// The operator's variables that stand in one of the origins of [`AuthMethod::destinations`], whichever way it is: their
    /// values decide where secrets go, and are in no text that somebody agreed to.
    pub fn address_variables(&self) -> BTreeSet<String> {
        let mut found = of_api(self);
        for method in &self.auth {
            of_method(self, method, &mut found);
        }
        found.by_operator
    }
}

#[cfg(test)]
mod tests {
    use crate::load_sources;

    const ACME: &str = r#"id: acme
name: Acme
description: Orders.
docs: https://developer.acme.com
sources: [https://developer.acme.com]
variables:
  region: { title: Region, type: choice, choices: [{ value: eu, label: Europe }, { value: us, label: America }] }
  domain: { title: Domain, pattern: "[a-z]+" }
auth:
  - kind: oauth2
    title: Sign in
    authorize: { url: "https://login.acme.com/authorize" }
    token: { url: "https://${variables.region}.acme.com/token" }
    revoke: { url: https://revoke.acme.com/revoke }
  - kind: api_key
    title: Key
    fields: [{ name: key, title: Key }]
    headers: { X-Key: "${credential.key}" }
api:
  base_url: "https://${lower(variables.domain)}.api.acme.com"
  hosts: [content.acme.com, .files.acme.com]
  headers: { Authorization: "Bearer ${credential.access_token}" }
check: { get: "https://me.acme.com/me", account: { id: "${body.id}" } }
"#;

    fn of(text: &str, method: &str) -> Vec<String> {
        let loaded = load_sources([("acme.yaml", text)]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let acme = loaded.catalog.get("acme").unwrap();
        acme.destinations(method).iter().cloned().collect()
    }

    fn acme() -> String {
        // A header of all ways cannot name the token of one.
        ACME.replace(
            "  headers: { Authorization: \"Bearer ${credential.access_token}\" }\n",
            "",
        )
        .replace(
            "    revoke:",
            "    headers: { Authorization: \"Bearer ${credential.access_token}\" }\n    revoke:",
        )
    }

    #[test]
    fn every_address_that_gets_a_secret_is_told() {
        let shared = [
            "https://${lower(variables.domain)}.api.acme.com",
            "https://*.files.acme.com",
            "https://content.acme.com",
            "https://me.acme.com",
        ];
        let key = of(&acme(), "api_key");
        for one in shared {
            assert!(key.iter().any(|told| told == one), "{one} is not in {key:?}");
        }
        assert_eq!(key.len(), 5, "{key:?}");
        let oauth2 = of(&acme(), "oauth2");
        for one in [
            "https://${variables.region}.acme.com",
            "https://revoke.acme.com",
            "variables.region from the person, as eu",
            "variables.region from the person, as us",
        ] {
            assert!(oauth2.iter().any(|told| told == one), "{one} is not in {oauth2:?}");
        }
        assert_eq!(oauth2.len(), 9, "{oauth2:?}");
        assert!(!oauth2.iter().any(|told| told.contains("login.acme.com")));
        assert_eq!(of(&acme(), "gone"), key);
    }

    #[test]
    fn further_addresses_of_a_sign_in_are_told() {
        let by_code = acme().replace("kind: oauth2", "kind: oauth2_device").replace(
            "    authorize: { url: \"https://login.acme.com/authorize\" }\n",
            "    device: { url: https://device.acme.com/code }\n",
        );
        let told = of(&by_code, "oauth2_device");
        assert!(told.iter().any(|one| one == "https://device.acme.com"), "{told:?}");
    }

    #[test]
    fn who_names_a_discovered_address_is_told_for_every_way() {
        let text = acme()
            .replace(
                "  - kind: api_key\n",
                "  - kind: oauth2\n    id: oauth2-other\n    title: Sign in elsewhere\n    discover: { issuer: \"https://${variables.domain}.login.com\" }\n    headers: { Authorization: \"Bearer ${credential.access_token}\" }\n  - kind: api_key\n",
            )
            .replace("get: \"https://me.acme.com/me\"", "get: \"${discovered.userinfo_endpoint}\"");
        for way in ["oauth2", "oauth2-other", "api_key", "gone"] {
            let told = of(&text, way);
            for one in [
                "${discovered.userinfo_endpoint}",
                "what https://${variables.domain}.login.com names",
            ] {
                assert!(told.iter().any(|told| told == one), "{one} is not in {told:?}");
            }
            let moved = of(&text.replace("login.com", "evil.com"), way);
            assert!(!moved.iter().all(|one| told.contains(one)), "{way}: {moved:?}");
        }
    }

    #[test]
    fn variables_of_the_operator_in_an_origin_are_named() {
        let named = |text: &str| -> Vec<String> {
            let loaded = load_sources([("acme.yaml", text)]);
            assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
            let named = loaded.catalog.get("acme").unwrap().address_variables();
            named.into_iter().collect()
        };
        assert!(named(&acme()).is_empty(), "the person gives them");
        let operators = acme()
            .replace("[a-z]+\"", "[a-z]+\", set_by: operator")
            .replace("title: Region,", "title: Region, set_by: operator,")
            .replace("auth:\n", "  tenant: { title: Tenant, set_by: operator }\n  page: { title: Page, type: url, set_by: operator }\nauth:\n")
            .replace("https://revoke.acme.com/revoke", "\"https://revoke.acme.com/${variables.tenant}\"")
            .replace("\"https://login.acme.com/authorize\"", "\"${variables.page}\"");
        // A path leads to the same host, and the sign-in page gets nothing that is kept.
        assert_eq!(named(&operators), ["domain", "region"]);
    }

    #[test]
    fn a_wider_input_is_a_difference_and_a_narrower_choice_is_none() {
        let before = of(&acme(), "oauth2");
        let within = |text: &str| of(text, "oauth2").iter().all(|one| before.contains(one));
        assert!(within(&acme()));
        assert!(within(&acme().replace(", { value: us, label: America }", "")));
        assert!(!within(&acme().replace("value: us", "value: ru")));
        assert!(!within(&acme().replace("[a-z]+", "[a-z0-9]+")));
        assert!(!within(&acme().replace("[a-z]+\"", "[a-z]+\", set_by: operator")));
        assert!(!within(&acme().replace(".files.acme.com", ".acme.com")));
        assert!(within(&acme().replace("acme.com/token", "acme.com/v2/token")));
        let discovered = acme()
            .replace("    authorize: { url: \"https://login.acme.com/authorize\" }\n", "")
            .replace(
                "    token: { url: \"https://${variables.region}.acme.com/token\" }\n",
                "    discover: { issuer: https://me.acme.com }\n",
            )
            .replace("    revoke: { url: https://revoke.acme.com/revoke }\n", "");
        assert!(!within(&discovered));
    }
}
