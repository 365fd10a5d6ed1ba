//! From what an OpenID provider says about itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

use serde_json::Value;

use super::{Draft, OAuth2, SignIn};

/// Scopes that a sign-in asks for where the provider has them.
const USUAL_SCOPES: [(&str, &str); 4] = [
    ("openid", "See who you are"),
    ("profile", "See your name and picture"),
    ("email", "See your email address"),
    ("offline_access", "Stay connected"),
];

/// Fills in what the metadata tells. `address` is where it was read.
pub fn from_openid(draft: &mut Draft, metadata: &Value, address: &str) {
    let text = |key: &str| metadata[key].as_str().map(str::to_owned);
    let lists = |key: &str, word: &str| {
        let list = metadata[key].as_array();
        list.is_some_and(|list| list.iter().any(|item| item == word))
    };
    let mut fields = vec!["auth.authorize", "auth.token"];
    let revoke = text("revocation_endpoint");
    if revoke.is_some() {
        fields.push("auth.revoke");
    }
    // A written issuer must stand in each answer, so it is written only where the provider says that it does.
    let issuer = text("issuer").filter(|_| metadata["authorization_response_iss_parameter_supported"] == true);
    if issuer.is_some() {
        fields.push("auth.issuer");
    }
    let scopes: Vec<(String, String)> = USUAL_SCOPES
        .iter()
        .filter(|(scope, _)| lists("scopes_supported", scope))
        .map(|(scope, meaning)| ((*scope).to_owned(), (*meaning).to_owned()))
        .collect();
    if !scopes.is_empty() {
        fields.push("auth.scopes");
    }
    if let Some(userinfo) = text("userinfo_endpoint") {
        if draft.base_url.is_none() {
            draft.base_url = origin(&userinfo);
            fields.push("api.base_url");
        }
        draft.check = Some(userinfo);
        draft.account_id = Some("sub".to_owned());
        draft.account_name = Some(
            if lists("scopes_supported", "email") {
                "email"
            } else {
                "sub"
            }
            .to_owned(),
        );
        fields.push("check");
    }
    if draft.docs.is_none() {
        draft.docs = text("service_documentation");
    }
    draft.sources.push((address.to_owned(), fields));
    draft.sign_in.push(SignIn::OAuth2(Box::new(OAuth2 {
        authorize: text("authorization_endpoint"),
        token: text("token_endpoint"),
        // Without a list the provider takes HTTP Basic (RFC 8414 §2).
        in_body: !lists("token_endpoint_auth_methods_supported", "client_secret_basic")
            && lists("token_endpoint_auth_methods_supported", "client_secret_post"),
        revoke,
        issuer,
        default_scopes: scopes.iter().map(|(scope, _)| scope.clone()).collect(),
        known_scopes: scopes,
        setup: None,
    })));
}

fn origin(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    Some(url.origin().ascii_serialization())
}
