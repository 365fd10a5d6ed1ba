//! The beginning of a definition: written from answers, from what an OpenID provider says about itself, or from an OpenAPI
//! document. What comes out is a file for a person to go on with; the checks of this crate say what it lacks.

mod actions;
mod openapi;
mod openid;
mod yaml;

pub use self::actions::{ImportedActions, Wanted, import_actions};
pub use self::openapi::{OpenApiError, from_openapi, read_openapi};
pub use self::openid::from_openid;
use self::yaml::{Writer, text};

/// What is known of a service. What is not known is left out of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The id.
    pub id: String,
    /// The name that people know.
    pub name: Option<String>,
    /// One sentence.
    pub description: Option<String>,
    /// Where it stands in lists.
    pub categories: Vec<String>,
    /// The API's documents.
    pub docs: Option<String>,
    /// The documents that this was written from, with what was read there.
    pub sources: Vec<(String, Vec<&'static str>)>,
    /// Values that are asked for and are no secrets, as the subdomain of a customer.
    pub variables: Vec<String>,
    /// The ways to sign in.
    pub sign_in: Vec<SignIn>,
    /// The API's base address.
    pub base_url: Option<String>,
    /// Path or address of a call that proves a credential.
    pub check: Option<String>,
    /// The account's id in its answer, as `sub`.
    pub account_id: Option<String>,
    /// The account's name in its answer.
    pub account_name: Option<String>,
    /// Why there is no check.
    pub check_off_reason: Option<String>,
}

/// A way to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// The authorization code grant of OAuth 2.
    OAuth2(Box<OAuth2>),
    /// One secret, sent with each call.
    Key(KeyPlace),
    /// A user name and a password (RFC 7617).
    Basic,
}

/// An OAuth 2 sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OAuth2 {
    /// The authorization endpoint.
    pub authorize: Option<String>,
    /// The token endpoint.
    pub token: Option<String>,
    /// Whether the client authenticates in the body; else by HTTP Basic.
    pub in_body: bool,
    /// The revocation endpoint.
    pub revoke: Option<String>,
    /// The issuer, where answers of the authorization endpoint carry it.
    pub issuer: Option<String>,
    /// Scopes to ask for.
    pub default_scopes: Vec<String>,
    /// Scopes with what they mean.
    pub known_scopes: Vec<(String, String)>,
    /// Where an operator registers an app.
    pub setup: Option<String>,
}

/// Where a key is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of this name.
    Header(String),
    /// A query parameter of this name.
    Query(String),
}

impl Draft {
    /// The file. `schema` is the address of the JSON Schema for editors.
    pub fn yaml(&self, schema: &str) -> String {
        let mut file = Writer::default();
        file.line(0, &format!("# yaml-language-server: $schema={schema}"));
        file.pair(0, "id", &self.id);
        file.pair(0, "name", self.name.as_deref().unwrap_or(&self.id));
        if let Some(description) = &self.description {
            file.pair(0, "description", description);
        }
        if !self.categories.is_empty() {
            let words: Vec<String> = self.categories.iter().map(|word| text(word)).collect();
            file.line(0, &format!("categories: [{}]", words.join(", ")));
        }
        if let Some(docs) = &self.docs {
            file.pair(0, "docs", docs);
        }
        self.write_sources(&mut file);
        if !self.variables.is_empty() {
            file.blank();
            file.line(0, "variables:");
        }
        for name in &self.variables {
            let words = name.replace('_', " ");
            let mut letters = words.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            file.line(2, &format!("{}:", text(name)));
            file.pair(4, "title", &first.into_iter().chain(letters).collect::<String>());
        }
        file.blank();
        self.write_auth(&mut file);
        file.blank();
        file.line(0, "api:");
        if let Some(base) = &self.base_url {
            file.pair(2, "base_url", base);
        }
        if let [only] = self.sign_in.as_slice() {
            write_sending(&mut file, 2, only);
        }
        file.blank();
        self.write_check(&mut file);
        file.text()
    }

    fn write_sources(&self, file: &mut Writer) {
        if self.sources.is_empty() {
            return;
        }
        file.line(0, "sources:");
        for (url, fields) in &self.sources {
            if fields.is_empty() {
                file.line(2, &format!("- {}", text(url)));
            } else {
                file.line(2, &format!("- url: {}", text(url)));
                file.line(4, &format!("fields: [{}]", fields.join(", ")));
            }
        }
    }

