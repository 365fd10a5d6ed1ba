//! The run: what a person, a customer and time do to a connection, step by step, through the product's public surface.

mod connect;
mod errors;
mod fixture;
mod form;
mod life;
mod mcp;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::ledger::Ledger;
use crate::script::{Given, Part, Script};
use crate::stage::Stage;
use crate::table::{Row, Step};

/// How a step that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It was made.
    Ok,
    /// The definition has nothing for it.
    Nothing,
}

/// One way to sign in on a stage.
pub(crate) struct Scene<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) script: Arc<Script>,
    pub(crate) way: usize,
    /// Whose connections they are.
    pub(crate) identity: String,
}

/// A secret that the person is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) name: &'a str,
    title: Part<'a>,
    title_or: &'a str,
    /// Its part in the definition, where it has one.
    pub(crate) texts: Option<Part<'a>>,
}

impl Scene<'_> {
    pub(crate) fn way(&self) -> Part<'_> {
        self.script.ways()[self.way].clone()
    }

    /// What somebody gives besides secrets.
    pub(crate) fn given(&self) -> Vec<Given<'_>> {
        self.script.given(self.way)
    }

    /// The call that proves the credential.
    pub(crate) fn check(&self) -> Part<'_> {
        self.script.check(self.way)
    }

    /// Whether it is a sign-in in a browser.
    pub(crate) fn signs_in(&self) -> bool {
        self.is_oauth2() || self.is_oauth1()
    }

    /// Whether it is one with OAuth 1.
    pub(crate) fn is_oauth1(&self) -> bool {
        self.way().at("kind").text() == Some("oauth1")
    }

    /// Whether it is one with OAuth 2.
    pub(crate) fn is_oauth2(&self) -> bool {
        matches!(self.way().at("kind").text(), Some("oauth2" | "oauth2_device" | "mcp"))
    }

    /// Whether the person enters a code at the service.
    fn is_by_code(&self) -> bool {
        self.way().at("kind").text() == Some("oauth2_device")
    }

    /// Whether the operator's app is the client, and nothing is typed in.
    pub(crate) fn is_of_app(&self) -> bool {
        let way = self.way();
        way.at("kind").text() == Some("oauth2_client_credentials") && way.at("set_by").text() == Some("operator")
    }

    /// Whether the service gives a token that ends.
    pub(crate) fn has_token(&self) -> bool {
        matches!(
            self.way().at("kind").text(),
            Some("oauth2" | "oauth2_device" | "mcp" | "login" | "oauth2_client_credentials")
        )
    }

    /// What the person is asked for besides variables: the name, and where its texts are.
    pub(crate) fn fields(&self) -> Vec<Asked<'_>> {
        let way = self.way();
        match way.at("kind").text() {
            Some("oauth2_client_credentials") if self.is_of_app() => Vec::new(),
            Some("oauth2_client_credentials") => [("client_id", "Client ID"), ("client_secret", "Client secret")]
                .into_iter()
                .map(|(name, title)| Asked {
                    name,
                    title: way.at(&format!("{name}_title")),
                    title_or: title,
                    texts: None,
                })
                .collect(),
            Some("basic") => vec![Asked {
                name: "password",
                title: way.at("password").at("title"),
                title_or: "Password",
                texts: Some(way.at("password")),
            }],
            _ => way
                .at("fields")
                .items()
                .into_iter()
                .filter(|field| !field.is_plain())
                .map(|field| Asked {
                    name: field.at("name").text_or(""),
                    title: field.at("title"),
                    title_or: "",
                    texts: Some(field),
                })
                .collect(),
        }
    }

    /// Its id: the kind, unless said otherwise.
    pub(crate) fn way_id(&self) -> String {
        let way = self.way();
        let kind = way.at("kind").text_or("");
        let usual = match kind {
            "oauth2_client_credentials" => "client_credentials",
            "mcp" => "oauth_mcp",
            other => other,
        };
        way.at("id").text_or(usual).to_owned()
    }
}

/// A step: a panic in it is its failure, not that of the run.
macro_rules! step {
    ($row:ident, $step:expr, $run:expr) => {{
        let done = AssertUnwindSafe($run).catch_unwind().await;
        let done = done.unwrap_or_else(|panic| Err(words(&*panic)));
        $row.note($step, done);
    }};
}

/// Runs every way of a definition; a row for each.
pub(crate) async fn run(stage: &Stage, script: &Arc<Script>) -> Vec<Row> {
    let mut ledger = Ledger::default();
    let mut rows = Vec::new();
    let ways = script.ways().len();
    for way in 0..ways {
        let scene = Scene {
            stage,
            script: Arc::clone(script),
            way,
            identity: format!("{}-{way}", script.id),
        };
        let name = if ways > 1 {
            format!("{} / {}", script.id, scene.way_id())
        } else {
            script.id.clone()
        };
        let mut row = Row::new(&name);
        stage.cast(script, way);
        play(&scene, &mut row).await;
        if let Some(fixture) = &script.fixture
            && fixture.is_of(way, &scene.way_id(), scene.way().at("kind").text_or(""))
        {
            step!(row, Step::Fixture, scene.fixture(fixture));
        }
        // The next one shares the clock and the scheduler.
        drop(scene.clear().await);
        if let Some(role) = stage.player.play(None) {
            ledger.add(role.ledger);
        }
        rows.push(row);
    }
    let unused = ledger.unused(script);
    if let Some(last) = rows.last_mut() {
        let covered = if unused.is_empty() {
            Ok(Done::Ok)
        } else {
            Err(format!("nothing used {}", unused.join(", ")))
        };
        last.note(Step::Covered, covered);
    }
    rows
}

async fn play(scene: &Scene<'_>, row: &mut Row) {
    step!(row, Step::Form, scene.form());
    let mut main = None;
    step!(row, Step::Connect, async {
        main = Some(scene.connect_first().await?);
        Ok(Done::Ok)
    });
    let Some(main) = main else { return };
    step!(row, Step::Account, scene.account(&main));
    step!(row, Step::Call, scene.call(&main));
    step!(row, Step::Expiry, scene.expiry(&main));
    step!(row, Step::Refresh, scene.refresh(&main));
    drop(scene.clear().await);
    step!(row, Step::Variants, scene.variants());
    step!(row, Step::Errors, scene.errors());
    step!(row, Step::Revoke, scene.revoke());
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "it panicked".to_owned())
}
