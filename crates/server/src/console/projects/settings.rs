//! The settings of a project. Two people may edit them: the second is told.

use actix_web::http::StatusCode;
use actix_web::web::{Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, KeptDays, Permission, ProjectSettings, ProjectView};
use store::{ConfirmRedirect, Unproved, Verify};

use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Choice, Notice, Shell};
use crate::console::routing::form;
use crate::console::sent::Sent;
use crate::console::team::Wrong;
use crate::console::{domain, see, show};
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::{Kind, Problem};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    form!(config, "/console/{project}/{environment}/projects/settings", page, save);
}

/// `/console/{project}/{environment}/projects/settings`
#[derive(Debug, Template)]
#[template(path = "console/projects/settings.html")]
struct SettingsPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    view: &'a ProjectView,
    form: Form,
    /// What is stored now, beside what was typed, where somebody was faster.
    stored: Vec<(&'static str, String)>,
    verify: Vec<Choice>,
    id: String,
    /// The modal's address.
    embed: String,
    /// The project's address in the API.
    api: String,
    may_mail: bool,
    /// The most.
    kept: KeptDays,
    is_owner: bool,
    given: Given,
    wrong: Option<Wrong>,
}

impl SettingsPage<'_> {
    fn wrong(&self, field: &str) -> Option<&str> {
        let wrong = self.wrong.as_ref().filter(|wrong| wrong.field == field);
        wrong.map(|wrong| wrong.text.as_str())
    }
}

/// What stands in the form.
#[derive(Debug)]
struct Form {
    name: String,
    verify: Verify,
    verify_url: String,
    home_url: String,
    refuse_unproved: bool,
    always_confirm: bool,
    mail: bool,
    event_days: String,
    request_days: String,
}

impl Form {
    fn of(settings: &ProjectSettings) -> Self {
        Self {
            name: settings.name.clone(),
            verify: settings.verify,
            verify_url: settings.verify_url.clone().unwrap_or_default(),
            home_url: settings.home_url.clone().unwrap_or_default(),
            refuse_unproved: settings.unproved == Unproved::Refuse,
            always_confirm: settings.confirm_redirect == ConfirmRedirect::Always,
            mail: settings.mail,
            event_days: settings.event_days.map(|days| days.to_string()).unwrap_or_default(),
            request_days: settings.request_days.map(|days| days.to_string()).unwrap_or_default(),
        }
    }

    fn read(sent: &Sent) -> Result<Self, Problem> {
        let verify = sent.text("verify").parse();
        Ok(Self {
            name: sent.text("name").to_owned(),
            verify: verify.map_err(|said: String| Problem::new(Kind::Unprocessable, format!("{said}.")))?,
            verify_url: sent.text("verify_url").to_owned(),
            home_url: sent.text("home_url").to_owned(),
            refuse_unproved: sent.given("refuse_unproved").is_some(),
            always_confirm: sent.given("always_confirm").is_some(),
            mail: sent.given("mail").is_some(),
            event_days: sent.trimmed("event_days").to_owned(),
            request_days: sent.trimmed("request_days").to_owned(),
        })
    }

    fn settings(&self) -> ProjectSettings {
        ProjectSettings {
            name: self.name.clone(),
            verify: self.verify,
            verify_url: Some(self.verify_url.clone()),
            home_url: Some(self.home_url.clone()),
            unproved: if self.refuse_unproved {
                Unproved::Refuse
            } else {
                Unproved::Confirm
            },
            confirm_redirect: if self.always_confirm {
                ConfirmRedirect::Always
            } else {
                ConfirmRedirect::Presumed
            },
            mail: self.mail,
            event_days: days(&self.event_days),
            request_days: days(&self.request_days),
        }
    }

    /// Each setting in words, to compare.
    fn told(&self) -> Vec<(&'static str, String)> {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let or_none = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
        let or_server = |text: &str| if text.is_empty() { "as the server" } else { text }.to_owned();
        vec![
            ("Name", self.name.clone()),
            ("Your backend confirms", verify_words(self.verify).to_owned()),
            ("Address that confirms", or_none(&self.verify_url)),
            ("Way back to your product", or_none(&self.home_url)),
            ("Refuse browsers that cannot be proved", yes(self.refuse_unproved)),
            ("Ask in the same window too", yes(self.always_confirm)),
            ("Mail to people", yes(self.mail)),
            ("Events and timelines, in days", or_server(&self.event_days)),
            ("Log of requests, in days", or_server(&self.request_days)),
        ]
    }
}

