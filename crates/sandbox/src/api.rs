//! The API of the sandbox: who one is, and items to list and to add.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::sandbox::Account;

use crate::access::{AccessError, Caller};
use crate::parameters::Parameters;
use crate::scope::Scope;
use crate::{Sandbox, answer};

const DEFAULT_LIMIT: usize = 10;
const LARGEST_LIMIT: usize = 100;
const LONGEST_NAME: usize = 200;
/// Items that every account has from the start, enough for three pages.
const SAMPLES: u32 = 25;

/// The name that a person reads.
pub(crate) const fn display_name(account: Account) -> &'static str {
    match account {
        Account::Ann => "Ann",
        Account::Ben => "Ben",
    }
}

/// The address that a person is told apart by. The domain is reserved (RFC 2606).
pub(crate) const fn email(account: Account) -> &'static str {
    match account {
        Account::Ann => "ann@example.com",
        Account::Ben => "ben@example.com",
    }
}

/// `GET /sandbox/api/me`.
pub(crate) async fn me(sandbox: web::Data<Sandbox>, request: HttpRequest) -> Result<HttpResponse, AccessError> {
    let caller = Caller::with(&sandbox.store, request.headers(), Scope::Profile).await?;
    Ok(answer::json(StatusCode::OK).json(match &caller {
        Caller::Account { account, scopes, .. } => json!({
            "id": account.as_str(),
            "name": display_name(*account),
            "email": email(*account),
            "kind": "person",
            "scopes": scopes,
        }),
        Caller::Key { digest, .. } => json!({
            "id": format!("key_{}", &digest[..12]),
            "name": format!("Sandbox key {}", &digest[..4]),
            "email": null,
            "kind": "api_key",
            "scopes": Scope::ALL.map(Scope::as_str),
        }),
    }))
}

/// A site: what a connection of Sandbox Sites is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct SiteView {
    id: String,
    name: String,
    url: String,
}

impl SiteView {
    fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            url: format!("https://{id}.sites.example.com"),
        }
    }
}

/// Ann reaches three sites, Ben one of them, a key as many as it says.
fn sites(caller: &Caller) -> Vec<SiteView> {
    match caller {
        Caller::Account { account, .. } => {
            let all = [
                SiteView::new("acme", "Acme"),
                SiteView::new("acme-labs", "Acme Labs"),
                SiteView::new("northwind", "Northwind Traders"),
            ];
            match account {
                Account::Ann => all.into(),
                Account::Ben => all[..1].into(),
            }
        }
        Caller::Key { sites, .. } => (1..=*sites)
            .map(|number| SiteView::new(&format!("site-{number}"), &format!("Site {number}")))
            .collect(),
    }
}

/// The header that names the site of a call.
const SITE: &str = "x-site";

/// `GET /sandbox/api/sites`.
pub(crate) async fn list_sites(sandbox: web::Data<Sandbox>, request: HttpRequest) -> Result<HttpResponse, AccessError> {
    let caller = Caller::with(&sandbox.store, request.headers(), Scope::Profile).await?;
    Ok(answer::json(StatusCode::OK).json(json!({ "sites": sites(&caller) })))
}

/// `GET /sandbox/api/site`: the one that `X-Site` names.
pub(crate) async fn site(sandbox: web::Data<Sandbox>, request: HttpRequest) -> Result<HttpResponse, AccessError> {
    let caller = Caller::with(&sandbox.store, request.headers(), Scope::Profile).await?;
    let named = request.headers().get(SITE).and_then(|value| value.to_str().ok());
    let found = sites(&caller).into_iter().find(|site| Some(site.id.as_str()) == named);
    Ok(match found {
        Some(site) => answer::json(StatusCode::OK).json(site),
        None => answer::error(
            StatusCode::NOT_FOUND,
            "no_site",
            "X-Site names no site of this account: GET /sites lists them",
        ),
    })
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemView {
    id: String,
    name: String,
    created_at: serde_json::Value,
}

impl From<store::sandbox::Item> for ItemView {
    fn from(item: store::sandbox::Item) -> Self {
        Self {
            id: format!("item_{}", item.id.simple()),
            name: item.name,
            created_at: json!(item.created_at),
        }
    }
}

/// The samples, newest first like the rest.
fn samples() -> impl Iterator<Item = ItemView> {
    (1..=SAMPLES).rev().map(|number| ItemView {
        id: format!("item_{number:04}"),
        name: format!("Sample item {number}"),
        created_at: json!(format!("2026-01-{number:02}T09:00:00Z")),
    })
}

/// `GET /sandbox/api/items?limit=&cursor=`.
pub(crate) async fn list_items(sandbox: web::Data<Sandbox>, request: HttpRequest) -> Result<HttpResponse, AccessError> {
    let caller = Caller::with(&sandbox.store, request.headers(), Scope::Items).await?;
    let added = sandbox.store.sandbox_items(&caller.owner()).await?;
    let all: Vec<ItemView> = added.into_iter().map(ItemView::from).chain(samples()).collect();
    Ok(
        match page(&Parameters::parse(request.query_string().as_bytes()), &all) {
            Ok((items, next)) => answer::json(StatusCode::OK).json(json!({ "items": items, "nextCursor": next })),
            Err(description) => answer::error(StatusCode::BAD_REQUEST, "invalid_request", description),
        },
    )
}

/// The items after the cursor, and the cursor of the page after them.
fn page<'a>(parameters: &Parameters, all: &'a [ItemView]) -> Result<(&'a [ItemView], Option<&'a str>), &'static str> {
    let limit = match parameters.get("limit").map_err(|_| "limit is given more than once")? {
        None => DEFAULT_LIMIT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
            .ok_or("limit is not a number from 1 to 100")?,
    };
    let start = match parameters.get("cursor").map_err(|_| "cursor is given more than once")? {
        None => 0,
        Some(cursor) => {
            let last = all.iter().position(|item| item.id == cursor);
            last.ok_or("cursor is not the nextCursor of a page, or its item is gone: begin again without it")? + 1
        }
    };
    let rest = &all[start..];
    let items = &rest[..limit.min(rest.len())];
    let next = if rest.len() > items.len() {
        items.last().map(|item| item.id.as_str())
    } else {
        None
    };
    Ok((items, next))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewItem {
    name: String,
}