    fn write_auth(&self, file: &mut Writer) {
        file.line(0, "auth:");
        let name = self.name.as_deref().unwrap_or(&self.id);
        for (index, sign_in) in self.sign_in.iter().enumerate() {
            match sign_in {
                SignIn::OAuth2(oauth2) => {
                    file.line(2, "- kind: oauth2");
                    write_id(file, &self.sign_in, index);
                    file.pair(4, "title", &format!("Sign in with {name}"));
                    oauth2.write(file);
                }
                SignIn::Key(_) => {
                    file.line(2, "- kind: api_key");
                    write_id(file, &self.sign_in, index);
                    file.pair(4, "title", "Enter an API key");
                    file.line(4, "fields:");
                    file.line(6, "- name: api_key");
                    file.pair(8, "title", "API key");
                }
                SignIn::Basic => {
                    file.line(2, "- kind: api_key");
                    write_id(file, &self.sign_in, index);
                    file.pair(4, "title", "Enter user name and password");
                    file.line(4, "fields:");
                    for (field, title) in [("username", "User name"), ("password", "Password")] {
                        file.pair(6, "- name", field);
                        file.pair(8, "title", title);
                    }
                }
            }
            if self.sign_in.len() > 1 {
                write_sending(file, 4, sign_in);
            }
        }
    }

    fn write_check(&self, file: &mut Writer) {
        if let Some(check) = &self.check {
            file.line(0, "check:");
            file.pair(2, "get", check);
            if self.account_id.is_some() || self.account_name.is_some() {
                file.line(2, "account:");
            }
            for (key, path) in [("id", &self.account_id), ("name", &self.account_name)] {
                if let Some(path) = path {
                    file.pair(4, key, &format!("${{body.{path}}}"));
                }
            }
        } else if let Some(reason) = &self.check_off_reason {
            file.pair(0, "check_off_reason", reason);
        }
    }
}

/// An id is needed only where two ways to sign in have the same kind.
fn write_id(file: &mut Writer, all: &[SignIn], index: usize) {
    let kind = |sign_in: &SignIn| matches!(sign_in, SignIn::OAuth2(_));
    let same = all[..index]
        .iter()
        .filter(|other| kind(other) == kind(&all[index]))
        .count();
    if same > 0 {
        let name = if kind(&all[index]) { "oauth2" } else { "api_key" };
        file.pair(4, "id", &format!("{name}_{}", same + 1));
    }
}

fn write_sending(file: &mut Writer, indent: usize, sign_in: &SignIn) {
    let (list, name, value) = match sign_in {
        SignIn::OAuth2(_) => ("headers", "Authorization", "Bearer ${credential.access_token}"),
        SignIn::Key(KeyPlace::Bearer) => ("headers", "Authorization", "Bearer ${credential.api_key}"),
        SignIn::Key(KeyPlace::Header(name)) => ("headers", name.as_str(), "${credential.api_key}"),
        SignIn::Key(KeyPlace::Query(name)) => ("query", name.as_str(), "${credential.api_key}"),
        SignIn::Basic => (
            "headers",
            "Authorization",
            "Basic ${base64(credential.username \":\" credential.password)}",
        ),
    };
    file.line(indent, &format!("{list}:"));
    file.pair(indent + 2, &text(name), value);
}

impl OAuth2 {
    fn write(&self, file: &mut Writer) {
        if let Some(issuer) = &self.issuer {
            file.pair(4, "issuer", issuer);
        }
        if let Some(url) = &self.authorize {
            file.line(4, "authorize:");
            file.pair(6, "url", url);
        }
        if let Some(url) = &self.token {
            file.line(4, "token:");
            file.pair(6, "url", url);
            file.pair(6, "client_auth", if self.in_body { "body" } else { "basic" });
        }
        if let Some(url) = &self.revoke {
            file.line(4, "revoke:");
            file.pair(6, "url", url);
        }
        if !self.default_scopes.is_empty() || !self.known_scopes.is_empty() {
            file.line(4, "scopes:");
            let words: Vec<String> = self.default_scopes.iter().map(|scope| text(scope)).collect();
            if !words.is_empty() {
                file.line(6, &format!("default: [{}]", words.join(", ")));
            }
            if !self.known_scopes.is_empty() {
                file.line(6, "known:");
            }
            for (scope, meaning) in &self.known_scopes {
                file.pair(8, &text(scope), meaning);
            }
        }
        if let Some(setup) = &self.setup {
            file.pair(4, "setup", setup);
        }
    }
}

/// An id from a name: `Acme CRM` is `acme-crm`.
pub fn id_from(name: &str) -> String {
    let mut id = String::new();
    for character in name.trim().chars().flat_map(char::to_lowercase) {
        if character.is_ascii_lowercase() || character.is_ascii_digit() {
            id.push(character);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(63);
    id.trim_end_matches('-').to_owned()
}

/// One line of at most so many characters, cut at a word.
fn one_line(source: &str, most: usize) -> String {
    let line = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let printable: String = line.chars().filter(|character| !character.is_control()).collect();
    if printable.chars().count() <= most {
        return printable;
    }
    let cut: String = printable.chars().take(most.saturating_sub(1)).collect();
    let end = cut.rfind(' ').unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([',', ';', ':']))
}

/// The first sentence of a text, without marks of Markdown at its beginning.
fn first_sentence(source: &str) -> String {
    let lines = source
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let paragraph: Vec<&str> = lines.take(4).collect();
    let whole = one_line(&paragraph.join(" "), 400);
    match whole.find(". ") {
        Some(end) => whole[..=end].to_owned(),
        None => whole,
    }
}

#[cfg(test)]
mod tests;
