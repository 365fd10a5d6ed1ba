use std::collections::HashSet;

use actix_web::body::to_bytes;

use super::*;

#[actix_web::test]
async fn every_kind_has_one_status_one_code_and_a_json_body() {
    let mut codes = HashSet::new();
    let mut statuses = HashSet::new();
    for kind in Kind::ALL {
        let response = Problem::general(kind).response(Some("c-1"));
        assert_eq!(response.status(), kind.status());
        assert_eq!(
            response.headers().get(header::CONTENT_TYPE).unwrap(),
            "application/json"
        );
        let body: Value = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
        assert_eq!(body["status"], kind.status().as_u16());
        assert_eq!(body["correlationId"], "c-1");
        assert!(!body["message"].as_str().unwrap().is_empty());
        assert!(body["key"].as_str().unwrap().starts_with("err::application::"));
        assert!(body.as_object().unwrap().contains_key("meta"));
        assert!(codes.insert(body["code"].as_u64().unwrap()), "{kind:?}");
        assert!(statuses.insert(kind.status()), "{kind:?}");
        assert_eq!(Kind::of_status(kind.status()), kind);
    }
}

#[test]
fn every_kind_of_the_broker_has_its_own_status() {
    let statuses: HashSet<_> = broker::Kind::ALL
        .into_iter()
        .map(|kind| of_broker(kind).status())
        .collect();
    assert_eq!(statuses.len(), broker::Kind::ALL.len());
    let problem = broker::Problem::new(broker::Kind::Unavailable, "database_unavailable", "Not now.");
    let problem = Problem::from(problem);
    assert_eq!(
        (problem.key(), problem.kind()),
        ("database_unavailable", Kind::Unavailable)
    );
    assert!(problem.response(None).headers().contains_key(header::RETRY_AFTER));
}

#[test]
fn a_wait_is_rounded_up() {
    let response = Problem::general(Kind::TooManyRequests)
        .after(Duration::from_millis(1_200))
        .response(None);
    assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "2");
}

#[test]
fn statuses_of_the_framework_become_kinds() {
    assert_eq!(Kind::of_status(StatusCode::BAD_GATEWAY), Kind::Internal);
    assert_eq!(Kind::of_status(StatusCode::IM_A_TEAPOT), Kind::BadRequest);
}
