//! `/api/v2/clients`.

use practice_amiqus::{Change, Holder, Practice};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::*;

/// The IDs of all clients that match a query.
async fn ids(practice: &Practice, query: &str, token: &str) -> Vec<u64> {
    let page = get_json(practice, &format!("clients?limit=100{query}"), token).await;
    let clients = items(&page).iter();
    clients
        .map(|client| client["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn client_has_the_documented_members() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let client = get_json(&practice, "clients/88001", &token).await;
    assert_eq!(
        client,
        json!({
            "object": "client",
            "id": 88_001,
            "status": null,
            "name": {
                "object": "name",
                "title": "ms",
                "other_title": null,
                "first_name": "Siân",
                "middle_name": "Mair",
                "last_name": "Llewellyn-Rhys",
                "name": "Siân Llewellyn-Rhys",
                "full_name": "Siân Mair Llewellyn-Rhys",
                "complete_name": "Ms Siân Mair Llewellyn-Rhys",
            },
            "email": "client1@example.com",
            "landline": null,
            "mobile": "+44 7700 900001",
            "dob": "1950-01-01",
            "reference": "CONV/2026/0001",
            "national_insurance_number": null,
            "is_deletable": true,
            "deletion_date": null,
            "created_at": "2026-01-05T09:00:00Z",
            "updated_at": "2026-01-05T09:00:00Z",
            "archived_at": null,
        })
    );
    let page = get_json(&practice, "clients", &token).await;
    assert_eq!(items(&page)[0], client);
    let text = get(&practice, "clients", &token).await.text().await;
    let text = text.unwrap();
    assert!(text.is_ascii() && text.contains("Si\\u00e2n"));
    assert!(text.contains("<script>"), "a name is hostile");
}

#[tokio::test]
async fn pages_together_have_each_client_once() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let mut path = "clients?limit=10&search=CONV%2F2026".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = get_json(&practice, &path, &token).await;
        seen.extend(items(&page).iter().map(|client| client["id"].clone()));
        pages += 1;
        assert_eq!(page["total_pages"], 3);
        let root = format!("{}/api/v2/", practice.base_url());
        let Some(next) = page["links"]["next"].as_str() else {
            break;
        };
        path = next.strip_prefix(&root).unwrap().to_owned();
        assert!(path.contains("search=CONV%2F2026&"), "{path}");
    }
    assert_eq!((pages, seen.len()), (3, 28));
    seen.dedup();
    assert_eq!(seen.len(), 28);
    let first = get_json(&practice, "clients", &token).await;
    assert_eq!((&first["count"], &first["total"]), (&json!(25), &json!(42)));
}

#[tokio::test]
async fn filters_of_clients_narrow_the_list() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let count = async |query: &str| ids(&practice, query, &token).await.len();
    assert_eq!(
        ids(&practice, "&search=o%E2%80%99hara", &token).await,
        [88_003]
    );
    assert_eq!(
        ids(&practice, "&reference=conv/2026/0004", &token).await,
        [88_004]
    );
    assert_eq!(count("&reference=CONV").await, 0);
    for status in ["pending", "approved", "rejected"] {
        let page = get_json(&practice, &format!("clients?status={status}"), &token).await;
        assert!(items(&page).iter().all(|client| client["status"] == status));
        assert!(!items(&page).is_empty());
    }
    assert_eq!(count("&visibility=archived").await, 4);
    assert_eq!(count("&visibility=active").await, 38);
    // Bob's ID as a member of the team, and as a user.
    let bobs = ids(&practice, "&assignee=121", &token).await;
    assert!(bobs.contains(&88_001) && bobs.len() < 20);
    assert_eq!(ids(&practice, "&assignee=345789", &token).await, bobs);
    assert_eq!(practice.complaints(), [""; 0]);

    for query in ["status=unknown", "assignee=me", "assignee=false"] {
        let (status, body) =
            status_and_json(get(&practice, &format!("clients?{query}&page=x"), &token).await).await;
        let name = query.split('=').next().unwrap();
        assert_eq!(status, 422, "{query}");
        assert!(body[name][0].is_string() && body["page"][0].is_string());
    }
}

