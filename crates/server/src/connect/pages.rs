//! What the connect and demo pages are given: one struct a template, nothing that decides.
//!
//! Every page takes the nonce of its `Content-Security-Policy`, the addresses of our assets and the texts of its language.
//! Names from outside are escaped by askama and isolated, in sentences by [`Texts`], else with `<bdi>`.

use std::sync::Arc;

use askama::Template;
use broker::{Looks, Style};

use crate::assets::Assets;
use crate::texts::Texts;

/// A project's looks, as far as they are set, for the pages that the server writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brand(Option<Arc<Looks>>);

impl Brand {
    /// Those of a project.
    pub(crate) fn of(looks: Arc<Looks>) -> Self {
        Self(Some(looks))
    }

    /// Fixes light or dark.
    fn theme(&self) -> Option<&'static str> {
        self.0.as_ref()?.theme
    }

    /// Colours, corners and fonts. Written from types that hold nothing else, so it may stand in a style sheet as it is.
    fn style(&self) -> Option<&Style> {
        self.0
            .as_ref()
            .map(|looks| &looks.style)
            .filter(|style| !style.is_empty())
    }

    /// Hides the line "Secured by Latchkey".
    fn white_label(&self) -> bool {
        self.0.as_ref().is_some_and(|looks| looks.white_label)
    }

    /// The icon: the project's, else ours, which a white label goes without.
    fn icon(&self, assets: &Assets) -> Option<String> {
        let own = self.0.as_ref().and_then(|looks| looks.favicon_url.clone());
        own.or_else(|| (!self.white_label()).then(|| assets.url("logos/latchkey.svg")))
    }

    /// The logo's address, where it is ours: these pages load nothing from elsewhere.
    fn logo(&self) -> Option<&str> {
        let logo = self.0.as_ref()?.logo_url.as_deref();
        logo.filter(|address| address.starts_with('/'))
    }

    /// When the logo for dark ground is shown.
    fn dark_media(&self) -> &'static str {
        match self.theme() {
            Some("dark") => "all",
            Some(_) => "not all",
            None => "(prefers-color-scheme: dark)",
        }
    }

    /// The logo on dark ground, where that is another.
    fn dark_logo(&self) -> Option<&str> {
        self.0.as_ref()?.logo_dark_url.as_deref()
    }

    fn privacy(&self) -> Option<&str> {
        self.0.as_ref()?.privacy_url.as_deref()
    }

    fn terms(&self) -> Option<&str> {
        self.0.as_ref()?.terms_url.as_deref()
    }

    /// The project's own words after a service was connected.
    fn success(&self, language: &str) -> Option<&str> {
        self.0.as_ref()?.words(language, |words| words.success.as_ref())
    }
}

/// The project that an embed page belongs to, where the address names one (`/embed/{pub}`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct EmbedProject<'a> {
    /// Its name, shown until the session or the customer's page tells another.
    pub name: &'a str,
    /// Its logo, whose origin `img-src` must allow.
    pub logo_url: Option<&'a str>,
    /// The logo on dark ground.
    pub logo_dark_url: Option<&'a str>,
}

/// `/` and `/embed/{pub}`: the modal inside the customer's page. Header set EMBED.
#[derive(Debug, Template)]
#[template(path = "connect/embed.html")]
pub(crate) struct EmbedPage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// The project's looks; defaults on `/`.
    pub brand: Brand,
    /// Whether our own line is hidden: by all projects that the page may belong to.
    pub white_label: bool,
    /// The texts of its language.
    pub texts: Texts,
    /// The project, on `/embed/{pub}`.
    pub project: Option<EmbedProject<'a>>,
    /// Origins that our own embed script may greet from: the same list as in `frame-ancestors`, an entry may end in `:*`.
    /// Empty: the greeting is not checked in the page, only by `POST /connect/api/session`.
    pub origins: &'a [String],
}

/// `/` and `/embed/{pub}` opened outside a frame: no script at all.
#[derive(Debug, Template)]
#[template(path = "connect/static_notice.html")]
pub(crate) struct StaticNotice<'a> {
    /// Nonce of this answer's policy, for the style sheets.
    pub nonce: &'a str,
    /// Addresses of the style sheets.
    pub assets: &'a Assets,
    /// The project's looks; defaults on `/`.
    pub brand: Brand,
    /// The texts of its language.
    pub texts: Texts,
}

