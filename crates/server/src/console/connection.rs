//! One connection, and what can be done to it.

mod reveal;

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{Broker, Caller, Connection, ConnectionId, Permission};

use super::connections::one::{Edits, Said, delivered, in_words};
use super::developers::recent::Recent;
use super::listing::behind;
use super::navigation::Section;
use super::operator::Here;
use super::pages::{ConnectionPage, Notice, Row, Shell, TimelineRow, When};
use super::refusal::Refusal;
use super::routing::{page, post};
use super::{connections, see, show};
use crate::Site;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(
        config,
        "/console/{project}/{environment}/connections/{connection}",
        page
    );
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/test",
        test
    );
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/refresh",
        refresh
    );
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/delete",
        delete
    );
    post!(
        config,
        "/console/{project}/{environment}/connections/{connection}/reveal",
        reveal::reveal
    );
}

/// Entries of the timeline that are shown together.
const ENTRIES: i64 = 30;

/// The place and id in an address.
pub(super) type Path = web::Path<(String, String, String)>;

/// A connection here.
async fn find(broker: &Broker, caller: &Caller, id: &str) -> Result<Connection, Problem> {
    // Only by id: an address of the console names one thing for good.
    let id: ConnectionId = id.parse().map_err(|_| connections::unknown())?;
    Ok(broker.connection(caller, &id.to_string()).await?)
}

/// GET `/console/{project}/{environment}/connections/{connection}`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::parse(request.query_string());
    let before = behind(&query, "before", "an event")?;
    let notice = query.get("done").and_then(done);
    draw(&broker, &site, &here, &path.2, before, notice, StatusCode::OK).await
}

async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    id: &str,
    before: Option<broker::EventId>,
    notice: Option<Notice>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    draw_edited(broker, site, here, id, before, notice, status, Said::default()).await
}

/// The page with what was edited on it.
#[expect(clippy::too_many_arguments, reason = "one page, and all that it can say")]
pub(super) async fn draw_edited(
    broker: &Broker,
    site: &Site,
    here: &Here,
    id: &str,
    before: Option<broker::EventId>,
    notice: Option<Notice>,
    status: StatusCode,
    said: Said,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let connection = find(broker, &caller, id).await?;
    let edits = Edits::read(broker, site, here, &caller, &connection, said).await?;
    let id = connection.id.to_string();
    let timeline = broker.timeline(&caller, &id, before, ENTRIES).await?;
    let deliveries = broker.deliveries_of(&caller, &timeline).await?;
    let (catalog, now) = (broker.catalog(), site.now());
    let row = Row::new(here, &site.assets, &catalog, &connection, now);
    let nonce = Nonce::generate();
    let page = ConnectionPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Connections),
        notice,
        earlier: timeline.next.map(|next| format!("{}?before={next}", row.href)),
        row,
        key: &connection.key,
        account: connection.account_name.as_deref().or(connection.account_id.as_deref()),
        scopes: connection.scopes.as_deref(),
        ends: connection.expires_at.map(|at| When::new(at, now)),
        may_help: here.may(Permission::Help),
        may_reveal: here.may(Permission::Reveal),
        api: format!("{}/v1/vault/connections/{id}", site.public_origin),
        edits,
        timeline: timeline
            .items
            .into_iter()
            .map(|item| TimelineRow {
                kind: item.kind,
                summary: in_words(item.summary, &item.data),
                deliveries: delivered(here, item.id, &deliveries),
                at: When::new(item.at, now),
            })
            .collect(),
        recent: Recent::of(broker, here, connection.id, now).await?,
        id,
        here,
    };
    show(&nonce, status, &page)
}