/// What is no number of days is refused as none would be.
fn days(typed: &str) -> Option<u32> {
    (!typed.is_empty()).then(|| typed.parse().unwrap_or(0))
}

const fn verify_words(verify: Verify) -> &'static str {
    match verify {
        Verify::Off => "Never",
        Verify::Hosted => "For links that you send",
        Verify::Always => "For every connection",
    }
}

/// What was typed into a form beside the settings that was refused.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) origin: String,
    pub(super) domain: Option<String>,
}

/// What a page has beside the settings as they are.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) notice: Option<Notice>,
    pub(super) given: Given,
    pub(super) wrong: Option<Wrong>,
}

/// GET `/console/{project}/{environment}/projects/settings`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let query = Query::parse(request.query_string());
    let notice = match query.get("done") {
        Some("saved") => Some(Notice::good("The settings were saved.")),
        Some("made") => Some(Notice::good(
            "The project was made. Allow the pages that may embed its modal, then make a key for your backend.",
        )),
        Some("added") => Some(Notice::good("Pages of this origin may embed the modal now.")),
        Some("removed") => Some(Notice::good("Pages of this origin may embed the modal no more.")),
        Some("domain") => Some(domain::notice(&here, &query)),
        Some("no-domain") => Some(Notice::good("The domain was taken away.")),
        _ => None,
    };
    let shown = Shown {
        notice,
        ..Shown::default()
    };
    draw(&broker, &site, &here, shown, StatusCode::OK).await
}

/// The page with the settings as they are.
pub(super) async fn draw(
    broker: &Broker,
    site: &Site,
    here: &Here,
    shown: Shown,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let view = broker.project_view(&here.caller(Permission::Manage)?).await?;
    let form = Form::of(&ProjectSettings::of(&view.project));
    write(broker, site, here, &view, form, Vec::new(), shown, status)
}

#[expect(
    clippy::too_many_arguments,
    reason = "what is stored, what was typed, and what is said of it"
)]
fn write(
    broker: &Broker,
    site: &Site,
    here: &Here,
    view: &ProjectView,
    form: Form,
    stored: Vec<(&'static str, String)>,
    shown: Shown,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let verify = [Verify::Off, Verify::Hosted, Verify::Always].map(|verify| Choice {
        value: verify.as_str().to_owned(),
        label: verify_words(verify).to_owned(),
        chosen: verify == form.verify,
    });
    let nonce = Nonce::generate();
    let page = SettingsPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Projects),
        here,
        notice: shown.notice,
        form,
        stored,
        verify: verify.into(),
        id: view.project.id.to_string(),
        embed: format!("{}/embed/{}", site.public_origin, view.project.publishable_id),
        api: format!("{}/v1/projects/{}", site.public_origin, view.project.id),
        kept: broker.kept_days(),
        may_mail: broker.settings().mail.is_some(),
        is_owner: here.signed.is_owner(),
        given: shown.given,
        wrong: shown.wrong,
        view,
    };
    show(&nonce, status, &page)
}

/// POST `/console/{project}/{environment}/projects/settings`
pub(super) async fn save(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::Manage)?;
    let sent = Sent::read(&site, &request, payload).await?;
    let revision = sent.text("revision").parse().map_err(|_| {
        Problem::new(
            Kind::Unprocessable,
            "The form came without the number of the settings that it was made from. Open the settings again.",
        )
    })?;
    let form = Form::read(&sent)?;
    let Err(problem) = broker.save_project(&caller, revision, form.settings()).await else {
        return Ok(see(&here.at("projects/settings?done=saved")));
    };
    let mut view = broker.project_view(&caller).await?;
    let (field, mut stored) = match problem.key() {
        "bad_name" => ("name", Vec::new()),
        "bad_verify_url" | "no_verify_url" => ("verify_url", Vec::new()),
        "bad_home_url" => ("home_url", Vec::new()),
        "bad_event_days" => ("event_days", Vec::new()),
        "bad_request_days" => ("request_days", Vec::new()),
        "settings_changed" => ("", Form::of(&ProjectSettings::of(&view.project)).told()),
        _ => return Err(problem.into()),
    };
    let typed = form.told();
    stored.retain(|one| !typed.contains(one));
    let mut shown = Shown::default();
    if field.is_empty() {
        shown.notice = Some(Notice::bad(problem.message()));
    } else {
        // What was typed is still over what it was read from.
        view.revision = revision;
        shown.wrong = Some(Wrong {
            field,
            text: problem.message().to_owned(),
        });
    }
    let status = Problem::from(problem).kind().status();
    write(&broker, &site, &here, &view, form, stored, shown, status)
}
