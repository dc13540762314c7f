use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use zeroize::Zeroizing;

use super::*;
use crate::error::chain;
use crate::fixtures::now;

fn wait(value: &str) -> Option<i64> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
    retry_after(&headers, now()).map(|wait| wait.as_secs())
}

/// Shows check 25.
#[test]
fn retry_after_is_read_in_all_formats_and_capped() {
    let max = MAX_RETRY_AFTER.as_secs();
    for (value, expected) in [
        ("0", Some(0)),
        ("30", Some(30)),
        (" 30 ", Some(30)),
        ("3600", Some(max)),
        ("86400", Some(max)),
        ("4294967296", Some(max)),
        ("999999999999999999999999999999", Some(max)),
        // now() is Sunday, 1 March 2026, 09:00 UTC.
        ("Sun, 01 Mar 2026 09:00:45 GMT", Some(45)),
        ("Sunday, 01-Mar-26 09:00:45 GMT", Some(45)),
        ("Sun Mar  1 09:00:45 2026", Some(45)),
        ("Sun, 01 Mar 2026 08:00:00 GMT", Some(0)),
        ("Sun, 01 Mar 2026 23:00:00 GMT", Some(max)),
        ("Thu, 31 Dec 2099 23:59:59 GMT", Some(max)),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("when the clock tower is repaired", None),
    ] {
        assert_eq!(wait(value), expected, "{value:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now()), None);
}

const PAIR: &[u8] = br#"{"access_token":"a","refresh_token":"r"}"#;

/// [`PAIR`] as brotli's own library compresses it.
const BROTLI_PAIR: &str =
    "8b13807b226163636573735f746f6b656e223a2261222c22726566726573685f746f6b656e223a2272227d03";

/// Three MiB of spaces.
const BROTLI_SPACES: &str = "9bffff2ff82540e2b14020f7fe05";

fn hex(text: &str) -> Vec<u8> {
    let digits = text
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).unwrap());
    digits
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn decompressed(coding: &'static str, body: Vec<u8>) -> Result<Vec<u8>, RequestError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    let mut response = HttpResponse {
        status: StatusCode::OK,
        headers,
        body: Zeroizing::new(body),
    };
    decompress(&mut response)?;
    Ok(response.body.to_vec())
}

/// Shows check 21.
#[test]
fn body_compressed_without_request_is_read() {
    let truncated = |mut body: Vec<u8>| {
        body.truncate(body.len() - 4);
        body
    };
    for (coding, body) in [
        ("br", hex(BROTLI_PAIR)),
        ("BR", hex(BROTLI_PAIR)),
        ("br, gzip", gzip(&hex(BROTLI_PAIR))),
        ("zstd", PAIR.to_vec()),
        ("gzip", gzip(PAIR)),
        ("x-gzip", gzip(PAIR)),
        ("GZIP", gzip(PAIR)),
        ("identity", gzip(PAIR)),
        ("gzip, gzip", gzip(&gzip(PAIR))),
        ("deflate, gzip", gzip(&zlib(PAIR))),
        ("deflate", zlib(PAIR)),
        ("deflate", deflate(PAIR)),
        ("gzip", [gzip(PAIR), b"trailing".to_vec()].concat()),
        ("gzip", truncated(gzip(PAIR))),
        ("gzip", PAIR.to_vec()),
        ("deflate", PAIR.to_vec()),
        ("br", PAIR.to_vec()),
    ] {
        assert_eq!(decompressed(coding, body).unwrap(), PAIR, "{coding}");
    }
    // A body that only claims to be compressed is not an error.
    for garbage in [
        &b""[..],
        b"\x1f\x8b",
        b"\x1f\x8b\x08\x00this is none",
        b"\x78\x9c",
        b"\x5bthis is none",
    ] {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            assert!(decompressed(coding, garbage.to_vec()).is_ok());
        }
    }
}

/// Shows check 21.
#[test]
fn decompressed_body_over_the_limit_is_rejected() {
    let large = vec![b' '; 100 * MAX_BODY_BYTES];
    let bomb = gzip(&large);
    assert!(bomb.len() < MAX_BODY_BYTES);
    for body in [gzip(&bomb), zlib(&large), bomb] {
        let outcome = decompressed("gzip", body);
        assert!(matches!(outcome, Err(RequestError::TooLarge)));
    }
    let outcome = decompressed("br", hex(BROTLI_SPACES));
    assert!(matches!(outcome, Err(RequestError::TooLarge)));
    let largest = vec![b' '; MAX_BODY_BYTES];
    assert_eq!(decompressed("gzip", gzip(&largest)).unwrap(), largest);
}

/// Shows check 42.
#[tokio::test]
async fn request_error_prints_nothing_of_the_url() {
    // Nothing listens on port 1, and an invalid URL fails before anything is sent.
    for url in [
        "http://hush:hush@127.0.0.1:1/hush?code=hush",
        "http://hush:hush@[hush]/hush?code=hush",
    ] {
        let client = reqwest::Client::builder().build().unwrap();
        let error = send(client.get(url)).await.err().unwrap();
        assert!(matches!(error, RequestError::NotSent(..)), "{error:?}");
        let printed = format!("{} {error:?}", chain(&error));
        assert!(!printed.contains("hush"), "{printed}");
    }
}
