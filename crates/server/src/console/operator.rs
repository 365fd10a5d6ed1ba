//! Who is in the console: the session's cookie, and the place that an address names.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use broker::{Broker, Caller, Environment, Permission, Project, ProjectId, Role, Signed, Visitor};
use futures_util::future::LocalBoxFuture;
use vault::Token;

use super::see;
use crate::Site;
use crate::guard::same_origin;
use crate::place::Arrived as _;
use crate::problems::{Kind, Problem};

/// The cookie of a session.
const fn session_name(secure: bool) -> &'static str {
    if secure { "__Host-lk_operator" } else { "lk_operator" }
}

/// The cookie of a browser in which somebody has signed in before.
const fn known_name(secure: bool) -> &'static str {
    if secure { "__Host-lk_known" } else { "lk_known" }
}

/// The cookie of somebody who gave the right password, and no code yet.
const fn half_name(secure: bool) -> &'static str {
    if secure { "__Host-lk_half" } else { "lk_half" }
}

/// The cookie of a browser that was sent to the provider of single sign-on.
const fn sign_on_name(secure: bool) -> &'static str {
    if secure { "__Host-lk_sign_on" } else { "lk_sign_on" }
}

/// The first cookie of a name.
fn cookie<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// Both cookies of somebody who signed in.
pub(super) fn let_in(response: &mut HttpResponse, site: &Site, cookie: &broker::Cookie) {
    let secure = if site.secure { "; Secure" } else { "" };
    let (name, token) = (session_name(site.secure), cookie.token.expose());
    // Lax: a link in a mail leads to a page and not to the sign-in; forms are checked by their origin.
    let session = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{secure}");
    let (name, known) = (known_name(site.secure), &cookie.known);
    let known = format!("{name}={known}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict{secure}");
    set(response, &session);
    set(response, &known);
}

fn set(response: &mut HttpResponse, cookie: &str) {
    if let Ok(value) = header::HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// The cookie of a sign-in that waits for its code. It names the sign-in and means nothing else.
pub(super) fn let_half_in(response: &mut HttpResponse, site: &Site, half: &Token) {
    let secure = if site.secure { "; Secure" } else { "" };
    let (name, token) = (half_name(site.secure), half.expose());
    set(
        response,
        &format!("{name}={token}; Path=/; Max-Age=300; HttpOnly; SameSite=Lax{secure}"),
    );
}

/// Takes it away.
pub(super) fn end_half(response: &mut HttpResponse, site: &Site) {
    let secure = if site.secure { "; Secure" } else { "" };
    let name = half_name(site.secure);
    set(
        response,
        &format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}"),
    );
}

/// The sign-in that waits for its code.
pub(super) fn half(site: &Site, request: &HttpRequest) -> Option<Token> {
    cookie(request, half_name(site.secure)).and_then(Token::parse)
}

/// The cookie that ties a way to the provider to this browser. Lax: the provider leads back here.
pub(super) fn keep_sign_on(response: &mut HttpResponse, site: &Site, browser: &Token) {
    let secure = if site.secure { "; Secure" } else { "" };
    let (name, token) = (sign_on_name(site.secure), browser.expose());
    set(
        response,
        &format!("{name}={token}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax{secure}"),
    );
}

/// Takes it away.
pub(super) fn end_sign_on(response: &mut HttpResponse, site: &Site) {
    let secure = if site.secure { "; Secure" } else { "" };
    let name = sign_on_name(site.secure);
    set(
        response,
        &format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}"),
    );
}

/// The same, as it came back.
pub(super) fn sign_on(site: &Site, request: &HttpRequest) -> Option<Token> {
    cookie(request, sign_on_name(site.secure)).and_then(Token::parse)
}

/// Takes the session's cookie away.
pub(super) fn let_out(response: &mut HttpResponse, site: &Site) {
    let secure = if site.secure { "; Secure" } else { "" };
    let name = session_name(site.secure);
    set(
        response,
        &format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}"),
    );
}

/// Sends somebody whose proof is old to confirm that it is them. They come back to `back`, a page of the console, and
/// press the button again.
pub(super) fn unproved(signed: &Signed, back: &str) -> Option<HttpResponse> {
    if signed.is_proved() {
        return None;
    }
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", back)
        .finish();
    Some(see(&format!("/console/confirm?{query}")))
}

/// Who is at the door.
pub(super) fn visitor(site: &Site, request: &HttpRequest) -> Visitor {
    let browser = request.headers().get(header::USER_AGENT);
    Visitor {
        address: site
            .limits
            .who(request)
            .unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)),
        browser: browser
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        known: cookie(request, known_name(site.secure)).map(ToOwned::to_owned),
    }
}

/// The session's cookie.
pub(super) fn token(site: &Site, request: &HttpRequest) -> Option<Token> {
    cookie(request, session_name(site.secure)).and_then(Token::parse)
}

/// An operator who is signed in. Whoever is not is sent to the sign-in, and comes back to the same page. A request that
/// may change something must come from our own origin.
#[derive(Debug)]
pub(super) struct Operator(pub(super) Signed);

/// Why somebody is not let through.
#[derive(Debug)]
pub(super) enum Stopped {
    /// They must sign in, and then come back here.
    SignIn(String),
    /// Something else.
    Problem(Problem),
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignIn(_) => formatter.write_str("not signed in"),
            Self::Problem(problem) => problem.fmt(formatter),
        }
    }
}

