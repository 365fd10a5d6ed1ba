//! The beginning of a definition.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use catalog::scaffold::{self, Draft, KeyPlace, OAuth2, SignIn};
use catalog::{Files, Problem};
use clap::{Args, ValueEnum};
use protocol::egress::{ANSWER_LIMIT, Egress};
use serde_json::{Value, json};

use super::super::output::Output;
use crate::composition;
use crate::configuration::Configuration;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// The id, as `acme-crm`; made of the name without.
    id: Option<String>,
    /// The name that people know.
    #[arg(long)]
    name: Option<String>,
    /// One sentence on what the service is.
    #[arg(long)]
    description: Option<String>,
    /// Where it stands in lists, as `crm`; repeat for more.
    #[arg(long = "category", value_name = "WORD")]
    categories: Vec<String>,
    /// The API's documents.
    #[arg(long, value_name = "URL")]
    docs: Option<String>,
    /// A page of the provider that the facts are from; repeat for more. The documents without.
    #[arg(long = "source", value_name = "URL")]
    sources: Vec<String>,
    /// An OpenID provider, whose addresses are read from `/.well-known/openid-configuration`; or a file with that document.
    #[arg(long, value_name = "ISSUER", conflicts_with_all = ["openapi", "kind"])]
    openid: Option<String>,
    /// An OpenAPI document (version 3), JSON or YAML, whose security schemes are taken.
    #[arg(long, value_name = "FILE", conflicts_with = "kind")]
    openapi: Option<PathBuf>,
    /// A value that people are asked for and that is no secret, as `subdomain`; repeat for more. Addresses name it
    /// `${variables.subdomain}`.
    #[arg(long = "variable", value_name = "NAME")]
    variables: Vec<String>,
    /// How people sign in.
    #[arg(long)]
    kind: Option<Kind>,
    /// The authorization endpoint.
    #[arg(long, value_name = "URL")]
    authorize: Option<String>,
    /// The token endpoint.
    #[arg(long, value_name = "URL")]
    token: Option<String>,
    /// Send client id and secret in the body of the token request, in place of HTTP Basic.
    #[arg(long)]
    client_auth_in_body: bool,
    /// The revocation endpoint.
    #[arg(long, value_name = "URL")]
    revoke: Option<String>,
    /// A scope to ask for; repeat for more.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Where an operator registers an OAuth app.
    #[arg(long, value_name = "URL")]
    setup: Option<String>,
    /// The header that a key is sent in; `Authorization: Bearer KEY` without.
    #[arg(long, value_name = "NAME", conflicts_with = "query")]
    header: Option<String>,
    /// The query parameter that a key is sent in.
    #[arg(long, value_name = "NAME")]
    query: Option<String>,
    /// The API's base address.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A call that proves a credential: a path behind the base address, or a whole address.
    #[arg(long, value_name = "PATH")]
    check: Option<String>,
    /// Where the account's id stands in its answer, as `user.id`.
    #[arg(long, value_name = "FIELD")]
    account_id: Option<String>,
    /// Where the account's name stands in its answer.
    #[arg(long, value_name = "FIELD")]
    account_name: Option<String>,
    /// Why there is no such call.
    #[arg(long, value_name = "REASON", conflicts_with = "check")]
    check_off_reason: Option<String>,
    /// The file to write; `-` prints. Without it, `ID.yaml` in the folder of `LATCHKEY_INTEGRATIONS_DIR`, or here.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

/// How people sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// OAuth 2, in a window of the service.
    Oauth2,
    /// A key that people paste.
    #[value(alias = "api_key")]
    ApiKey,
    /// A user name and a password.
    Basic,
}

