//! Looks that nobody has saved: how they would be shown, for whoever is choosing them.

use serde_json::Value;
use store::Project;

use super::document::Document;
use super::{Adjusted, BrandingRequest, BrandingView, Looks, adjusted, refused};
use crate::{Broker, Caller, Problem, Scope};

/// How a project would look.
#[derive(Debug)]
pub struct BrandingDraft {
    /// The name that people would see.
    pub name: String,
    /// As pages are given it.
    pub looks: Looks,
    /// Colours that would be shown otherwise than they were given.
    pub adjusted: Vec<Adjusted>,
    /// What is wrong, by field; then the looks are those that are in force.
    pub mistakes: serde_json::Map<String, Value>,
}

impl Broker {
    /// How the caller's project looks, for whoever may see it.
    pub async fn shown_branding(&self, caller: &Caller) -> Result<BrandingView, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        Ok(self.branding_view(&self.project(caller.project).await?))
    }

    /// How the caller's project would look with these settings. Nothing is kept.
    pub async fn try_branding(&self, caller: &Caller, request: BrandingRequest) -> Result<BrandingDraft, Problem> {
        caller.require(Scope::BrandingWrite)?;
        let project = self.project(caller.project).await?;
        Ok(Self::draft_of(project, request))
    }

    /// How the caller's project looks now, in the shape of a draft.
    pub async fn saved_looks(&self, caller: &Caller) -> Result<BrandingDraft, Problem> {
        caller.require(Scope::ConnectionsRead)?;
        let project = self.project(caller.project).await?;
        Ok(saved(&project))
    }

    fn draft_of(project: Project, request: BrandingRequest) -> BrandingDraft {
        let powered_by = request.powered_by.unwrap_or(true);
        match Document::read(request) {
            Ok((name, mut document)) => {
                document.old_logo = Document::stored(&project.branding).old_logo;
                let changed = Project {
                    brand_name: name.or(project.brand_name),
                    branding: document.to_value(),
                    white_label: !powered_by,
                    ..project
                };
                BrandingDraft {
                    looks: Looks::of(&changed),
                    name: changed.shown_name().to_owned(),
                    adjusted: adjusted(&document),
                    mistakes: serde_json::Map::new(),
                }
            }
            Err(mistakes) => {
                let problem = refused(&mistakes);
                let fields = problem.meta().and_then(|meta| meta["fields"].as_object()).cloned();
                BrandingDraft {
                    mistakes: fields.unwrap_or_default(),
                    ..saved(&project)
                }
            }
        }
    }
}

fn saved(project: &Project) -> BrandingDraft {
    BrandingDraft {
        looks: Looks::of(project),
        adjusted: adjusted(&Document::stored(&project.branding)),
        mistakes: serde_json::Map::new(),
        name: project.shown_name().to_owned(),
    }
}
