//! The list as a file for spreadsheets: without secrets, written while it is read.

use actix_web::http::header;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Caller, Connection, ConnectionExport, EXPORTED_CONNECTIONS, Permission};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream;

use super::super::csv::cell;
use super::super::operator::Here;
use super::super::routing::post;
use super::filters::Filters;
use crate::paging::Query;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    post!(config, "/console/{project}/{environment}/connections/export", export);
}

const HEAD: &str = "id,key,integration,state,reason,active,identity,identity_type,identity_label,name,account_id,account_name,tags,scopes,connected_at,last_used_at,access_token_ends_at\r\n";

/// POST `/console/{project}/{environment}/connections/export`, with the filters in the address. It writes to the audit log, so
/// no link that somebody follows does it.
async fn export(broker: web::Data<Broker>, here: Here, request: HttpRequest) -> Result<HttpResponse, Problem> {
    // It leaves the console, so it takes more than a look.
    let caller = here.caller(Permission::Help)?;
    let filters = Filters::read(&broker, &here, &Query::parse(request.query_string()))?;
    let export = broker.begin_export(&caller, filters.search(0)).await?;
    let name = format!("connections-{}.csv", here.environment);
    let begin = Writing {
        broker: broker.get_ref().clone(),
        here,
        caller,
        export,
        head: Some(HEAD),
        is_over: false,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(stream::try_unfold(begin, Writing::go_on)))
}

struct Writing {
    broker: Broker,
    here: Here,
    caller: Caller,
    export: ConnectionExport,
    head: Option<&'static str>,
    is_over: bool,
}

impl Writing {
    async fn go_on(mut self) -> Result<Option<(Bytes, Self)>, Problem> {
        if let Some(head) = self.head.take() {
            return Ok(Some((Bytes::from_static(head.as_bytes()), self)));
        }
        let Here { signed, project, .. } = &self.here;
        self.broker.require_still(signed, project.id, Permission::Help).await?;
        let rows = self.broker.go_on_exporting(&self.caller, &mut self.export).await?;
        if rows.is_empty() {
            if self.is_over || !self.export.is_cut() {
                return Ok(None);
            }
            self.is_over = true;
            return Ok(Some((Bytes::from(cut()), self)));
        }
        let text: String = rows.iter().map(line).collect();
        Ok(Some((Bytes::from(text), self)))
    }
}

/// The last line of a file that does not hold everything, so that nobody takes it for the whole.
fn cut() -> String {
    let text = format!(
        "Cut here: more connections fit than the {EXPORTED_CONNECTIONS} of a file. Narrow the filters and download the rest."
    );
    format!("{}\r\n", cell(&text))
}

fn line(connection: &Connection) -> String {
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let time = |at: Option<DateTime<Utc>>| {
        at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
            .unwrap_or_default()
    };
    let owner = &connection.owner;
    let cells = [
        connection.id.to_string(),
        connection.key.clone(),
        connection.integration.clone(),
        connection.state.as_str().to_owned(),
        text(connection.state_message.as_ref()),
        connection.active.to_string(),
        text(owner.identity.as_ref()),
        owner.identity_type.map_or("", store::IdentityType::as_str).to_owned(),
        text(owner.label.as_ref()),
        text(connection.name.as_ref()),
        text(connection.account_id.as_ref()),
        text(connection.account_name.as_ref()),
        connection.tags.join(" "),
        connection.scopes.as_deref().unwrap_or_default().join(" "),
        time(Some(connection.created_at)),
        time(connection.last_used_at),
        time(connection.expires_at),
    ];
    let mut line = cells.map(|text| cell(&text)).join(",");
    line.push_str("\r\n");
    line
}
