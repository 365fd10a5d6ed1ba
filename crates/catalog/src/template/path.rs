//! A path behind the base address, perhaps with a query.

use super::url::{HostRuleError, check_tail, render_tail};
use super::{Expression, Inputs, Name, Part, RenderError, Template};

/// A path behind `api.base_url`. It can name no host: it is joined behind the base as a caller's path is.
#[derive(Clone, Debug)]
pub struct PathTemplate {
    template: Template,
    whole: Option<Name>,
}

impl PathTemplate {
    /// `whole` says whether an input is a path by itself; such a one stands alone.
    pub(crate) fn new(template: Template, whole: impl Fn(&Name) -> bool) -> Result<Self, HostRuleError> {
        if let [Part::Expression(Expression::Name(name))] = template.parts()
            && whole(name)
        {
            let whole = Some(name.clone());
            return Ok(Self { template, whole });
        }
        if let Some(name) = template.names().into_iter().find(|name| whole(name)) {
            return Err(HostRuleError(format!(
                "`{name}` is a whole path: it stands alone, as `${{{name}}}`"
            )));
        }
        let shape: String = template
            .parts()
            .iter()
            .map(|part| if let Part::Literal(text) = part { text } else { "x" })
            .collect();
        if !is_plain_path(&shape) {
            return Err(HostRuleError(format!(
                "`{}` is no plain path: it begins with one `/`, and has no `.` or `..` segment and no `#`",
                template.source()
            )));
        }
        check_tail(template.parts())?;
        Ok(Self { template, whole: None })
    }

    /// The template that it was made from.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Path and query, encoded.
    pub fn render(&self, inputs: &Inputs<'_>) -> Result<String, RenderError> {
        let Some(name) = &self.whole else {
            return render_tail(self.template.parts(), inputs);
        };
        let path = inputs.get(name)?;
        if is_plain_path(&path) {
            Ok(path.into_owned())
        } else {
            Err(RenderError::Url("it is no plain path"))
        }
    }
}

/// A path that begins with one `/`, perhaps with a query, and means the same to every parser.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let plain = path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\#".contains(&byte));
    let dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    plain && path.starts_with('/') && !path.starts_with("//") && !path.split(['/', '?']).any(dots)
}
