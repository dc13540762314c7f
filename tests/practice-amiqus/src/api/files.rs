//! The files of a client, and their contents.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::Value;

use super::error::ok;
use super::holder::TokenHolder;
use super::query::Query;
use super::{ApiError, clients, parse_id};
use crate::resources::{FileContent, ScanStatus, pdf_with_text};
use crate::service::Service;

/// The bytes of a large file are 0 to 250, again and again: the byte at index `i` is `i % 251`.
const LARGE_FILE_PATTERN: std::ops::Range<u8> = 0..251;

/// The size of the pieces in which a large file is sent, so that each starts with 0.
const CHUNK_BYTES: usize = 251 * 256;

/// `GET /clients/{id}/files`.
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path(id): Path<String>,
    mut query: Query,
) -> Result<Response, ApiError> {
    let permissions = holder.permissions()?;
    let paging = query.paging();
    query.finish()?;
    let client = clients::find(&service, &holder, permissions, &id)?;
    let files: Vec<Value> = client
        .files
        .iter()
        .map(|file| {
            let size = match file.content {
                FileContent::Large => service.large_file_bytes(),
                content => small_file(content).len() as u64,
            };
            file.to_json(size, client.assignees.first().copied())
        })
        .collect();
    Ok(ok(&paging.page_of(&files)))
}

/// `GET /clients/{id}/files/{file_id}/download`.
pub(super) async fn download(
    State(service): State<Arc<Service>>,
    Extension(holder): Extension<TokenHolder>,
    Path((id, file_id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let permissions = holder.permissions()?;
    let client = clients::find(&service, &holder, permissions, &id)?;
    let file_id = parse_id(&file_id)?;
    let mut files = client.files.iter();
    let file = files
        .find(|file| file.id == file_id)
        .ok_or(ApiError::NotFound)?;
    match file.scan {
        ScanStatus::Clean => {}
        ScanStatus::Infected => return Err(ApiError::Gone),
        ScanStatus::Pending => return Err(ApiError::Locked),
    }
    let (body, size) = match file.content {
        FileContent::Large => {
            let size = service.large_file_bytes();
            (large_file(size), size)
        }
        content => {
            let bytes = small_file(content);
            let size = bytes.len() as u64;
            (Body::from(bytes), size)
        }
    };
    Ok(file_response(
        file.name,
        file.content.media_type(),
        body,
        size,
    ))
}

/// A response with the bytes of a file.
pub(super) fn file_response(
    name: &str,
    media_type: &'static str,
    body: Body,
    size: u64,
) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_LENGTH, size.into());
    if let Ok(disposition) = HeaderValue::from_str(&attachment_disposition(name)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// `Content-Disposition` with the name in ASCII and, if that differs, in UTF-8 (RFC 6266 §4.3 and
/// RFC 8187).
fn attachment_disposition(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ';
    let ascii: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    if ascii == name {
        return format!("attachment; filename=\"{ascii}\"");
    }
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

fn small_file(content: FileContent) -> Vec<u8> {
    match content {
        FileContent::Pdf(text) => pdf_with_text(text),
        FileContent::Text(text) => text.as_bytes().to_vec(),
        // The callers stream large files instead.
        FileContent::Large => Vec::new(),
    }
}

/// The bytes of a large file, made while they are sent.
fn large_file(size: u64) -> Body {
    let full_chunk: Bytes = LARGE_FILE_PATTERN.cycle().take(CHUNK_BYTES).collect();
    let chunks = stream::unfold(size, move |unsent| {
        let length = usize::try_from(unsent).map_or(CHUNK_BYTES, |rest| rest.min(CHUNK_BYTES));
        let chunk = full_chunk.slice(..length);
        let next = (length > 0).then(|| (Ok::<_, Infallible>(chunk), unsent - length as u64));
        std::future::ready(next)
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    #[tokio::test]
    async fn large_file_has_its_size_and_pattern() {
        for size in [0, 1, 250, 64_256, 200_001] {
            let bytes = to_bytes(large_file(size), usize::MAX).await.unwrap();
            assert_eq!(bytes.len() as u64, size);
            let mut indexed = bytes.iter().enumerate();
            assert!(indexed.all(|(index, byte)| usize::from(*byte) == index % 251));
        }
    }

    #[test]
    fn disposition_encodes_names_outside_ascii() {
        assert_eq!(
            attachment_disposition("engagement letter.pdf"),
            "attachment; filename=\"engagement letter.pdf\""
        );
        assert_eq!(
            attachment_disposition("a\"b\r\n – é.pdf"),
            "attachment; filename=\"a_b__ _ _.pdf\"; \
             filename*=UTF-8''a%22b%0D%0A%20%E2%80%93%20%C3%A9.pdf"
        );
    }
}
