//! How a project looks: its name, colours, corners, fonts, pictures and words, and its own domain.

mod colour;
mod document;
mod domains;
mod draft;
mod font;
mod looks;
mod picture;
mod tones;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use protocol::EgressError;
use serde::Serialize;
use serde_json::{Value, json};
use store::{AuditEntry, BrandingChange, ImageBytes, ImageFacts, ImageSlot, Images, Project, ProjectId, Revised};
use url::Url;

pub use document::{BrandingRequest, LANGUAGES, Mistake, Sides, Words};
pub use domains::Place;
pub(crate) use domains::{Domains, require_place};
pub use draft::BrandingDraft;
pub use looks::{Looks, Style};
pub use picture::{IMAGE_LIMIT, too_large as image_too_large};

use crate::{Actor, Broker, Caller, Kind, Problem, Scope};
use document::Document;
use looks::{image_address, tones};
use tones::Scheme;

/// Projects whose looks are kept at most.
const KEPT: usize = 1000;

/// Looks that were derived before, each for as long as its project says the same.
#[derive(Default)]
pub(crate) struct Derived(Mutex<HashMap<ProjectId, Kept>>);

struct Kept {
    branding: Value,
    images: Images,
    white_label: bool,
    looks: Arc<Looks>,
}

/// How a project looks, as the API tells it. It can be sent back as a request.
#[derive(Clone, Debug, Serialize)]
pub struct BrandingView {
    /// The project's settings, as a request has them.
    #[serde(flatten)]
    pub settings: Value,
    /// Its logo for light and dark ground.
    pub logo: LogoView,
    /// The icon of pages.
    pub favicon: Option<ImageView>,
    /// The project's own domain.
    pub domain: Option<String>,
    /// Colours that are shown otherwise than they were given, so that they can be seen and read.
    pub adjusted: Vec<Adjusted>,
    /// What `ETag` is made of.
    #[serde(skip)]
    pub revision: i64,
}

/// The two logos.
#[derive(Clone, Debug, Serialize)]
pub struct LogoView {
    /// On light ground, and on dark where there is no other.
    pub light: Option<ImageView>,
    /// On dark ground.
    pub dark: Option<ImageView>,
}

/// A picture.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageView {
    /// Its address.
    pub url: String,
    /// Its type, by its bytes.
    pub media_type: String,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
}

/// A colour that was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adjusted {
    /// Which, as `accent.light`.
    pub field: &'static str,
    /// As it was given.
    pub given: String,
    /// As it is shown.
    pub shown: String,
    /// Why, for people.
    pub reason: &'static str,
}

/// A picture to show from now on.
#[derive(Debug)]
pub enum NewImage {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Where it is fetched, once.
    Url(String),
}

