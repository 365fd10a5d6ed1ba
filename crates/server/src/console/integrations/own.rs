//! Definitions of one's own: the list, and the text to write, check and save.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Caller, Expected, id_in};
use serde_json::Value;

use super::{definer, field};
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Notice, Shell};
use crate::console::{see, show};
use crate::guard;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// What a text without an id is looked at as; nothing is saved under it.
const UNNAMED: &str = "unnamed";
/// What a new one begins with.
const BEGINNING: &str = "id: acme
name: Acme
description: What it is, in one sentence.
docs: https://docs.acme.example
sources: [https://docs.acme.example]
auth:
  - kind: api_key
    title: Enter an API key
    fields: [{ name: api_key, title: API key }]
api:
  base_url: https://api.acme.example/v1
  headers: { Authorization: \"Bearer ${credential.api_key}\" }
check: { get: /me, account: { id: \"${body.id}\", name: \"${body.name}\" } }
";

/// A definition in the list.
#[derive(Debug)]
struct OwnRow {
    id: String,
    name: String,
    version: Option<i64>,
    overrides: bool,
    /// Where it is compared, when the built-in one changed since it was written.
    behind_href: Option<String>,
    edit_href: String,
    history_href: String,
}

/// `/console/{project}/{environment}/definitions`
#[derive(Debug, Template)]
#[template(path = "console/integrations/own.html")]
struct OwnPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    mistakes: usize,
    rows: Vec<OwnRow>,
    /// Those of the server's folder, which are changed there.
    of_folder: Vec<String>,
    api: String,
}

/// GET `/console/{project}/{environment}/definitions`
pub(super) async fn list(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = definer(&here)?;
    let all = broker.definitions(&caller).await?;
    let behind = broker.definitions_behind(&caller).await?;
    let of_folder = all.iter().filter(|one| one.from == "folder");
    let of_folder = of_folder.map(|one| one.name.clone()).collect();
    let rows = all.into_iter().filter(|one| one.from == "api").map(|one| OwnRow {
        edit_href: here.at(&format!("definitions/edit?id={}", one.id)),
        history_href: here.at(&format!("definitions/{}/history", one.id)),
        behind_href: behind
            .contains(&one.id)
            .then(|| here.at(&format!("integrations/{}/definition", one.id))),
        id: one.id,
        name: one.name,
        version: one.version,
        overrides: one.overrides,
    });
    let removed = Query::parse(request.query_string()).flag("removed") == Some(true);
    let nonce = Nonce::generate();
    let page = OwnPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Integrations),
        notice: removed
            .then(|| Notice::good("The definition is deleted. Its versions stay, and can be restored by the API.")),
        mistakes: broker.catalog_mistakes(),
        rows: rows.collect(),
        of_folder,
        api: format!("{}/v1/integration-definitions", site.public_origin),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// A mistake beside the text.
#[derive(Debug)]
struct Mistake {
    /// Its file and place in it, where it is known.
    place: String,
    line: Option<u64>,
    at: String,
    message: String,
    suggestion: Option<String>,
}

/// `/console/{project}/{environment}/definitions/edit`
#[derive(Debug, Template)]
#[template(path = "console/integrations/edit.html")]
struct EditPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    /// The one that is changed; empty for a new one.
    id: &'a str,
    /// Its version, as it was read; empty for a new one.
    version: String,
    document: &'a str,
    mistakes: Vec<Mistake>,
    /// What it would send, where that was asked for.
    tried: Vec<broker::Tried>,
    /// The answer of the check that was given to it.
    answer: &'a str,
    /// Whether the text was sent and not saved.
    is_unsaved: bool,
    history_href: Option<String>,
    /// Where it is compared with the built-in one in whose place it stands.
    compare_href: Option<String>,
    api: String,
}

/// What is being written.
struct Draft<'a> {
    id: &'a str,
    version: Option<i64>,
    document: &'a str,
    /// Whether it stands in the place of a built-in one, as far as that was looked up.
    replaces: bool,
    /// Whether it was sent and not saved.
    is_unsaved: bool,
    /// The answer of the check that was sent with it.
    answer: &'a str,
    /// What it would send, where that was asked for.
    tried: Vec<broker::Tried>,
}

fn draw(
    site: &Site,
    here: &Here,
    draft: &Draft<'_>,
    notice: Option<Notice>,
    mistakes: Vec<Mistake>,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let nonce = Nonce::generate();
    let named = if draft.id.is_empty() { "acme" } else { draft.id };
    let page = EditPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(here, Section::Integrations),
        notice,
        id: draft.id,
        version: draft.version.map(|version| version.to_string()).unwrap_or_default(),
        document: draft.document,
        mistakes,
        tried: draft.tried.clone(),
        answer: draft.answer,
        is_unsaved: draft.is_unsaved,
        history_href: draft
            .version
            .map(|_| here.at(&format!("definitions/{}/history", draft.id))),
        compare_href: draft
            .replaces
            .then(|| here.at(&format!("integrations/{}/definition", draft.id))),
        api: format!("{}/v1/integration-definitions/{named}", site.public_origin),
        here,
    };
    show(&nonce, status, &page)
}

