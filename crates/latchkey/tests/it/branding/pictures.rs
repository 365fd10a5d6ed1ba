//! Logos: uploaded, fetched once, served by us.

use serde_json::json;
use testkit::{Answer, TestServer};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{server, view};

/// A PNG as far as its header goes.
fn png(width: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(32_u32.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

async fn upload(server: &TestServer, key: &str, path: &str, kind: &str, bytes: Vec<u8>) -> Answer {
    let call = server.api("PUT", path).key(key).header("content-type", kind);
    call.body(bytes).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_is_served_by_us_for_ever() {
    let (server, key) = server().await;
    // What a header says is not asked.
    let set = upload(&server, &key, "/v1/branding/logo", "image/svg+xml", png(64))
        .await
        .expect(200)
        .json();
    let logo = &set["logo"]["light"];
    assert_eq!((&logo["mediaType"], &logo["width"]), (&json!("image/png"), &json!(64)));
    let address = logo["url"]
        .as_str()
        .unwrap()
        .strip_prefix(&server.url)
        .unwrap()
        .to_owned();
    assert!(address.starts_with(&format!("/connect/brand/{}/logo-", server.project.publishable_id)));

    let shown = server.api("GET", &address).no_key().send().await.expect(200);
    assert_eq!(shown.header("content-type"), "image/png");
    assert_eq!(shown.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    assert_eq!(shown.header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(view(&server).await["app"]["logo_url"], address.as_str());
    assert_eq!(
        view(&server).await["branding"]["favicon_url"],
        address.as_str(),
        "without an icon of its own"
    );

    let dark = upload(&server, &key, "/v1/branding/logo?variant=dark", "image/png", png(65))
        .await
        .expect(200)
        .json();
    let icon = upload(&server, &key, "/v1/branding/favicon", "image/png", png(66))
        .await
        .expect(200)
        .json();
    assert!(
        dark["logo"]["dark"]["width"] == 65 && icon["favicon"]["width"] == 66,
        "{icon}"
    );
    assert_ne!(view(&server).await["branding"]["favicon_url"], address.as_str());

    // The one before stays for pages that were drawn before; another project's address has nothing.
    upload(&server, &key, "/v1/branding/logo", "image/png", png(67))
        .await
        .expect(200);
    server.api("GET", &address).no_key().send().await.expect(200);
    let other = server.store.create_project("Other").await.unwrap();
    let port = server.url.rsplit(':').next().unwrap();
    let domain = format!("http://other.localhost:{port}");
    server
        .database
        .execute(&format!(
            "update projects set domain = '{domain}' where id = '{}'",
            other.id
        ))
        .await;
    let host = domain.trim_start_matches("http://");
    while server.broker.place(Some(host)).await.project.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let elsewhere = server.api("GET", &address).no_key().header("host", host).send().await;
    assert_eq!(elsewhere.status, 404, "nor has another project's domain");
    let foreign = address.replace(&server.project.publishable_id, &other.publishable_id);
    for nothing in [
        foreign.as_str(),
        "/connect/brand/x/logo-1",
        "/connect/brand/x/../../etc",
    ] {
        assert_eq!(
            server.api("GET", nothing).no_key().send().await.status,
            404,
            "{nothing}"
        );
    }
    server.advance(25 * 3600).await;
    let none = server
        .api("DELETE", "/v1/branding/logo")
        .key(&key)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(none["logo"]["light"], json!(null));
    assert_eq!(
        server.api("GET", &address).no_key().send().await.status,
        404,
        "a day after it was replaced"
    );
    assert_eq!(server.store.audit_count("branding.image_changed").await.unwrap(), 5);
    let audited = "select count(*) from audit_log where action = 'branding.image_changed' and environment = 'test'";
    assert_eq!(server.database.number(audited).await, 5, "with the key's environment");
}

/// Shows a picture of this width; its address.
async fn shown(server: &TestServer, key: &str, width: u32) -> String {
    let set = upload(server, key, "/v1/branding/logo", "image/png", png(width)).await;
    let set = set.expect(200).json();
    let url = set["logo"]["light"]["url"].as_str().unwrap();
    url.strip_prefix(&server.url).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn few_replaced_pictures_are_kept_and_for_a_day() {
    let (server, key) = server().await;
    let status = async |address: &str| server.api("GET", address).no_key().send().await.status;
    let rows = async || server.database.number("select count(*) from brand_images").await;
    upload(&server, &key, "/v1/branding/favicon", "image/png", png(9))
        .await
        .expect(200);
    let mut addresses = Vec::new();
    for width in 10..20 {
        addresses.push(shown(&server, &key, width).await);
    }
    let kept = store::REPLACED_IMAGES_KEPT;
    assert_eq!(rows().await, 1 + 1 + kept, "the icon, the logo, and what was before it");
    for (number, address) in addresses.iter().enumerate() {
        assert_eq!(status(address).await, if number < 4 { 404 } else { 200 }, "{number}");
    }
    // One that is shown again is none of the replaced.
    shown(&server, &key, 15).await;
    assert_eq!(rows().await, 1 + 1 + kept);

    // A day later they are gone for everybody, and then from the database, though nobody changes anything.
    server.advance(24 * 3600 + 1).await;
    for (number, address) in addresses.iter().enumerate() {
        assert_eq!(status(address).await, if number == 5 { 200 } else { 404 }, "{number}");
    }
    assert_eq!(rows().await, 1 + 1 + kept);
    let purged = server.broker.purge_tick().await.unwrap();
    assert_eq!((purged.images, rows().await), (kept.unsigned_abs(), 2));
    assert_eq!(status(&addresses[5]).await, 200);
    assert_eq!(server.broker.purge_tick().await.unwrap().images, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_with_what_to_do() {
    let (server, key) = server().await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    for (bytes, problem, said) in [
        (svg, "image_not_supported", "Export the logo as PNG or WebP"),
        (b"<html>".to_vec(), "image_not_supported", "no PNG, JPEG or WebP"),
        (png(1025), "image_dimensions", "is 1025 × 32 pixels"),
        (vec![0; 256 * 1024 + 1], "image_too_large", "more than 256 KiB"),
    ] {
        let refused = upload(&server, &key, "/v1/branding/logo", "image/png", bytes).await;
        assert_eq!(refused.problem(422), problem, "{}", refused.text);
        assert!(refused.text.contains(said), "{}", refused.text);
    }
    let odd = upload(&server, &key, "/v1/branding/logo?variant=blue", "image/png", png(1)).await;
    odd.problem(400);
    assert!(odd.text.contains("`variant` is `light` or `dark`."), "{}", odd.text);
    assert_eq!(server.database.number("select count(*) from brand_images").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logo_by_address_is_fetched_this_once() {
    let elsewhere = MockServer::start().await;
    let answers = |path: &'static str, answer: ResponseTemplate| {
        Mock::given(wiremock::matchers::path(path))
            .respond_with(answer)
            .mount(&elsewhere)
    };
    answers(
        "/logo.png",
        ResponseTemplate::new(200).set_body_raw(png(48), "text/html"),
    )
    .await;
    answers(
        "/moved",
        ResponseTemplate::new(302).insert_header("location", "http://169.254.169.254/"),
    )
    .await;
    answers("/large", ResponseTemplate::new(200).set_body_bytes(vec![0; 300 * 1024])).await;
    let server = TestServer::builder().allowing(&elsewhere.uri()).start().await;
    let key = server.key_with(&[broker::Scope::BrandingWrite]).await;
    let put = async |url: String| {
        let call = server
            .api("PUT", "/v1/branding/logo")
            .key(&key)
            .json(&json!({ "url": url }));
        call.send().await
    };
    let set = put(format!("{}/logo.png", elsewhere.uri())).await.expect(200).json();
    assert!(
        set["logo"]["light"]["url"].as_str().unwrap().starts_with(&server.url),
        "{set}"
    );
    assert_eq!(elsewhere.received_requests().await.unwrap().len(), 1);
    for (url, problem, said) in [
        (
            format!("{}/moved", elsewhere.uri()),
            "image_not_fetched",
            "leads on to another; write that one",
        ),
        (
            format!("{}/nothing", elsewhere.uri()),
            "image_not_fetched",
            "answered 404",
        ),
        (
            format!("{}/large", elsewhere.uri()),
            "image_too_large",
            "more than 256 KiB",
        ),
        (
            "http://127.0.0.1:1/a.png".to_owned(),
            "image_not_fetched",
            "is not https",
        ),
        (
            "https://169.254.169.254/latest".to_owned(),
            "image_not_fetched",
            "private or special address",
        ),
        ("not an address".to_owned(), "image_not_fetched", "write it as https://"),
    ] {
        let refused = put(url.clone()).await;
        assert_eq!(refused.problem(422), problem, "{url}: {}", refused.text);
        assert!(refused.text.contains(said), "{url}: {}", refused.text);
    }
}
