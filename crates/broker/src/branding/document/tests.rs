use serde_json::json;

use super::*;

fn read(value: Value) -> Result<(Option<String>, Document), Vec<Mistake>> {
    Document::read(serde_json::from_value(value).unwrap())
}

fn refused(value: Value) -> String {
    let mistakes = read(value).unwrap_err();
    let lines: Vec<String> = mistakes
        .iter()
        .map(|mistake| format!("{}: {}", mistake.field, mistake.message))
        .collect();
    lines.join("; ")
}

/// What scripts, style sheets, markup and directions are tried with.
pub(crate) const HOSTILE: [&str; 18] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "red;}body{display:none",
    "url(https://evil.test/x)",
    "@import 'https://evil.test/x.css'",
    "expression(alert(1))",
    "#fff;background:url(https://evil.test)",
    "\\3c script\\3e",
    "/*",
    "{{7*7}}",
    "${alert(1)}",
    "&lt;b&gt;",
    "a\u{202e}b",
    "x\r\ny: z",
    "a\u{0}b",
];

#[test]
fn all_of_it_comes_back_as_it_was_read() {
    let value = json!({
        "theme": "dark",
        "accent": { "light": "#3B5BDB", "dark": "#9ab" },
        "background": "#fffdf5",
        "radius": 24,
        "font": "Inter, 'Segoe UI', sans-serif",
        "texts": {
            "en": { "title": " Connect your tools ", "lead": "What Shop may use.", "explain": "", "success": "Back to work." },
            "ar": { "title": "اربط أدواتك" },
            "de": {},
        },
        "privacyUrl": "https://shop.example.test/privacy?lang=en#top",
        "termsUrl": "https://shop.example.test/terms",
        "name": "Shop",
    });
    let (name, document) = read(value).unwrap();
    assert_eq!(name.as_deref(), Some("Shop"));
    let stored = document.to_value();
    assert_eq!(
        stored,
        json!({
            "theme": "dark",
            "accent": { "light": "#3b5bdb", "dark": "#99aabb" },
            "background": { "light": "#fffdf5", "dark": "#fffdf5" },
            "radius": 24,
            "font": "\"Inter\", \"Segoe UI\", sans-serif",
            "texts": {
                "en": { "title": "Connect your tools", "lead": "What Shop may use.", "success": "Back to work." },
                "ar": { "title": "اربط أدواتك" },
            },
            "privacyUrl": "https://shop.example.test/privacy?lang=en#top",
            "termsUrl": "https://shop.example.test/terms",
        })
    );
    assert_eq!(Document::stored(&stored), document);
}

#[test]
fn each_mistake_says_what_to_write() {
    for (value, said) in [
        (
            json!({ "accent": "red" }),
            "accent.light: write a colour as six hexadecimal digits, for example #3b5bdb",
        ),
        (
            json!({ "background": { "dark": "#12" } }),
            "background.dark: write a colour as six hexadecimal digits",
        ),
        (json!({ "radius": 25 }), "radius: write whole pixels from 0 to 24"),
        (json!({ "radius": -1 }), "radius: write whole pixels from 0 to 24"),
        (
            json!({ "theme": "auto" }),
            "theme: write light or dark, or leave it out",
        ),
        (
            json!({ "font": "Inter; x" }),
            "font: the name of a font has 1 to 40 letters",
        ),
        (
            json!({ "font": "a,b,c,d,e,f,g,h,i" }),
            "font: write one to eight names of fonts",
        ),
        (
            json!({ "privacyUrl": "http://shop.test/" }),
            "privacyUrl: write an https address of at most 300 characters",
        ),
        (
            json!({ "termsUrl": "https://a:b@shop.test/" }),
            "termsUrl: write an https address",
        ),
        (
            json!({ "texts": { "en": { "title": "x".repeat(61) } } }),
            "texts.en.title: write 60 characters at most",
        ),
        (
            json!({ "texts": { "en": { "lead": "x".repeat(161) } } }),
            "texts.en.lead: write 160 characters at most",
        ),
        (
            json!({ "texts": { "de": { "explain": "x".repeat(301) } } }),
            "texts.de.explain: write 300 characters at most",
        ),
        (
            json!({ "texts": { "en": { "success": "a\u{202e}b" } } }),
            "texts.en.success: write plain text on one line",
        ),
        (
            json!({ "texts": { "en-GB": {} } }),
            "texts.en-GB: the modal speaks en, de, fr",
        ),
        (json!({ "texts": { "<b>": {} } }), "texts: the modal speaks en"),
        (json!({ "name": " " }), "name: a project always has a name"),
        (json!({ "name": "x".repeat(121) }), "name: write 120 characters at most"),
    ] {
        let refused = refused(value.clone());
        assert!(refused.starts_with(said), "{value}: {refused}");
    }
    let both = refused(json!({ "accent": "red", "radius": 99 }));
    assert!(
        both.contains("accent.light") && both.contains("accent.dark") && both.contains("radius"),
        "{both}"
    );
}

#[test]
fn a_hostile_text_is_refused_or_stays_a_text() {
    for text in HOSTILE {
        for field in ["accent", "background", "font", "privacyUrl", "termsUrl", "theme"] {
            let refused = refused(json!({ field: text }));
            assert!(refused.starts_with(field), "{field} {text}: {refused}");
            assert!(!refused.contains(text), "{field} repeats {text}");
        }
        // A text may hold anything that is seen: pages write it as text. Nothing of it reaches a style sheet.
        if let Ok((_, document)) = read(json!({ "texts": { "en": { "title": text } } })) {
            assert_eq!(document.texts["en"].title.as_deref(), Some(text));
        }
    }
}

#[test]
fn an_answer_can_be_sent_back() {
    read(json!({ "logo": { "light": null }, "favicon": null, "domain": "https://x.test", "adjusted": [] })).unwrap();
    let unknown = serde_json::from_value::<BrandingRequest>(json!({ "colour": "#fff" })).unwrap_err();
    assert!(unknown.to_string().contains("unknown field"), "{unknown}");
    let unknown = serde_json::from_value::<BrandingRequest>(json!({ "accent": { "bright": "#fff" } })).unwrap_err();
    assert!(unknown.to_string().contains("unknown field"), "{unknown}");
}

#[test]
fn what_an_earlier_version_wrote_is_read() {
    let old =
        Document::stored(&json!({ "accent": "#3b5bdb", "theme": "dark", "logo_url": "https://cdn.shop.test/a.png" }));
    assert_eq!(old.accent.light, old.accent.dark);
    assert_eq!(old.theme, Some(Theme::Dark));
    assert_eq!(old.old_logo.as_deref(), Some("https://cdn.shop.test/a.png"));
    // And what nobody should have written changes nothing.
    let odd =
        json!({ "accent": 7, "theme": "x", "radius": 900, "font": "a;b", "texts": [], "logo_url": "javascript:1" });
    assert_eq!(Document::stored(&odd), Document::default());
}