/// GET `/console/{project}/{environment}/definitions/edit`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = definer(&here)?;
    let query = Query::parse(request.query_string());
    let (document, id, version, replaced) = match (query.get("id"), query.get("like")) {
        (Some(id), _) => {
            let found = broker.definition(&caller, id).await?;
            (found.document, found.view.id, found.view.version, found.replaced)
        }
        (None, Some(like)) => {
            let found = broker.definition(&caller, like).await?;
            let text = found.document;
            // In place of that one, where it says so.
            let text = if text.contains("\noverrides:") {
                text
            } else {
                format!("{}\noverrides: true\n", text.trim_end())
            };
            (text, String::new(), None, None)
        }
        (None, None) => {
            // Whether they may is said before anything is written.
            broker.definitions(&caller).await?;
            (BEGINNING.to_owned(), String::new(), None, None)
        }
    };
    let draft = Draft {
        id: &id,
        version,
        document: &document,
        replaces: replaced.is_some(),
        is_unsaved: false,
        answer: "",
        tried: Vec::new(),
    };
    let notice = replaced.filter(broker::Replaced::has_changed).map(|_| {
        let text = "The built-in definition has changed since this one was written.";
        Notice::attention(text).leading(here.at(&format!("integrations/{id}/definition")), "See what changed")
    });
    draw(&site, &here, &draft, notice, Vec::new(), StatusCode::OK)
}

/// POST `/console/{project}/{environment}/definitions/edit`
pub(super) async fn sent(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = definer(&here)?;
    let form = guard::large_form(&site, &request, payload).await?;
    // Browsers send other ends of lines than files have.
    let document = field(&form, "document").replace("\r\n", "\n");
    let mut draft = Draft {
        id: field(&form, "id"),
        version: field(&form, "version").parse().ok(),
        document: &document,
        replaces: false,
        is_unsaved: true,
        answer: field(&form, "answer"),
        tried: Vec::new(),
    };
    let own = id_in(&document);
    let id = match (draft.id, own.as_deref()) {
        ("", Some(own)) => own,
        ("", None) => {
            let mistakes = nameless(&broker, &caller, &document).await;
            let notice = Notice::bad("The definition has a mistake. Nothing was saved.");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return draw(&site, &here, &draft, Some(notice), mistakes, status);
        }
        (id, _) => id,
    };
    if field(&form, "do") == "try" {
        let (notice, mistakes, status) = match tried(&broker, &caller, id, &document, draft.answer).await {
            Ok((name, ways)) => {
                let lacks = ways.iter().any(broker::Tried::lacks_account);
                draft.tried = ways;
                let text = format!("{name}, with sample values. Nothing was sent, and nothing was saved.");
                let notice = if lacks {
                    Notice::attention(
                        "The answer lacks what names the account: what was looked for stands at its end below. Nothing was sent, and nothing was saved.",
                    )
                } else {
                    Notice::good(&text)
                };
                (notice, Vec::new(), StatusCode::OK)
            }
            Err(problem) => {
                let (notice, mistakes) = refusal(&problem);
                (notice, mistakes, Problem::from(problem).kind().status())
            }
        };
        return draw(&site, &here, &draft, Some(notice), mistakes, status);
    }
    let saves = field(&form, "do") == "save";
    let expected = saves.then(|| draft.version.map_or(Expected::None, Expected::Version));
    let put = broker
        .put_definition(&caller, id, document.clone(), expected, !saves)
        .await;
    let problem = match put {
        Ok(_) if saves => return Ok(see(&here.at(&format!("definitions/{id}/history?done=saved")))),
        Ok(put) => {
            let what = format!("{} is right. Nothing was saved yet.", put.view.name);
            return draw(
                &site,
                &here,
                &draft,
                Some(Notice::good(&what)),
                Vec::new(),
                StatusCode::OK,
            );
        }
        Err(problem) => problem,
    };
    let (mut notice, mistakes) = refusal(&problem);
    if problem.key() == "definition_changed" {
        // Saving once more means it: the notice says where the other's text is.
        let versions = broker.definition_versions(&caller, id).await.unwrap_or_default();
        draft.id = id;
        draft.version = versions.first().filter(|one| !one.removed).map(|one| one.version);
        notice = notice.leading(here.at(&format!("definitions/{id}/history")), "Look at their change");
    }
    let status = Problem::from(problem).kind().status();
    draw(&site, &here, &draft, Some(notice), mistakes, status)
}

