//! The list of identities.

use actix_web::http::StatusCode;
use askama::Template;
use broker::{Broker, Permission};
use store::{FoundIdentity, Identity, IdentitySearch};

use super::{Here, HttpRequest, HttpResponse, Notice, Problem, Section, ServiceConfig, Shell, Site, When};
use super::{page, see, show, web};
use crate::assets::Assets;
use crate::console::listing::{Filter, Filters, Whom, kind_of, kind_word, query, text};
use crate::headers::Nonce;
use crate::paging::Query;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/identities", page);
}

/// Rows of a page.
const ROWS: i64 = 50;

/// An identity in the list.
#[derive(Debug)]
struct Line {
    href: String,
    id: String,
    kind: &'static str,
    label: Option<String>,
    total: String,
    failed: i64,
    degraded: i64,
    unknown: i64,
    active: Option<When>,
}

/// `/console/{project}/{environment}/identities`
#[derive(Debug, Template)]
#[template(path = "console/people/identities.html")]
struct IdentitiesPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    /// The API's origin.
    api: &'a str,
    notice: Option<Notice>,
    text: &'a str,
    /// Where the same text is searched among connections.
    among_connections: String,
    is_narrowed: bool,
    /// Whether more people may have such a name than stand here.
    has_more_named: bool,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
}

/// Behind whom a page begins.
enum Behind {
    Nobody,
    Somebody(Whom),
    /// An address of earlier versions names them in clear.
    Moved(Whom),
}

impl Behind {
    fn read(broker: &Broker, here: &Here, query: &Query) -> Result<Self, Problem> {
        let Some(after) = query.get("after") else {
            return Ok(Self::Nobody);
        };
        if let Some(kind) = query.get("type") {
            return Ok(Self::Moved(Whom::of(broker, here, after, kind_of(Some(kind))?)));
        }
        let found = Whom::by(broker, here, after);
        found
            .map(Self::Somebody)
            .ok_or_else(|| Problem::bad_request("`after` stands for no identity here. Begin again with the first."))
    }
}

/// GET `/console/{project}/{environment}/identities`
async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let caller = here.caller(Permission::See)?;
    let asked = Query::parse(request.query_string());
    let text = text(&asked, "q")?;
    let filters = Filters::of("identities", [Filter::plain("q", "Search", text)]);
    let after = match Behind::read(&broker, &here, &asked)? {
        Behind::Nobody => None,
        Behind::Somebody(whom) => Some(whom.identity),
        Behind::Moved(whom) => return Ok(see(&filters.behind(&here, "after", &whom.reference))),
    };
    let search = IdentitySearch {
        beginning: text.map(ToOwned::to_owned),
        after: after.clone(),
        limit: ROWS,
    };
    let found = broker.identities(&caller, search).await?;
    let beginning = text.unwrap_or_default().to_lowercase();
    let by_id = |row: &FoundIdentity| row.identity.id.to_lowercase().starts_with(&beginning);
    let named = found.rows.iter().filter(|row| !by_id(row)).count();
    let now = site.now();
    let whom = |one: &Identity| Whom::of(&broker, &here, &one.id, one.kind);
    let line = |one: FoundIdentity| Line {
        href: whom(&one.identity).page(&here),
        kind: kind_word(one.identity.kind),
        label: one.label,
        total: if one.total >= store::Store::COUNTED {
            format!("{}+", one.total)
        } else {
            one.total.to_string()
        },
        failed: one.failed,
        degraded: one.degraded,
        unknown: one.unknown,
        active: one.active_at.map(|at| When::new(at, now)),
        id: one.identity.id,
    };
    let nonce = Nonce::generate();
    let page = IdentitiesPage {
        nonce: nonce.as_str(),
        api: &site.public_origin,
        assets: &site.assets,
        shell: Shell::of(&here, Section::Identities),
        notice: (asked.flag("erased") == Some(true)).then(|| {
            Notice::good(
                "The identity was erased. Its grants are being ended at the services; what is kept names it no more.",
            )
        }),
        among_connections: here.at(&format!("connections?{}", query(&[("q", text.unwrap_or_default())]))),
        text: text.unwrap_or_default(),
        is_narrowed: !filters.is_empty() || after.is_some(),
        has_more_named: named >= broker::IDENTITIES_NAMED,
        first: after.map(|_| filters.first(&here)),
        next: found
            .next
            .map(|next| filters.behind(&here, "after", &whom(&next).reference)),
        lines: found.rows.into_iter().map(line).collect(),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}
