//! `latchkey projects`.

use anyhow::{Context as _, bail};
use broker::{Broker, ImageSlot, NewImage, ProjectSettings, parse_origin};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use store::{ConfirmRedirect, Project, ProjectChange, Unproved, Verify};
use url::Url;

use super::output::Output;
use super::target;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// All projects.
    List,
    /// Make a project.
    Create {
        /// The name that people see in the modal.
        name: String,
    },
    /// One project with its pages.
    Show {
        /// Its id; the default project without.
        project: Option<String>,
    },
    /// Change settings.
    Set(Box<SetArguments>),
    /// Pages that may embed the modal.
    #[command(subcommand)]
    Origins(Origins),
}

#[derive(Debug, Args)]
pub(super) struct SetArguments {
    /// The project's id; the default project without.
    #[arg(long)]
    project: Option<String>,
    /// The name that people see in the modal.
    #[arg(long)]
    name: Option<String>,
    /// When your backend confirms who signed in: off, hosted or always.
    #[arg(long)]
    verify: Option<Verify>,
    /// Where the browser is sent to be confirmed.
    #[arg(long)]
    verify_url: Option<Url>,
    /// Where "Back to …" leads.
    #[arg(long)]
    home_url: Option<Url>,
    /// Refuse browsers that cannot be proved instead of asking the person.
    #[arg(long)]
    refuse_unproved: Option<bool>,
    /// Ask the person in same-window sign-ins too.
    #[arg(long)]
    confirm_redirect: Option<bool>,
    /// The accent colour, as #3b5bdb.
    #[arg(long)]
    accent: Option<String>,
    /// The logo's https address; it is fetched this once.
    #[arg(long)]
    logo_url: Option<Url>,
    /// Write to people whose connection has to be reconnected; needs `LATCHKEY_SMTP_URL` on the server.
    #[arg(long)]
    mail: Option<bool>,
    /// Days that events, timelines and the past of webhooks are kept, or `server` for as long as the server keeps them, which
    /// is the most. What is older goes within minutes.
    #[arg(long, value_name = "DAYS|server")]
    event_days: Option<Days>,
    /// The same for the log of requests.
    #[arg(long, value_name = "DAYS|server")]
    request_days: Option<Days>,
    /// Hide "Secured by Latchkey".
    #[arg(long)]
    white_label: Option<bool>,
    /// Make it the project of pages that do not name one.
    #[arg(long)]
    default: bool,
}

/// How long a project keeps something.
#[derive(Clone, Copy, Debug)]
enum Days {
    /// As long as the server.
    Server,
    /// For a time of its own.
    Own(u32),
}

impl Days {
    const fn own(self) -> Option<u32> {
        match self {
            Self::Server => None,
            Self::Own(days) => Some(days),
        }
    }
}

impl std::str::FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "server" {
            return Ok(Self::Server);
        }
        let days = text.parse().map(Self::Own);
        days.map_err(|_| format!("`{text}` is no number of days: write one, as 7, or `server`"))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Origins {
    /// The list.
    List {
        /// The project's id; the default project without.
        #[arg(long)]
        project: Option<String>,
    },
    /// Pages that tried to embed the modal and are not on the list, the last first. Anybody can get a page in here by
    /// trying: add only those that you know.
    Refused {
        /// The project's id; the default project without.
        #[arg(long)]
        project: Option<String>,
    },
    /// Add a page's origin, as `https://app.example.com`.
    Add {
        /// The origin.
        origin: String,
        /// The project's id; the default project without.
        #[arg(long)]
        project: Option<String>,
    },
    /// Remove an origin.
    Remove {
        /// The origin.
        origin: String,
        /// The project's id; the default project without.
        #[arg(long)]
        project: Option<String>,
    },
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    match command {
        Command::List => {
            let rows: Vec<Value> = broker.store().projects().await?.iter().map(row).collect();
            output.rows(&rows, &["project_id", "name", "publishable_id", "default"]);
        }
        Command::Create { name } => {
            if name.trim().is_empty() || name.chars().count() > 120 {
                bail!("a project's name has 1 to 120 characters");
            }
            let project = broker.store().create_project(name.trim()).await?;
            let text = format!(
                "Project {} was made.\n  id              {}\n  publishable id  {}\nNext: `latchkey keys create --project {}`",
                project.name, project.id, project.publishable_id, project.id
            );
            output.say(&row(&project), &text);
        }
        Command::Show { project } => {
            let project = target::project(&broker, project.as_deref()).await?;
            let mut value = row(&project);
            value["origins"] = json!(broker.store().origins(project.id).await?);
            output.value(&value);
        }
        Command::Set(arguments) => set(&broker, output, *arguments).await?,
        Command::Origins(command) => origins(&broker, output, command).await?,
    }
    Ok(())
}