/// `POST /sandbox/api/items` with `{"name": "…"}`.
pub(crate) async fn add_item(
    sandbox: web::Data<Sandbox>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, AccessError> {
    let caller = Caller::with(&sandbox.store, request.headers(), Scope::Items).await?;
    let new: Option<NewItem> = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
    let Some(name) = new.map(|new| new.name).filter(|name| is_name(name)) else {
        let description = "the body is JSON with one member: a name of 1 to 200 characters";
        return Ok(answer::error(StatusCode::BAD_REQUEST, "invalid_request", description));
    };
    let by_key = matches!(caller, Caller::Key { .. });
    Ok(
        match sandbox.store.add_sandbox_item(&caller.owner(), by_key, &name).await? {
            Some(item) => answer::json(StatusCode::CREATED).json(ItemView::from(item)),
            None => answer::error(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_items",
                "API keys have added as many items as the sandbox keeps for them: try tomorrow, or connect with OAuth",
            ),
        },
    )
}

fn is_name(name: &str) -> bool {
    // Postgres keeps no NUL in a text.
    (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &str) -> Result<(Vec<String>, Option<String>), &'static str> {
        let all: Vec<ItemView> = samples().collect();
        let (items, next) = page(&Parameters::parse(query.as_bytes()), &all)?;
        Ok((
            items.iter().map(|item| item.id.clone()).collect(),
            next.map(str::to_owned),
        ))
    }

    #[test]
    fn pages_follow_each_other_and_end() {
        let mut seen = Vec::new();
        let mut query = "limit=10".to_owned();
        let mut pages = 0;
        loop {
            let (items, next) = ids(&query).unwrap();
            seen.extend(items);
            pages += 1;
            let Some(next) = next else { break };
            query = format!("limit=10&cursor={next}");
        }
        assert_eq!(pages, 3);
        assert_eq!(seen.len(), 25);
        assert_eq!((seen[0].as_str(), seen[24].as_str()), ("item_0025", "item_0001"));
    }

    #[test]
    fn a_key_says_how_many_sites_it_reaches() {
        let of = |sites| {
            sites_ids(&Caller::Key {
                digest: String::new(),
                sites,
            })
        };
        assert_eq!(of(2), ["site-1", "site-2"]);
        assert!(of(0).is_empty());
        let person = |account| Caller::Account {
            client: uuid::Uuid::nil(),
            account,
            scopes: Vec::new(),
        };
        assert_eq!(sites_ids(&person(Account::Ann)), ["acme", "acme-labs", "northwind"]);
        assert_eq!(sites_ids(&person(Account::Ben)), ["acme"]);
    }

    fn sites_ids(caller: &Caller) -> Vec<String> {
        sites(caller).into_iter().map(|site| site.id).collect()
    }

    #[test]
    fn a_full_last_page_has_no_cursor() {
        assert_eq!(ids("limit=25").unwrap().1, None);
        assert_eq!(ids("limit=24").unwrap().1.as_deref(), Some("item_0002"));
        assert_eq!(ids("").unwrap().0.len(), DEFAULT_LIMIT);
    }

    #[test]
    fn odd_parameters_are_named() {
        for bad in [
            "limit=0",
            "limit=101",
            "limit=x",
            "limit=-1",
            "limit=1&limit=2",
            "cursor=nothing",
        ] {
            assert!(ids(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_short_texts() {
        assert!(is_name("Ünïcode"));
        assert!(is_name(&"é".repeat(200)));
        for bad in [String::new(), "x".repeat(201), "a\0b".to_owned()] {
            assert!(!is_name(&bad));
        }
    }
}
