//! `latchkey branding`: how a project looks to people.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use broker::{BrandingRequest, BrandingView, Broker, Caller, ImageSlot, NewImage};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::output::Output;
use super::target;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// How a project looks, as `set` reads it.
    Show(ProjectArgument),
    /// Replace how a project looks by a YAML or JSON file; what it leaves out is ours again. Pictures and domain stay.
    Set {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        project: ProjectArgument,
    },
    /// Show another logo: a PNG, JPEG or WebP file, or its https address, which is fetched this once.
    Logo {
        #[command(flatten)]
        picture: Picture,
        /// For which ground; the light one stands on both where there is no dark one.
        #[arg(long, value_enum, default_value_t = Variant::Light)]
        variant: Variant,
        #[command(flatten)]
        project: ProjectArgument,
    },
    /// Show another icon on our pages. Without one, the logo is the icon.
    Favicon {
        #[command(flatten)]
        picture: Picture,
        #[command(flatten)]
        project: ProjectArgument,
    },
    /// Reach the modal and the callback at the project's own domain. A reverse proxy has to bring its requests here.
    Domain {
        /// As `https://connect.example.com`.
        #[arg(required_unless_present = "none")]
        origin: Option<String>,
        /// Take it away.
        #[arg(long, conflicts_with = "origin")]
        none: bool,
        #[command(flatten)]
        project: ProjectArgument,
    },
}

#[derive(Debug, Args)]
pub(super) struct ProjectArgument {
    /// The project's id; the default project without.
    #[arg(long)]
    project: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Picture {
    /// The file, or an https address.
    #[arg(required_unless_present = "none")]
    picture: Option<String>,
    /// Take it away.
    #[arg(long, conflicts_with = "picture")]
    none: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Variant {
    /// Light ground.
    Light,
    /// Dark ground.
    Dark,
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::Show(project) => {
            let caller = operator(&broker, &project).await?;
            let view = broker.branding(&caller).await?;
            output.value(&serde_json::to_value(&view)?);
        }
        Command::Set { file, project } => {
            let request = read(&file)?;
            let caller = operator(&broker, &project).await?;
            told(output, &broker.set_branding(&caller, None, request).await?)?;
        }
        Command::Logo {
            picture,
            variant,
            project,
        } => {
            let slot = match variant {
                Variant::Light => ImageSlot::LogoLight,
                Variant::Dark => ImageSlot::LogoDark,
            };
            set_image(&broker, output, &project, slot, picture).await?;
        }
        Command::Favicon { picture, project } => {
            set_image(&broker, output, &project, ImageSlot::Favicon, picture).await?;
        }
        Command::Domain { origin, project, .. } => {
            let caller = operator(&broker, &project).await?;
            let domain = broker.set_domain(&caller, origin.as_deref()).await?;
            let text = match &domain {
                Some(origin) => format!(
                    "The modal is reached at {origin} too, within two seconds. Bring its requests here with the `Host` \
                     they came with; for the callback: `latchkey apps set --callback-origin {origin}`."
                ),
                None => "The project has no domain of its own any more.".to_owned(),
            };
            output.say(&json!({ "project_id": caller.project, "domain": domain }), &text);
        }
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<BrandingRequest> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_saphyr::from_str(&text).map_err(|error| anyhow::anyhow!("{} is not a branding file: {error}", file.display()))
}

async fn set_image(
    broker: &Broker,
    output: Output,
    project: &ProjectArgument,
    slot: ImageSlot,
    picture: Picture,
) -> anyhow::Result<()> {
    let image = picture.picture.map(new_image).transpose()?;
    let caller = operator(broker, project).await?;
    told(output, &broker.set_image(&caller, None, slot, image).await?)
}

fn new_image(given: String) -> anyhow::Result<NewImage> {
    if given.contains("://") {
        return Ok(NewImage::Url(given));
    }
    let bytes = std::fs::read(&given).with_context(|| format!("{given} cannot be read"))?;
    if bytes.is_empty() {
        bail!("{given} is empty");
    }
    Ok(NewImage::Bytes(bytes))
}

fn told(output: Output, view: &BrandingView) -> anyhow::Result<()> {
    let value: Value = serde_json::to_value(view)?;
    let mut lines = vec![format!(
        "How {} looks was changed.",
        value["name"].as_str().unwrap_or("it")
    )];
    lines.extend(view.adjusted.iter().map(|moved| {
        format!(
            "  {} is shown as {} instead of {}: {}",
            moved.field, moved.shown, moved.given, moved.reason
        )
    }));
    output.say(&value, &lines.join("\n"));
    Ok(())
}

/// Acts for the project as the command line does.
async fn operator(broker: &Broker, project: &ProjectArgument) -> anyhow::Result<Caller> {
    let project = target::project(broker, project.project.as_deref()).await?;
    Ok(target::operator_of(&project))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("brand.yaml");
        assert!(
            read(&file)
                .unwrap_err()
                .to_string()
                .ends_with("brand.yaml cannot be read")
        );
        std::fs::write(&file, "colour: red\n").unwrap();
        let unknown = read(&file).unwrap_err().to_string();
        assert!(
            unknown.contains("brand.yaml is not a branding file") && unknown.contains("colour"),
            "{unknown}"
        );
        std::fs::write(&file, "accent: \"#b45309\"\nradius: 18\n").unwrap();
        assert_eq!(read(&file).unwrap().radius, Some(18));
        std::fs::write(&file, "").unwrap();
        let empty = new_image(file.display().to_string()).unwrap_err().to_string();
        assert!(empty.ends_with("brand.yaml is empty"), "{empty}");
        let missing = new_image("/nowhere/logo.png".to_owned()).unwrap_err().to_string();
        assert_eq!(missing, "/nowhere/logo.png cannot be read");
        assert!(matches!(
            new_image("https://shop.example.test/a.png".to_owned()),
            Ok(NewImage::Url(_))
        ));
    }
}
