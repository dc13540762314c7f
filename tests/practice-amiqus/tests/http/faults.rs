//! Fault injection.

use std::time::{Duration, Instant};

use practice_amiqus::{Endpoint, Fault, Practice, RetryAfter};
use reqwest::Response;
use serde_json::{Value, json};

use crate::client::*;

/// Refreshes new tokens with a fault.
async fn refresh_with(practice: &Practice, fault: Fault) -> Response {
    practice.set_fault(fault.at(Endpoint::TokenRefresh).times(1));
    token_request(
        practice,
        &refresh_form(practice, &grant_tokens(practice).refresh_token),
    )
    .await
}

async fn text_with(practice: &Practice, fault: Fault) -> String {
    refresh_with(practice, fault).await.text().await.unwrap()
}

async fn json_with(practice: &Practice, fault: Fault) -> Value {
    refresh_with(practice, fault).await.json().await.unwrap()
}

#[tokio::test]
async fn drop_before_processing_leaves_the_token_live() {
    let practice = start().await;
    let old = grant_tokens(&practice);
    let form = refresh_form(&practice, &old.refresh_token);
    practice.set_fault(
        Fault::DropBeforeProcessing
            .at(Endpoint::TokenRefresh)
            .times(1),
    );
    assert!(try_token_request(&practice, &form).await.is_err());
    assert!(practice.is_refresh_token_live(&old.refresh_token));
    assert_eq!(practice.requests()[0].status, None);
    token_set(token_request(&practice, &form).await).await;
}

#[tokio::test]
async fn lost_response_was_processed() {
    let practice = start().await;
    let old = grant_tokens(&practice);
    practice.set_fault(Fault::LoseAnswer.at(Endpoint::TokenRefresh).times(1));
    assert!(
        try_token_request(&practice, &refresh_form(&practice, &old.refresh_token))
            .await
            .is_err()
    );
    assert!(!practice.is_refresh_token_live(&old.refresh_token));
    assert!(!practice.is_access_token_live(&old.access_token));
}

#[tokio::test]
async fn cut_body_ends_after_a_complete_head() {
    let practice = start().await;
    let old = grant_tokens(&practice);
    practice.set_fault(Fault::CutBody.at(Endpoint::Any).times(2));
    let response = token_request(&practice, &refresh_form(&practice, &old.refresh_token)).await;
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 1_000);
    assert!(response.text().await.is_err());
    assert!(!practice.is_refresh_token_live(&old.refresh_token));
    let response = get(&practice, "status", &grant_tokens(&practice).access_token).await;
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn delay_is_before_or_after_processing() {
    let practice = start().await;
    let ms = 1_000;
    for (fault, is_processed_at_once) in [
        (Fault::DelayBeforeProcessing { ms }, false),
        (Fault::DelayAfterProcessing { ms }, true),
    ] {
        let old = grant_tokens(&practice);
        practice.set_fault(fault.at(Endpoint::TokenRefresh).times(1));
        let started = Instant::now();
        let form = refresh_form(&practice, &old.refresh_token);
        let (response, ()) = tokio::join!(token_request(&practice, &form), async {
            wait_until(|| started.elapsed() > Duration::from_millis(ms / 2)).await;
            assert_eq!(
                practice.is_refresh_token_live(&old.refresh_token),
                !is_processed_at_once
            );
        });
        assert!(started.elapsed() >= Duration::from_millis(ms));
        token_set(response).await;
    }
}

/// Polls a condition until it is true, with a timeout.
async fn wait_until(condition: impl Fn() -> bool) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn request_is_processed_after_the_client_disconnects() {
    let practice = start().await;
    let old = grant_tokens(&practice);
    let ms = 1_000;
    practice.set_fault(Fault::DelayBeforeProcessing { ms }.at(Endpoint::TokenRefresh));
    let form = refresh_form(&practice, &old.refresh_token);
    // The client disconnects when the request is received, before it is processed.
    tokio::select! {
        _ = token_request(&practice, &form) => panic!("the response was not delayed"),
        () = wait_until(|| !practice.requests_to("/oauth/token").is_empty()) => {}
    }
    assert!(practice.is_refresh_token_live(&old.refresh_token));
    wait_until(|| !practice.is_refresh_token_live(&old.refresh_token)).await;
}

#[tokio::test]
async fn slow_body_is_sent_byte_by_byte() {
    let practice = start().await;
    let mut response = refresh_with(&practice, Fault::SlowBody).await;
    assert_eq!(response.chunk().await.unwrap().unwrap().as_ref(), b"{");
    let more = tokio::time::timeout(Duration::from_millis(300), response.chunk()).await;
    assert!(more.is_err());
}