pub(super) async fn run(configuration: &Configuration, output: Output, arguments: Arguments) -> anyhow::Result<()> {
    let mut draft = draft(configuration, &arguments).await?;
    let asked = std::io::stdin().is_terminal() && !output.json;
    if asked {
        ask(&mut draft)?;
    }
    if draft.id.is_empty() {
        draft.id = scaffold::id_from(draft.name.as_deref().unwrap_or_default());
    }
    if draft.id.is_empty() {
        bail!("what is it? Give an id or a name, as `latchkey integrations new acme --name Acme`");
    }
    if draft.sources.is_empty()
        && let Some(docs) = &draft.docs
    {
        draft.sources.push((docs.clone(), Vec::new()));
    }
    let text = draft.yaml("./schema.json");
    let folder = configuration.integrations_dir.clone().unwrap_or_default();
    let path = arguments
        .out
        .clone()
        .unwrap_or_else(|| folder.join(format!("{}.yaml", draft.id)));
    let printed = path == Path::new("-");
    let name = format!("{}.yaml", draft.id);
    let files = Files::new([(name, text.clone())]);
    let problems = catalog::load_beside(&composition::built_in(), &files).problems;
    let (mistakes, missing): (Vec<_>, Vec<_>) = problems.iter().partition(|problem| is_mistake(problem, &text));
    let tell = |problems: &[&Problem]| -> String {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n  ")
    };
    // Answers to questions and what a document says are kept in the file; options can be given once more.
    let kept = mistakes.is_empty() || asked || arguments.openid.is_some() || arguments.openapi.is_some();
    if kept && !printed {
        write(&path, &text, arguments.force)?;
    }
    let file = (kept && !printed).then_some(&path);
    let value = json!({ "id": draft.id, "file": file, "yaml": text, "problems": problems });
    if !kept {
        if output.json {
            output.value(&value);
        }
        bail!(
            "nothing was written, because what was given has mistakes:\n  {}{}",
            tell(&mistakes),
            if mistakes.iter().any(|problem| problem.message.contains("`variables")) {
                "\n`--variable NAME` declares a variable."
            } else {
                ""
            }
        );
    }
    let shown = path.display();
    let said = match (printed, problems.is_empty()) {
        (true, _) => text.trim_end().to_owned(),
        (false, true) => {
            format!(
                "{shown} is written, without mistakes. Next: latchkey integrations try {}",
                draft.id
            )
        }
        (false, false) => format!("{shown} is written."),
    };
    output.say(&value, &said);
    if problems.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    if !mistakes.is_empty() {
        writeln!(text, "the definition has mistakes:\n  {}", tell(&mistakes))?;
    }
    if !missing.is_empty() {
        write!(text, "the definition lacks:\n  {}", tell(&missing))?;
    }
    let left = to_find(&draft);
    if !left.is_empty() {
        text.push_str("\nStill to find in the service's documents:");
        for (option, place) in left {
            write!(text, "\n  {option:<22}{place}")?;
        }
        if !printed {
            write!(
                text,
                "\nWrite it into {shown}, or give the options once more with --force."
            )?;
        }
    }
    bail!("{text}")
}

/// Whether a problem is of a value that was given; else something is not there yet. What is missing is told at the key
/// around it, a value where it stands.
fn is_mistake(problem: &Problem, text: &str) -> bool {
    let (Some(line), Some(column)) = (problem.line, problem.column) else {
        return true;
    };
    if problem.message.contains("is missing") {
        return false;
    }
    let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = text.lines().nth(index(line)).unwrap_or_default();
    let there: String = line.chars().skip(index(column)).collect();
    let key = there
        .split_once(':')
        .filter(|(_, rest)| rest.is_empty() || rest.starts_with(' '));
    let is_key = key.is_some_and(|(key, _)| {
        key.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    });
    problem.at.starts_with("variables.") || !(there.trim().is_empty() || is_key)
}

/// What is not there yet and which option gives it, with where documents have it.
fn to_find(draft: &Draft) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    let mut lacks = |is_there: bool, option, place| {
        if !is_there {
            all.push((option, place));
        }
    };
    lacks(
        draft.description.is_some(),
        "--description TEXT",
        "one sentence on what the service is",
    );
    lacks(
        draft.docs.is_some(),
        "--docs URL",
        "the first page of the API's documents",
    );
    for sign_in in &draft.sign_in {
        let SignIn::OAuth2(oauth2) = sign_in else { continue };
        let authorize =
            "the “authorization URL” or “authorize endpoint”, on the page about OAuth: where the browser is sent";
        lacks(oauth2.authorize.is_some(), "--authorize URL", authorize);
        let token = "the “token URL” or “access token endpoint”, on the same page: what a code is sent to";
        lacks(oauth2.token.is_some(), "--token URL", token);
        let place = "in the example of the token request: with `client_secret` in its body this is needed, with `Authorization: Basic` not";
        lacks(oauth2.token.is_some() || oauth2.in_body, "--client-auth-in-body", place);
        let scopes = "the list of scopes or permissions: the least that your product needs; some services have none";
        lacks(!oauth2.default_scopes.is_empty(), "--scope SCOPE", scopes);
        let setup = "the page where one registers an app and gets a client id: “developer console”, “my apps”";
        lacks(oauth2.setup.is_some(), "--setup URL", setup);
        let revoke = "“revoke” or “deauthorize”, where the service has it";
        lacks(oauth2.revoke.is_some(), "--revoke URL", revoke);
    }
    let base = "the part that all calls in the reference begin with";
    lacks(draft.base_url.is_some(), "--base-url URL", base);
    let check = "a call that tells who one is: “current user”, “me”, “whoami”, “account”";
    lacks(
        draft.check.is_some() || draft.check_off_reason.is_some(),
        "--check PATH",
        check,
    );
    lacks(
        draft.account_id.is_some() || draft.check_off_reason.is_some(),
        "--account-id FIELD",
        "where its answer has the account's id, as `user.id`",
    );
    all
}

