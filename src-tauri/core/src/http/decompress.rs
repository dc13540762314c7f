//! Compression that a gateway applied although it was not requested.

use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use zeroize::Zeroizing;

use super::error::RequestError;
use super::response::{HttpResponse, MAX_BODY_BYTES};
use crate::lenient_json as json;

/// The size of the brotli decoder's input buffer, in bytes.
const BUFFER_BYTES: usize = 4096;

/// The maximum number of codings on one body.
const MAX_CODINGS: usize = 3;

/// Decompresses a body, by its first bytes and then by its `Content-Encoding`. A body that is not
/// compressed stays as it is; of one that was cut off, the beginning is kept.
///
/// # Errors
/// [`RequestError::TooLarge`] when the result is larger than [`MAX_BODY_BYTES`].
pub fn decompress(response: &mut HttpResponse) -> Result<(), RequestError> {
    // Neither of these starts with a signature.
    let is_deflate = has_coding(&response.headers, "deflate");
    let is_brotli = has_coding(&response.headers, "br");
    for _ in 0..MAX_CODINGS {
        let body = response.body.as_slice();
        let inflated = match body {
            [0x1f, 0x8b, ..] => inflate(GzDecoder::new(body))?,
            // A zlib header (RFC 1950 §2.2) that can't begin JSON.
            [first @ (0x58 | 0x68 | 0x78), second, ..]
                if (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0 =>
            {
                inflate(ZlibDecoder::new(body))?
            }
            _ if json::starts_object(&json::decode(body)) => return Ok(()),
            _ if is_deflate => inflate(DeflateDecoder::new(body))?,
            _ if is_brotli => inflate(brotli_decompressor::Decompressor::new(body, BUFFER_BYTES))?,
            _ => return Ok(()),
        };
        if inflated.is_empty() {
            return Ok(());
        }
        response.body = inflated;
    }
    Ok(())
}

fn has_coding(headers: &HeaderMap, coding: &str) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|codings| codings.split(','))
        .any(|named| named.trim().eq_ignore_ascii_case(coding))
}

fn inflate(decoder: impl Read) -> Result<Zeroizing<Vec<u8>>, RequestError> {
    // Allocated in full, because growing would leave copies of a secret behind.
    let mut body = Zeroizing::new(Vec::with_capacity(MAX_BODY_BYTES + 1));
    let mut bounded = decoder.take(MAX_BODY_BYTES as u64 + 1);
    if let Err(error) = bounded.read_to_end(&mut body) {
        let bytes = body.len();
        tracing::info!(%error, bytes, "http: body could be decompressed only in part");
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(RequestError::TooLarge);
    }
    Ok(body)
}
