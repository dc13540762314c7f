use super::*;
use crate::examples::now;

fn wait(value: &str) -> Option<i64> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
    retry_after(&headers, now()).map(|wait| wait.as_secs())
}

/// Shows check 25.
#[test]
fn retry_after_is_read_in_both_forms_and_capped() {
    let longest = LONGEST_RETRY_AFTER.as_secs();
    for (value, expected) in [
        ("0", Some(0)),
        ("30", Some(30)),
        (" 30 ", Some(30)),
        ("3600", Some(longest)),
        ("86400", Some(longest)),
        ("4294967296", Some(longest)),
        ("999999999999999999999999999999", Some(longest)),
        // now() is Sunday, 1 March 2026, 09:00 UTC.
        ("Sun, 01 Mar 2026 09:00:45 GMT", Some(45)),
        ("Sun, 01 Mar 2026 08:00:00 GMT", Some(0)),
        ("Sun, 01 Mar 2026 23:00:00 GMT", Some(longest)),
        ("Thu, 31 Dec 2099 23:59:59 GMT", Some(longest)),
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

#[test]
fn a_number_in_a_header_is_read_or_left() {
    let name = HeaderName::from_static("x-ratelimit-remaining");
    for (value, expected) in [
        ("199", Some(199)),
        (" 7 ", Some(7)),
        ("-1", None),
        ("many", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name.clone(), HeaderValue::from_str(value).unwrap());
        assert_eq!(number(&headers, &name), expected, "{value:?}");
    }
}
