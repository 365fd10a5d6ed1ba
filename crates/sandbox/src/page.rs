//! The pages: consent, and what is said when there is nobody to send an error to. No script runs in them.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use store::StoreError;
use store::sandbox::{Account, InvalidFaults};
use url::Url;
use vault::Token;

use crate::answer;
use crate::api::{display_name, email};
use crate::authorize::Lifetime;
use crate::scope::Scope;
use crate::wished_faults::{self, Choice};

const STYLE: &str = concat!(
    include_str!("../../../assets/tokens.css"),
    include_str!("../../../assets/sandbox.css")
);
const LOGO: &str = include_str!("../../../assets/logos/sandbox.svg");

#[derive(Template)]
#[template(path = "sandbox/consent.html")]
struct ConsentTemplate<'a> {
    nonce: &'a str,
    style: &'static str,
    logo: &'static str,
    app: &'a str,
    returns_to: &'a str,
    accounts: [AccountRow; 2],
    access: Vec<&'static str>,
    lifetimes: [Lifetime; 3],
    faults: Vec<Choice>,
    calls: Vec<Choice>,
    rotations: [Choice; 3],
    revocations: [Choice; 2],
}

struct AccountRow {
    value: &'static str,
    name: &'static str,
    email: &'static str,
}

impl From<Account> for AccountRow {
    fn from(account: Account) -> Self {
        Self {
            value: account.as_str(),
            name: display_name(account),
            email: email(account),
        }
    }
}

/// The page that asks whether an app may use the account.
pub(crate) fn consent(app: &str, scopes: &[Scope], redirect_uri: &str) -> HttpResponse {
    let host = Url::parse(redirect_uri)
        .ok()
        .and_then(|url| Some(url.host_str()?.to_owned()))
        .unwrap_or_default();
    render(StatusCode::OK, |nonce| {
        ConsentTemplate {
            nonce,
            style: STYLE,
            logo: LOGO,
            app,
            returns_to: &host,
            accounts: [Account::Ann.into(), Account::Ben.into()],
            access: scopes.iter().map(|scope| scope.sentence()).collect(),
            lifetimes: Lifetime::ALL,
            faults: wished_faults::faults(),
            calls: wished_faults::calls(),
            rotations: wished_faults::ROTATIONS,
            revocations: wished_faults::REVOCATIONS,
        }
        .render()
    })
    .finish_with_body()
}

/// An error for a person: what happened, who can mend it, how.
pub(crate) struct ErrorPage {
    status: StatusCode,
    title: &'static str,
    happened: Cow<'static, str>,
    mend: &'static str,
}

impl ErrorPage {
    /// A wish that cannot be fulfilled.
    pub(crate) fn faults(error: &InvalidFaults) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            title: "What should go wrong is not clear",
            happened: Cow::Owned(format!("Nothing was allowed: {error}.")),
            mend: "Go back, change it, then press Allow. The sandbox's page in the documentation says what can be chosen.",
        }
    }

    pub(crate) const CLIENT: Self = Self {
        status: StatusCode::BAD_REQUEST,
        title: "The sandbox does not know this app",
        happened: Cow::Borrowed("The request names no client, or one that this sandbox never made."),
        mend: "The developer of the app can mend it: switch the sandbox integration on for the project again, which \
               stores the right client, and start anew.",
    };
    pub(crate) const REDIRECT_URI: Self = Self {
        status: StatusCode::BAD_REQUEST,
        title: "The return address is not registered",
        happened: Cow::Borrowed(
            "The request names no redirect_uri, or one that is not registered, character by character, for this \
                   client.",
        ),
        mend: "The developer of the app can mend it: switch the sandbox integration on again after a change of \
               Latchkey's public address, which registers the new one.",
    };
    pub(crate) const FOREIGN: Self = Self {
        status: StatusCode::FORBIDDEN,
        title: "This answer did not come from the sandbox's page",
        happened: Cow::Borrowed("The browser did not say that the form was sent by this page, so nothing was allowed."),
        mend: "Go back to the app and connect again. If it happens again, whoever runs this Latchkey can mend it: \
               browsers say so only over https or on localhost, and at the public address.",
    };
    pub(crate) const FORM: Self = Self {
        status: StatusCode::BAD_REQUEST,
        title: "The answer is not complete",
        happened: Cow::Borrowed("The form did not say whether to allow, for which account, or for how long."),
        mend: "Go back, choose an account, then press Allow or Deny.",
    };
    const METHOD: Self = Self {
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "This address is a page",
        happened: Cow::Borrowed("It was asked for with a method other than GET and POST."),
        mend: "The developer of the app can mend it: send the person's browser here.",
    };
    const DATABASE: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "The sandbox cannot reach its database",
        happened: Cow::Borrowed("Nothing was allowed and nothing was changed."),
        mend: "Wait a moment and load the page again. If it stays away, whoever runs this Latchkey can mend it: its log \
               says why.",
    };
}

