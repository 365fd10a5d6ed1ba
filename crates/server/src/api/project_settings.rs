//! `/v1/projects/{id}` and its origins: the settings of the key's project, which hold in test and in live.

use actix_web::http::header;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use broker::{Broker, Caller, ProjectSettings, ProjectView, Scope, parse_origin};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use store::{ConfirmRedirect, Unproved, Verify};
use utoipa::ToSchema;

use super::etag::if_match;
use super::patch::{not_null, or_null};
use crate::Site;
use crate::guard::body;
use crate::key::Authenticated;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// A project with its settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProjectSettingsView {
    /// The id.
    id: String,
    /// What operators call it, and people where branding has no other name.
    name: String,
    /// When your backend confirms who finished: `off`, `hosted` (for links) or `always`.
    verify: &'static str,
    /// Where the browser that finished is sent with the code to confirm.
    verify_url: Option<String>,
    /// Where "Back to …" leads on pages of our own.
    home_url: Option<String>,
    /// Whether a sign-in is refused that comes back in a browser which cannot be proved to be the one that began; otherwise
    /// the person is asked.
    refuse_unproved: bool,
    /// Whether the person is asked in sign-ins in the same window too.
    always_confirm: bool,
    /// Whether people whose connection has failed or will end get mail, where this server sends any.
    mail: bool,
    /// Days that events and timelines are kept; null: as long as this server keeps them.
    event_days: Option<u32>,
    /// The same of the log of requests.
    request_days: Option<u32>,
    /// The public id in embed addresses, `pub_…`.
    publishable_id: String,
    /// The origins that may embed the modal.
    origins: Vec<String>,
    /// The modal's own domain, which an owner of this server sets.
    domain: Option<String>,
    /// How often the settings were changed: what the `ETag` is made of. Origins and domain are not counted.
    revision: i64,
    /// When it was made.
    created_at: String,
}

impl From<ProjectView> for ProjectSettingsView {
    fn from(view: ProjectView) -> Self {
        let project = view.project;
        Self {
            id: project.id.to_string(),
            name: project.name,
            verify: project.verify.as_str(),
            verify_url: project.verify_url,
            home_url: project.home_url,
            refuse_unproved: project.unproved == Unproved::Refuse,
            always_confirm: project.confirm_redirect == ConfirmRedirect::Always,
            mail: project.mail,
            event_days: project.event_days,
            request_days: project.request_days,
            publishable_id: project.publishable_id,
            origins: view.origins,
            domain: project.domain,
            revision: view.revision,
            created_at: project.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        }
    }
}

/// Settings to change. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProjectChangeBody {
    /// 1 to 120 characters.
    #[serde(default, deserialize_with = "not_null")]
    name: Option<String>,
    /// `off`, `hosted` or `always`; `always` needs a `verifyUrl`.
    #[serde(default, deserialize_with = "not_null")]
    verify: Option<String>,
    /// https, or http on localhost; null takes it away.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "absent, null and a text are three different wishes")]
    verify_url: Option<Option<String>>,
    /// The same; null takes it away.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "absent, null and a text are three different wishes")]
    home_url: Option<Option<String>>,
    /// See the answer.
    #[serde(default, deserialize_with = "not_null")]
    refuse_unproved: Option<bool>,
    /// See the answer.
    #[serde(default, deserialize_with = "not_null")]
    always_confirm: Option<bool>,
    /// See the answer.
    #[serde(default, deserialize_with = "not_null")]
    mail: Option<bool>,
    /// At most what this server keeps; null: as long as that.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<u32>)]
    #[expect(
        clippy::option_option,
        reason = "absent, null and a number are three different wishes"
    )]
    event_days: Option<Option<u32>>,
    /// The same of the log of requests.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(value_type = Option<u32>)]
    #[expect(
        clippy::option_option,
        reason = "absent, null and a number are three different wishes"
    )]
    request_days: Option<Option<u32>>,
}

/// A page that may embed the modal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OriginBody {
    /// Scheme, host and port, as `https://app.example.com`; there are no wildcards.
    origin: String,
}

impl ProjectChangeBody {
    /// The change, for whatever the settings are by then.
    fn into_change(self) -> Result<impl Fn(&mut ProjectSettings), Problem> {
        let verify: Option<Verify> = self.verify.map(|text| text.parse()).transpose().map_err(|_| {
            Problem::keyed(
                Kind::Unprocessable,
                "bad_verify",
                "`verify` is none of off, hosted, always. Send one of them.",
            )
        })?;
        Ok(move |settings: &mut ProjectSettings| {
            if let Some(name) = &self.name {
                settings.name.clone_from(name);
            }
            if let Some(verify) = verify {
                settings.verify = verify;
            }
            if let Some(address) = &self.verify_url {
                settings.verify_url.clone_from(address);
            }
            if let Some(address) = &self.home_url {
                settings.home_url.clone_from(address);
            }
            if let Some(refuse) = self.refuse_unproved {
                settings.unproved = if refuse { Unproved::Refuse } else { Unproved::Confirm };
            }
            if let Some(always) = self.always_confirm {
                settings.confirm_redirect = if always {
                    ConfirmRedirect::Always
                } else {
                    ConfirmRedirect::Presumed
                };
            }
            if let Some(mail) = self.mail {
                settings.mail = mail;
            }
            if let Some(days) = self.event_days {
                settings.event_days = days;
            }
            if let Some(days) = self.request_days {
                settings.request_days = days;
            }
        })
    }
}

