use super::*;

const REDIRECT: &str = "https://latchkey.example/connections/oauth/callback/1";

fn page(status: u16, location: Option<&str>, body: &str) -> Finding {
    let answered = Answered {
        name: "Acme",
        redirect_uri: REDIRECT,
        status,
        location: location.map(|text| Url::parse(text).unwrap()),
        body,
    };
    judge_page(&answered, "Sign-in page")
}

#[test]
fn pages_of_services_are_understood() {
    let back = |query: &str| format!("{REDIRECT}?{query}");
    let google = "https://accounts.google.com/signin/oauth/error?authError=ChVyZWRpcmVjdF91cmlfbWlzbWF0Y2gSAA";
    for (status, location, body, verdict, words) in [
        (200, None, "<h1>Sign in</h1>", Verdict::Good, "shows it"),
        (
            302,
            Some("https://acme.example/login?x=1".to_owned()),
            "",
            Verdict::Good,
            "acme.example",
        ),
        (
            302,
            Some(back("error=invalid_scope&error_description=no+mail")),
            "",
            Verdict::Bad,
            "scopes",
        ),
        (302, Some(back("error=login_required")), "", Verdict::Good, "knows"),
        (302, Some(back("error=server_error")), "", Verdict::Attention, "now"),
        (302, Some(google.to_owned()), "", Verdict::Bad, "redirect address"),
        (302, None, "", Verdict::Attention, "nowhere"),
        (
            400,
            None,
            "<title>x</title><p>Error 400: redirect_uri_mismatch</p>",
            Verdict::Bad,
            "redirect address",
        ),
        (401, None, "{\"error\":\"invalid_client\"}", Verdict::Bad, "client id"),
        (
            400,
            None,
            "<script>let scope;</script><p>Unknown client</p>",
            Verdict::Bad,
            "client id",
        ),
        (400, None, "<p>No.</p>", Verdict::Bad, "refused it"),
        (403, None, "<p>Are you a robot?</p>", Verdict::Attention, "no program"),
        (503, None, "", Verdict::Attention, "now"),
        (
            200,
            None,
            "<p>Choose what goes wrong: invalid_client, invalid_scope</p>",
            Verdict::Good,
            "shows it",
        ),
        (
            200,
            None,
            "{\"error\":\"invalid_client\"}",
            Verdict::Attention,
            "client id",
        ),
        (
            200,
            None,
            "$Config={\"x\":\"AADSTS700016: not found\"}",
            Verdict::Attention,
            "client id",
        ),
    ] {
        let found = page(status, location.as_deref(), body);
        assert_eq!(found.verdict, verdict, "{status} {location:?} {body}: {found:?}");
        assert!(found.message.contains(words), "{words} in {found:?}");
        assert_eq!(found.verdict == Verdict::Good, found.mend.is_none(), "{found:?}");
    }
}

#[test]
fn marks_of_a_page_are_never_quoted() {
    let found = page(
        400,
        None,
        "<head><title>T</title></head><style>p{}</style><p>Bad <b>client id</b> here</p><script>evil()</script>",
    );
    assert!(found.message.contains("“Bad client id here”"), "{}", found.message);
}

#[test]
fn token_answers_are_understood() {
    let refused = |status, code: &str| TokenError::Refused {
        status,
        provider_code: Some(code.to_owned()),
        provider_message: None,
    };
    let transient = |status| TokenError::Transient {
        reason: "x".to_owned(),
        status,
        retry_after: None,
        not_sent: status.is_none(),
        provider_code: None,
        provider_message: None,
    };
    let gone = TokenError::GrantGone {
        provider_code: Some("invalid_grant".to_owned()),
        provider_message: None,
    };
    let broken = TokenError::AppBroken {
        provider_code: Some("invalid_client".to_owned()),
        provider_message: Some("nope".to_owned()),
    };
    for (error, verdict) in [
        (gone, Verdict::Good),
        (broken, Verdict::Bad),
        (refused(200, "bad_verification_code"), Verdict::Good),
        (refused(200, "incorrect_client_credentials"), Verdict::Bad),
        (refused(400, "redirect_uri_mismatch"), Verdict::Bad),
        (refused(401, "no"), Verdict::Bad),
        (refused(400, "invalid_request"), Verdict::Attention),
        (transient(Some(503)), Verdict::Attention),
        (transient(None), Verdict::Bad),
    ] {
        let text = format!("{error:?}");
        let found = judge_token("Acme", "Client secret", true, &Err(error), &RefreshErrors::default());
        assert_eq!(found.verdict, verdict, "{text}: {found:?}");
    }
    let found = judge_token("Acme", "Client secret", false, &Ok(()), &RefreshErrors::default());
    assert_eq!(found.verdict, Verdict::Attention);
}
