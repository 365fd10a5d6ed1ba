//! The operator's own account: where they are signed in, their password, their second factor.

mod factor;
mod logins;
mod password;
mod square;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, OperatorSessionId, Signed};

use self::logins::LoginRow;
use super::navigation::Section;
use super::operator::{Operator, let_out};
use super::pages::{Notice, SessionRow, Shell, When};
use super::routing::{page, post};
use super::{see, show};
use crate::Site;
use crate::assets::Assets;
use crate::browser::browser_words;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/account", page);
    post!(config, "/console/account/sessions/{session}/end", end_session, 3);
    post!(config, "/console/account/password", password::change);
    post!(config, "/console/account/logins/link", logins::link, 2);
    post!(config, "/console/account/logins/{login}/unlink", logins::unlink, 3);
    post!(config, "/console/account/factor", factor::begin);
    post!(config, "/console/account/factor/confirm", factor::confirm, 2);
    post!(config, "/console/account/factor/codes", factor::renew_codes, 2);
    post!(config, "/console/account/factor/remove", factor::remove, 2);
}

/// Where somebody comes back to after confirming that it is them.
const BACK: &str = "/console/account?done=proved";

/// The second factor, as it is.
#[derive(Debug)]
struct FactorWords {
    since: When,
    codes: i64,
}

/// `/console/account`
#[derive(Debug, Template)]
#[template(path = "console/account/account.html")]
struct AccountPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    said: Said,
    sessions: Vec<SessionRow>,
    has_password: bool,
    shortest: usize,
    longest: usize,
    factor: Option<FactorWords>,
    /// The provider of single sign-on, where one is set up.
    provider: Option<&'a str>,
    logins: Vec<LoginRow>,
}

/// What the page says besides how things are: each at its place.
#[derive(Debug, Default)]
struct Said {
    notice: Option<Notice>,
    /// At the present password.
    present: Option<String>,
    /// At the new one.
    new: Option<String>,
    /// At the code that switches the factor off.
    code: Option<String>,
}

/// What a redirect to the page says.
fn done(word: &str) -> Option<Notice> {
    Some(Notice::good(match word {
        "ended" => "The session was ended.",
        "password" => "Your password was changed. Your other sessions have ended.",
        "factor-off" => "Two-step sign-in is off. Your other sessions have ended.",
        "linked" => "The sign-in was linked. It signs you in from now on.",
        "unlinked" => "The sign-in was unlinked. Your other sessions have ended.",
        "proved" => "You confirmed that it is you. Go on within ten minutes.",
        _ => return None,
    }))
}

/// The shell of pages that belong to no place.
fn shell(signed: &Signed) -> Shell<'_> {
    Shell {
        here: None,
        section: Section::Account,
        email: &signed.operator.email,
    }
}

/// GET `/console/account`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let ended = query.flag("ended") == Some(true);
    let word = if ended { Some("ended") } else { query.get("done") };
    let said = Said {
        notice: word.and_then(done),
        ..Said::default()
    };
    draw(&broker, &site, &operator.0, said, StatusCode::OK).await
}

async fn draw(
    broker: &Broker,
    site: &Site,
    signed: &Signed,
    said: Said,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let now = site.now();
    let sessions = broker.sessions_of(signed).await?.into_iter().map(|session| SessionRow {
        id: session.id.to_string(),
        browser: browser_words(&session.browser),
        address: session.address,
        began: When::new(session.created_at, now),
        seen: When::new(session.seen_at, now),
        ends: When::new(session.ends_at, now),
        is_this: session.id == signed.session.id,
    });
    let factor = broker.factor_of(signed).await?.map(|factor| FactorWords {
        since: When::new(factor.confirmed_at, now),
        codes: factor.recovery_codes,
    });
    let nonce = Nonce::generate();
    let page = AccountPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: shell(signed),
        said,
        sessions: sessions.collect(),
        has_password: broker.has_password(signed).await?,
        shortest: broker::SHORTEST_PASSWORD,
        longest: broker::LONGEST_PASSWORD,
        factor,
        provider: broker.single_sign_on().map(|provider| provider.name.as_str()),
        logins: logins::rows(broker, signed, now).await?,
    };
    show(&nonce, status, &page)
}

/// POST `/console/account/sessions/{session}/end`
pub(super) async fn end_session(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let session: OperatorSessionId = path.parse().map_err(|_| Problem::general(Kind::NotFound))?;
    let is_this = session == operator.0.session.id;
    if !broker.sign_out(&operator.0, session).await? {
        return Err(Problem::new(
            Kind::NotFound,
            "This session does not exist, or has ended already.",
        ));
    }
    if !is_this {
        return Ok(see("/console/account?ended=true"));
    }
    let mut response = see("/console/sign-in");
    let_out(&mut response, &site);
    Ok(response)
}
