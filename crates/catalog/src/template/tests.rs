use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::path::PathTemplate;
use super::{Inputs, RenderError, Slot, Template, UrlTemplate, WholeOrigin};

fn render(source: &str, inputs: &Inputs<'_>, slot: Slot) -> Result<String, RenderError> {
    Template::parse(source)
        .unwrap()
        .render(inputs, slot)
        .map(|secret| secret.expose_secret().to_owned())
}

fn plain(source: &str, inputs: &Inputs<'_>) -> String {
    render(source, inputs, Slot::Plain).unwrap()
}

fn url(source: &str) -> UrlTemplate {
    try_url(source).unwrap()
}

fn try_url(source: &str) -> Result<UrlTemplate, String> {
    UrlTemplate::new(Template::parse(source).unwrap(), |name| match name.path.as_str() {
        "learned" => Ok(WholeOrigin::Hosts(vec![
            ".force.com".to_owned(),
            "api.example.com".to_owned(),
        ])),
        _ => Ok(WholeOrigin::Guarded),
    })
    .map_err(|error| error.0)
}

fn domain(value: &str) -> Result<String, RenderError> {
    let inputs = Inputs::new().text("variables", "domain", value);
    url("https://${variables.domain}.example.com/v1")
        .render(&inputs)
        .map(|url| url.to_string())
}

#[test]
fn inputs_are_put_in() {
    let answer = json!({ "team": { "id": "T1" }, "items": [{ "n": 7 }], "ok": true, "none": null });
    let inputs = Inputs::new().text("credential", "api_key", "k").json("body", &answer);
    assert_eq!(plain("Bearer ${credential.api_key}", &inputs), "Bearer k");
    assert_eq!(
        plain("${body.team.id}/${ body.items.0.n }/${body.ok}", &inputs),
        "T1/7/true"
    );
    assert_eq!(plain("costs $5, $${body.ok}", &inputs), "costs $5, ${body.ok}");
    assert_eq!(
        render("${body.none}", &inputs, Slot::Plain),
        Err(RenderError::Missing("body.none".into()))
    );
    assert_eq!(
        render("${body.items.1.n}", &inputs, Slot::Plain),
        Err(RenderError::Missing("body.items.1.n".into()))
    );
    assert_eq!(
        render("${body.team}", &inputs, Slot::Plain),
        Err(RenderError::NotText("body.team".into()))
    );
    assert_eq!(
        render("${variables.x}", &inputs, Slot::Plain),
        Err(RenderError::Missing("variables.x".into()))
    );
}