#[derive(Template)]
#[template(path = "sandbox/error.html")]
struct ErrorTemplate<'a> {
    nonce: &'a str,
    style: &'static str,
    logo: &'static str,
    page: &'a ErrorPage,
}

/// A page for an error that cannot be sent to the app.
pub(crate) fn error(page: &ErrorPage) -> HttpResponse {
    error_builder(page).finish_with_body()
}

/// The database is away, or refused.
pub(crate) fn unavailable(error: &StoreError) -> HttpResponse {
    tracing::error!(%error, "the sandbox could not use the database");
    let mut rendered = error_builder(&ErrorPage::DATABASE);
    rendered.response.insert_header((RETRY_AFTER, "2"));
    rendered.finish_with_body()
}

/// 405 at a page's address.
pub(crate) async fn method_not_allowed() -> HttpResponse {
    error(&ErrorPage::METHOD)
}

fn error_builder(page: &ErrorPage) -> Rendered {
    render(page.status, |nonce| {
        ErrorTemplate {
            nonce,
            style: STYLE,
            logo: LOGO,
            page,
        }
        .render()
    })
}

struct Rendered {
    response: HttpResponseBuilder,
    body: String,
}

impl Rendered {
    fn finish_with_body(mut self) -> HttpResponse {
        self.response.body(self.body)
    }
}

/// A page with its policy. There is no `form-action`: Chromium holds it against each redirect that follows the post,
/// and the redirects after the callback are the app's own. No script runs and nothing of a request is unescaped, so
/// there is no form but ours.
fn render(status: StatusCode, template: impl FnOnce(&str) -> askama::Result<String>) -> Rendered {
    let nonce = Token::generate().expose();
    let (status, body) = match template(&nonce) {
        Ok(body) => (status, body),
        Err(error) => {
            tracing::error!(%error, "a page of the sandbox could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    let policy = format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'");
    let mut response = answer::plain(status);
    response
        .insert_header(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, policy));
    Rendered { response, body }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn text(response: HttpResponse) -> String {
        String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn the_consent_page_escapes_names_and_forbids_scripts_and_frames() {
        let name = "<script>alert(1)</script>\"'";
        let response = consent(name, &Scope::ALL, "https://latchkey.example.com/callback");
        let policy = response
            .headers()
            .get(CONTENT_SECURITY_POLICY)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers().get("x-frame-options").unwrap(), "DENY");
        assert_eq!(response.headers().get("cache-control").unwrap(), "no-store");
        assert_eq!(response.headers().get("referrer-policy").unwrap(), "no-referrer");
        let page = text(response).await;
        assert!(!page.contains("<script"), "{page}");
        for part in [
            "Ann",
            "Ben",
            "latchkey.example.com",
            "See your items and add new ones",
            "1 hour",
            "60 s",
            "10 s",
        ] {
            assert!(page.contains(part), "{part}");
        }
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(page.contains(&format!(r#"<style nonce="{nonce}">"#)));
        assert!(
            !page.contains(" style="),
            "a policy with a nonce refuses style attributes"
        );
    }

    #[actix_web::test]
    async fn every_error_says_what_happened_and_how_to_mend_it() {
        for page in [
            ErrorPage::CLIENT,
            ErrorPage::REDIRECT_URI,
            ErrorPage::FOREIGN,
            ErrorPage::FORM,
            ErrorPage::DATABASE,
        ] {
            let response = error(&page);
            assert_eq!(response.status(), page.status);
            let shown = text(response).await;
            assert!(shown.contains("<h1>"), "{shown}");
            assert!(page.happened.len() > 20 && page.mend.len() > 20);
        }
    }
}
