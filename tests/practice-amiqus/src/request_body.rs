//! Request bodies, and the limit of their size.

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;

/// The size in bytes above which a request body is rejected. Amiqus's limit is not documented; 10 MB is
/// our assumption.
pub(crate) const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// How many bytes of a rejected body are read.
const MAX_DISCARDED_BYTES: usize = MAX_BODY_BYTES;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    /// The client closed the connection.
    Incomplete,
}

/// Reads a body.
///
/// The rest of a body that is too large is read and discarded, up to a limit, as nginx does: otherwise
/// the operating system resets the connection, and the client may never see the response.
pub(crate) async fn read(body: Body) -> Result<Bytes, BodyError> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut discarded = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| BodyError::Incomplete)?;
        if discarded == 0 && bytes.len() + chunk.len() <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&chunk);
            continue;
        }
        discarded += chunk.len();
        if discarded > MAX_DISCARDED_BYTES {
            break;
        }
    }
    if discarded == 0 {
        Ok(bytes.into())
    } else {
        Err(BodyError::TooLarge)
    }
}

/// The response 413, which comes from the web server in front of the application.
pub(crate) fn too_large_response() -> Response {
    let page = "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n\
                <center><h1>413 Request Entity Too Large</h1></center>\r\n</body>\r\n</html>\r\n";
    let content_type = [(header::CONTENT_TYPE, "text/html")];
    (StatusCode::PAYLOAD_TOO_LARGE, content_type, page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn body_above_the_limit_is_not_kept() {
        let body = |size| Body::from(vec![b'a'; size]);
        let kept = read(body(MAX_BODY_BYTES)).await;
        assert_eq!(kept.map(|bytes| bytes.len()), Ok(MAX_BODY_BYTES));
        let rejected = read(body(MAX_BODY_BYTES + 1)).await;
        assert_eq!(rejected, Err(BodyError::TooLarge));
        assert_eq!(read(Body::empty()).await, Ok(Bytes::new()));
    }
}