/// `/connect/start`: brings ticket, proof and evidence together and leaves for the service. Header set PASS.
#[derive(Debug, Template)]
#[template(path = "connect/start.html")]
pub(crate) struct StartPage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// The looks of the project whose own domain it is on; elsewhere ours, as the flow is not known yet.
    pub brand: Brand,
    /// The texts of its language.
    pub texts: Texts,
    /// The signed evidence of this request's headers, sent back as it is by `POST /connect/api/start`.
    pub evidence: &'a str,
}

/// `/connect/link/{id}`: a link to reconnect, the same bytes for any. Header set FULL.
#[derive(Debug, Template)]
#[template(path = "connect/link.html")]
pub(crate) struct LinkPage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// The looks of the project whose own domain it is on; which link it is shows the script.
    pub brand: Brand,
    /// The texts of its language.
    pub texts: Texts,
}

/// `/connect/choose`: the list of accounts that a sign-in reaches. Header set PASS.
#[derive(Debug, Template)]
#[template(path = "connect/choose.html")]
pub(crate) struct ChoosePage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// The texts of its language.
    pub texts: Texts,
    /// The looks of the project that the address is of; the list brings the others.
    pub brand: Brand,
    /// Id of the flow (not secret: the browser cookie is needed too).
    pub flow: &'a str,
}

/// A name with its logo. Without a logo the first letter stands on the tile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    /// The name as people know it.
    pub name: &'a str,
    /// A picture that `img-src` allows.
    pub logo_url: Option<&'a str>,
}

/// `/connect/confirm`: "is this your sign-in?". Header set CONFIRM.
#[derive(Debug, Template)]
#[template(path = "connect/confirm.html")]
pub(crate) struct ConfirmPage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// The project's looks.
    pub brand: Brand,
    /// The texts of its language.
    pub texts: Texts,
    /// Id of the flow (not secret: the browser cookie is needed too).
    pub flow: &'a str,
    /// The customer's app.
    pub app: Named<'a>,
    /// The service to connect.
    pub service: Named<'a>,
    /// What the app will be able to do, a sentence each.
    pub access: &'a [String],
    /// Whom the connection will belong to: label, else identity, control characters out, at most 80 characters.
    pub owner: Option<&'a str>,
    /// Host of the page that the person came from.
    pub origin: Option<&'a str>,
    /// When the flow was started, RFC 3339.
    pub started_at: &'a str,
    /// Asks for the four characters that the waiting frame shows (popup mode).
    pub code_required: bool,
}

/// How a flow ended, as far as the done page says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DoneOutcome {
    /// Connected.
    Success,
    /// Not connected, for a reason that `message` gives.
    Failure,
    /// The person stopped it.
    Cancelled,
    /// The sign-in is through, the customer's app has yet to confirm who it was.
    Verifying,
    /// Not over yet.
    Pending,
    /// This browser has no such flow: nothing is said about it.
    Neutral,
}

impl DoneOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Verifying => "verifying",
            Self::Pending => "pending",
            Self::Neutral => "neutral",
        }
    }

    /// Milliseconds until the page closes itself; 0 leaves it open.
    fn close_after(self) -> u32 {
        match self {
            Self::Success => 800,
            Self::Failure | Self::Cancelled => 2000,
            Self::Verifying | Self::Pending | Self::Neutral => 0,
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Success => "check",
            Self::Failure => "circle-alert",
            Self::Cancelled => "ban",
            Self::Verifying | Self::Pending => "clock",
            Self::Neutral => "app-window",
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Success => "sign-good",
            Self::Failure => "sign-bad",
            Self::Cancelled | Self::Verifying | Self::Pending | Self::Neutral => "",
        }
    }
}

/// Where "Back to Shop" leads: the project's `home_url`, else the embedder's origin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BackLink<'a> {
    /// The app's name.
    pub name: &'a str,
    /// An `http` or `https` address.
    pub url: &'a str,
    /// Shown only once the window could not close itself: then it is the tab that the person came in.
    pub hidden: bool,
}

