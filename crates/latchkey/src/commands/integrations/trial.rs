//! What a definition would send, with sample values.

use std::path::PathBuf;

use anyhow::Context as _;
use broker::{Trial, Tried};
use clap::Args;
use serde_json::{Value, json};

use super::super::output::Output;
use super::{find, loaded_with_stored};
use crate::composition;
use crate::configuration::Configuration;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// The integration, as `slack`.
    integration: String,
    /// A value of a variable, as `domain=acme`; repeat for more. Otherwise its default or its placeholder is taken.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// A file with the JSON that the service answers to the check: shows which account it would be.
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
}

pub(super) async fn run(configuration: &Configuration, output: Output, arguments: &Arguments) -> anyhow::Result<()> {
    let loaded = loaded_with_stored(configuration).await?;
    let integration = find(configuration, &loaded, &arguments.integration)?;
    let trial = Trial::new(composition::egress_policy(configuration)?)?;
    let answer = match &arguments.answer {
        None => None,
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
            Some(serde_json::from_str::<Value>(&text).with_context(|| format!("{} is no JSON", file.display()))?)
        }
    };
    let variables = arguments.variables.iter().map(|pair| {
        let (name, value) = pair
            .split_once('=')
            .with_context(|| format!("`{pair}`: write --variable name=value"))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    let variables = variables.collect::<anyhow::Result<Vec<_>>>()?;
    let ways = trial.run(integration, &variables, answer.as_ref()).await?;
    let value = json!({ "integration": integration.id, "ways": ways });
    let mut lines = vec![format!("{}, with sample values; nothing was sent.", integration.name)];
    for way in ways.iter().map(Tried::new) {
        lines.push(format!("\n{} ({})", way.title, way.kind));
        lines.extend(way.lines.iter().map(|(name, text)| format!("  {name:<10}{text}")));
    }
    output.say(&value, &lines.join("\n"));
    Ok(())
}