impl Broker {
    /// How a project looks, for its pages.
    pub fn looks(&self, project: &Project) -> Arc<Looks> {
        let mut kept = self.0.derived.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&project.id)
            && known.branding == project.branding
            && known.images == project.images
            && known.white_label == project.white_label
        {
            return known.looks.clone();
        }
        let looks = Arc::new(Looks::of(project));
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(
            project.id,
            Kept {
                branding: project.branding.clone(),
                images: project.images.clone(),
                white_label: project.white_label,
                looks: looks.clone(),
            },
        );
        looks
    }

    /// How the caller's project looks.
    pub async fn branding(&self, caller: &Caller) -> Result<BrandingView, Problem> {
        caller.require(Scope::BrandingWrite)?;
        Ok(self.branding_view(&self.project(caller.project).await?))
    }

    /// Replaces how the caller's project looks; pictures and domain stay. With `revision`, only while it is that one.
    pub async fn set_branding(
        &self,
        caller: &Caller,
        revision: Option<i64>,
        request: BrandingRequest,
    ) -> Result<BrandingView, Problem> {
        caller.require(Scope::BrandingWrite)?;
        let powered_by = request.powered_by.unwrap_or(true);
        let (name, mut document) = Document::read(request).map_err(|mistakes| refused(&mistakes))?;
        let project = self.project(caller.project).await?;
        document.old_logo = Document::stored(&project.branding).old_logo;
        let change = BrandingChange {
            name,
            branding: document.to_value(),
            white_label: !powered_by,
        };
        let detail = json!({});
        let entry = entry(caller, "branding.changed", &detail);
        let revised = self.store().set_branding(caller.project, revision, &change, entry);
        self.revised(caller, revised.await?).await
    }

    /// Shows another picture, or none (`None`). With `revision`, only while it is that one.
    pub async fn set_image(
        &self,
        caller: &Caller,
        revision: Option<i64>,
        slot: ImageSlot,
        image: Option<NewImage>,
    ) -> Result<BrandingView, Problem> {
        caller.require(Scope::BrandingWrite)?;
        let bytes = match image {
            None => None,
            Some(NewImage::Bytes(bytes)) => Some(bytes),
            Some(NewImage::Url(url)) => Some(self.fetched(&url).await?),
        };
        let image = match &bytes {
            None => None,
            Some(bytes) => Some((picture::facts(bytes)?, bytes.as_slice())),
        };
        let shown = image.as_ref().map(|(facts, bytes)| (facts, *bytes));
        let detail = json!({ "image": slot.as_str(), "digest": image.as_ref().map(|(facts, _)| &facts.digest) });
        let entry = entry(caller, "branding.image_changed", &detail);
        let revised = self.store().set_image(caller.project, revision, slot, shown, entry);
        self.revised(caller, revised.await?).await
    }

    /// A picture by its address. On an own domain (`place`) there are those of its own project alone.
    pub async fn image(
        &self,
        publishable_id: &str,
        digest: &str,
        place: Option<ProjectId>,
    ) -> Result<ImageBytes, Problem> {
        self.store()
            .image(publishable_id, digest, place)
            .await?
            .ok_or_else(|| Problem::not_found("This picture"))
    }

    /// The pictures' bytes at an address elsewhere. Fetched this once: whoever opens the modal asks nobody but us.
    async fn fetched(&self, address: &str) -> Result<Vec<u8>, Problem> {
        let cannot = |why: &str| {
            Problem::new(
                Kind::Unprocessable,
                "image_not_fetched",
                format!("The picture could not be fetched: {why} Upload the file itself instead."),
            )
        };
        let url = Url::parse(address).map_err(|_| cannot("its address is none; write it as https://…."))?;
        let request = http::Request::get(url.as_str())
            .header("accept", "image/png, image/jpeg, image/webp")
            .body(Bytes::new())
            .map_err(|_| cannot("its address is none; write it as https://…."))?;
        let answer = self
            .protocol()
            .egress()
            .call(request, IMAGE_LIMIT)
            .await
            .map_err(|error| match error {
                EgressError::TooLarge { .. } => picture::too_large(),
                EgressError::Refused(refusal) => cannot(&format!("{refusal}.")),
                other => {
                    tracing::info!(error = %other, "a logo was not fetched");
                    cannot("the server at that address did not answer.")
                }
            })?;
        match answer.status().as_u16() {
            200 => Ok(answer.into_body().to_vec()),
            300..=399 => Err(cannot("the address leads on to another; write that one.")),
            status => Err(cannot(&format!("the server at that address answered {status}."))),
        }
    }

    async fn revised(&self, caller: &Caller, revised: Revised) -> Result<BrandingView, Problem> {
        if revised == Revised::Otherwise {
            return Err(Problem::new(
                Kind::PreconditionFailed,
                "branding_changed",
                "Nothing was changed: how this project looks was changed since you read it. Read it again, and send your \
                 change with its new `ETag`.",
            ));
        }
        Ok(self.branding_view(&self.project(caller.project).await?))
    }

    /// How a project looks, for an operator of the command line too.
    fn branding_view(&self, project: &Project) -> BrandingView {
        let document = Document::stored(&project.branding);
        let mut settings = document.to_value();
        if let Some(fields) = settings.as_object_mut() {
            fields.remove("logo_url");
        }
        settings["name"] = json!(project.shown_name());
        settings["poweredBy"] = json!(!project.white_label);
        let image = |slot: ImageSlot| {
            project
                .images
                .get(&slot)
                .map(|facts| self.image_view(&project.publishable_id, facts))
        };
        BrandingView {
            settings,
            logo: LogoView {
                light: image(ImageSlot::LogoLight),
                dark: image(ImageSlot::LogoDark),
            },
            favicon: image(ImageSlot::Favicon),
            domain: project.domain.clone(),
            adjusted: adjusted(&document),
            revision: project.branding_revision,
        }
    }

    fn image_view(&self, publishable_id: &str, facts: &ImageFacts) -> ImageView {
        ImageView {
            url: format!("{}{}", self.public_origin(), image_address(publishable_id, facts)),
            media_type: facts.media_type.clone(),
            width: facts.width,
            height: facts.height,
        }
    }
}

