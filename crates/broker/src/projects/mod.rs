//! Projects, as those who manage them make and change them.

mod deletion;

use serde_json::{Value, json};
use store::{AuditEntry, Project, ProjectSettings};
use url::Url;

pub use self::deletion::DeletedProject;
pub(crate) use self::deletion::project_deleted;
use crate::operators::Signed;
use crate::{Broker, Caller, Kind, Problem, Scope, parse_origin};

/// Longest address.
const ADDRESS: usize = 2_000;
/// Most origins of a project.
const ORIGINS: usize = 200;
/// How often a change is put on top of those of others.
const TRIES: usize = 5;

/// A project with what its settings show.
#[derive(Clone, Debug)]
pub struct ProjectView {
    /// The project.
    pub project: Project,
    /// How often its settings were changed: goes back when they are saved.
    pub revision: i64,
    /// The pages that may embed its modal.
    pub origins: Vec<String>,
}

/// A name that people can read.
fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > 120 || name.chars().any(char::is_control) {
        return Err(Problem::new(
            Kind::Unprocessable,
            "bad_name",
            "A project's name has 1 to 120 characters.",
        ));
    }
    Ok(name.to_owned())
}

/// An https page, or one on this machine.
fn checked_address(key: &'static str, given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    let refused = || {
        Problem::new(
            Kind::Unprocessable,
            key,
            "This is no address that people can be sent to. Write it as https://app.example.com/page; http is for localhost only.",
        )
    };
    let url = Url::parse(given).map_err(|_| refused())?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1"));
    let fits = url.scheme() == "https" || url.scheme() == "http" && local;
    let plain = url.username().is_empty() && url.password().is_none() && given.len() <= ADDRESS;
    if fits && plain {
        Ok(Some(url.into()))
    } else {
        Err(refused())
    }
}

fn unknown() -> Problem {
    Problem::not_found("This project")
}

impl Broker {
    /// Makes a project; for owners.
    ///
    /// # Errors
    /// `bad_name`; the operator is no owner.
    pub async fn make_project(&self, owner: &Signed, name: &str) -> Result<Project, Problem> {
        if !owner.is_owner() {
            return Err(Problem::new(
                Kind::Forbidden,
                "missing_permission",
                "To make a project takes the role owner. Ask an owner of this server.",
            )
            .with_meta(json!({ "role": "owner" })));
        }
        let name = checked_name(name)?;
        // Before it is done: the project has no id yet.
        let entry = AuditEntry {
            project: None,
            environment: None,
            action: "project.made",
            actor: owner.actor(),
            subject: None,
            detail: &json!({ "name": name }),
        };
        self.store().audit(entry).await?;
        Ok(self.store().create_project(&name).await?)
    }

    /// The caller's project with its settings.
    pub async fn project_view(&self, caller: &Caller) -> Result<ProjectView, Problem> {
        caller.require(Scope::Admin)?;
        let revision = self
            .store()
            .settings_revision(caller.project)
            .await?
            .ok_or_else(unknown)?;
        Ok(ProjectView {
            revision,
            // After the revision: who saves what is newer than it is told so.
            project: self.store().project(caller.project).await?.ok_or_else(unknown)?,
            origins: self.store().origins(caller.project).await?,
        })
    }

    /// Saves the settings over those that were read as `revision`.
    ///
    /// # Errors
    /// `bad_name`, `bad_verify_url`, `bad_home_url`, `no_verify_url`, `bad_event_days`, `bad_request_days`; `settings_changed`,
    /// where somebody was faster; `live_key_needed`, `key_is_limited`.
    pub async fn save_project(
        &self,
        caller: &Caller,
        revision: i64,
        wanted: ProjectSettings,
    ) -> Result<ProjectSettings, Problem> {
        caller.require(Scope::Admin)?;
        self.require_unlimited(caller).await?;
        let settings = ProjectSettings {
            name: checked_name(&wanted.name)?,
            verify_url: checked_address("bad_verify_url", wanted.verify_url.as_deref())?,
            home_url: checked_address("bad_home_url", wanted.home_url.as_deref())?,
            ..wanted
        };
        if settings.verify == store::Verify::Always && settings.verify_url.is_none() {
            return Err(Problem::new(
                Kind::Unprocessable,
                "no_verify_url",
                "Every connection would wait for your backend, and there is no address to send people to. Give one, or choose another answer.",
            ));
        }
        let before = self.store().project(caller.project).await?.ok_or_else(unknown)?;
        let before = ProjectSettings::of(&before);
        self.kept_days().check(&before, &settings)?;
        let changed = || {
            Problem::new(
                Kind::Conflict,
                "settings_changed",
                "Somebody changed these settings after you opened them. Compare, then save again to put yours in their place.",
            )
        };
        let detail = json!({ "before": told(&before), "after": told(&settings) });
        let entry = of_project(caller, "project.changed", &detail);
        if self
            .store()
            .save_project_settings(caller.project, revision, &settings, entry)
            .await?
        {
            Ok(settings)
        } else {
            Err(changed())
        }
    }