#[tokio::test]
async fn created_client_is_kept_and_noted_once() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let body = json!({
        "name": {"title": "mr", "first_name": "Martin", "last_name": "McFly"},
        "email": "marty@example.com",
    });
    let response = send_json(&practice, Method::POST, "clients", &token, &body).await;
    let (status, client) = status_and_json(response).await;
    assert_eq!((status, &client["id"]), (201, &json!(88_043)));
    assert_eq!(client["name"]["complete_name"], "Mr Martin McFly");
    assert_eq!(get_json(&practice, "clients/88043", &token).await, client);
    assert_eq!(ids(&practice, "", &token).await.len(), 43);

    let holder = Holder {
        person: BOB.to_owned(),
        team: FUSION_INDUSTRIES.to_owned(),
    };
    let created = Change {
        method: "POST".to_owned(),
        path: "/api/v2/clients/88043".to_owned(),
        holder: holder.clone(),
    };
    assert_eq!(practice.changes(), [created]);
    let requests = practice.api_requests();
    let posts = requests.iter().filter(|request| request.method == "POST");
    assert_eq!(posts.count(), 1);
    assert_eq!(requests[0].holder, Some(holder));

    practice.reset();
    assert_eq!(practice.changes(), []);
    let token = grant_tokens(&practice).access_token;
    assert_eq!(ids(&practice, "", &token).await.len(), 42);
}

#[tokio::test]
async fn updated_client_keeps_its_other_members() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let old = get_json(&practice, "clients/88002", &token).await;
    let body = json!({"status": "approved", "name": {"first_name": "Alistair"}});
    let response = send_json(&practice, Method::PATCH, "clients/88002", &token, &body).await;
    let (status, mut new) = status_and_json(response).await;
    assert_eq!((status, &new["status"]), (200, &json!("approved")));
    assert_eq!(new["name"]["first_name"], "Alistair");
    assert_ne!(new["updated_at"], old["updated_at"]);
    assert_eq!(practice.changes()[0].method, "PATCH");
    for name in ["status", "name", "updated_at"] {
        new[name] = old[name].clone();
    }
    assert_eq!(new, old);
}

#[tokio::test]
async fn invalid_client_changes_nothing() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let body = json!({"name": {"first_name": "Zoë"}, "email": "nobody"});
    let response = send_json(&practice, Method::POST, "clients", &token, &body).await;
    assert!(response.headers().contains_key("x-ratelimit-remaining"));
    let (status, body) = status_and_json(response).await;
    assert_eq!(status, 422);
    assert_eq!(
        body,
        json!({
            "email": ["Value must be an e-mail address"],
            "name.last_name": ["Value is required"],
        })
    );
    let response = send_json(
        &practice,
        Method::PATCH,
        "clients/88002",
        &token,
        &json!({}),
    )
    .await;
    assert_eq!(response.status(), 422);
    let response = send_json(&practice, Method::PATCH, "clients/7", &token, &json!({})).await;
    assert_eq!(response.status(), 404);
    assert_eq!(practice.changes(), []);
    assert_eq!(practice.complaints().len(), 3);
}

#[tokio::test]
async fn token_sees_only_its_own_team() {
    let practice = start().await;
    let fusion = grant_tokens(&practice).access_token;
    let legal = access_token(&practice, BOB, HILL_VALLEY_LEGAL);
    let ids_of = async |token: &str| ids(&practice, "", token).await;
    assert_eq!(ids_of(&fusion).await[0], 88_001);
    assert_eq!(ids_of(&legal).await[0], 89_001);
    for path in [
        "clients/89001",
        "clients/89001/files",
        "clients/89001/files/890010/download",
        "records/895000",
        "records/895000/steps",
        "records/895000/download",
        "checks/89500001",
        "clients/none",
    ] {
        let (status, body) = status_and_json(get(&practice, path, &fusion).await).await;
        assert_eq!(
            (status, &body),
            (404, &json!({"error": "Not Found."})),
            "{path}"
        );
    }
    let response = get(&practice, "checks/89500001", &legal).await;
    assert_eq!(response.status(), 200);
    let body = json!({"dob": Value::Null});
    let response = send_json(&practice, Method::PATCH, "clients/89001", &fusion, &body).await;
    assert_eq!(response.status(), 404);
}