async fn set(broker: &Broker, output: Output, arguments: SetArguments) -> anyhow::Result<()> {
    let project = target::project(broker, arguments.project.as_deref()).await?;
    if arguments
        .name
        .as_ref()
        .is_some_and(|name| name.trim().is_empty() || name.chars().count() > 120)
    {
        bail!("a project's name has 1 to 120 characters");
    }
    // The completion code goes to the first, people to the second.
    web_address("--verify-url", arguments.verify_url.as_ref())?;
    web_address("--home-url", arguments.home_url.as_ref())?;
    let caller = target::operator_of(&project);
    if arguments.event_days.is_some() || arguments.request_days.is_some() {
        let view = broker.project_view(&caller).await?;
        let mut settings = ProjectSettings::of(&view.project);
        settings.event_days = arguments.event_days.map_or(settings.event_days, Days::own);
        settings.request_days = arguments.request_days.map_or(settings.request_days, Days::own);
        broker.save_project(&caller, view.revision, settings).await?;
    }
    if let Some(accent) = arguments.accent {
        let view = broker.branding(&caller).await?;
        let mut settings = view.settings;
        settings["accent"] = json!(accent);
        let request = serde_json::from_value(settings).context("how the project looks cannot be read")?;
        broker.set_branding(&caller, Some(view.revision), request).await?;
    }
    if let Some(logo) = arguments.logo_url {
        let logo = NewImage::Url(logo.into());
        broker
            .set_image(&caller, None, ImageSlot::LogoLight, Some(logo))
            .await?;
    }
    let change = ProjectChange {
        name: arguments.name,
        verify: arguments.verify,
        verify_url: arguments.verify_url.map(String::from),
        home_url: arguments.home_url.map(String::from),
        unproved: arguments
            .refuse_unproved
            .map(|refuse| if refuse { Unproved::Refuse } else { Unproved::Confirm }),
        confirm_redirect: arguments.confirm_redirect.map(|always| {
            if always {
                ConfirmRedirect::Always
            } else {
                ConfirmRedirect::Presumed
            }
        }),
        white_label: arguments.white_label,
        mail: arguments.mail,
        make_default: arguments.default,
    };
    broker.store().change_project(project.id, change).await?;
    let project = broker
        .store()
        .project(project.id)
        .await?
        .context("the project is gone")?;
    output.say(&row(&project), &format!("{} was changed.", project.name));
    Ok(())
}

/// An https page, or one on this machine.
fn web_address(option: &str, url: Option<&Url>) -> anyhow::Result<()> {
    let Some(url) = url else { return Ok(()) };
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    if url.scheme() == "https" || url.scheme() == "http" && local {
        return Ok(());
    }
    bail!("{option} must be an https address; http is for localhost only")
}

async fn origins(broker: &Broker, output: Output, command: Origins) -> anyhow::Result<()> {
    let (project, text) = match command {
        Origins::Refused { project } => return refused(broker, output, project.as_deref()).await,
        Origins::List { project } => (target::project(broker, project.as_deref()).await?, None),
        Origins::Add { origin, project } => {
            let project = target::project(broker, project.as_deref()).await?;
            let origin = parse_origin(&origin)?;
            broker.store().add_origin(project.id, &origin).await?;
            let text = format!("{origin} may embed the modal of {}.", project.name);
            (project, Some(text))
        }
        Origins::Remove { origin, project } => {
            let project = target::project(broker, project.as_deref()).await?;
            let origin = parse_origin(&origin)?;
            if !broker.store().remove_origin(project.id, &origin).await? {
                bail!("{origin} is not on the list of {}", project.name);
            }
            let text = format!("{origin} may no longer embed the modal of {}.", project.name);
            (project, Some(text))
        }
    };
    let origins = broker.store().origins(project.id).await?;
    let value = json!({ "project_id": project.id, "origins": origins });
    let listed = if origins.is_empty() {
        "No page may embed the modal yet.".to_owned()
    } else {
        origins.join("\n")
    };
    output.say(&value, &text.unwrap_or(listed));
    Ok(())
}

async fn refused(broker: &Broker, output: Output, project: Option<&str>) -> anyhow::Result<()> {
    let project = target::project(broker, project).await?;
    let refused = broker.store().refused_embedders(project.id).await?;
    let lines: Vec<String> = refused
        .iter()
        .map(|page| {
            format!(
                "{}  last {}  {} times",
                page.origin,
                page.last_at.format("%F %R UTC"),
                page.times
            )
        })
        .collect();
    let text = if lines.is_empty() {
        "No page was refused.".to_owned()
    } else {
        format!(
            "{}\nAllow one that you know with `latchkey projects origins add ORIGIN`.",
            lines.join("\n")
        )
    };
    output.say(&json!({ "project_id": project.id, "refused": refused }), &text);
    Ok(())
}

fn row(project: &Project) -> Value {
    json!({
        "project_id": project.id,
        "name": project.name,
        "publishable_id": project.publishable_id,
        "default": project.is_default,
        "verify": project.verify.as_str(),
        "verify_url": project.verify_url,
        "home_url": project.home_url,
        "unproved": project.unproved.as_str(),
        "confirm_redirect": project.confirm_redirect.as_str(),
        "branding": project.branding,
        "white_label": project.white_label,
        "domain": project.domain,
        "mail": project.mail,
        "event_days": project.event_days,
        "request_days": project.request_days,
    })
}
