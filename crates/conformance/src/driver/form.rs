//! What the person reads and may type in.

use serde_json::{Value, json};
use testkit::SHOP;

use super::connect::read;
use super::{Done, Scene};
use crate::sample;
use crate::script::Part;

impl Scene<'_> {
    /// List and form show what the definition says, and refuse what it does not allow.
    pub(super) async fn form(&self) -> Result<Done, String> {
        let mut take = self.take(0)?;
        self.begin(&take).await?;
        let server = &self.stage.server;
        let session = server
            .session(&json!({ "identity": self.identity, "identityType": "user" }))
            .await;
        let browser = server.browser();
        let view = read(
            &browser
                .post("/connect/api/session", Some(&session), &json!({ "embedder": SHOP }))
                .await,
            200,
        )?;
        let listed = view["integrations"].as_array().into_iter().flatten();
        let listed = listed
            .filter(|one| one["id"] == self.script.id.as_str())
            .collect::<Vec<_>>();
        let [listed] = listed.as_slice() else {
            return Err(format!("it is listed {} times", listed.len()));
        };
        self.stage.used("id")?;
        self.stage.used("environments")?;
        for key in ["name", "description", "categories", "aliases"] {
            self.same(&self.script.at(key), &listed[key], key)?;
        }
        let way = self.way();
        let method = &listed["auth"][self.way];
        for key in ["id", "title"] {
            self.same(&way.at(key), &method[key], key)?;
        }
        // A modal has nothing else to do for a server of tools than for any sign-in.
        if self.is_mcp() && method["kind"] == "oauth2" {
            self.stage.used(&way.at("kind").path)?;
        } else {
            self.same(&way.at("kind"), &method["kind"], "kind")?;
        }
        let body = json!({ "integration": self.script.id, "auth": self.way_id() });
        let form = read(&browser.post("/connect/api/form", Some(&session), &body).await, 200)?;
        self.same(&self.script.at("docs"), &form["docs"], "docs")?;
        self.compare_fields(&form)?;
        self.words(&form, &self.stage.player.with(|role| role.scopes_to_read())?)?;

        for given in self.given() {
            if !given.is_operators()
                && let Some(odd) = sample::against_variable(&given)
            {
                let right = take.variables.insert(given.name.to_owned(), odd);
                self.is_refused(&session, &take, given.name).await?;
                take.variables.remove(given.name);
                take.variables.extend(right.map(|right| (given.name.to_owned(), right)));
            }
        }
        for field in self.fields() {
            let name = field.name.to_owned();
            let pattern = field.texts.as_ref().and_then(|field| field.at("pattern").text());
            if let Some(odd) = pattern.and_then(sample::violating) {
                let right = take.secrets.insert(name.clone(), odd);
                self.is_refused(&session, &take, &name).await?;
                take.secrets.remove(&name);
                take.secrets.extend(right.map(|right| (name, right)));
            }
        }
        Ok(Done::Ok)
    }

    /// A value that does not fit is refused at its field, before anything is sent.
    async fn is_refused(&self, session: &str, take: &crate::player::Take, name: &str) -> Result<(), String> {
        let mut body = json!({
            "integration": self.script.id, "auth": self.way_id(), "values": self.typed(take), "name": null, "embedder": SHOP,
        });
        let path = if self.is_by_code() {
            "/connect/api/codes"
        } else if self.signs_in() {
            body["mode"] = json!("popup");
            body["ticket"] = json!(vault::Token::generate().expose());
            body["proof"] = json!(vault::Token::generate().expose());
            "/connect/api/flows"
        } else {
            "/connect/api/submit"
        };
        let answer = self.stage.server.browser().post(path, Some(session), &body).await;
        let problem: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
        if answer.status == 422 && problem["meta"]["fields"].get(name).is_some() {
            Ok(())
        } else {
            Err(format!(
                "`{name}` takes a value that does not fit: {} {}",
                answer.status, answer.text
            ))
        }
    }

    fn compare_fields(&self, form: &Value) -> Result<(), String> {
        let shown = form["fields"].as_array().cloned().unwrap_or_default();
        let mut expected = 0;
        for given in self.given() {
            let (name, variable) = (given.name, &given.part);
            self.stage.used(&variable.at("set_by").path)?;
            if given.is_operators() {
                continue;
            }
            let field = named(&shown, name)?;
            expected += 1;
            self.texts(variable, field)?;
            self.same(&variable.at("default"), &field["default"], name)?;
            let required = !given.is_optional() && !variable.at("default").is_there();
            let (other, kind) = (variable.at("other"), variable.at("type"));
            if field["secret"] != false
                || field["required"] != required
                || field["type"] != kind.text_or("text")
                || field["other"] != other.is_there()
            {
                return Err(format!("{}: the form has {field}", variable.path));
            }
            self.stage.used(&variable.at("secret").path)?;
            let choices = variable.at("choices").items();
            for (position, choice) in choices.iter().enumerate() {
                let shown = &field["choices"][position];
                let value = choice.at("value").text_or("");
                let label = choice.at("label");
                if shown["value"] != value || shown["label"] != label.text_or(value) {
                    return Err(format!("{}: {shown} is shown", choice.path));
                }
                self.stage.used(&label.path)?;
            }
        }
        for field in self.fields() {
            let shown = named(&shown, field.name)?;
            expected += 1;
            self.stage.used(&field.title.path)?;
            if shown["label"] != field.title.text_or(field.title_or) {
                return Err(format!("{}: {} is shown", field.title.path, shown["label"]));
            }
            if shown["secret"] != true {
                return Err(format!("{}: it is no secret in the form", field.title.path));
            }
            if let Some(field) = &field.texts {
                self.texts(field, shown)?;
                if shown["required"] == field.at("optional").is_true()
                    || shown["type"] != field.at("type").text_or("text")
                {
                    return Err(format!("{}: the form has {shown}", field.path));
                }
                self.stage.used(&field.at("secret").path)?;
                self.stage.used(&field.at("type").path)?;
                self.stage.used(&field.at("pattern").path)?;
            }
            if self.way().at("help_url").is_there() {
                self.same(&self.way().at("help_url"), &shown["help_url"], "help_url")?;
            }
        }
        if shown.len() == expected {
            Ok(())
        } else {
            Err(format!(
                "the form has {} fields, the definition {expected}",
                shown.len()
            ))
        }
    }

    fn texts(&self, part: &Part<'_>, field: &Value) -> Result<(), String> {
        self.same(&part.at("title"), &field["label"], "label")?;
        self.same(&part.at("help"), &field["help"], "help")?;
        self.same(&part.at("placeholder"), &field["placeholder"], "placeholder")
    }

    /// The words for scopes that the person reads.
    pub(super) fn words(&self, form: &Value, scopes: &[String]) -> Result<(), String> {
        let known = self.way().at("scopes").at("known");
        let mut expected = Vec::new();
        for scope in scopes {
            let words = known.at(scope);
            if let Some(text) = words.text() {
                expected.push(json!(text));
                self.stage.used(&words.path)?;
            }
        }
        if form["access"].as_array() == Some(&expected) {
            Ok(())
        } else {
            Err(format!("the person reads {}, not {expected:?}", form["access"]))
        }
    }

    /// What is shown is what is written. A key that is not written is not compared: what stands in for it is not here.
    fn same(&self, part: &Part<'_>, shown: &Value, what: &str) -> Result<(), String> {
        let Some(written) = part.value() else { return Ok(()) };
        self.stage.used(&part.path)?;
        // Addresses are shown as browsers write them.
        let trimmed = |value: &Value| value.as_str().map(|text| text.trim_end_matches('/').to_owned());
        if written == shown || (written.is_string() && trimmed(written) == trimmed(shown)) {
            Ok(())
        } else {
            Err(format!(
                "{what}: {shown} is shown, {written} is written ({})",
                part.path
            ))
        }
    }
}

fn named<'a>(fields: &'a [Value], name: &str) -> Result<&'a Value, String> {
    let found = fields.iter().find(|field| field["name"] == name);
    found.ok_or_else(|| format!("the form has no field `{name}`"))
}
