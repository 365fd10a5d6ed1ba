//! Everything that can be connected, with a switch each.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use broker::{Broker, Permission, ShelfFilter, ShelfState, Shelved, Standing};

use super::words::{self, Head, KINDS};
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::{Chip, Choice, Notice, Shell};
use crate::console::show;
use crate::headers::Nonce;
use crate::paging::Query;
use crate::problems::Problem;

/// Rows of a page.
const ROWS: usize = 100;
/// Longest text to search for.
const LONGEST: usize = 100;
/// The words of a state.
fn state_word(state: ShelfState) -> &'static str {
    match state {
        ShelfState::Attention => words::NEEDS_ATTENTION.word,
        ShelfState::Standing(standing) => words::standing(standing).word,
    }
}

/// The name of a choice, where it is one.
fn of<T>(choices: &[(&'static str, T)], given: &str) -> Option<&'static str> {
    choices.iter().map(|(name, _)| *name).find(|name| *name == given)
}

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filters {
    text: Option<String>,
    category: Option<String>,
    state: Option<ShelfState>,
    kind: Option<&'static str>,
    after: Option<String>,
}

impl Filters {
    /// What is none of the choices is none: an old address still shows a list.
    pub(super) fn read(query: &Query) -> Self {
        let text = query.get("q").map(|text| text.chars().take(LONGEST).collect());
        Self {
            text,
            category: query.get("category").map(ToOwned::to_owned),
            state: query.get("state").and_then(ShelfState::named),
            kind: query.get("kind").and_then(|given| of(&KINDS, given)),
            after: query.get("after").map(ToOwned::to_owned),
        }
    }

    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let pairs = [
            ("q", self.text.as_deref()),
            ("category", self.category.as_deref()),
            ("state", self.state.map(ShelfState::as_str)),
            ("kind", self.kind),
            ("after", self.after.as_deref()),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// The list with these, and a pair more, perhaps.
    pub(super) fn address(&self, here: &Here, more: Option<(&str, &str)>) -> String {
        let mut query = self.query();
        if let Some((name, value)) = more {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let joint = if query.is_empty() { "" } else { "&" };
            query = format!("{query}{joint}{name}={value}");
        }
        let page = here.at("integrations");
        if query.is_empty() {
            page
        } else {
            format!("{page}?{query}")
        }
    }

    fn fits(&self, shelved: &Shelved) -> bool {
        let filter = ShelfFilter {
            text: self.text.as_deref(),
            category: self.category.as_deref(),
            state: self.state,
            kind: self.kind,
        };
        filter.fits(shelved)
    }

    fn chips(&self, here: &Here) -> Vec<Chip> {
        let others = Self {
            after: None,
            ..self.clone()
        };
        let chip = |name, value: Option<String>, without: Self| {
            value.map(|value| Chip {
                name,
                value,
                href: without.address(here, None),
            })
        };
        let kind = |name: &str| KINDS.iter().find(|(known, _)| *known == name).map(|(_, word)| *word);
        [
            chip(
                "Search",
                self.text.clone(),
                Self {
                    text: None,
                    ..others.clone()
                },
            ),
            chip(
                "Category",
                self.category.as_deref().map(words::category),
                Self {
                    category: None,
                    ..others.clone()
                },
            ),
            chip(
                "State",
                self.state.map(|state| state_word(state).to_owned()),
                Self {
                    state: None,
                    ..others.clone()
                },
            ),
            chip(
                "Signs in with",
                self.kind.and_then(kind).map(ToOwned::to_owned),
                Self {
                    kind: None,
                    ..others.clone()
                },
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// An integration in the list.
#[derive(Debug)]
struct Row {
    head: Head,
    kinds: String,
    category: String,
    /// None where there are none.
    connections: Option<String>,
    connections_href: String,
}

/// `/console/{project}/{environment}/integrations`
#[derive(Debug, Template)]
#[template(path = "console/integrations/catalogue.html")]
struct CataloguePage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    notice: Option<Notice>,
    text: &'a str,
    categories: Vec<Choice>,
    states: Vec<Choice>,
    kinds: Vec<Choice>,
    chips: Vec<Chip>,
    may_build: bool,
    may_define: bool,
    /// What forms of a row send back, to come back to the same list.
    back: String,
    total: usize,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    /// The address of the API call that answers the same list.
    api: String,
}

/// GET `/console/{project}/{environment}/integrations`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let caller = here.caller(Permission::See)?;
    let query = Query::parse(request.query_string());
    let filters = Filters::read(&query);
    let shelf = broker.shelf(&caller).await?;

    let choice = |value: &str, label: String, chosen: Option<&str>| Choice {
        value: value.to_owned(),
        label,
        chosen: chosen == Some(value),
    };
    let notice = query
        .get("switched")
        .and_then(|id| shelf.iter().find(|one| one.integration.id.as_str() == id))
        .map(switched);

    let fitting: Vec<&Shelved> = shelf.iter().filter(|one| filters.fits(one)).collect();
    let total = fitting.len();
    // By name, and the id where names are the same; the one that the page begins after may be gone.
    let begin = filters.after.as_deref().map_or(0, |after| {
        let at = fitting.iter().position(|one| one.integration.id.as_str() == after);
        at.map_or(0, |at| at + 1)
    });
    let now = site.now();
    let shown = fitting.get(begin..).unwrap_or_default();
    let next = (shown.len() > ROWS).then(|| shown.get(ROWS - 1)).flatten().map(|last| {
        Filters {
            after: Some(last.integration.id.as_str().to_owned()),
            ..filters.clone()
        }
        .address(&here, None)
    });
    let rows = shown.iter().take(ROWS).map(|shelved| {
        let integration = &shelved.integration;
        Row {
            head: Head::new(&here, &site.assets, shelved, now),
            kinds: words::kinds(integration),
            category: integration
                .categories
                .first()
                .map(|id| words::category(id))
                .unwrap_or_default(),
            connections: (shelved.connections.number > 0).then(|| words::counted(shelved.connections)),
            connections_href: here.at(&format!("connections?integration={}", integration.id.as_str())),
        }
    });
    let nonce = Nonce::generate();
    let page = CataloguePage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Integrations),
        notice,
        text: filters.text.as_deref().unwrap_or_default(),
        categories: broker::categories(&shelf)
            .into_iter()
            .map(|id| choice(id, words::category(id), filters.category.as_deref()))
            .collect(),
        states: ShelfState::ALL
            .into_iter()
            .map(|state| {
                let chosen = filters.state.map(ShelfState::as_str);
                choice(state.as_str(), state_word(state).to_owned(), chosen)
            })
            .collect(),
        kinds: KINDS
            .iter()
            .map(|(name, word)| choice(name, (*word).to_owned(), filters.kind))
            .collect(),
        chips: filters.chips(&here),
        may_build: here.may(Permission::Build),
        may_define: super::may_define(&broker, &here).await?,
        back: filters.query(),
        total,
        rows: rows.collect(),
        first: filters.after.as_ref().map(|_| {
            Filters {
                after: None,
                ..filters.clone()
            }
            .address(&here, None)
        }),
        next,
        api: format!("{}/v1/integrations", site.public_origin),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}

/// What a press on a switch did.
pub(super) fn switched(shelved: &Shelved) -> Notice {
    let name = &shelved.integration.name;
    match shelved.standing {
        Standing::On => Notice::good(&format!("{name} is switched on: people can connect it.")),
        Standing::Lacking => Notice::good(&format!(
            "{name} is switched on. Nobody sees it before it has its app, which is set up on its page."
        )),
        Standing::Off => Notice::good(&format!(
            "{name} is switched off: nobody sees it. Its connections stay, and work."
        )),
    }
}