/// What an action's redirect says.
fn done(word: &str) -> Option<Notice> {
    Some(match word {
        "tested" => Notice::good("The service accepted the credential."),
        "refreshed" => Notice::good("The credential was refreshed."),
        "proved" => Notice::good("You confirmed that it is you. Go on within ten minutes."),
        "renamed" => Notice::good("The name was saved."),
        "retagged" => Notice::good("The tags were saved."),
        "on" => Notice::good("The connection is switched on again."),
        "off" => Notice::good("The connection is switched off: calls with its key are refused until it is on again."),
        "refreshed-lately" => Notice::good("The credential was refreshed within the last half minute already."),
        "credential_refused" => Notice::bad("The service refused the credential: its person has to connect again."),
        "account_changed" => {
            Notice::bad("The credential belongs to another account now. Its person has to connect again.")
        }
        "provider_unavailable" => Notice::bad("The service could not be asked. Test again in a few minutes."),
        "check_unexpected" => {
            Notice::bad("The service answered the test with something that its definition does not expect.")
        }
        "check_impossible" => Notice::bad("The test cannot be made with what is known of this connection."),
        "test_failed" => Notice::bad("The test did not succeed. Why stands in the timeline."),
        _ => return None,
    })
}

/// Somebody who changes a connection.
pub(super) struct Acting {
    pub(super) here: Here,
    pub(super) caller: Caller,
    pub(super) connection: Connection,
}

impl Acting {
    /// Who may change the connection here; it is written down before anything is done.
    pub(super) async fn begin(broker: &Broker, here: Here, path: &Path, action: &'static str) -> Result<Self, Problem> {
        let caller = here.caller(Permission::Help)?;
        let connection = find(broker, &caller, &path.2).await?;
        broker.note_operator(&caller, action, &connection).await?;
        Ok(Self {
            here,
            caller,
            connection,
        })
    }

    pub(super) fn id(&self) -> String {
        self.connection.id.to_string()
    }

    /// Back to the page, which says what was done.
    pub(super) fn done(&self, word: &str) -> HttpResponse {
        see(&self.here.at(&format!("connections/{}?done={word}", self.connection.id)))
    }
}

/// The page again, with what went wrong.
async fn refused(
    broker: &Broker,
    site: &Site,
    here: &Here,
    connection: &Connection,
    problem: broker::Problem,
) -> Result<HttpResponse, Problem> {
    let Refusal { message, status } = problem.into();
    let id = connection.id.to_string();
    draw(broker, site, here, &id, None, Some(Notice::bad(&message)), status).await
}

/// POST `…/test`
pub(super) async fn test(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let acting = Acting::begin(&broker, here, &path, "connection.test").await?;
    let result = match broker.test_connection(&acting.caller, &acting.id()).await {
        Ok(result) => result,
        Err(problem) => return refused(&broker, &site, &acting.here, &acting.connection, problem).await,
    };
    let word = match result.reason.as_deref() {
        _ if result.ok => "tested",
        Some(reason) if done(reason).is_some() => reason,
        _ => "test_failed",
    };
    Ok(acting.done(word))
}

/// POST `…/refresh`
pub(super) async fn refresh(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    path: Path,
) -> Result<HttpResponse, Problem> {
    let acting = Acting::begin(&broker, here, &path, "connection.refresh").await?;
    let result = match broker.force_refresh(&acting.caller, &acting.id()).await {
        Ok(result) => result,
        Err(problem) => return refused(&broker, &site, &acting.here, &acting.connection, problem).await,
    };
    let word = if result.refreshed {
        "refreshed"
    } else {
        "refreshed-lately"
    };
    Ok(acting.done(word))
}

/// POST `…/delete`
pub(super) async fn delete(broker: web::Data<Broker>, here: Here, path: Path) -> Result<HttpResponse, Problem> {
    let acting = Acting::begin(&broker, here, &path, "connection.delete").await?;
    let deleted = broker.delete_connection(&acting.caller, &acting.id()).await?;
    let word = match deleted.parting.revocation {
        store::RevocationStatus::Pending => "pending",
        store::RevocationStatus::Revoked => "revoked",
        store::RevocationStatus::Unsupported => "unsupported",
        store::RevocationStatus::Failed => "failed",
        store::RevocationStatus::Shared => "shared",
    };
    Ok(see(&acting.here.at(&format!("connections?deleted={word}"))))
}
