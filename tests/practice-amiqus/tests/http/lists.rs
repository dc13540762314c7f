//! Records, cases and the lists of a team.

use practice_amiqus::Practice;
use serde_json::{Value, json};

use crate::client::*;

/// A list of at most 100 items, as a page.
async fn list(practice: &Practice, path: &str, token: &str) -> Vec<Value> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let page = get_json(practice, &format!("{path}{separator}limit=100"), token).await;
    items(&page).clone()
}

#[tokio::test]
async fn every_list_is_paginated_alike() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    for path in [
        "me/teams",
        "team/members",
        "clients",
        "clients/88001/files",
        "records",
        "records/885000/steps",
        "cases",
        "credits",
        "webhooks",
    ] {
        let page = get_json(&practice, &format!("{path}?limit=1&x=%26&page=2"), &token).await;
        let total = page["total"].as_u64().unwrap();
        assert!(total >= 2, "{path}");
        let url = format!("{}/api/v2/{path}?limit=1&x=%26&page=", practice.base_url());
        let next = (total > 2).then(|| format!("{url}3"));
        assert_eq!(page["object"], "paginated_list", "{path}");
        assert_eq!((&page["count"], items(&page).len()), (&json!(1), 1));
        assert_eq!(
            (&page["limit"], &page["current_page"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(page["total_pages"], total);
        assert_eq!(
            page["links"],
            json!({"next": next, "previous": format!("{url}1")}),
            "{path}"
        );
        let response = get(&practice, &format!("{path}?limit=0"), &token).await;
        assert_eq!(response.status(), 422, "{path}");
    }
}

#[tokio::test]
async fn filters_of_records_narrow_the_list() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let all = list(&practice, "records", &token).await;
    assert_eq!(all.len(), 63);
    let paused = list(&practice, "records?status=paused", &token).await;
    assert!(!paused.is_empty() && paused.iter().all(|record| record["status"] == "paused"));
    let count = async |query: &str| {
        list(&practice, &format!("records?{query}"), &token)
            .await
            .len()
    };
    let (assigned, unassigned) = (count("assignee=131").await, count("assignee=false").await);
    assert!(assigned > 0 && unassigned > 0 && assigned + unassigned < 63);
    assert!(count("created_by=345789").await > 0);
    assert_eq!(count("created_by=1").await, 0);
    for query in ["status=done", "assignee=true", "created_by=false"] {
        let response = get(&practice, &format!("records?{query}"), &token).await;
        assert_eq!(response.status(), 422, "{query}");
    }
}

#[tokio::test]
async fn record_can_be_completed_at_its_perform_url() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let records = list(&practice, "records", &token).await;
    let start = format!("{}/i/", practice.base_url());
    for record in &records {
        let is_open =
            ["pending", "started", "amendments"].contains(&record["status"].as_str().unwrap());
        match record["perform_url"].as_str() {
            Some(url) => assert!(is_open && url.starts_with(&start), "{url}"),
            None => assert!(!is_open && record["perform_url"] == false),
        }
        assert_eq!(record["steps"].as_array().unwrap().len(), 3);
    }
    let id = records[0]["id"].as_u64().unwrap();
    assert_eq!(
        get_json(&practice, &format!("records/{id}"), &token).await,
        records[0]
    );
}

#[tokio::test]
async fn checks_and_reviews_of_steps_are_expanded() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let reviewed = list(&practice, "records?status=reviewed", &token).await;
    let path = format!("records/{}/steps", reviewed[0]["id"]);
    let collapsed = list(&practice, &path, &token).await;
    assert!(collapsed[0]["check"].is_u64() && collapsed[0]["review"].is_u64());
    assert_eq!(collapsed[2]["type"], "form");
    assert_eq!(
        (&collapsed[2]["review"], &collapsed[2]["check"]),
        (&json!(false), &Value::Null)
    );
    let expanded = list(&practice, &format!("{path}?expand=check,review"), &token).await;
    assert_eq!(expanded[0]["review"]["object"], "step_review");
    assert_eq!(expanded[0]["type"], "check.photo_id");
    let check = format!("checks/{}", collapsed[0]["check"]);
    assert_eq!(
        expanded[0]["check"],
        get_json(&practice, &check, &token).await
    );
    assert_eq!(expanded[0]["check"]["record"], reviewed[0]["id"]);
    let response = get(&practice, &format!("{path}?expand=check,client"), &token).await;
    assert_eq!(response.status(), 422);
}

#[tokio::test]
async fn cases_are_counted_by_status() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    for query in ["", "assigned_to=121", "assigned_to=false"] {
        let aggregate = get_json(
            &practice,
            &format!("aggregates/case-status?{query}"),
            &token,
        )
        .await;
        assert_eq!(aggregate["object"], "case_status_aggregate");
        let counts = aggregate["aggregates"].as_array().unwrap();
        assert_eq!(counts.len(), 7);
        for count in counts {
            let status = count["status"].as_str().unwrap();
            let cases = list(&practice, &format!("cases?status={status}&{query}"), &token).await;
            assert_eq!(count["count"], cases.len(), "{status}");
        }
    }
    let two = list(&practice, "cases?status=approved,rejected", &token).await;
    assert_eq!(two.len(), 8);
    assert_eq!(two[0]["items"].as_array().unwrap().len(), 2);
    let response = get(&practice, "cases?status=closed", &token).await;
    assert_eq!(response.status(), 422);
}

#[tokio::test]
async fn lists_of_the_team_have_their_objects() {
    let practice = start().await;
    let token = access_token(&practice, LORRAINE, HILL_VALLEY_LEGAL);
    let members = list(&practice, "team/members", &token).await;
    assert_eq!(members.len(), 5);
    assert_eq!(members[1], get_json(&practice, "team/me", &token).await);
    practice.set_role(BOB, HILL_VALLEY_LEGAL, None).unwrap();
    assert_eq!(list(&practice, "team/members", &token).await.len(), 4);

    let credits = list(&practice, "credits", &token).await;
    assert_eq!(
        (&credits[0]["credits"], &credits[1]["credits"]),
        (&json!(244), &json!(-1))
    );
    assert_eq!(credits[1]["causer"]["type"], "check");
    let webhooks = list(&practice, "webhooks", &token).await;
    assert_eq!(webhooks[0]["events"], json!(["client.*", "record.*"]));
    assert_eq!(webhooks[0]["secret"].as_str().unwrap().len(), 64);
}
