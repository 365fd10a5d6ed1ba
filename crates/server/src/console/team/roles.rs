//! What each role may do, in words.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, web};
use askama::Template;
use broker::{Broker, Permission, Role};

use super::members::title;
use crate::Site;
use crate::assets::Assets;
use crate::console::navigation::Section;
use crate::console::operator::{Here, Operator};
use crate::console::pages::Shell;
use crate::console::routing::page;
use crate::console::show;
use crate::headers::Nonce;
use crate::problems::Problem;

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    page!(config, "/console/{project}/{environment}/team/roles", page);
}

/// `/console/{project}/{environment}/team/roles`
#[derive(Debug, Template)]
#[template(path = "console/team/roles.html")]
struct RolesPage<'a> {
    nonce: &'a str,
    assets: &'a Assets,
    shell: Shell<'a>,
    here: &'a Here,
    roles: Vec<Column>,
    lines: Vec<Line>,
}

/// A role.
#[derive(Debug)]
struct Column {
    title: &'static str,
    is_own: bool,
}

/// Something that roles may do.
#[derive(Debug)]
struct Line {
    text: &'static str,
    /// Of each role, whether it may, with its name.
    may: Vec<(&'static str, bool)>,
}

/// GET `/console/{project}/{environment}/team/roles`
pub(super) async fn page(
    broker: web::Data<Broker>,
    site: web::Data<Site>,
    operator: Operator,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let here = Here::find(&broker, operator, &path.0, &path.1).await?;
    let lines = Permission::ALL.into_iter().flat_map(|permission| {
        permission.lines().iter().map(move |text| Line {
            text,
            may: Role::ALL
                .into_iter()
                .map(|role| (title(role), broker::may(role, permission)))
                .collect(),
        })
    });
    let nonce = Nonce::generate();
    let page = RolesPage {
        nonce: nonce.as_str(),
        assets: &site.assets,
        shell: Shell::of(&here, Section::Team),
        roles: Role::ALL
            .into_iter()
            .map(|role| Column {
                title: title(role),
                is_own: role == here.role,
            })
            .collect(),
        lines: lines.collect(),
        here: &here,
    };
    show(&nonce, StatusCode::OK, &page)
}