impl actix_web::ResponseError for Stopped {
    fn status_code(&self) -> actix_web::http::StatusCode {
        match self {
            Self::SignIn(_) => actix_web::http::StatusCode::SEE_OTHER,
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn(address) => see(address),
            Self::Problem(problem) => problem.error_response(),
        }
    }
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<broker::Problem> for Stopped {
    fn from(problem: broker::Problem) -> Self {
        Self::Problem(problem.into())
    }
}

impl FromRequest for Operator {
    type Error = Stopped;
    type Future = LocalBoxFuture<'static, Result<Self, Stopped>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let missing = || Problem::general(Kind::Internal);
            let site = request.app_data::<web::Data<Site>>().ok_or_else(missing)?;
            let broker = request.app_data::<web::Data<Broker>>().ok_or_else(missing)?;
            let changes = !request.method().is_safe();
            if changes {
                same_origin(request.headers(), &request.place(&site.public_origin).origin)?;
            }
            let signed = match token(site, &request) {
                Some(token) => broker.signed_in(&token).await?,
                None => None,
            };
            signed.map(Self).ok_or_else(|| {
                let uri = request.uri();
                let back = match uri.path() {
                    // A script's; it stands on a page of its own.
                    path if path.starts_with("/console/api/") => "/console",
                    // A form that was sent is gone. Its address leads back to the page that it stood on.
                    path if changes => path,
                    path => uri.path_and_query().map_or(path, |to| to.as_str()),
                };
                let query: String = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("next", back)
                    .finish();
                Stopped::SignIn(format!("/console/sign-in?{query}"))
            })
        })
    }
}

/// Where in the console somebody is.
#[derive(Debug)]
pub(super) struct Here {
    pub(super) signed: Signed,
    pub(super) project: Project,
    pub(super) environment: Environment,
    pub(super) role: Role,
    /// The first by name, for the menu.
    pub(super) projects: Vec<Project>,
    /// Whether there are others that the menu does not have.
    pub(super) has_more_projects: bool,
}

/// Projects of the menu.
const PROJECTS: i64 = 50;

impl FromRequest for Here {
    type Error = Stopped;
    type Future = LocalBoxFuture<'static, Result<Self, Stopped>>;

    /// The place in the address of a page that begins with `/console/{project}/{environment}`.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let operator = Operator::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let operator = operator.await?;
            let broker = request.app_data::<web::Data<Broker>>();
            let broker = broker.ok_or_else(|| Problem::general(Kind::Internal))?;
            let part = |name| request.match_info().get(name).unwrap_or_default();
            Ok(Self::find(broker, operator, part("project"), part("environment")).await?)
        })
    }
}

impl Here {
    /// The place that an address names, where this operator may see it.
    pub(super) async fn find(
        broker: &Broker,
        Operator(signed): Operator,
        project: &str,
        environment: &str,
    ) -> Result<Self, Problem> {
        let unknown = || Problem::general(Kind::NotFound);
        let id: ProjectId = project.parse().map_err(|_| unknown())?;
        let environment: Environment = environment.parse().map_err(|_| unknown())?;
        let role = signed.require(id, Permission::See)?;
        let (projects, has_more_projects) = broker.projects_of(&signed, None, PROJECTS).await?;
        let project = match projects.iter().find(|project| project.id == id) {
            Some(project) => Some(project.clone()),
            None => broker.project_of(&signed, id).await?,
        };
        Ok(Self {
            project: project.ok_or_else(unknown)?,
            signed,
            environment,
            role,
            projects,
            has_more_projects,
        })
    }

    /// The operator as a caller of the API.
    pub(super) fn caller(&self, permission: Permission) -> Result<Caller, Problem> {
        Ok(self.signed.caller(self.project.id, self.environment, permission)?)
    }

    /// Whether a button is of use to them.
    pub(super) fn may(&self, permission: Permission) -> bool {
        broker::may(self.role, permission)
    }

    /// The address of a page here, as `connections`.
    pub(super) fn at(&self, page: &str) -> String {
        let start = format!("/console/{}/{}", self.project.id, self.environment);
        if page.is_empty() {
            start
        } else {
            format!("{start}/{page}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use store::OperatorId;

    use super::*;
    use crate::Rates;
    use crate::limits::Limits;

    #[actix_web::test]
    async fn over_https_cookies_are_bound_to_the_host() {
        let broker = crate::tests::broker("https://latchkey.example.test");
        let rates = Rates {
            key: None,
            source: None,
        };
        let limits = Arc::new(Limits::new(rates, Vec::new()));
        let site = Site::new(&broker, limits, Arc::new(|| DateTime::UNIX_EPOCH));
        let cookie = broker::Cookie {
            token: Token::generate(),
            operator: OperatorId::generate(),
            known: "0".repeat(64),
        };
        let mut response = HttpResponse::Ok().finish();
        let_in(&mut response, &site, &cookie);
        let_out(&mut response, &site);
        let_half_in(&mut response, &site, &Token::generate());
        end_half(&mut response, &site);
        keep_sign_on(&mut response, &site, &Token::generate());
        end_sign_on(&mut response, &site);
        let set: Vec<&str> = response
            .headers()
            .get_all(header::SET_COOKIE)
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(set.len(), 7);
        for one in set {
            assert!(one.starts_with("__Host-lk_"), "{one}");
            for part in ["; Path=/;", "; HttpOnly;", "; SameSite="] {
                assert!(one.contains(part), "{part} in {one}");
            }
            assert!(one.ends_with("; Secure") && !one.contains("Domain"), "{one}");
        }
    }
}
