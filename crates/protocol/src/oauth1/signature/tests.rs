//! Answers that others know: those of RFC 5849, of OAuth Core 1.0 appendix A.5, and of services and libraries that publish
//! theirs.

use super::*;

struct Known {
    consumer: (&'static str, &'static str),
    token: (&'static str, &'static str),
    nonce: &'static str,
    timestamp: i64,
}

impl Known {
    /// The parameters of the protocol as these signed them.
    fn own(&self, algorithm: OAuth1Method, more: &[(&'static str, &str)]) -> Vec<(&'static str, Zeroizing<String>)> {
        let timestamp = self.timestamp.to_string();
        let mut own = vec![
            ("oauth_consumer_key", self.consumer.0),
            ("oauth_token", self.token.0),
            ("oauth_signature_method", algorithm.name()),
            ("oauth_timestamp", timestamp.as_str()),
            ("oauth_nonce", self.nonce),
        ];
        own.extend(more);
        own.into_iter()
            .map(|(name, value)| (name, Zeroizing::new(value.to_owned())))
            .collect()
    }

    fn signature(
        &self,
        algorithm: OAuth1Method,
        (method, url, form): (&str, &str, &str),
        more: &[(&'static str, &str)],
    ) -> String {
        let (method, url) = (method.parse().unwrap(), url.parse().unwrap());
        let request = Signed {
            method: &method,
            url: &url,
            form: form.as_bytes(),
            extra: &[],
        };
        let keys = Keys {
            consumer_key: self.consumer.0.into(),
            consumer_secret: self.consumer.1.into(),
            token: Some((self.token.0.into(), self.token.1.into())),
        };
        signature(algorithm, &keys, &self.own(algorithm, more), request).to_string()
    }
}

/// RFC 5849 §3.1 and §3.4.1.1.
const OF_THE_STANDARD: Known = Known {
    consumer: ("9djdj82h48djs9d2", "j49sk3j29djd"),
    token: ("kkk9d7dh3k39sjv7", "dh893hdasih9"),
    nonce: "7d8f3e4a",
    timestamp: 137_131_201,
};
const THE_REQUEST: (&str, &str, &str) = (
    "POST",
    "HTTP://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
    "c2&a3=2+q",
);

#[test]
fn the_base_string_is_that_of_the_standard() {
    let (method, url) = (THE_REQUEST.0.parse().unwrap(), THE_REQUEST.1.parse().unwrap());
    let request = Signed {
        method: &method,
        url: &url,
        form: THE_REQUEST.2.as_bytes(),
        extra: &[],
    };
    assert_eq!(
        base_string(&OF_THE_STANDARD.own(OAuth1Method::HmacSha1, &[]), request),
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2\
         %3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26\
         oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    );
}

#[test]
fn signatures_are_what_others_know() {
    let known = &OF_THE_STANDARD;
    // With these secrets, as several libraries test it; what RFC 5849 §3.1 prints is reported as an error in it.
    assert_eq!(
        known.signature(OAuth1Method::HmacSha1, THE_REQUEST, &[]),
        "r6/TJjbCOr97/+UU0NsvSne7s5g="
    );
    assert_eq!(
        known.signature(OAuth1Method::HmacSha256, THE_REQUEST, &[]),
        "ypAxjNip++Dm0fTM+gCl8wAo6ufSnseu1WHxL7py3BU="
    );
    assert_eq!(
        known.signature(OAuth1Method::Plaintext, THE_REQUEST, &[]),
        "j49sk3j29djd&dh893hdasih9"
    );

    // RFC 5849 §1.2.
    let consumer = ("dpf43f3p2l4k3l03", "kd94hf93k423kf44");
    let temporary = Known {
        consumer,
        token: ("hh5s93j4hdidpola", "hdhd0244k9j7ao03"),
        nonce: "walatlh",
        timestamp: 137_131_201,
    };
    assert_eq!(
        temporary.signature(
            OAuth1Method::HmacSha1,
            ("POST", "https://photos.example.net/token", ""),
            &[("oauth_verifier", "hfdp7dh39dks9884")]
        ),
        "gKgrFCywp7rO0OXSjdot/IHF7IU="
    );
    let photos = (
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
        "",
    );
    let token = ("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00");
    let of_photos = Known {
        consumer,
        token,
        nonce: "chapoH",
        timestamp: 137_131_202,
    };
    assert_eq!(
        of_photos.signature(OAuth1Method::HmacSha1, photos, &[]),
        "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    );
    // OAuth Core 1.0 appendix A.5.2.
    let of_core = Known {
        consumer,
        token,
        nonce: "kllo9940pd9333jh",
        timestamp: 1_191_242_096,
    };
    assert_eq!(
        of_core.signature(OAuth1Method::HmacSha1, photos, &[("oauth_version", "1.0")]),
        "tR3+Ty81lMeYAr/Fid0kMTYa/WM="
    );
    // The documents of a large service, with a query and a form.
    let documented = Known {
        consumer: ("xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
        token: (
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        ),
        nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp: 1_318_622_958,
    };
    let update = (
        "POST",
        "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
        "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21",
    );
    assert_eq!(
        documented.signature(OAuth1Method::HmacSha1, update, &[("oauth_version", "1.0")]),
        "hCtSmYh+iHYCEqBWrE7C7hYmtUk="
    );
}

#[test]
fn each_request_is_signed_anew_and_stands_in_its_place() {
    let (method, url) = ("GET".parse().unwrap(), "https://a.test/x?a=1".parse().unwrap());
    let request = Signed {
        method: &method,
        url: &url,
        form: &[],
        extra: &[("oauth_callback", "https://b.test/?state=1 2")],
    };
    let keys = Keys {
        consumer_key: "key \"of\" us".into(),
        consumer_secret: "a&b".into(),
        token: None,
    };
    let moment = Moment::new(1_700_000_000).unwrap();
    assert_ne!(moment.nonce, Moment::new(1_700_000_000).unwrap().nonce);
    let parameters = sign(OAuth1Method::Plaintext, &keys, &moment, request);
    let nonce = &moment.nonce;
    let header = parameters.header(Some("A realm")).unwrap();
    assert!(header.is_sensitive());
    assert_eq!(
        header.to_str().unwrap(),
        format!(
            "OAuth realm=\"A realm\", oauth_consumer_key=\"key%20%22of%22%20us\", oauth_signature_method=\"PLAINTEXT\", \
             oauth_timestamp=\"1700000000\", oauth_nonce=\"{nonce}\", \
             oauth_callback=\"https%3A%2F%2Fb.test%2F%3Fstate%3D1%202\", oauth_version=\"1.0\", \
             oauth_signature=\"a%2526b%26\""
        )
    );
    assert!(parameters.header(Some("a\"b")).is_none());
    let query = parameters.behind("a=1");
    assert!(
        query.starts_with("a=1&oauth_consumer_key=key%20%22of%22%20us&"),
        "{}",
        *query
    );
    assert!(query.ends_with("&oauth_signature=a%2526b%26"), "{}", *query);
}

#[test]
fn odd_bytes_are_signed_as_they_are() {
    let encoded = |text: &str| -> Vec<String> {
        let pairs = pairs(text.as_bytes());
        pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    };
    assert_eq!(encoded("a=1&&b&=c&d=e=f"), ["a=1", "b=", "=c", "d=e%3Df"]);
    assert_eq!(
        encoded("x=%ff%00&y=%zz&z=%C3%A9&w=~*'"),
        ["x=%FF%00", "y=%25zz", "z=%C3%A9", "w=~%2A%27"]
    );
}

#[test]
fn a_callers_own_signature_is_found() {
    for (query, form, found) in [
        (Some("a=1&oauth_token=x"), "", Some("oauth_token")),
        (Some("oauth%5Fnonce=x"), "", Some("oauth_nonce")),
        (None, "oauth_signature=x", Some("oauth_signature")),
        (Some("oauth_tokens=1&token=2"), "oauth=1", None),
    ] {
        assert_eq!(foreign(query, form.as_bytes()).as_deref(), found);
    }
}
