//! Where the authorization server is.

use super::super::names::{Names, Site};
use crate::definition as written;
use crate::model::Endpoints;
use crate::report::{Place, Report};

/// Checks the addresses of one way to sign in: either written out or discovered.
pub(super) fn endpoints(
    written: &written::OAuth2,
    names: &Names<'_>,
    index: usize,
    place: &Place,
    report: &mut Report<'_>,
) -> Option<Endpoints> {
    let first = match &written.device {
        None => ("authorize", written.authorize.url.as_ref()),
        Some(device) => ("device", device.url.as_ref()),
    };
    let urls = [
        first,
        ("token", written.token.url.as_ref()),
        ("revoke", written.revoke.as_ref().and_then(|revoke| revoke.url.as_ref())),
        ("refresh", written.refresh.url.as_ref()),
    ];
    if let Some(discover) = &written.discover {
        for (name, url) in urls {
            if url.is_some() {
                report.add(
                    &place.key(name).key("url"),
                    "the address comes from `discover`: leave one of them out",
                );
            }
        }
        if written.issuer.is_some() {
            report.add(
                &place.key("issuer"),
                "the issuer is that of `discover`: leave one of them out",
            );
        }
        let issuer = names.url(
            &discover.issuer,
            Site::SignIn,
            &place.key("discover").key("issuer"),
            report,
        )?;
        return Some(Endpoints::Discovered { issuer });
    }
    for (name, url) in &urls[..2] {
        match url {
            None => report.add(
                &place.key(name),
                format!("`{name}.url` is missing (or `discover` with an issuer)"),
            ),
            Some(url) if url.contains('?') => {
                report.add(
                    &place.key(name).key("url"),
                    format!("write the parameters under `{name}.params`, not in the address"),
                );
            }
            Some(_) => {}
        }
    }
    if written.revoke.is_some() && urls[2].1.is_none() {
        report.add(&place.key("revoke"), "`revoke.url` is missing");
    }
    let mut url =
        |source: Option<&String>, site, place: Place| source.map(|source| names.url(source, site, &place, report));
    // What follows a `#` is no part of the address: it is checked with the parameters.
    let page = written
        .authorize
        .url
        .as_ref()
        .map(|url| url.split('#').next().unwrap_or(url).to_owned());
    let authorize = url(page.as_ref(), Site::SignIn, place.key("authorize").key("url"));
    let token = url(urls[1].1, Site::SignIn, place.key("token").key("url"));
    let revoke = url(urls[2].1, Site::SignedIn(index), place.key("revoke").key("url"));
    let issuer = url(written.issuer.as_ref(), Site::SignIn, place.key("issuer"));
    Some(Endpoints::Fixed {
        authorize: match authorize {
            None if written.device.is_some() => None,
            found => Some(found??),
        },
        token: token??,
        revoke: revoke.flatten(),
        issuer: issuer.flatten(),
    })
}
