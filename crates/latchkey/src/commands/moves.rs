//! `latchkey connections export-key`, `export`, `import` and `take-back`: connections move to another instance.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use broker::{Broker, Caller, Moved, Parcel, Scope};
use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use vault::{ParcelKey, Recipient};
use zeroize::Zeroizing;

use super::connections::operator;
use super::output::Output;
use super::target::ProjectArguments;

/// What is packed, and for whom.
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    target: ProjectArguments,
    /// The public key that `export-key` printed on the other side.
    #[arg(long)]
    recipient: Recipient,
    /// The file to write. It must not be there yet.
    #[arg(long)]
    output: PathBuf,
    /// Only these integrations.
    #[arg(long)]
    integration: Vec<String>,
    /// Never refresh them here again: two instances must not spend one refresh token.
    #[arg(long)]
    release: bool,
}

/// What is unpacked, and how.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The file that `export` wrote.
    file: PathBuf,
    /// The file that `export-key` wrote.
    #[arg(long)]
    key: PathBuf,
    /// The project's id; without, the one with the name that the file says.
    #[arg(long)]
    project: Option<String>,
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Writes a new private key and prints its public half.
pub(super) fn export_key(output: Output, path: &Path) -> anyhow::Result<()> {
    let key = ParcelKey::generate();
    let text = Zeroizing::new(format!("{}\n", key.to_text().expose_secret()));
    write_new(path, text.as_bytes())?;
    let recipient = key.recipient().to_string();
    output.say(
        &json!({ "recipient": recipient, "file": path }),
        &format!(
            "{recipient}\nGive this to whoever exports. {} opens what they send: keep it to yourself.",
            path.display()
        ),
    );
    Ok(())
}

/// Packs connections into an encrypted file.
pub(super) async fn export(broker: &Broker, output: Output, arguments: &ExportArguments) -> anyhow::Result<()> {
    if arguments.output.exists() {
        bail!("{} is there already: name another file", arguments.output.display());
    }
    let mut caller = operator(broker, &arguments.target).await?;
    caller.scopes.insert(Scope::CredentialsRead);
    let (parcel, report) = broker.pack(&caller, &arguments.integration, arguments.release).await?;
    if parcel.count() == 0 {
        if !report.is_empty() {
            tell(output, &report);
        }
        let of = match arguments.integration.as_slice() {
            [] => String::new(),
            names => format!(" to {}", names.join(", ")),
        };
        let project = &parcel.project;
        bail!(
            "no file was written: in `{}` of project `{project}` there is no connection{of} that can be moved now; those that failed, or are being refreshed at the moment, are left out",
            parcel.environment
        );
    }
    let sealed = arguments.recipient.seal(&parcel.to_plaintext())?;
    write_new(&arguments.output, &sealed).context(
        "nothing was written; released connections come back with `latchkey connections take-back`, or export them again",
    )?;
    tell(output, &report);
    Ok(())
}

/// Unpacks an encrypted file.
pub(super) async fn import(broker: &Broker, output: Output, arguments: &ImportArguments) -> anyhow::Result<()> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
    let text = Zeroizing::new(read(&arguments.key)?);
    let key = ParcelKey::parse(&String::from_utf8_lossy(&text))?;
    let parcel = Parcel::from_plaintext(&key.open(&read(&arguments.file)?)?)?;
    let project = match &arguments.project {
        Some(id) => Some(id.clone()),
        None => Some(named(broker, &parcel.project).await?),
    };
    let target = ProjectArguments {
        project,
        environment: parcel.environment,
    };
    let caller: Caller = operator(broker, &target).await?;
    let report = broker.unpack(&caller, &parcel, arguments.dry_run).await?;
    tell(output, &report);
    if report
        .iter()
        .any(|moved| ["unpacked", "would_unpack"].contains(&moved.result))
    {
        return Ok(());
    }
    Err(nothing_taken(&report))
}

/// Why an import took nothing, and the way back.
fn nothing_taken(report: &[Moved]) -> anyhow::Error {
    let mut counts = BTreeMap::new();
    for moved in report {
        *counts.entry(moved.result).or_insert(0_usize) += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(result, count)| format!("{count} {result}"))
        .collect();
    let hint = if report.iter().any(|moved| moved.result == "there_already") {
        "What is there already was imported before, and must not be taken back on the other side."
    } else {
        "Mend that and import again, or give the move up: `latchkey connections take-back` where they were makes them usable there again."
    };
    match counts.as_slice() {
        [] => anyhow::anyhow!("nothing was taken: the file holds no connections"),
        counts => anyhow::anyhow!("nothing was taken: {}. {hint}", counts.join(", ")),
    }
}

/// Makes released connections usable here again.
pub(super) async fn take_back(broker: &Broker, output: Output, target: &ProjectArguments) -> anyhow::Result<()> {
    let caller = operator(broker, target).await?;
    let count = broker.store().take_back(caller.project, caller.environment).await?;
    output.say(
        &json!({ "taken_back": count }),
        &format!("{count} connections are refreshed here again."),
    );
    Ok(())
}

/// The only project of this name.
async fn named(broker: &Broker, name: &str) -> anyhow::Result<String> {
    let mut found = broker
        .store()
        .projects()
        .await?
        .into_iter()
        .filter(|project| project.name == name);
    match (found.next(), found.next()) {
        (Some(project), None) => Ok(project.id.to_string()),
        (None, _) => bail!("there is no project `{name}`: make it, or name another with --project"),
        (Some(_), Some(_)) => bail!("there are several projects `{name}`: name one with --project"),
    }
}

fn tell(output: Output, report: &[Moved]) {
    let rows: Vec<Value> = report.iter().map(|moved| json!(moved)).collect();
    output.rows(&rows, &["key", "integration", "result"]);
}

/// Writes a file that was not there, readable by its owner only, and returns when it is on disk.
fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