async fn draft(configuration: &Configuration, arguments: &Arguments) -> anyhow::Result<Draft> {
    let mut draft = Draft {
        id: arguments.id.clone().unwrap_or_default(),
        name: arguments.name.clone(),
        description: arguments.description.clone(),
        categories: arguments.categories.clone(),
        docs: arguments.docs.clone(),
        sources: arguments.sources.iter().map(|url| (url.clone(), Vec::new())).collect(),
        variables: arguments.variables.clone(),
        base_url: arguments.base_url.clone(),
        check: arguments.check.clone(),
        account_id: arguments.account_id.clone(),
        account_name: arguments.account_name.clone(),
        check_off_reason: arguments.check_off_reason.clone(),
        ..Draft::default()
    };
    if let Some(issuer) = &arguments.openid {
        let (metadata, address) = metadata(configuration, issuer).await?;
        scaffold::from_openid(&mut draft, &metadata, &address);
    }
    if let Some(file) = &arguments.openapi {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let document = scaffold::read_openapi(&text).with_context(|| file.display().to_string())?;
        scaffold::from_openapi(&mut draft, &document, None);
    }
    if let Some(kind) = arguments.kind {
        draft.sign_in.push(match kind {
            Kind::Oauth2 => SignIn::OAuth2(Box::default()),
            Kind::ApiKey => SignIn::Key(match (&arguments.header, &arguments.query) {
                (Some(header), _) => KeyPlace::Header(header.clone()),
                (None, Some(query)) => KeyPlace::Query(query.clone()),
                (None, None) => KeyPlace::Bearer,
            }),
            Kind::Basic => SignIn::Basic,
        });
    }
    for sign_in in &mut draft.sign_in {
        if let SignIn::OAuth2(oauth2) = sign_in {
            given(oauth2, arguments);
        }
    }
    Ok(draft)
}

/// What stands on the command line wins.
fn given(oauth2: &mut OAuth2, arguments: &Arguments) {
    let parts = [
        (&mut oauth2.authorize, &arguments.authorize),
        (&mut oauth2.token, &arguments.token),
        (&mut oauth2.revoke, &arguments.revoke),
        (&mut oauth2.setup, &arguments.setup),
    ];
    for (part, given) in parts {
        if given.is_some() {
            part.clone_from(given);
        }
    }
    oauth2.in_body |= arguments.client_auth_in_body;
    if !arguments.scopes.is_empty() {
        oauth2.default_scopes.clone_from(&arguments.scopes);
    }
}

/// The metadata of an OpenID provider, with its address.
async fn metadata(configuration: &Configuration, issuer: &str) -> anyhow::Result<(Value, String)> {
    let file = Path::new(issuer);
    if file.is_file() {
        let text = std::fs::read_to_string(file)?;
        let metadata: Value = serde_json::from_str(&text).with_context(|| format!("{issuer} is no JSON"))?;
        let named = metadata["issuer"].as_str().unwrap_or_default();
        let address = well_known(named);
        return Ok((metadata, address));
    }
    let address = well_known(issuer);
    let request = http::Request::get(address.as_str())
        .header(http::header::ACCEPT, "application/json")
        .body(Bytes::new())
        .with_context(|| format!("`{issuer}` is no address and no file"))?;
    let egress = Egress::new(composition::egress_policy(configuration)?)?;
    let answer = egress
        .call(request, ANSWER_LIMIT)
        .await
        .with_context(|| format!("{address} cannot be read"))?;
    if answer.status() != 200 {
        bail!("{address} answered with HTTP {}", answer.status().as_u16());
    }
    let metadata: Value = serde_json::from_slice(answer.body()).with_context(|| format!("{address} is no JSON"))?;
    Ok((metadata, address))
}

