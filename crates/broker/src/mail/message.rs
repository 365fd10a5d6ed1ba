//! The text of a mail. No picture, nothing that tells whether it was read.

use askama::Template;
use protocol::mail::{EmailAddress, OutgoingMail};
use secrecy::SecretString;
use store::{ClaimedMail, MailReason};
use vault::Token;

use crate::texts::quoted;

/// Characters of a name.
const NAME_LIMIT: usize = 80;

/// What both parts say.
#[derive(Debug)]
struct Words<'a> {
    app: &'a str,
    service: &'a str,
    account: Option<&'a str>,
    failed: bool,
    /// The day, in UTC.
    ends: Option<String>,
    link: &'a str,
    days: u32,
}

#[derive(Debug, Template)]
#[template(path = "mail/reconnect.txt")]
struct Plain<'a> {
    words: &'a Words<'a>,
}

#[derive(Debug, Template)]
#[template(path = "mail/reconnect.html")]
struct Html<'a> {
    words: &'a Words<'a>,
    title: &'a str,
}

/// Writes a mail. `base` is our own origin.
pub(super) fn write(
    mail: &ClaimedMail,
    to: EmailAddress,
    service: &str,
    base: &str,
    link: (store::LinkId, &Token),
    days: u32,
) -> Result<OutgoingMail, askama::Error> {
    let (id, secret) = link;
    let link = crate::links::address(base, id, None, secret);
    let (app, service) = (name(&mail.project_name), name(service));
    let account = mail.account_name.as_deref().map(name);
    let failed = mail.reason == MailReason::Failed;
    let words = Words {
        app: &app,
        service: &service,
        account: account.as_deref(),
        failed,
        ends: mail
            .expires_at
            .filter(|_| !failed)
            .map(|at| at.format("%-d %B %Y").to_string()),
        link: &link,
        days,
    };
    let subject = if failed {
        format!("{app}: reconnect {service}")
    } else {
        format!("{app}: reconnect {service} before it ends")
    };
    Ok(OutgoingMail {
        id: mail.id.to_string(),
        to,
        text: Plain { words: &words }.render()?,
        html: Html {
            words: &words,
            title: &subject,
        }
        .render()?,
        subject,
        at: mail.now.timestamp(),
        secrets: vec![SecretString::from(secret.expose())],
    })
}

/// A name fit to stand in a sentence: on one line, without characters that turn the text around it, not too long.
pub(super) fn name(text: &str) -> String {
    let clean = quoted(text);
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.chars().count() <= NAME_LIMIT {
        return clean;
    }
    let short: String = clean.chars().take(NAME_LIMIT - 1).collect();
    format!("{}…", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_one_line_and_within_80_characters() {
        assert_eq!(name("Shop\r\nBcc: eve@example.net"), "Shop Bcc: eve@example.net");
        assert_eq!(name("a\u{202e}b"), "ab");
        let long = name(&"word ".repeat(60));
        assert!(long.chars().count() <= 80 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn markup_in_names_is_text() {
        let words = Words {
            app: "<b>Shop</b>",
            service: "A & B",
            account: Some("\"><img src=x>"),
            failed: false,
            ends: Some("1 May 2030".to_owned()),
            link: "https://connect.example.com/connect/link/1#s",
            days: 7,
        };
        let html = Html {
            words: &words,
            title: "<b>Shop</b>: reconnect",
        }
        .render()
        .unwrap();
        assert!(!html.contains("<b>Shop") && !html.contains("<img"), "{html}");
        let text = Plain { words: &words }.render().unwrap();
        assert!(text.contains("<b>Shop</b>") && text.contains("A & B"), "{text}");
        assert!(text.contains("1 May 2030") && text.contains(words.link));
    }
}
