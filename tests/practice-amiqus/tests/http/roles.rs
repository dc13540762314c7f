//! What each role can do with the data of the team.

use practice_amiqus::Practice;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::*;

const TEAM_PATHS: [&str; 13] = [
    "clients",
    "clients/88001",
    "clients/88001/files",
    "clients/88001/files/880010/download",
    "records",
    "records/885000",
    "records/885000/steps",
    "records/885000/download",
    "checks/88500001",
    "cases",
    "aggregates/case-status",
    "credits",
    "webhooks",
];

/// A token for Bob in a role at Fusion Industries.
fn token_with_role(practice: &Practice, role: Option<&str>) -> String {
    practice.set_role(BOB, FUSION_INDUSTRIES, role).unwrap();
    grant_tokens(practice).access_token
}

async fn assert_forbidden(practice: &Practice, method: Method, path: &str, token: &str) {
    let response = send_json(practice, method, path, token, &new_client()).await;
    let (status, body) = status_and_json(response).await;
    let forbidden = json!({"message": "This action is unauthorized."});
    assert_eq!((status, body), (403, forbidden), "{path}");
}

fn new_client() -> Value {
    let name = json!({"first_name": "Martin", "last_name": "McFly"});
    json!({"name": name, "email": "marty@example.com"})
}

#[tokio::test]
async fn owner_and_member_can_read_and_change() {
    let practice = start().await;
    for role in ["owner", "member", "assumed"] {
        let token = token_with_role(&practice, Some(role));
        for path in TEAM_PATHS {
            assert_eq!(
                get(&practice, path, &token).await.status(),
                200,
                "{role} {path}"
            );
        }
        let body = new_client();
        let response = send_json(&practice, Method::POST, "clients", &token, &body).await;
        assert_eq!(response.status(), 201, "{role}");
        let response = send_json(&practice, Method::PATCH, "clients/88001", &token, &body).await;
        assert_eq!(response.status(), 200, "{role}");
    }
    assert_eq!(practice.changes().len(), 6);
}

#[tokio::test]
async fn read_only_and_unknown_roles_change_nothing() {
    let practice = start().await;
    for role in ["read-only", "auditor"] {
        let token = token_with_role(&practice, Some(role));
        for path in TEAM_PATHS.into_iter().chain(["team/members"]) {
            assert_eq!(
                get(&practice, path, &token).await.status(),
                200,
                "{role} {path}"
            );
        }
        assert_forbidden(&practice, Method::POST, "clients", &token).await;
        assert_forbidden(&practice, Method::PATCH, "clients/88001", &token).await;
    }
    assert_eq!(practice.changes(), []);
}

#[tokio::test]
async fn assigned_only_sees_what_is_assigned() {
    let practice = start().await;
    let token = token_with_role(&practice, Some("member"));
    let total =
        async |path: &str, token: &str| get_json(&practice, path, token).await["total"].clone();
    let assigned = [
        total("clients?assignee=121", &token).await,
        total("records?assignee=121", &token).await,
        total("cases?assigned_to=121", &token).await,
    ];
    let token = token_with_role(&practice, Some("assigned-only"));
    let seen = [
        total("clients", &token).await,
        total("records", &token).await,
        total("cases", &token).await,
    ];
    assert_eq!(seen, assigned);
    let aggregate = get_json(&practice, "aggregates/case-status", &token).await;
    let counts = aggregate["aggregates"].as_array().unwrap();
    let counted: u64 = counts
        .iter()
        .map(|count| count["count"].as_u64().unwrap())
        .sum();
    assert_eq!(seen[2], counted);

    // The first client is Bob's, the second is not.
    assert_eq!(get(&practice, "clients/88001", &token).await.status(), 200);
    for path in [
        "clients/88002",
        "clients/88002/files",
        "clients/88002/files/880020/download",
        "records/885002",
        "checks/88500201",
        "team/members",
        "credits",
        "webhooks",
    ] {
        assert_forbidden(&practice, Method::GET, path, &token).await;
    }
    assert_forbidden(&practice, Method::POST, "clients", &token).await;
    assert_forbidden(&practice, Method::PATCH, "clients/88002", &token).await;
    let body = json!({"status": "approved"});
    let response = send_json(&practice, Method::PATCH, "clients/88001", &token, &body).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn user_without_a_role_sees_no_data_of_the_team() {
    let practice = start().await;
    let token = token_with_role(&practice, None);
    for path in TEAM_PATHS.into_iter().chain(["team/members", "clients/7"]) {
        assert_forbidden(&practice, Method::GET, path, &token).await;
    }
    assert_forbidden(&practice, Method::POST, "clients", &token).await;
    assert_forbidden(&practice, Method::PATCH, "clients/88001", &token).await;
    let member = get_json(&practice, "team/me", &token).await;
    assert_eq!(member["role"], Value::Null);
    assert_eq!(get(&practice, "status", &token).await.status(), 204);
    let teams = get_json(&practice, "me/teams", &token).await;
    assert_eq!(teams["total"], 1);
}
