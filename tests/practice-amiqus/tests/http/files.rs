//! Downloads.

use std::time::Duration;

use practice_amiqus::{Endpoint, Fault, Practice};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::client::*;

/// The path of the download of a file of the first client.
async fn download_path(practice: &Practice, name: &str, token: &str) -> String {
    let page = get_json(practice, "clients/88001/files", token).await;
    let mut files = items(&page).iter();
    let file = files.find(|file| file["name"] == name).unwrap();
    format!("clients/88001/files/{}/download", file["id"])
}

async fn download(practice: &Practice, name: &str, token: &str) -> Response {
    let path = download_path(practice, name, token).await;
    get(practice, &path, token).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn file_downloads_with_its_type_and_name() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let response = download(&practice, "notes.txt", &token).await;
    assert_eq!(
        header(&response, "content-type"),
        "text/plain; charset=UTF-8"
    );
    assert_eq!(
        header(&response, "content-disposition"),
        "attachment; filename=\"notes.txt\""
    );
    assert!(response.headers().contains_key("x-ratelimit-remaining"));
    assert!(response.text().await.unwrap().contains("“Siân”"));

    let response = download(&practice, "Führerschein \"neu\" – Łódź.pdf", &token).await;
    assert_eq!(header(&response, "content-type"), "application/pdf");
    let disposition = header(&response, "content-disposition");
    assert!(disposition.ends_with(
        "filename*=UTF-8''F%C3%BChrerschein%20%22neu%22%20%E2%80%93%20%C5%81%C3%B3d%C5%BA.pdf"
    ));
    let length = response.content_length().unwrap();
    let bytes = response.bytes().await.unwrap();
    assert!(bytes.starts_with(b"%PDF-") && bytes.len() as u64 == length);
    let page = get_json(&practice, "clients/88001/files", &token).await;
    assert_eq!(items(&page)[2]["attachment"]["size"], length);
}

#[tokio::test]
async fn file_with_a_virus_is_gone_and_unscanned_one_is_locked() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let answer = async |name| status_and_json(download(&practice, name, &token).await).await;
    assert_eq!(
        answer("virus.pdf").await,
        (410, json!({"error": "File scan detected a virus"}))
    );
    assert_eq!(
        answer("just-uploaded.pdf").await,
        (423, json!({"error": "File scan is not yet complete"}))
    );
    let response = get(&practice, "clients/88001/files/7/download", &token).await;
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn record_downloads_as_a_pdf_whatever_is_accepted() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let url = format!("{}/api/v2/records/885000/download", practice.base_url());
    let with_token = http_client().get(&url).bearer_auth(token);
    let response = with_token.send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "application/pdf");
    assert!(response.text().await.unwrap().contains("(Record 885000)"));
    let without_token = http_client().get(&url).send().await.unwrap();
    assert_eq!(location(&without_token), "/login");
}

#[tokio::test]
async fn large_file_is_streamed() {
    let practice = start().await;
    practice.set_large_file_bytes(3_000_001);
    let token = grant_tokens(&practice).access_token;
    let mut response = download(&practice, "large.bin", &token).await;
    assert_eq!(response.content_length(), Some(3_000_001));
    let mut index = 0;
    while let Some(chunk) = response.chunk().await.unwrap() {
        for byte in chunk {
            assert_eq!(usize::from(byte), index % 251);
            index += 1;
        }
    }
    assert_eq!(index, 3_000_001);

    // A file larger than any memory starts at once.
    practice.set_large_file_bytes(1 << 50);
    let mut response = download(&practice, "large.bin", &token).await;
    assert_eq!(response.content_length(), Some(1 << 50));
    assert!(response.chunk().await.unwrap().is_some());
}

#[tokio::test]
async fn head_of_a_large_file_has_its_size_and_no_body() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let path = download_path(&practice, "large.bin", &token).await;
    let nothing = Value::Null;
    let response = send_json(&practice, Method::HEAD, &path, &token, &nothing).await;
    assert_eq!(header(&response, "content-length"), "67108864");
    assert_eq!(response.bytes().await.unwrap().len(), 0);
    assert_eq!(practice.api_requests()[1].method, "HEAD");
}

#[tokio::test]
async fn trickle_sends_pieces_before_the_body_ends() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    let path = download_path(&practice, "large.bin", &token).await;
    let trickle = Fault::Trickle { bytes: 3, ms: 1 };
    practice.set_fault(trickle.at(Endpoint::ClientFileDownload).times(1));
    let mut response = get(&practice, &path, &token).await;
    assert_eq!(response.content_length(), Some(64 * 1024 * 1024));
    let first = response.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(&[0, 1, 2]) && first.len() < 3_000);

    let pause = Fault::Trickle {
        bytes: 1,
        ms: 60_000,
    };
    practice.set_fault(pause.at(Endpoint::ClientFileDownload).times(1));
    let mut response = get(&practice, &path, &token).await;
    let chunk = tokio::time::timeout(Duration::from_millis(300), response.chunk()).await;
    assert!(chunk.is_err(), "the head comes before the first byte");
}

#[tokio::test]
async fn file_of_a_page_is_never_read_as_a_list() {
    let practice = start().await;
    let token = grant_tokens(&practice).access_token;
    practice.set_fault(Fault::NextLinkElsewhere { url: String::new() }.at(Endpoint::Any));
    let path = download_path(&practice, "notes.txt", &token).await;
    let text = get(&practice, &path, &token).await.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());
}
