//! Sending a request and receiving its response within bounds.

use reqwest::{RequestBuilder, Response};
use zeroize::Zeroizing;

use super::decompress::decompress;
use super::error::RequestError;
use super::response::{HttpResponse, MAX_BODY_BYTES};

/// Sends a request once and reads the response, up to [`MAX_BODY_BYTES`].
///
/// # Errors
/// [`RequestError`], which tells whether the request may have been processed.
pub async fn send(request: RequestBuilder) -> Result<HttpResponse, RequestError> {
    let mut response = send_with_limit(MAX_BODY_BYTES, request).await?;
    decompress(&mut response)?;
    Ok(response)
}

/// Sends a request once and reads the response, up to `max_bytes`.
///
/// # Errors
/// [`RequestError`], which tells whether the request may have been processed.
pub async fn send_with_limit(
    max_bytes: usize,
    request: RequestBuilder,
) -> Result<HttpResponse, RequestError> {
    read(max_bytes, request.send().await?).await
}

/// Reads the body of a response, up to `max_bytes`. Does not wait for the rest of a larger body, nor
/// for one whose `Content-Length` is larger.
///
/// # Errors
/// [`RequestError`] when the response is too large or does not arrive completely.
pub async fn read(max_bytes: usize, response: Response) -> Result<HttpResponse, RequestError> {
    if response
        .content_length()
        .is_some_and(|length| length > max_bytes as u64)
    {
        return Err(RequestError::TooLarge);
    }
    let PartialResponse { response, error } = receive(max_bytes, response).await;
    match error {
        None => Ok(response),
        Some(error) => Err(error),
    }
}

/// Sends a request once and keeps the part of the response that arrived, even if it is incomplete.
///
/// # Errors
/// [`RequestError`] when not even the status arrived.
pub(crate) async fn send_keeping_part(
    request: RequestBuilder,
) -> Result<PartialResponse, RequestError> {
    let mut received = receive(MAX_BODY_BYTES, request.send().await?).await;
    if let Err(error) = decompress(&mut received.response) {
        received.error = Some(error);
    }
    Ok(received)
}

/// The part of a response that arrived.
pub(crate) struct PartialResponse {
    /// The status, the headers, and as much of the body as arrived within bounds.
    pub(crate) response: HttpResponse,
    /// Why the body is incomplete; `None` if it is complete.
    pub(crate) error: Option<RequestError>,
}

async fn receive(max_bytes: usize, mut response: Response) -> PartialResponse {
    let status = response.status();
    let headers = response.headers().clone();
    let expected = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    // Allocated in full, because growing would leave copies of a secret behind.
    let mut body = Zeroizing::new(Vec::with_capacity(
        expected.unwrap_or(16 * 1024).min(max_bytes),
    ));
    let error = loop {
        match response.chunk().await {
            Ok(Some(part)) => {
                let room = max_bytes - body.len();
                body.extend_from_slice(part.get(..room).unwrap_or(&part));
                if part.len() > room {
                    break Some(RequestError::TooLarge);
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(RequestError::ResponseLost(error.without_url())),
        }
    };
    PartialResponse {
        response: HttpResponse {
            status,
            headers,
            body,
        },
        error,
    }
}