#[tokio::test]
async fn token_set_members_are_altered() {
    let practice = start().await;
    let practice = &practice;
    let set = json_with(practice, Fault::MissingAccessToken).await;
    assert!(set.get("access_token").is_none() && set.get("refresh_token").is_some());
    assert!(
        json_with(practice, Fault::MissingRefreshToken)
            .await
            .get("refresh_token")
            .is_none()
    );
    assert!(
        json_with(practice, Fault::ExpiresInMissing)
            .await
            .get("expires_in")
            .is_none()
    );
    assert_eq!(
        json_with(practice, Fault::TokenTypeMac).await["token_type"],
        "mac"
    );
    assert_eq!(
        json_with(practice, Fault::ExpiresInString).await["expires_in"],
        "31536000"
    );
    assert_eq!(
        json_with(practice, Fault::ExpiresInNegative).await["expires_in"],
        -1
    );
    assert_eq!(
        json_with(practice, Fault::ExpiresInZero).await["expires_in"],
        0
    );
    assert_eq!(
        json_with(practice, Fault::ExpiresInHuge).await["expires_in"],
        u64::MAX
    );
    assert!(json_with(practice, Fault::ExpiresInFloat).await["expires_in"].is_f64());
    assert_eq!(
        json_with(practice, Fault::ExtraFields)
            .await
            .as_object()
            .unwrap()
            .len(),
        6
    );
    let duplicate_keys = text_with(practice, Fault::DuplicatedKeys).await;
    assert_eq!(duplicate_keys.matches("\"access_token\":").count(), 2);
}

#[tokio::test]
async fn bytes_and_headers_are_altered() {
    let practice = start().await;
    let bom = refresh_with(&practice, Fault::ByteOrderMark)
        .await
        .bytes()
        .await
        .unwrap();
    assert!(bom.starts_with(b"\xef\xbb\xbf{"));
    let bytes = refresh_with(&practice, Fault::InvalidUtf8)
        .await
        .bytes()
        .await
        .unwrap();
    assert!(str::from_utf8(&bytes).is_err());
    let plain = refresh_with(&practice, Fault::WrongContentType).await;
    assert_eq!(plain.headers()["content-type"], "text/plain");
    let gzip = refresh_with(&practice, Fault::GzipGarbage).await;
    assert_eq!(gzip.headers()["content-encoding"], "gzip");
}

#[tokio::test]
async fn fabricated_response_has_its_status() {
    let practice = start().await;
    let retry_after = Some(RetryAfter::Seconds(7));
    for (fault, status) in [
        (Fault::InternalServerError { retry_after }, 500),
        (Fault::BadGateway { retry_after }, 502),
        (Fault::ServiceUnavailable { retry_after }, 503),
        (Fault::TooManyRequests { retry_after }, 429),
    ] {
        let response = refresh_with(&practice, fault).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["retry-after"], "7");
    }
    for (fault, status) in [
        (Fault::Unauthenticated, 401),
        (Fault::Forbidden, 403),
        (Fault::NotFound, 404),
        (Fault::UnprocessableContent, 422),
        (Fault::HtmlWith200, 200),
        (Fault::HtmlWith500, 500),
        (Fault::InvalidClient, 401),
        (Fault::DeadRefreshToken, 400),
        (Fault::LongErrorDescription, 400),
        (Fault::ServiceUnavailable { retry_after: None }, 503),
    ] {
        let response = refresh_with(&practice, fault.clone()).await;
        assert_eq!(response.status(), status, "{fault:?}");
        assert!(!response.headers().contains_key("retry-after"));
    }
    let redirect = Fault::RedirectElsewhere {
        location: "https://example.com/".to_owned(),
    };
    assert_eq!(
        location(&refresh_with(&practice, redirect).await),
        "https://example.com/"
    );
}