/// `/connect/done`: says how it ended and closes itself. Header set PASS, no account data.
#[derive(Debug, Template)]
#[template(path = "connect/done.html")]
pub(crate) struct DonePage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// The project's looks.
    pub brand: Brand,
    /// The texts of its language.
    pub texts: Texts,
    /// How the flow ended.
    pub outcome: DoneOutcome,
    /// The service's name, unless the outcome is neutral.
    pub service: Option<&'a str>,
    /// The app's name, unless the outcome is neutral.
    pub app: Option<&'a str>,
    /// Why it failed, as a sentence for the person.
    pub message: Option<&'a str>,
    /// The way back, for a tab that stays.
    pub back: Option<BackLink<'a>>,
    /// Id to quote to an operator, on failures.
    pub reference: Option<&'a str>,
}

impl DonePage<'_> {
    fn title(&self) -> String {
        let account = self.texts.get("page-done-account");
        let service = self.service.unwrap_or(&account);
        self.said("title", &[("service", service)])
    }

    fn text(&self) -> String {
        if let (DoneOutcome::Success, Some(own)) = (self.outcome, self.brand.success(self.texts.language())) {
            return own.to_owned();
        }
        if let (DoneOutcome::Failure, Some(message)) = (self.outcome, self.message) {
            return message.to_owned();
        }
        let stand_in = self.texts.get("page-done-app");
        self.said("text", &[("app", self.app.unwrap_or(&stand_in))])
    }

    /// Whether it closes itself, or a way back stands there: then nothing is said of closing it, unless it stays.
    fn leads_on(&self) -> bool {
        self.outcome.close_after() > 0 || self.back.is_some_and(|back| !back.hidden)
    }

    fn said(&self, part: &str, values: &[(&str, &str)]) -> String {
        self.texts
            .with(&format!("page-done-{}-{part}", self.outcome.name()), values)
    }
}

/// A plain page with one thing to say: the callback's 400, 410 and 503, and whatever else has no page of its own.
#[derive(Debug, Template)]
#[template(path = "connect/message.html")]
pub(crate) struct MessagePage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// Looks, when the project is known.
    pub brand: Brand,
    /// The texts of its language.
    pub texts: Texts,
    /// What happened, as a heading.
    pub title: &'a str,
    /// Who can mend it, and how.
    pub text: &'a str,
    /// Address behind "Try again".
    pub retry: Option<&'a str>,
    /// Seconds until the page loads itself again, five times at most (503 while the database is away).
    pub reload_after: Option<u32>,
    /// Id to quote to an operator.
    pub reference: Option<&'a str>,
}

/// `/` and `/embed/{pub}` in a frame, while they cannot be answered. Header set LATER: no script.
#[derive(Debug, Template)]
#[template(path = "connect/later.html")]
pub(crate) struct LaterPage<'a> {
    /// Nonce of this answer's policy, for the style sheets.
    pub nonce: &'a str,
    /// Addresses of the style sheets.
    pub assets: &'a Assets,
    /// The texts of its language.
    pub texts: Texts,
}

/// `/demo`, in development only: a small product that embeds Latchkey. Its policy adds `frame-src 'self'`.
#[derive(Debug, Template)]
#[template(path = "demo/index.html")]
pub(crate) struct DemoPage<'a> {
    /// Nonce of this answer's policy.
    pub nonce: &'a str,
    /// Addresses of scripts and styles.
    pub assets: &'a Assets,
    /// Address of this Latchkey as browsers reach it, without a slash at the end.
    pub base_url: &'a str,
    /// The demo project's publishable id.
    pub publishable_id: &'a str,
}

/// What stands on a tile without a logo.
fn first_letter(name: &str) -> String {
    name.trim()
        .chars()
        .next()
        .map_or_else(|| "?".to_owned(), |letter| letter.to_uppercase().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_that_is_not_over_says_what_to_do() {
        let page = DonePage {
            nonce: "n",
            assets: &Assets::new(),
            brand: Brand::default(),
            texts: Texts::default(),
            outcome: DoneOutcome::Pending,
            service: Some("Gmail"),
            app: Some("Shop"),
            message: None,
            back: None,
            reference: None,
        };
        let text = page.render().unwrap();
        assert!(
            text.contains("Gmail is not connected yet") && text.contains("start again in Shop"),
            "{text}"
        );
        assert!(text.contains("data-outcome=\"pending\"") && text.contains("data-close-after=\"0\""));
    }

    #[test]
    fn first_letter_survives_odd_names() {
        assert_eq!(first_letter(" élan"), "É");
        assert_eq!(first_letter(""), "?");
    }
}