/// Refuses a project that is not the key's, as one that is not there.
fn own(caller: &Caller, id: &str) -> Result<(), Problem> {
    caller.require(Scope::Admin)?;
    if id.eq_ignore_ascii_case(&caller.project.to_string()) {
        return Ok(());
    }
    Err(Problem::keyed(
        Kind::NotFound,
        "not_found",
        "This project does not exist, or belongs to somebody else. Send the id that GET /v1/users/whoami answers.",
    ))
}

fn answer(view: ProjectView) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, format!("\"{}\"", view.revision)))
        .json(ProjectSettingsView::from(view))
}

/// The settings of the key's project.
#[utoipa::path(
    get, path = "/v1/projects/{id}", operation_id = "getProject", tag = "Project",
    params(("id" = String, Path, description = "The project's id")),
    responses(
        (status = 200, body = ProjectSettingsView, description = "The settings. `ETag` changes with them", example = json!({
            "id": "01900000-0000-7000-8000-000000000003", "name": "Shop", "verify": "hosted",
            "verifyUrl": "https://app.example.com/connected", "homeUrl": "https://app.example.com/", "refuseUnproved": false,
            "alwaysConfirm": false, "mail": true, "eventDays": null, "requestDays": 7, "publishableId": "pub_AAAAAAAAAAAAAAAAAAAAAA",
            "origins": ["https://app.example.com"], "domain": null, "revision": 3, "createdAt": "2026-11-29T12:00:00.000Z"
        })),
        (status = 403, description = "The key does not have the scope `admin`"),
        (status = 404, description = "Not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn get(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    own(&caller.0, &id)?;
    Ok(answer(broker.project_view(&caller.0).await?))
}

/// Changes settings of the key's project, in test and in live; what is left out stays.
#[utoipa::path(
    patch, path = "/v1/projects/{id}", operation_id = "changeProject", tag = "Project",
    params(
        ("id" = String, Path, description = "The project's id"),
        ("if-match" = Option<String>, Header, description = "The `ETag` that you read: nothing is changed when it is another by now")
    ),
    request_body(content = ProjectChangeBody, description = "What is to be different"),
    responses(
        (status = 200, body = ProjectSettingsView, description = "The settings as they are now"),
        (status = 400, description = "A field does not exist or has another type, or `If-Match` is no `ETag`"),
        (status = 403, description = "The key is no live key with the scope `admin`, or has an end or a list of addresses (`key_is_limited`)"),
        (status = 404, description = "Not there, or not yours"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "Others change the settings at the same time (`settings_changed`)"),
        (status = 412, description = "They were changed since you read them (`settings_changed`)"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "A value is not one: `bad_name`, `bad_verify`, `bad_verify_url`, `bad_home_url`, `no_verify_url`, `bad_event_days`, `bad_request_days`")
    ),
    security(("secret" = []))
)]
pub(crate) async fn patch(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    own(&caller.0, &id)?;
    let revision = if_match(&request, "GET /v1/projects/{id}")?;
    let sent: ProjectChangeBody = body(&site, &request, payload).await?;
    let view = broker.change_settings(&caller.0, revision, sent.into_change()?).await?;
    Ok(answer(view))
}

/// Lets pages of an origin embed the modal, in test and in live. One that is there already is fine.
#[utoipa::path(
    post, path = "/v1/projects/{id}/origins", operation_id = "addOrigin", tag = "Project",
    params(("id" = String, Path, description = "The project's id")),
    request_body(content = OriginBody, description = "The origin"),
    responses(
        (status = 200, body = ProjectSettingsView, description = "The project with its origins as they are now"),
        (status = 400, description = "The origin is missing"),
        (status = 403, description = "The key is no live key with the scope `admin`, or has an end or a list of addresses (`key_is_limited`)"),
        (status = 404, description = "Not there, or not yours"),
        (status = 408, description = "The body did not come in time"),
        (status = 409, description = "The project has 200 origins (`too_many_origins`)"),
        (status = 413, description = "The body is too large"),
        (status = 422, description = "This is no origin (`bad_origin`)")
    ),
    security(("secret" = []))
)]
pub(crate) async fn add_origin(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    own(&caller.0, &id)?;
    let sent: OriginBody = body(&site, &request, payload).await?;
    broker.add_origin(&caller.0, &sent.origin).await?;
    Ok(answer(broker.project_view(&caller.0).await?))
}

/// Lets pages of an origin embed the modal no more, at once. Connections stay.
#[utoipa::path(
    delete, path = "/v1/projects/{id}/origins", operation_id = "removeOrigin", tag = "Project",
    params(
        ("id" = String, Path, description = "The project's id"),
        ("origin" = String, Query, description = "The origin, percent-encoded")
    ),
    responses(
        (status = 200, body = ProjectSettingsView, description = "The project with its origins as they are now"),
        (status = 400, description = "The origin is missing"),
        (status = 403, description = "The key is no live key with the scope `admin`, or has an end or a list of addresses (`key_is_limited`)"),
        (status = 404, description = "The origin is not on the list (`no_such_origin`); or the project is not there, or not yours")
    ),
    security(("secret" = []))
)]
pub(crate) async fn remove_origin(
    broker: web::Data<Broker>,
    caller: Authenticated,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    own(&caller.0, &id)?;
    let query = Query::parse(request.query_string());
    let typed = query.get("origin").ok_or_else(|| {
        Problem::bad_request("`origin` is missing. Send `?origin=` with one of the project's origins.")
    })?;
    // As it was added: a slash at its end is no other origin.
    let origin = parse_origin(typed).unwrap_or_else(|_| typed.to_owned());
    broker.remove_origin(&caller.0, &origin).await?;
    Ok(answer(broker.project_view(&caller.0).await?))
}
