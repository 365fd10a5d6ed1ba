//! Several replicas, and one that dies.

use serde_json::{Value, json};

use super::{Waiting, site};

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_dies_over_a_pick_leaves_the_choice() {
    let waiting = Waiting::new().await;
    let id = waiting.flow.flow.parse().unwrap();
    assert!(waiting.server.store.claim_choice(id).await.unwrap());
    assert_eq!(waiting.stage().await, "exchanging");
    assert_eq!(waiting.pick(0).await.problem(409), "choice_made");
    assert_eq!(waiting.modal("choices", &json!({})).await.problem(409), "choice_made");
    waiting.server.advance(61).await;
    let swept = waiting.server.store.sweep_flows().await.unwrap();
    assert_eq!((swept.interrupted, swept.unchosen), (0, 0));
    assert_eq!(waiting.stage().await, "choosing");
    waiting.pick(0).await.expect(200);
    assert_eq!(waiting.stage().await, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choice_is_made_at_another_replica() {
    let waiting = Waiting::new().await;
    let beside = waiting.server.beside().await;
    let post = |what: &str, body: Value| {
        let url = format!("{}{}", beside.url, waiting.path(what));
        // Its own page sends this origin: the public one.
        let request = waiting.server.client.post(url).header("origin", &waiting.server.url);
        let request = request
            .header("sec-fetch-site", "same-origin")
            .bearer_auth(&waiting.session);
        request.json(&body).send()
    };
    let list: Value = post("choices", json!({})).await.unwrap().json().await.unwrap();
    assert_eq!(list["choices"].as_array().map(Vec::len), Some(3), "{list}");
    assert_eq!(post("choose", json!({ "pick": 2 })).await.unwrap().status(), 200);
    let end = waiting.outcome().await;
    assert_eq!(site(&waiting.server, &end["connection"]).await, "northwind");
}
