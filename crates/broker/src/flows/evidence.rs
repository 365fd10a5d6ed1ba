//! What a browser's own headers prove about who started a navigation.

use store::{ConfirmRedirect, Flow, FlowMode, Grade, Project, Unproved};

use crate::{Kind, Problem};

/// `Sec-Fetch-Site` of the document request (Fetch Metadata Request Headers §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchSite {
    /// A page of our origin.
    SameOrigin,
    /// Another origin of our site.
    SameSite,
    /// Another site.
    CrossSite,
    /// The person: a typed address, a bookmark, another program.
    None,
}

/// What the document request of `/connect/start` said about itself; the server sealed it into the page.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Who started the navigation; absent in old browsers and behind stripping proxies.
    pub site: Option<FetchSite>,
    /// `Sec-Fetch-Mode: navigate` and `Sec-Fetch-Dest: document`.
    pub is_document_navigation: bool,
    /// The origin in `Referer`.
    pub referrer_origin: Option<String>,
    /// A `WebKit` older than 18 computes the header from the frame instead of the initiator, so an opener could forge it.
    pub site_is_forgeable: bool,
}

/// What is known when a ticket is redeemed.
#[derive(Debug)]
pub(super) struct Proofs<'a> {
    pub(super) evidence: &'a Evidence,
    /// The page found a `window.opener`.
    pub(super) has_opener: bool,
    /// The opener answered with the proof of this flow.
    pub(super) opener_proved: bool,
    /// The embed cookie of this flow is visible here.
    pub(super) embed_proved: bool,
}

/// The decision of connect-flow §3: a grade, a question to the person, or a refusal.
pub(super) fn judge(flow: &Flow, project: &Project, proofs: &Proofs<'_>) -> Result<Option<Grade>, Problem> {
    let evidence = proofs.evidence;
    let same_origin = evidence.site == Some(FetchSite::SameOrigin)
        && evidence.is_document_navigation
        && !evidence.site_is_forgeable
        && (!proofs.has_opener || proofs.opener_proved);
    if same_origin {
        return Ok(Some(Grade::SameOrigin));
    }
    if proofs.opener_proved {
        return Ok(Some(Grade::Opener));
    }
    if proofs.embed_proved {
        return Ok(Some(Grade::EmbedCookie));
    }
    if flow.mode == FlowMode::Redirect {
        match &evidence.referrer_origin {
            Some(referrer) if Some(referrer) == flow.embedder.as_ref() => {
                return match project.confirm_redirect {
                    ConfirmRedirect::Presumed => Ok(Some(Grade::Referrer)),
                    ConfirmRedirect::Always => ask(project),
                };
            }
            Some(_) => return Err(not_from_app()),
            None if evidence.site == Some(FetchSite::None) => return Err(not_from_app()),
            None => {}
        }
    }
    ask(project)
}

fn ask(project: &Project) -> Result<Option<Grade>, Problem> {
    match project.unproved {
        Unproved::Confirm => Ok(None),
        Unproved::Refuse => Err(not_from_app()),
    }
}

