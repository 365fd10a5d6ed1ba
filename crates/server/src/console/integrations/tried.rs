//! What came of trying an integration as oneself: the connection that was made, or where it stopped.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Connection, ConnectionSearch, Permission};
use chrono::TimeDelta;
use store::{AttemptSearch, Outcome};

use super::field;
use super::one::{Path, own_identity};
use crate::Site;
use crate::attempt::{failure, stopped};
use crate::console::operator::{Here, Operator};
use crate::console::pages::{StateWords, When};
use crate::console::people::outcome_words;
use crate::console::see;
use crate::guard;
use crate::problems::{Kind, Problem};

/// How long what was tried is told of.
const LATELY: TimeDelta = TimeDelta::minutes(15);

/// The connection that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: String,
    pub(super) account: Option<String>,
    pub(super) href: String,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) title: String,
    pub(super) tone: &'static str,
    pub(super) state: Option<StateWords>,
    /// Where it stopped, in words.
    pub(super) stopped: Option<&'static str>,
    /// What its person was told, with the machine's word for it.
    pub(super) failure: Option<(String, String)>,
    pub(super) session_href: Option<String>,
    pub(super) at: Option<When>,
    pub(super) made: Option<Made>,
    /// Whether it may still come to an end.
    pub(super) is_open: bool,
}

/// The last attempt of the last quarter of an hour.
pub(super) async fn last(
    broker: &Broker,
    site: &Site,
    here: &Here,
    (id, name): (&str, &str),
) -> Result<Tried, Problem> {
    let caller = here.caller(Permission::See)?;
    let search = AttemptSearch {
        identity: Some(own_identity(here)),
        integration: Some(id.to_owned()),
        limit: 1,
        ..AttemptSearch::default()
    };
    let lately = site.now() - LATELY;
    let found = broker.connect_attempts(&caller, search).await?;
    let Some(attempt) = found.rows.into_iter().find(|one| one.created_at > lately) else {
        return Ok(Tried {
            title: format!("{name} was not tried: its window was closed before it opened"),
            tone: "attention",
            state: None,
            stopped: None,
            failure: None,
            session_href: None,
            at: None,
            made: None,
            is_open: true,
        });
    };
    let made = match attempt.outcome {
        Outcome::Connected => newest(broker, here, id).await?.filter(|one| one.created_at > lately),
        _ => None,
    };
    let (title, tone) = match attempt.outcome {
        Outcome::Connected if made.is_some() => (format!("It works: you connected {name}"), "good"),
        Outcome::Connected => (
            format!("You connected {name}, and the connection is gone again"),
            "attention",
        ),
        Outcome::Failed => (format!("{name} was not connected: it met a failure"), "bad"),
        Outcome::Cancelled => (format!("{name} was not connected: the window was closed"), "attention"),
        Outcome::Left => (format!("{name} was not connected: its time ended"), "attention"),
        Outcome::Open => (
            format!("{name} is not connected yet: the other tab can still go on"),
            "attention",
        ),
    };
    Ok(Tried {
        title,
        tone,
        state: (attempt.outcome != Outcome::Connected).then(|| outcome_words(attempt.outcome)),
        stopped: (attempt.outcome != Outcome::Connected).then(|| stopped(&attempt)),
        failure: failure(&attempt),
        session_href: Some(here.at(&format!("sessions/{}", attempt.id))),
        at: Some(When::new(attempt.created_at, site.now())),
        made: made.map(|one| Made {
            href: here.at(&format!("connections/{}", one.id)),
            id: one.id.to_string(),
            account: one.account_name.or(one.account_id),
        }),
        is_open: attempt.outcome == Outcome::Open,
    })
}

/// The newest connection that the operator made for themselves.
async fn newest(broker: &Broker, here: &Here, id: &str) -> Result<Option<Connection>, Problem> {
    let search = ConnectionSearch {
        text: Some(own_identity(here)),
        integration: Some(id.to_owned()),
        limit: 1,
        ..ConnectionSearch::default()
    };
    let found = broker
        .search_connections(&here.caller(Permission::See)?, search)
        .await?;
    let own = own_identity(here);
    let is_own = |one: &Connection| one.owner.identity.as_deref() == Some(own.as_str());
    Ok(found.rows.into_iter().find(is_own))
}

/// POST `…/integrations/{integration}/remove-test`: takes away the connection that the operator made to try it, and no
/// other.
pub(super) async fn remove(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: Path,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Help)?;
    let form = guard::form(&site, &request, payload).await?;
    let unknown = || {
        Problem::new(
            Kind::NotFound,
            "This connection is not one that you made to try it, or it is gone.",
        )
    };
    let id = field(&form, "connection");
    // A key that looks like an id is none.
    id.parse::<broker::ConnectionId>().map_err(|_| unknown())?;
    let connection = broker
        .connection(&caller, id)
        .await
        .map_err(|problem| match problem.kind() {
            broker::Kind::NotFound => unknown(),
            _ => problem.into(),
        })?;
    let is_own = connection.owner.identity.as_deref() == Some(own_identity(&here).as_str());
    if !is_own || connection.integration != path.2 {
        return Err(unknown());
    }
    broker.note_operator(&caller, "connection.delete", &connection).await?;
    broker.delete_connection(&caller, id).await?;
    Ok(see(&here.at(&format!("integrations/{}?done=removed", path.2))))
}
