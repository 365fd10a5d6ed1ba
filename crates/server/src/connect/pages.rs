//! What the connect and demo pages are given: one struct a template, nothing that decides.
//!
//! Every page takes the nonce of its `Content-Security-Policy`, the addresses of our assets and the texts of its language.
//! Names from outside are escaped by askama and isolated, in sentences by [`Texts`], else with `<bdi>`.

use std::fmt;

use askama::Template;

use crate::assets::Assets;
use crate::texts::Texts;

/// The colour scheme that a project fixes. Without one a page follows the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}

impl fmt::Display for Theme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Light => "light",
            Self::Dark => "dark",
        })
    }
}

/// An accent colour as `#rrggbb`. It is written into a style sheet, so it can be nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accent(String);

impl Accent {
    /// Reads `#rrggbb`; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let valid = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        valid.then(|| Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A project's looks, as far as they are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Brand {
    /// Fixes light or dark.
    pub theme: Option<Theme>,
    /// Replaces our accent; its lightness is bounded by the style sheet so that text stays readable.
    pub accent: Option<Accent>,
    /// Hides the line "Secured by Latchkey".
    pub white_label: bool,
}

/// The project that an embed page belongs to, where the address names one (`/embed/{pub}`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct EmbedProject<'a> {
    /// Its name, shown until the session or the customer's page tells another.
    pub name: &'a str,
    /// Its logo, whose origin `img-src` must allow.
    pub logo_url: Option<&'a str>,
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
    /// Looks; the flow is not known yet, so the defaults.
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
        if let (DoneOutcome::Failure, Some(message)) = (self.outcome, self.message) {
            return message.to_owned();
        }
        let stand_in = self.texts.get("page-done-app");
        self.said("text", &[("app", self.app.unwrap_or(&stand_in))])
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
    fn accent_is_six_hex_digits_and_nothing_else() {
        assert_eq!(
            Accent::parse("#3B5bdb").map(|accent| accent.to_string()).as_deref(),
            Some("#3b5bdb")
        );
        for text in ["3b5bdb", "#3b5bd", "#3b5bdbf", "#3b5bdg", "red", "#fff;}*{", "#ééé"] {
            assert_eq!(Accent::parse(text), None, "{text}");
        }
    }

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
