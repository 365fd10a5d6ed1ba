//! `latchkey audit`.

use anyhow::{Context as _, bail};
use broker::ProjectId;
use clap::Subcommand;
use store::ChainFault;

use super::output::Output;
use super::target;
use crate::configuration::Configuration;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read every project's chain and tell what was changed or is missing. Fails when anything is.
    Verify {
        /// A head of an earlier report, as PROJECT:NUMBER:TAG. It must still be a part of the chain.
        #[arg(long)]
        noted: Vec<Noted>,
    },
}

/// A head that was noted earlier.
#[derive(Clone, Debug)]
pub(super) struct Noted(ProjectId, i64, Vec<u8>);

impl std::str::FromStr for Noted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no head: write PROJECT:NUMBER:TAG as `latchkey audit verify` prints it");
        let mut parts = text.splitn(3, ':');
        let mut next = || parts.next().ok_or_else(wrong);
        let project = next()?.parse().map_err(|_| wrong())?;
        let no = next()?.parse().map_err(|_| wrong())?;
        let hex = next()?;
        let tag: Option<Vec<u8>> = (0..32)
            .map(|at| u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok())
            .collect();
        let tag = tag.filter(|_| hex.len() == 64).ok_or_else(wrong)?;
        Ok(Self(project, no, tag))
    }
}

pub(super) async fn run(configuration: &Configuration, output: Output, command: Command) -> anyhow::Result<()> {
    let broker = target::broker(configuration).await?;
    let Command::Verify { noted } = command;
    let noted: Vec<_> = noted
        .into_iter()
        .map(|Noted(project, no, tag)| (project, no, tag))
        .collect();
    let report = broker.store().verify_audit(&noted).await?;
    let mut text: Vec<String> = report
        .chains
        .iter()
        .flat_map(|chain| {
            let unchecked = match chain.unchecked {
                0 => String::new(),
                many => {
                    format!(
                        ", {many} of them tagged by another master key: their order is checked, what they say is not"
                    )
                }
            };
            let line = format!("{}  {} entries{unchecked}", chain.head, chain.entries);
            let faults = chain.faults.iter().map(|fault| format!("  {fault}"));
            std::iter::once(line).chain(faults.collect::<Vec<_>>())
        })
        .collect();
    text.push(format!("{} rows are outside of any chain.", report.unchained));
    let value = serde_json::to_value(&report).context("the report cannot be written")?;
    output.say(&value, &text.join("\n"));
    let of_noted = |fault: &ChainFault| matches!(fault, ChainFault::HeadBeyond { .. } | ChainFault::NoSuchChain { .. });
    if !report.intact && report.chains.iter().flat_map(|chain| &chain.faults).all(of_noted) {
        bail!(
            "what was noted is not in the audit log: check the project and the number; if they are right, entries were taken away, so compare the log with a backup"
        );
    }
    if !report.intact {
        bail!(
            "the audit log is not as it was written: compare it with a backup, and look at who can write to the database"
        );
    }
    Ok(())
}