/// What a text would send; its name, and each way to sign in.
async fn tried(
    broker: &Broker,
    caller: &Caller,
    id: &str,
    document: &str,
    answer: &str,
) -> Result<(String, Vec<broker::Tried>), broker::Problem> {
    let (integration, ways) = broker.try_definition(caller, id, document, answer).await?;
    Ok((integration.name.clone(), ways))
}

/// What is wrong with a text that names no definition: where its reader stopped, or that it has no `id`.
async fn nameless(broker: &Broker, caller: &Caller, document: &str) -> Vec<Mistake> {
    let looked = broker
        .put_definition(caller, UNNAMED, document.to_owned(), None, true)
        .await;
    let mut mistakes = looked.err().map(|problem| refusal(&problem).1).unwrap_or_default();
    // Of a text that was read, one of the mistakes is that it has none.
    let was_read = mistakes.iter().any(|mistake| mistake.message.contains("`id`"));
    if was_read || mistakes.is_empty() {
        mistakes.clear();
        mistakes.push(Mistake {
            place: "Whole text".to_owned(),
            line: None,
            at: "id".to_owned(),
            message: "the text has no `id`: begin it with `id: ` and a name in small letters".to_owned(),
            suggestion: None,
        });
    }
    mistakes
}

/// What is said above the text, and beside it.
fn refusal(problem: &broker::Problem) -> (Notice, Vec<Mistake>) {
    let told = problem.meta().and_then(|meta| meta["problems"].as_array());
    let mistakes: Vec<Mistake> = told.into_iter().flatten().map(mistake).collect();
    let text = match problem.key() {
        "definition_mistakes" if mistakes.len() == 1 => "The definition has a mistake. Nothing was saved.".to_owned(),
        "definition_mistakes" => format!("The definition has {} mistakes. Nothing was saved.", mistakes.len()),
        "definition_changed" => "Somebody else changed this definition since you opened it. Your text is below and was not saved; saving it now takes the place of theirs.".to_owned(),
        _ => problem.message().to_owned(),
    };
    (Notice::bad(&text), mistakes)
}

fn mistake(told: &Value) -> Mistake {
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let line = told["line"].as_u64();
    let file = text("file");
    let place = match (file.is_empty(), line) {
        (true, Some(line)) => format!("Line {line}"),
        (true, None) => "Whole text".to_owned(),
        (false, Some(line)) => format!("{file}:{line}"),
        (false, None) => file.clone(),
    };
    Mistake {
        place,
        // Of another file, no line of this text is meant.
        line: line.filter(|_| file.is_empty()),
        at: text("at"),
        message: text("message"),
        suggestion: told["suggestion"].as_str().map(ToOwned::to_owned),
    }
}