fn well_known(issuer: &str) -> String {
    const PATH: &str = "/.well-known/openid-configuration";
    let issuer = issuer.trim_end_matches('/');
    if issuer.ends_with(PATH) {
        return issuer.to_owned();
    }
    format!("{issuer}{PATH}")
}

fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    if path.exists() && !force {
        bail!(
            "{} is there already: --force writes over it, --out names another file",
            path.display()
        );
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    // The file names it, so that an editor completes and checks.
    let schema = folder.join("schema.json");
    if !schema.exists() {
        std::fs::write(schema, format!("{:#}\n", catalog::json_schema()))?;
    }
    Ok(())
}

/// Asks for what is missing. An empty answer leaves it out.
fn ask(draft: &mut Draft) -> anyhow::Result<()> {
    fill(&mut draft.name, "Name, as people know it")?;
    if draft.id.is_empty() {
        let made = scaffold::id_from(draft.name.as_deref().unwrap_or_default());
        let answer = question(&format!("Id [{made}]"))?;
        draft.id = if answer.is_empty() { made } else { answer };
    }
    fill(&mut draft.description, "One sentence on what it is")?;
    fill(&mut draft.docs, "Address of its API documents")?;
    if draft.sign_in.is_empty() {
        let kind = choice(
            "How do people sign in? oauth2, api-key or basic",
            &["oauth2", "api-key", "basic"],
        )?;
        draft.sign_in.push(match kind {
            "oauth2" => SignIn::OAuth2(Box::default()),
            "basic" => SignIn::Basic,
            _ => SignIn::Key(ask_place()?),
        });
    }
    for sign_in in &mut draft.sign_in {
        if let SignIn::OAuth2(oauth2) = sign_in {
            ask_oauth2(oauth2)?;
        }
    }
    fill(
        &mut draft.base_url,
        "Base address of the API, as https://api.acme.com/v1",
    )?;
    if draft.check.is_none() && draft.check_off_reason.is_none() {
        fill(
            &mut draft.check,
            "Path of a call that tells who the credential belongs to, as /me (empty: there is none)",
        )?;
        if draft.check.is_none() {
            fill(&mut draft.check_off_reason, "Why is there none")?;
        }
    }
    if draft.check.is_some() {
        fill(
            &mut draft.account_id,
            "Where the account's id stands in its answer, as user.id",
        )?;
        fill(&mut draft.account_name, "Where its name or email stands")?;
    }
    Ok(())
}

fn ask_place() -> anyhow::Result<KeyPlace> {
    let answer = question("The header of the key, or ?name for a query parameter [Authorization: Bearer KEY]")?;
    Ok(match answer.strip_prefix('?') {
        Some(query) => KeyPlace::Query(query.to_owned()),
        None if answer.is_empty() => KeyPlace::Bearer,
        None => KeyPlace::Header(answer),
    })
}

fn ask_oauth2(oauth2: &mut OAuth2) -> anyhow::Result<()> {
    if oauth2.authorize.is_none() {
        fill(&mut oauth2.authorize, "Authorization endpoint")?;
        fill(&mut oauth2.token, "Token endpoint")?;
        let place = choice(
            "Client id and secret at the token endpoint: basic or body",
            &["basic", "body"],
        )?;
        oauth2.in_body = place == "body";
        fill(&mut oauth2.revoke, "Revocation endpoint (empty: there is none)")?;
    }
    if oauth2.default_scopes.is_empty() {
        let answer = question("Scopes to ask for, with spaces between")?;
        oauth2.default_scopes = answer.split_whitespace().map(str::to_owned).collect();
    }
    fill(&mut oauth2.setup, "Page where an OAuth app is registered")
}

fn fill(part: &mut Option<String>, what: &str) -> anyhow::Result<()> {
    if part.is_none() {
        let answer = question(what)?;
        *part = (!answer.is_empty()).then_some(answer);
    }
    Ok(())
}

fn choice<'a>(what: &str, choices: &[&'a str]) -> anyhow::Result<&'a str> {
    loop {
        let answer = question(what)?;
        if let Some(found) = choices.iter().find(|choice| **choice == answer) {
            return Ok(found);
        }
    }
}

/// Questions go to standard error: standard output is for the answer of the command.
fn question(what: &str) -> anyhow::Result<String> {
    let mut terminal = std::io::stderr().lock();
    write!(terminal, "{what}: ")?;
    terminal.flush()?;
    let mut answer = String::new();
    if std::io::stdin().read_line(&mut answer)? == 0 {
        bail!("the answers ended before the questions did; nothing was written");
    }
    Ok(answer.trim().to_owned())
}
