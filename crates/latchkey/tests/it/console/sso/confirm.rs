//! Confirming that it is you, with the provider.

use super::super::{PASSWORD, Person};
use super::{Away, CONFIRM, Provider, linked, server, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_asks_again_confirms() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    let ann = linked(&server, &provider, "s-1").await;
    // The provider is the only way to confirm.
    server.database.execute("update operators set password = null").await;
    server.advance(601).await;
    let asked = ann.post("/console/account/factor", &[]).await.expect(303);
    assert!(
        asked.location.starts_with("/console/confirm?next="),
        "{}",
        asked.location
    );
    let page = ann.get(&asked.location).await.expect(200).text;
    assert!(
        page.contains("Confirm with Odd") && !page.contains("name=\"password\""),
        "{page}"
    );

    let begin = async || {
        let away = Away::of(&ann.post(CONFIRM, &[("next", "/console/account?done=proved")]).await);
        assert_eq!((away.get("prompt"), away.get("max_age")), ("login", "0"));
        away
    };
    // Not asked, asked long ago, somebody else.
    for (change, value, said) in [
        ("auth_time", None, "did not say that it asked you again"),
        ("auth_time", Some(-120), "did not say that it asked you again"),
        ("sub", Some(0), "is not linked to ann@example.com"),
    ] {
        let away = begin().await;
        let mut claims = provider.claims(&server, &away, "s-1").await;
        match (change, value) {
            ("sub", _) => claims.insert("sub".to_owned(), "s-2".into()),
            (_, Some(off)) => {
                let now = claims["iat"].as_i64().unwrap();
                claims.insert("auth_time".to_owned(), (now + off).into())
            }
            _ => claims.remove("auth_time"),
        };
        provider.say(&provider.key, &claims);
        let refused = ann.get(&away.callback()).await.expect(403);
        assert!(
            refused.text.contains(said) && refused.text.contains("This confirms nothing"),
            "{}",
            refused.text
        );
        assert!(refused.text.contains("/console/confirm?next="), "{}", refused.text);
    }
    ann.post("/console/account/factor", &[]).await.expect(303);

    let old = ann.cookie("lk_operator").unwrap();
    let away = begin().await;
    let came = provider.back(&server, &ann, &away, "s-1").await.expect(303);
    assert_eq!(came.location, "/console/account?done=proved");
    assert_ne!(ann.cookie("lk_operator").unwrap(), old);
    ann.post("/console/account/factor", &[]).await.expect(200);
    let before = Person::new(&server);
    before.keep("lk_operator", &old);
    before.get("/console/account").await.expect(303);
    let proved = "select count(*) from audit_log where action = 'operator.proved'";
    assert_eq!(server.database.number(proved).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_proves_as_much_as_the_provider_asked() {
    let provider = Provider::start(false).await;
    let server = server(&provider).await;
    linked(&server, &provider, "s-1").await;
    for (off, proved) in [(Some(0), true), (Some(-700), false), (None, false)] {
        let (ann, away) = start(&server).await;
        let mut claims = provider.claims(&server, &away, "s-1").await;
        let now = claims["iat"].as_i64().unwrap();
        match off {
            Some(off) => claims.insert("auth_time".to_owned(), (now + off).into()),
            None => claims.remove("auth_time"),
        };
        provider.say(&provider.key, &claims);
        ann.get(&away.callback()).await.expect(303);
        let status = if proved { 200 } else { 303 };
        ann.post("/console/account/factor", &[]).await.expect(status);
        // The password confirms as before.
        ann.post("/console/confirm", &[("password", PASSWORD)])
            .await
            .expect(303);
        ann.post("/console/account/factor", &[]).await.expect(200);
    }
}
