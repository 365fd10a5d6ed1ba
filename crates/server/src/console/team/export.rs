//! The audit log as a file, streamed: it may be long.

use actix_web::http::header;
use actix_web::web::{Bytes, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use broker::{AuditExport, AuditLine, AuditNames, Broker, Permission};
use chrono::SecondsFormat;
use serde_json::json;

use super::audit::Filters;
use crate::Site;
use crate::console::csv::cell;
use crate::console::operator::{Here, Operator};
use crate::console::routing::post;
use crate::console::sent::Sent;
use crate::envelope::AsItIs;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    post!(config, "/console/{project}/{environment}/audit/export", export);
}

/// How the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

/// The names of the columns.
const HEADER: &str = "time,environment,action,actor,actor_name,subject,number,id,detail\r\n";

/// POST `/console/{project}/{environment}/audit/export`
pub(super) async fn export(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    here.caller(Permission::Manage)?;
    let filters = Filters::read(&Query::parse(request.query_string()))?;
    let part = filters.part(&here)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let (format, media_type, ending) = match sent.text("format") {
        "csv" => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        "jsonl" => (Format::JsonLines, "application/jsonl; charset=utf-8", "jsonl"),
        _ => {
            return Err(Problem::new(
                Kind::Unprocessable,
                "The format is neither csv nor jsonl. Go back and choose one of them.",
            ));
        }
    };
    let what = json!({ "format": ending, "filters": filters.told() });
    let export = broker.begin_audit_export(part, filters.search(0), &what).await?;
    let name = format!("audit-{}.{ending}", site.now().format("%Y-%m-%d"));
    let lines = Lines {
        broker: Broker::clone(&broker),
        permission: if filters.server {
            Permission::Own
        } else {
            Permission::Manage
        },
        here,
        export,
        format,
        is_first: true,
    };
    let mut response = HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(futures_util::stream::try_unfold(lines, Lines::next));
    response.extensions_mut().insert(AsItIs);
    Ok(response)
}

/// What is still to be written.
struct Lines {
    broker: Broker,
    here: Here,
    /// What its reader must still have.
    permission: Permission,
    export: AuditExport,
    format: Format,
    is_first: bool,
}

impl Lines {
    /// The next lines. A failure breaks the answer off, so that nobody takes a part for the whole.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Problem> {
        let Here { signed, project, .. } = &self.here;
        self.broker.require_still(signed, project.id, self.permission).await?;
        let Some((lines, names)) = self.broker.go_on_exporting_audit(&mut self.export).await? else {
            return Ok(None);
        };
        let mut text = String::new();
        if self.is_first && self.format == Format::Csv {
            text.push_str(HEADER);
        }
        for line in &lines {
            match self.format {
                Format::Csv => csv(&mut text, line, &names),
                Format::JsonLines => json_line(&mut text, line, &names),
            }
        }
        self.is_first = false;
        Ok(Some((Bytes::from(text), self)))
    }
}

fn time(line: &AuditLine) -> String {
    line.created_at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn json_line(text: &mut String, line: &AuditLine, names: &AuditNames) {
    let value = json!({
        "id": line.id,
        "time": time(line),
        "environment": line.environment.map(broker::Environment::as_str),
        "action": line.action,
        "actor": line.actor,
        "actor_name": names.get(&line.actor),
        "subject": line.subject,
        "number": line.number,
        "detail": line.detail,
    });
    text.push_str(&value.to_string());
    text.push('\n');
}

/// A line of RFC 4180.
fn csv(text: &mut String, line: &AuditLine, names: &AuditNames) {
    let cells = [
        time(line),
        line.environment
            .map(|environment| environment.to_string())
            .unwrap_or_default(),
        line.action.clone(),
        line.actor.clone(),
        names.get(&line.actor).unwrap_or_default().to_owned(),
        line.subject.clone().unwrap_or_default(),
        line.number.map(|number| number.to_string()).unwrap_or_default(),
        line.id.to_string(),
        line.detail.to_string(),
    ];
    let cells: Vec<String> = cells.iter().map(|value| cell(value)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}
