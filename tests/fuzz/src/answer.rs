//! HTTP responses, as anyone between this computer and Amiqus could send them. The input is written
//! like one:
//!
//! ```text
//! 429 1
//! Retry-After: 30
//!
//! {"message":"Too Many Attempts."}
//! ```
//!
//! The second number says how often the body is repeated, so that a short input can be a long
//! response.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use amiqus_core::http::{self, HttpResponse, MAX_BODY_BYTES, MAX_RETRY_AFTER, RequestError};
use bytes::Bytes;
use http_body::Frame;
use jiff::SignedDuration;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

/// The maximum number of repetitions of a body.
const MAX_PARTS: usize = 100_000;

/// The response that an input describes, as read by the product; `None` if it describes none, or one
/// that is too large.
pub(crate) fn read(data: &[u8]) -> Option<HttpResponse> {
    let mut rest = data;
    let line = next_line(&mut rest)?;
    let mut numbers = line.split(' ');
    let status: u16 = numbers.next()?.parse().ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let times: usize = numbers.next().unwrap_or("1").parse().ok()?;
    let mut headers = HeaderMap::new();
    while let Some(line) = next_line(&mut rest).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    receive(status, &headers, rest, times.min(MAX_PARTS))
}

fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (line, after) = rest.split_at(end);
    *rest = after.get(1..).unwrap_or_default();
    std::str::from_utf8(line).ok()
}

/// Lets the product read the response as from a socket, and checks that it stays within its bounds.
fn receive(
    status: StatusCode,
    headers: &HeaderMap,
    part: &[u8],
    times: usize,
) -> Option<HttpResponse> {
    let pulled = Arc::new(AtomicUsize::new(0));
    let body = Body {
        part: Bytes::copy_from_slice(part),
        left: times,
        pulled: Arc::clone(&pulled),
    };
    let mut response = ::http::Response::new(reqwest::Body::wrap(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers.clone();
    let reading = pin!(http::read(MAX_BODY_BYTES, response.into()));
    let Poll::Ready(read) = reading.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the response was complete, and the product waited for more");
    };
    let length = part.len() * times;
    let received = part.len() * pulled.load(Ordering::Relaxed);
    assert!(
        received <= MAX_BODY_BYTES + part.len(),
        "{received} bytes were received"
    );
    match read {
        Ok(response) => {
            assert_eq!(response.body.len(), length);
            assert!(length <= MAX_BODY_BYTES);
            assert!(response.body.capacity() <= 2 * MAX_BODY_BYTES);
            assert_eq!((response.status, &response.headers), (status, headers));
            Some(response)
        }
        Err(RequestError::TooLarge) => {
            assert!(length > MAX_BODY_BYTES);
            None
        }
        Err(other) => panic!("{other}"),
    }
}

/// A body that repeats one part.
struct Body {
    part: Bytes,
    left: usize,
    pulled: Arc<AtomicUsize>,
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.pulled.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(self.part.clone()))))
    }
}

/// Deserializes a body if it is a JSON object. Unknown fields may have any value.
pub(crate) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    begins.filter(|byte| **byte == b'{')?;
    serde_json::from_slice(bytes).ok()
}

/// Checks that a wait that a server asked for is within its bounds.
pub(crate) fn assert_bounded(wait: Option<SignedDuration>) {
    if let Some(wait) = wait {
        assert!(
            (SignedDuration::ZERO..=MAX_RETRY_AFTER).contains(&wait),
            "{wait}"
        );
    }
}