fn not_from_app() -> Problem {
    Problem::new(
        Kind::Forbidden,
        "not_from_app",
        "This sign-in was not opened from the app. Go to the app and start it there.",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use store::{AppId, FlowId, FlowStatus, ProjectId, SessionId, Verify};
    use vault::Environment;

    use super::*;

    fn flow(mode: FlowMode) -> Flow {
        Flow {
            id: FlowId::generate(),
            session: SessionId::generate(),
            project: ProjectId::generate(),
            environment: Environment::Test,
            app: AppId::generate(),
            integration: "gmail".into(),
            auth_method: "oauth2".into(),
            mode,
            status: FlowStatus::Created,
            embedder: Some("https://shop.test".into()),
            origin: None,
            code: "BCDF".into(),
            name: None,
            variables: BTreeMap::new(),
            return_url: None,
            return_form: None,
            redirect_uri: None,
            error_code: None,
            error_message: None,
            connection: None,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            over: false,
            has_proof: true,
            at_work: false,
        }
    }

    fn project() -> Project {
        Project {
            id: ProjectId::generate(),
            name: "Shop".into(),
            brand_name: None,
            publishable_id: "pub_x".into(),
            is_default: true,
            verify: Verify::Hosted,
            verify_url: None,
            home_url: None,
            unproved: Unproved::Confirm,
            confirm_redirect: ConfirmRedirect::Presumed,
            branding: serde_json::json!({}),
            branding_revision: 0,
            images: store::Images::default(),
            domain: None,
            white_label: false,
            mail: false,
            event_days: None,
            request_days: None,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn evidence(site: Option<FetchSite>, referrer: Option<&str>) -> Evidence {
        Evidence {
            site,
            is_document_navigation: true,
            referrer_origin: referrer.map(Into::into),
            site_is_forgeable: false,
        }
    }

    /// Asks, refuses or grades: one row for each cell of the table of connect-flow §3.
    #[test]
    fn the_table() {
        use FetchSite::{CrossSite, None as Typed, SameOrigin};
        let shop = Some("https://shop.test");
        let evil = Some("https://evil.test");
        let refused = Err("not_from_app");
        for (mode, site, referrer, opener, opener_proved, embed, expected) in [
            (
                FlowMode::Popup,
                Some(SameOrigin),
                None,
                false,
                false,
                false,
                Ok(Some(Grade::SameOrigin)),
            ),
            (
                FlowMode::Popup,
                Some(SameOrigin),
                None,
                true,
                true,
                false,
                Ok(Some(Grade::SameOrigin)),
            ),
            // An evil opener moved a window that shows a page of ours: it is there and keeps silent.
            (FlowMode::Popup, Some(SameOrigin), None, true, false, false, Ok(None)),
            (
                FlowMode::Popup,
                Some(CrossSite),
                None,
                true,
                true,
                false,
                Ok(Some(Grade::Opener)),
            ),
            (FlowMode::Popup, Some(CrossSite), None, true, false, false, Ok(None)),
            (FlowMode::Popup, Some(Typed), None, false, false, false, Ok(None)),
            (FlowMode::Popup, Some(Typed), evil, false, false, false, Ok(None)),
            (FlowMode::Popup, None, None, false, false, false, Ok(None)),
            (
                FlowMode::Popup,
                Some(CrossSite),
                None,
                false,
                false,
                true,
                Ok(Some(Grade::EmbedCookie)),
            ),
            (
                FlowMode::Top,
                Some(SameOrigin),
                None,
                false,
                false,
                false,
                Ok(Some(Grade::SameOrigin)),
            ),
            (
                FlowMode::Redirect,
                Some(CrossSite),
                shop,
                false,
                false,
                false,
                Ok(Some(Grade::Referrer)),
            ),
            (FlowMode::Redirect, Some(CrossSite), None, false, false, false, Ok(None)),
            (FlowMode::Redirect, Some(CrossSite), evil, false, false, false, refused),
            (FlowMode::Redirect, Some(Typed), None, false, false, false, refused),
            (FlowMode::Redirect, None, None, false, false, false, Ok(None)),
            (
                FlowMode::Redirect,
                Some(CrossSite),
                None,
                false,
                false,
                true,
                Ok(Some(Grade::EmbedCookie)),
            ),
        ] {
            let evidence = evidence(site, referrer);
            let proofs = Proofs {
                evidence: &evidence,
                has_opener: opener,
                opener_proved,
                embed_proved: embed,
            };
            let judged = judge(&flow(mode), &project(), &proofs).map_err(|problem| problem.key());
            assert_eq!(
                judged, expected,
                "{mode:?} {site:?} {referrer:?} {opener} {opener_proved} {embed}"
            );
        }
    }

    #[test]
    fn settings_make_it_stricter() {
        let evidence = evidence(Some(FetchSite::CrossSite), Some("https://shop.test"));
        let proofs = Proofs {
            evidence: &evidence,
            has_opener: false,
            opener_proved: false,
            embed_proved: false,
        };
        let always = Project {
            confirm_redirect: ConfirmRedirect::Always,
            ..project()
        };
        assert_eq!(judge(&flow(FlowMode::Redirect), &always, &proofs).unwrap(), None);
        let refuse = Project {
            unproved: Unproved::Refuse,
            ..project()
        };
        assert_eq!(
            judge(&flow(FlowMode::Popup), &refuse, &proofs).unwrap_err().key(),
            "not_from_app"
        );
    }

    #[test]
    fn an_old_webkit_proves_nothing_by_its_header() {
        let mut evidence = evidence(Some(FetchSite::SameOrigin), None);
        evidence.site_is_forgeable = true;
        let proofs = Proofs {
            evidence: &evidence,
            has_opener: false,
            opener_proved: false,
            embed_proved: false,
        };
        assert_eq!(judge(&flow(FlowMode::Popup), &project(), &proofs).unwrap(), None);
    }
}