/// What the audit log says of a change.
fn entry<'a>(caller: &Caller, action: &'static str, detail: &'a Value) -> AuditEntry<'a> {
    AuditEntry {
        project: Some(caller.project),
        // The key's; looks are those of both.
        environment: matches!(caller.actor, Actor::Key(_)).then_some(caller.environment),
        action,
        actor: caller.actor(),
        subject: Some(format!("project:{}", caller.project)),
        detail,
    }
}

/// Given colours that are shown otherwise.
fn adjusted(document: &Document) -> Vec<Adjusted> {
    const ACCENT: &str = "moved in lightness: a control needs 3:1 with the background, and the text on it 4.5:1";
    const BACKGROUND: &str = "moved in lightness: text and signals on it need 4.5:1";
    let Document { accent, background, .. } = document;
    let light = tones(document, Scheme::Light);
    let dark = tones(document, Scheme::Dark);
    [
        ("accent.light", accent.light.or(accent.dark), light.accent, ACCENT),
        ("accent.dark", accent.dark.or(accent.light), dark.accent, ACCENT),
        ("background.light", background.light, light.surface, BACKGROUND),
        ("background.dark", background.dark, dark.surface, BACKGROUND),
    ]
    .into_iter()
    .filter_map(|(field, given, shown, reason)| {
        let given = given.filter(|given| *given != shown)?;
        Some(Adjusted {
            field,
            given: given.to_string(),
            shown: shown.to_string(),
            reason,
        })
    })
    .collect()
}

fn refused(mistakes: &[Mistake]) -> Problem {
    let lines: Vec<String> = mistakes
        .iter()
        .map(|mistake| format!("`{}`: {}", mistake.field, mistake.message))
        .collect();
    let fields: serde_json::Map<String, Value> = mistakes
        .iter()
        .map(|mistake| (mistake.field.clone(), mistake.message.clone().into()))
        .collect();
    Problem::new(
        Kind::Unprocessable,
        "branding_not_valid",
        format!("Nothing was changed. {}.", lines.join("; ")),
    )
    .with_meta(json!({ "fields": fields }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_moved_is_told() {
        let told = |value: Value| adjusted(&Document::stored(&value));
        assert_eq!(
            told(json!({ "accent": "#3b5bdb" }))
                .iter()
                .filter(|one| one.field == "accent.light")
                .count(),
            0
        );
        let yellow = told(json!({ "accent": { "light": "#ffd400" } }));
        assert_eq!(yellow.len(), 1, "{yellow:?}");
        assert_eq!((yellow[0].field, yellow[0].given.as_str()), ("accent.light", "#ffd400"));
        assert_ne!(yellow[0].shown, "#ffd400");
        let ground = told(json!({ "background": { "light": "#222222", "dark": "#eeeeee" } }));
        let fields: Vec<_> = ground.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["background.light", "background.dark"]);
    }

    #[test]
    fn a_refusal_names_every_field() {
        let problem = refused(&[
            Mistake {
                field: "radius".into(),
                message: "write whole pixels from 0 to 24".into(),
            },
            Mistake {
                field: "font".into(),
                message: "write names".into(),
            },
        ]);
        assert_eq!(
            problem.message(),
            "Nothing was changed. `radius`: write whole pixels from 0 to 24; `font`: write names."
        );
        assert_eq!(problem.meta().unwrap()["fields"]["font"], "write names");
    }
}