#[tokio::test]
async fn retry_after_has_every_format() {
    let practice = start().await;
    for (retry_after, expected) in [
        (RetryAfter::HttpDateIn(60), " GMT"),
        (RetryAfter::Absurd, "99999"),
        (RetryAfter::Nonsense, "clock tower"),
    ] {
        let fault = Fault::TooManyRequests {
            retry_after: Some(retry_after),
        };
        let response = refresh_with(&practice, fault).await;
        let text = response.headers()["retry-after"].to_str().unwrap();
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn fabricated_response_has_its_body() {
    let practice = start().await;
    let practice = &practice;
    assert_eq!(text_with(practice, Fault::EmptyBody).await, "");
    assert_eq!(text_with(practice, Fault::JsonArray).await, "[]");
    assert_eq!(text_with(practice, Fault::JsonNull).await, "null");
    assert_eq!(text_with(practice, Fault::JsonString).await, "\"Bearer\"");
    assert_eq!(text_with(practice, Fault::DeepJson).await.len(), 200_000);
    let long = json_with(practice, Fault::LongErrorDescription).await;
    let description = long["error_description"].as_str().unwrap();
    assert!(description.len() > 100_000 && description.contains('\u{1b}'));
}

#[tokio::test]
async fn huge_body_has_100_megabytes() {
    let practice = start().await;
    let mut response = refresh_with(&practice, Fault::HugeBody).await;
    let mut length = 0;
    while let Some(chunk) = response.chunk().await.unwrap() {
        length += chunk.len();
    }
    assert!(length > 100 * 1024 * 1024);
}

#[tokio::test]
async fn fabricated_response_can_follow_processing() {
    let practice = start().await;
    let old = grant_tokens(&practice);
    let form = refresh_form(&practice, &old.refresh_token);
    let fault = Fault::BadGateway { retry_after: None };
    practice.set_fault(fault.clone().at(Endpoint::TokenRefresh).times(1));
    assert_eq!(token_request(&practice, &form).await.status(), 502);
    assert!(practice.is_refresh_token_live(&old.refresh_token));
    practice.set_fault(fault.at(Endpoint::TokenRefresh).times(1).after_processing());
    assert_eq!(token_request(&practice, &form).await.status(), 502);
    assert!(!practice.is_refresh_token_live(&old.refresh_token));
}

#[tokio::test]
async fn plan_affects_only_its_endpoints() {
    let practice = start().await;
    let set = grant_tokens(&practice);
    practice.set_fault(Fault::Forbidden.at(Endpoint::Me).and_at(Endpoint::Team));
    for (path, status) in [
        ("me", 403),
        ("me/teams", 200),
        ("team", 403),
        ("team/me", 200),
        ("status", 204),
    ] {
        assert_eq!(
            get(&practice, path, &set.access_token).await.status(),
            status,
            "{path}"
        );
    }
    practice.clear_faults();
    assert_eq!(get(&practice, "me", &set.access_token).await.status(), 200);
}

#[tokio::test]
async fn authorization_endpoint_redirects_with_the_planned_error() {
    let practice = start().await;
    let fault = Fault::AuthorizationError {
        error: "temporarily_unavailable".to_owned(),
    };
    practice.set_fault(fault.at(Endpoint::Authorize).times(1));
    let url = authorization_url(&practice, &authorization_parameters(&practice));
    let url = location(&http_client().get(url).send().await.unwrap());
    assert_eq!(parameter(&url, "error").unwrap(), "temporarily_unavailable");
    assert_eq!(parameter(&url, "state").unwrap(), "s t+a&te");
}

#[tokio::test]
async fn faults_reach_every_endpoint_of_the_api() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    for (endpoint, path) in [
        (Endpoint::TeamMembers, "team/members"),
        (Endpoint::Credits, "credits"),
        (Endpoint::Webhooks, "webhooks"),
        (Endpoint::Clients, "clients?page=1"),
        (Endpoint::Client, "clients/88001"),
        (Endpoint::ClientFiles, "clients/88001/files"),
        (
            Endpoint::ClientFileDownload,
            "clients/88001/files/880010/download",
        ),
        (Endpoint::Records, "records"),
        (Endpoint::Record, "records/885000"),
        (Endpoint::RecordSteps, "records/885000/steps"),
        (Endpoint::RecordDownload, "records/885000/download"),
        (Endpoint::Check, "checks/88500001"),
        (Endpoint::Cases, "cases"),
        (Endpoint::CaseStatus, "aggregates/case-status"),
    ] {
        practice.set_fault(
            Fault::BadGateway { retry_after: None }
                .at(endpoint)
                .times(1),
        );
        assert_eq!(get(&practice, path, &token).await.status(), 502, "{path}");
        assert_eq!(get(&practice, path, &token).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn lost_response_to_a_post_was_processed_once() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    practice.set_fault(Fault::LoseAnswer.at(Endpoint::Clients).times(1));
    let name = json!({"first_name": "Zoë", "last_name": "O’Hara"});
    let body = json!({"name": name, "email": "zoe@example.com"});
    let request = http_client()
        .post(format!("{}/api/v2/clients", practice.base_url()))
        .header("accept", "application/json")
        .bearer_auth(&token)
        .json(&body);
    assert!(request.send().await.is_err());
    assert_eq!(practice.changes().len(), 1);
    assert_eq!(practice.api_requests()[0].status, None);
}

#[tokio::test]
async fn next_link_leads_elsewhere() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let url = "https://amiqus.example/api/v2/clients?page=2".to_owned();
    let fault = Fault::NextLinkElsewhere { url: url.clone() };
    practice.set_fault(fault.at(Endpoint::Any));
    let page = get_json(&practice, "clients?limit=20&page=2", &token).await;
    assert_eq!(page["links"]["next"], url);
    let previous = page["links"]["previous"].as_str().unwrap();
    assert!(previous.starts_with(practice.base_url()));
    let only_page = get_json(&practice, "webhooks", &token).await;
    assert_eq!(
        only_page["links"],
        json!({"next": url, "previous": Value::Null})
    );
    let client = get_json(&practice, "clients/88001", &token).await;
    assert_eq!(client.get("links"), None);
}