    /// Changes some of the settings: those that were read as `revision`, or without one whatever they are by now. What
    /// changes nothing is not saved.
    ///
    /// # Errors
    /// As [`Broker::save_project`]; `settings_changed` is a precondition that failed where there is a revision.
    pub async fn change_settings(
        &self,
        caller: &Caller,
        revision: Option<i64>,
        change: impl Fn(&mut ProjectSettings),
    ) -> Result<ProjectView, Problem> {
        caller.require(Scope::Admin)?;
        self.require_unlimited(caller).await?;
        let read_again = || {
            Problem::new(
                Kind::PreconditionFailed,
                "settings_changed",
                "Nothing was changed: these settings were changed since you read them. Read them again, and send your \
                 change with the new `ETag`.",
            )
        };
        for _ in 0..TRIES {
            let view = self.project_view(caller).await?;
            if revision.is_some_and(|read| read != view.revision) {
                return Err(read_again());
            }
            let before = ProjectSettings::of(&view.project);
            let mut wanted = before.clone();
            change(&mut wanted);
            if wanted == before {
                return Ok(view);
            }
            match self.save_project(caller, view.revision, wanted).await {
                Ok(_) => return self.project_view(caller).await,
                Err(problem) if problem.key() == "settings_changed" => {}
                Err(problem) => return Err(problem),
            }
        }
        Err(Problem::new(
            Kind::Conflict,
            "settings_changed",
            "Nothing was changed: others change these settings at the same time. Send the request again.",
        ))
    }

    /// Lets pages of an origin embed the caller's modal; the origin as browsers write it.
    ///
    /// # Errors
    /// `bad_origin`, `too_many_origins`, `live_key_needed`, `key_is_limited`.
    pub async fn add_origin(&self, caller: &Caller, given: &str) -> Result<String, Problem> {
        caller.require(Scope::Admin)?;
        self.require_unlimited(caller).await?;
        let origin = parse_origin(given.trim())
            .map_err(|error| Problem::new(Kind::Unprocessable, "bad_origin", format!("{error}.")))?;
        let known = self.store().origins(caller.project).await?;
        if known.len() >= ORIGINS && !known.contains(&origin) {
            return Err(Problem::new(
                Kind::Conflict,
                "too_many_origins",
                format!("A project has at most {ORIGINS} origins. Remove one that is not used any more."),
            ));
        }
        let detail = json!({ "origin": origin });
        let entry = of_project(caller, "project.origin_added", &detail);
        self.store().audit(entry).await?;
        self.store().add_origin(caller.project, &origin).await?;
        Ok(origin)
    }

    /// Lets pages of an origin embed the caller's modal no more.
    ///
    /// # Errors
    /// `no_such_origin`, `live_key_needed`, `key_is_limited`.
    pub async fn remove_origin(&self, caller: &Caller, origin: &str) -> Result<(), Problem> {
        caller.require(Scope::Admin)?;
        self.require_unlimited(caller).await?;
        let missing = || {
            Problem::new(
                Kind::NotFound,
                "no_such_origin",
                "This origin is not on the list, or was removed already.",
            )
        };
        if !self
            .store()
            .origins(caller.project)
            .await?
            .iter()
            .any(|one| one == origin)
        {
            return Err(missing());
        }
        let detail = json!({ "origin": origin });
        let entry = of_project(caller, "project.origin_removed", &detail);
        self.store().audit(entry).await?;
        if self.store().remove_origin(caller.project, origin).await? {
            Ok(())
        } else {
            Err(missing())
        }
    }
}

fn of_project<'a>(caller: &Caller, action: &'static str, detail: &'a Value) -> AuditEntry<'a> {
    AuditEntry {
        project: Some(caller.project),
        environment: None,
        action,
        actor: caller.actor(),
        subject: Some(format!("project:{}", caller.project)),
        detail,
    }
}

fn told(settings: &ProjectSettings) -> Value {
    json!({
        "name": settings.name,
        "verify": settings.verify.as_str(),
        "verify_url": settings.verify_url,
        "home_url": settings.home_url,
        "unproved": settings.unproved.as_str(),
        "confirm_redirect": settings.confirm_redirect.as_str(),
        "mail": settings.mail,
        "event_days": settings.event_days,
        "request_days": settings.request_days,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_checked() {
        assert_eq!(checked_name(" Shop ").unwrap(), "Shop");
        for name in ["", "  ", "a\nb", &"x".repeat(121)] {
            assert_eq!(checked_name(name).unwrap_err().key(), "bad_name", "{name}");
        }
        let read = |given| checked_address("bad_home_url", Some(given));
        assert_eq!(
            read(" https://app.example.com ").unwrap().as_deref(),
            Some("https://app.example.com/")
        );
        assert!(read("http://localhost:3000/x").is_ok() && read("").unwrap().is_none());
        for wrong in [
            "app.example.com",
            "http://app.example.com",
            "javascript:alert(1)",
            "https://ann:secret@app.example.com",
            "ftp://localhost",
        ] {
            assert_eq!(read(wrong).unwrap_err().key(), "bad_home_url", "{wrong}");
        }
    }
}
