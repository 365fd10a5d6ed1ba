//! Which language a page is in: what the embedding page asked for, else what the browser accepts, else English.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::{Language, Texts};
use crate::connect::cookies::Language as LanguageCookie;

/// Entries of `Accept-Language` that are read; browsers send fewer.
const ENTRIES: usize = 20;

impl Texts {
    /// The texts of a language.
    #[cfg(test)]
    pub(crate) fn of(language: Language) -> Self {
        Self {
            language,
            chosen_by_host: false,
        }
    }

    /// For pages that get their address from the embedding page or from the modal: `?locale=`, which has to come first
    /// because nothing else of that query is read here; else by the browser.
    pub(crate) fn asked_by(request: &HttpRequest) -> Self {
        Self::chosen(asked(request.query_string()), request)
    }

    /// For pages on the way to a service and back, whose addresses others write: what the start page was asked for, kept
    /// in a cookie; else by the browser.
    pub(crate) fn on_the_way(request: &HttpRequest, secure: bool) -> Self {
        let kept = LanguageCookie::read(request, secure);
        Self::chosen(kept.and_then(|tag| fitting(&tag)), request)
    }

    fn chosen(by_host: Option<Language>, request: &HttpRequest) -> Self {
        Self {
            language: by_host.unwrap_or_else(|| accepted(request)),
            chosen_by_host: by_host.is_some(),
        }
    }
}

/// There are no texts in a language.
#[derive(Debug, thiserror::Error)]
#[error("there are no texts in `{asked}`: choose one of {known}")]
pub struct UnknownLanguage {
    asked: String,
    known: String,
}

/// The tag of the language that our pages have for a tag that somebody writes: `de` for `de-AT`.
///
/// # Errors
/// When there is none.
pub fn page_language(tag: &str) -> Result<&'static str, UnknownLanguage> {
    fitting(tag).map(Language::tag).ok_or_else(|| UnknownLanguage {
        asked: tag.chars().filter(|letter| !letter.is_control()).take(35).collect(),
        known: Language::ALL.map(Language::tag).join(", "),
    })
}

fn asked(query: &str) -> Option<Language> {
    let rest = query.strip_prefix("locale=")?;
    fitting(rest.split('&').next().unwrap_or_default())
}

fn accepted(request: &HttpRequest) -> Language {
    let header = request.headers().get(header::ACCEPT_LANGUAGE);
    header
        .and_then(|value| value.to_str().ok())
        .and_then(preferred)
        .unwrap_or_default()
}

/// The wish with the highest weight that can be met; of equal ones the first (RFC 9110, 12.5.4).
fn preferred(accept: &str) -> Option<Language> {
    let mut wishes: Vec<(f32, &str)> = accept
        .split(',')
        .take(ENTRIES)
        .filter_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let tag = parts.next()?;
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(Some(1.0), |text| text.parse().ok())?;
            (weight > 0.0).then_some((weight, tag))
        })
        .collect();
    wishes.sort_by(|left, right| right.0.total_cmp(&left.0));
    wishes.into_iter().find_map(|(_, tag)| fitting(tag))
}

/// The language of ours for a tag: `de-AT` reads German, `pt` the Portuguese of Brazil. Traditional Chinese is another
/// script, so it asks on.
fn fitting(tag: &str) -> Option<Language> {
    let tag = tag.replace('_', "-").to_ascii_lowercase();
    let mut parts = tag.split('-');
    let primary = parts.next()?;
    if primary == "zh" {
        let traditional = parts.any(|part| matches!(part, "hant" | "tw" | "hk" | "mo"));
        let simplified = tag.contains("-hans");
        return (simplified || !traditional).then_some(Language::SimplifiedChinese);
    }
    Language::ALL.into_iter().find(|language| {
        let ours = language.tag();
        ours.split('-').next() == Some(primary)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_tag_finds_the_nearest_language() {
        for (tag, language) in [
            ("de", Language::German),
            ("DE-at", Language::German),
            ("pt", Language::BrazilianPortuguese),
            ("pt_PT", Language::BrazilianPortuguese),
            ("zh", Language::SimplifiedChinese),
            ("zh-CN", Language::SimplifiedChinese),
            ("zh-Hans-HK", Language::SimplifiedChinese),
            ("en-GB", Language::English),
            ("ar-EG", Language::Arabic),
        ] {
            assert_eq!(fitting(tag), Some(language), "{tag}");
        }
        for tag in ["", "*", "xx", "zh-TW", "zh-Hant", "dex", "../de", "%64%65"] {
            assert_eq!(fitting(tag), None, "{tag}");
        }
    }

    #[test]
    fn the_browsers_weights_decide() {
        for (accept, language) in [
            ("fr;q=0.5, nl;q=0.8, en;q=0.1", Some(Language::Dutch)),
            ("xx, zh-TW;q=0.9, ja;q=0.8", Some(Language::Japanese)),
            ("de;q=0, it", Some(Language::Italian)),
            ("de;q=high, ko;q=0.2", Some(Language::Korean)),
            ("es,de", Some(Language::Spanish)),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(preferred(accept), language, "{accept}");
        }
        let long = "xx,".repeat(ENTRIES) + "de";
        assert_eq!(preferred(&long), None);
    }

    #[test]
    fn the_embedding_page_goes_before_the_browser() {
        let request = |uri: &str| {
            TestRequest::get()
                .uri(uri)
                .insert_header((header::ACCEPT_LANGUAGE, "fr"))
                .insert_header((header::COOKIE, "lk_l=ko"))
                .to_http_request()
        };
        let asked = Texts::asked_by(&request("/embed/pub_1?locale=de-CH&data=e30"));
        assert_eq!((asked.language(), asked.chosen_by_host()), ("de", true));
        for uri in ["/", "/?locale=xx", "/?data=e30&locale=de"] {
            let texts = Texts::asked_by(&request(uri));
            assert_eq!((texts.language(), texts.chosen_by_host()), ("fr", false), "{uri}");
        }
        let later = Texts::on_the_way(&request("/connect/done?f=1"), false);
        assert_eq!((later.language(), later.chosen_by_host()), ("ko", true));
        assert_eq!(Texts::on_the_way(&request("/connect/done"), true).language(), "fr");
    }
}