#[test]
fn functions_give_what_their_standards_say() {
    let inputs = Inputs::new()
        .text("app", "client_id", "a b")
        .text("credential", "key", "key");
    assert_eq!(
        plain(r#"${base64(app.client_id ":" credential.key)}"#, &inputs),
        "YSBiOmtleQ=="
    );
    assert_eq!(plain("${base64(form_encode(app.client_id))}", &inputs), "YSti");
    assert_eq!(plain("${base64url(\"\u{3ff}\u{3ff}\")}", &inputs), "z7_Pvw");
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        plain(r#"${hex(sha256("abc"))}"#, &inputs),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    // RFC 4231, test case 2.
    assert_eq!(
        plain(
            r#"${hex(hmac_sha256("Jefe", "what do ya want for nothing?"))}"#,
            &inputs
        ),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert_eq!(plain(r#"${upper("a" app.client_id)}${lower("Q")}"#, &inputs), "AA Bq");
    assert_eq!(plain(r#"${first(body.name, variables.x, "none")}"#, &inputs), "none");
}

#[test]
fn what_is_no_template_is_refused_with_a_reason() {
    for (source, reason) in [
        ("${", "needs an input"),
        ("${}", "needs an input"),
        ("${a.b", "not closed"),
        ("${domain}", "`domain` is no input"),
        ("${a..b}", "is no input"),
        ("${a.b | upper}", "not closed"),
        ("${a.b == 1}", "not closed"),
        ("${sha256(a.b)}", "gives bytes"),
        ("${upper(sha256(a.b))}", "takes text"),
        ("${base64()}", "takes 1 to 1"),
        ("${hmac_sha256(a.b)}", "takes 2 to 2"),
        ("${base64(\"x)}", "not closed by `\"`"),
        ("${eval(a.b)}", "no function `eval`"),
        ("${lower(lower(lower(lower(lower(a.b)))))}", "deep"),
        ("{{ env.X }}", "means nothing"),
    ] {
        let message = Template::parse(source).unwrap_err().to_string();
        assert!(message.contains(reason), "{source}: {message}");
    }
    assert_eq!(
        Template::parse("${bas64(a.b)}").unwrap_err().suggestion.as_deref(),
        Some("base64")
    );
}

#[test]
fn values_are_encoded_for_their_slot() {
    let inputs = Inputs::new().text("variables", "v", "a/b?c=d&e f\"é");
    assert_eq!(
        render("/x/${variables.v}", &inputs, Slot::Path).unwrap(),
        "/x/a%2Fb%3Fc%3Dd%26e%20f%22%C3%A9"
    );
    assert_eq!(
        render("${variables.v}", &inputs, Slot::Query).unwrap(),
        "a%2Fb%3Fc%3Dd%26e%20f%22%C3%A9"
    );
    assert_eq!(
        render("${variables.v}", &inputs, Slot::Form).unwrap(),
        "a%2Fb%3Fc%3Dd%26e+f%22%C3%A9"
    );
    assert_eq!(
        render("${variables.v}", &inputs, Slot::Json).unwrap(),
        r#"a/b?c=d&e f\"é"#
    );
    assert_eq!(
        render("${variables.v}", &inputs, Slot::Header),
        Err(RenderError::HeaderCharacter)
    );
    for value in ["a\r\nSet-Cookie: x", "a\nb", "a\0", "\u{7f}", "a\tb"] {
        let inputs = Inputs::new().text("credential", "k", value);
        assert_eq!(
            render("Bearer ${credential.k}", &inputs, Slot::Header),
            Err(RenderError::HeaderCharacter)
        );
    }
    for value in ["", ".", ".."] {
        let inputs = Inputs::new().text("variables", "v", value);
        assert_eq!(
            render("/x/${variables.v}", &inputs, Slot::Path),
            Err(RenderError::PathSegment("variables.v".into()))
        );
    }
}

#[test]
fn a_rendered_value_is_never_a_template() {
    let inputs = Inputs::new()
        .text(
            "variables",
            "v",
            "${credential.refresh_token} {{ env.X }} $${app.client_secret}",
        )
        .text("credential", "refresh_token", "secret")
        .text("app", "client_secret", "secret");
    assert_eq!(
        plain("${variables.v}", &inputs),
        "${credential.refresh_token} {{ env.X }} $${app.client_secret}"
    );
}

#[test]
fn secrets_and_values_are_not_printed() {
    let inputs = Inputs::new().text("credential", "api_key", "canary");
    assert!(!format!("{inputs:?}").contains("canary"));
    let rendered = Template::parse("${credential.api_key}")
        .unwrap()
        .render(&inputs, Slot::Plain)
        .unwrap();
    assert!(!format!("{rendered:?}").contains("canary"));
}

#[test]
fn templates_that_could_move_the_host_are_refused() {
    for source in [
        "https://${variables.domain}",
        "https://${variables.domain}/x",
        "https://${variables.domain}.com/x",
        "https://${variables.domain}example.com/x",
        "https://example.com${variables.domain}/x",
        "https://example.com.${variables.domain}/x",
        "https://${variables.domain}:443/x",
        "https://${variables.user}@example.com/",
        "https://user@example.com/",
        "https://example.com:8443/",
        "https://EXAMPLE.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://10.0.0.1/${variables.x}",
        "https://[::1]/",
        "https:///example.com/",
        "https:example.com/",
        "https://example.com\\@evil.com/",
        "https://example.com/a#b",
        "https://example.com/a b",
        "https://example.com/../b",
        "https://example.com/%2E%2e/b",
        "http://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "/path",
        "",
        "${variables.origin}.example.com/",
        "${variables.origin}@example.com/",
        "${variables.origin}${variables.path}",
        "${lower(variables.origin)}/x",
        "https://${upper(variables.domain)}.example.com/",
        "https://${lower(variables.domain variables.x)}.example.com/",
        "https://${lower(\"evil.com/\" variables.domain)}.example.com/",
        "https://${lower(upper(variables.domain))}.example.com/",
        "https://${first(variables.domain, variables.x)}.example.com/",
        "https://${lower(variables.domain)}",
    ] {
        assert!(try_url(source).is_err(), "{source} was taken");
    }
}

#[test]
fn a_host_part_is_made_of_dns_labels() {
    assert_eq!(domain("acme").unwrap(), "https://acme.example.com/v1");
    assert_eq!(
        domain("acme--uat.sandbox.my").unwrap(),
        "https://acme--uat.sandbox.my.example.com/v1"
    );
    let long = "a".repeat(64);
    for value in [
        "evil.com#",
        "evil.com/",
        "evil.com?",
        "a@evil.com",
        "a%2eb",
        "a。b",
        "xn--e1afmkfd",
        "a\r\nb",
        "",
        "-a",
        "a-",
        "A",
        "a..b",
        ".a",
        "a.",
        "a:b",
        "a\\b",
        "a b",
        "[::1]",
        &long,
    ] {
        assert!(domain(value).is_err(), "{value:?} was taken");
    }
}

#[test]
fn a_host_part_may_be_put_in_lower_case_and_is_then_made_of_labels_too() {
    let lowered = |value: &str| {
        let inputs = Inputs::new().text("variables", "domain", value);
        url("https://${lower(variables.domain)}.example.com/v1").render(&inputs)
    };
    assert_eq!(lowered("ACME7").unwrap().as_str(), "https://acme7.example.com/v1");
    for value in ["EVIL.com/", "A@evil", "XN--E1AFMKFD", "Ä", "", "A\r\nB"] {
        assert!(lowered(value).is_err(), "{value:?} was taken");
    }
}

#[test]
fn a_path_names_no_host_and_its_values_are_encoded() {
    let path = |source: &str, value: &str| {
        let template = Template::parse(source).unwrap();
        let path = PathTemplate::new(template, |name| name.path == "whole").map_err(|error| error.0)?;
        let inputs = Inputs::new()
            .text("variables", "x", value)
            .text("variables", "whole", value);
        path.render(&inputs).map_err(|error| error.to_string())
    };
    assert_eq!(path("/a/${variables.x}/b", "c/d?e"), Ok("/a/c%2Fd%3Fe/b".to_owned()));
    assert_eq!(path("/a?x=${variables.x}", "a&b"), Ok("/a?x=a%26b".to_owned()));
    assert_eq!(
        path("${variables.whole}", "/v1/me?a=1&b=2"),
        Ok("/v1/me?a=1&b=2".to_owned())
    );
    for source in [
        "a",
        "//evil.com",
        "/a/../b",
        "/a#b",
        "/a b",
        "/${variables.whole}",
        "${variables.whole}/b",
        "/\\x",
    ] {
        assert!(path(source, "c").is_err(), "{source} was taken");
    }
    for value in ["..", ".", ""] {
        assert!(path("/a/${variables.x}", value).is_err(), "{value:?} was taken");
    }
    for value in [
        "//evil.com/",
        "/\\evil.com",
        "https://evil.com",
        "@evil.com",
        "/a#b",
        "/../a",
        "/%2e%2E/a",
        "/a\r\nb",
        "",
    ] {
        assert!(path("${variables.whole}", value).is_err(), "{value:?} was taken");
    }
}

#[test]
fn what_needs_an_absent_optional_input_is_left_out() {
    let present = |source: &str| {
        let template = Template::parse(source).unwrap().left_out_when_absent();
        let inputs = Inputs::new().text("variables", "there", "1");
        let text = template.render_present(&inputs, Slot::Header).unwrap();
        text.map(|text| text.expose_secret().to_owned())
    };
    assert_eq!(present("a ${variables.there}"), Some("a 1".to_owned()));
    assert_eq!(present("a ${variables.absent}"), None);
    assert_eq!(
        present("a ${first(variables.absent, variables.there)}"),
        Some("a 1".to_owned())
    );
    let strict = Template::parse("${variables.absent}").unwrap();
    assert!(strict.render_present(&Inputs::new(), Slot::Header).is_err());
    let needed = |source: &str| {
        let template = Template::parse(source).unwrap();
        let names: Vec<String> = template.needed().into_iter().map(ToString::to_string).collect();
        names
    };
    assert_eq!(
        needed("${lower(a.b)} ${first(c.d, e.f)} ${first(g.h, \"x\")}"),
        ["a.b", "e.f"]
    );
}

#[test]
fn a_whole_origin_keeps_its_host() {
    let at = |source: &str, value: &str| {
        let inputs = Inputs::new()
            .text("variables", "issuer", value)
            .text("variables", "x", "a/../b");
        url(source).render(&inputs).map(|url| url.to_string())
    };
    assert_eq!(
        at("${variables.issuer}/me", "https://id.example.com/").unwrap(),
        "https://id.example.com/me"
    );
    assert_eq!(
        at("${variables.issuer}/me", "https://id.example.com/t").unwrap(),
        "https://id.example.com/t/me"
    );
    assert_eq!(
        at("${variables.issuer}", "http://127.0.0.1:9/o").unwrap(),
        "http://127.0.0.1:9/o"
    );
    assert_eq!(
        at("${variables.issuer}", "https://a.example/t?x=1").unwrap(),
        "https://a.example/t?x=1"
    );
    assert_eq!(
        at("${variables.issuer}/${variables.x}", "https://a.example").unwrap(),
        "https://a.example/a%2F..%2Fb"
    );
    for value in [
        "ftp://a.example",
        "https://u:p@a.example",
        "javascript:alert(1)",
        "https://a.example/#f",
        "",
        "a.example",
    ] {
        assert!(at("${variables.issuer}/me", value).is_err(), "{value} was taken");
    }
    assert!(at("${variables.issuer}/me", "https://a.example/?q=").is_err());
}

#[test]
fn a_learnt_origin_stays_in_its_list() {
    let at = |value: &str| {
        let inputs = Inputs::new().text("variables", "learned", value);
        url("${variables.learned}/x").render(&inputs).map(|url| url.to_string())
    };
    assert_eq!(at("https://acme.my.force.com").unwrap(), "https://acme.my.force.com/x");
    assert_eq!(at("https://api.example.com").unwrap(), "https://api.example.com/x");
    for value in [
        "http://acme.force.com",
        "https://force.com",
        "https://evilforce.com",
        "https://acme.force.com.evil.com",
        "https://acme.force.com:8443",
        "https://acme.force.com@evil.com",
        "https://a.api.example.com",
        "https://127.0.0.1",
    ] {
        assert!(at(value).is_err(), "{value} was taken");
    }
}

#[test]
fn dots_of_definition_and_value_make_no_dot_segment_together() {
    let inputs = Inputs::new().text("variables", "x", ".");
    assert!(url("https://example.com/a/.${variables.x}/b").render(&inputs).is_err());
}

proptest! {
    /// Whatever a person enters, the host ends with what the definition wrote, or there is no address.
    #[test]
    fn no_value_moves_the_host(value in any::<String>(), path in any::<String>()) {
        let inputs = Inputs::new().text("variables", "domain", &value).text("variables", "path", &path);
        let template = url("https://${variables.domain}.example.com/v1/${variables.path}/x?q=${variables.path}");
        if let Ok(url) = template.render(&inputs) {
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.host_str().unwrap().ends_with(".example.com"));
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.port().is_none());
            prop_assert!(url.path().starts_with("/v1/") && url.path().ends_with("/x"));
            prop_assert_eq!(url.path_segments().unwrap().count(), 3);
            prop_assert!(url.fragment().is_none());
        }
    }

    /// The same with the characters that parsers of URLs trip over.
    #[test]
    fn no_odd_value_moves_the_host(value in r"[a-z0-9.@:/\\?#%。\[\]\r\n\t -]{0,24}") {
        if let Ok(rendered) = domain(&value) {
            prop_assert_eq!(rendered, format!("https://{value}.example.com/v1"));
        }
    }

    /// A path value comes back from the URL as it went in.
    #[test]
    fn a_path_value_is_one_segment(value in any::<String>()) {
        let inputs = Inputs::new().text("variables", "v", &value);
        if let Ok(url) = url("https://example.com/a/${variables.v}/b").render(&inputs) {
            let segment = url.path_segments().unwrap().nth(1).unwrap().to_owned();
            prop_assert_eq!(percent_encoding::percent_decode_str(&segment).decode_utf8().unwrap(), value);
        } else {
            prop_assert!(matches!(value.as_str(), "" | "." | ".."));
        }
    }

    /// What is put in is not read again, whatever it looks like.
    #[test]
    fn values_stay_literal(value in r"[$\{\}\w.()]{0,40}") {
        let inputs = Inputs::new().text("variables", "v", &value).text("credential", "k", "secret");
        prop_assert_eq!(plain("<${variables.v}>", &inputs), format!("<{value}>"));
    }

    /// Form and query values are one parameter.
    #[test]
    fn a_form_value_is_one_parameter(value in any::<String>()) {
        let inputs = Inputs::new().text("variables", "v", &value);
        for slot in [Slot::Form, Slot::Query] {
            let text = format!("a=1&v={}", render("${variables.v}", &inputs, slot).unwrap());
            let pairs: Vec<_> = ::url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            prop_assert_eq!(pairs, vec![("a".to_owned(), "1".to_owned()), ("v".to_owned(), value.clone())]);
        }
    }

    /// The inside of a JSON text stays inside.
    #[test]
    fn a_json_value_is_one_text(value in any::<String>()) {
        let inputs = Inputs::new().text("variables", "v", &value);
        let text = format!("\"{}\"", render("${variables.v}", &inputs, Slot::Json).unwrap());
        prop_assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }

    /// The parser takes any text without a panic.
    #[test]
    fn any_text_is_parsed_or_refused(source in r"[$\{\}()., \x22a-z0-9é]{0,60}") {
        let _ = Template::parse(&source);
    }
}

#[test]
fn names_stand_in_braces_for_readers() {
    let read = |source: &str| Template::parse(source).unwrap().in_braces();
    assert_eq!(read("Bearer ${credential.api_key}"), "Bearer {{api_key}}");
    assert_eq!(
        read("https://${variables.domain}.acme.example/x"),
        "https://{{domain}}.acme.example/x"
    );
    let whole = "Basic ${base64(credential.email \":\" credential.api_key)}";
    assert_eq!(read(whole), whole);
}
