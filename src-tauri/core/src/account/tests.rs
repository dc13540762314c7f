use super::*;
use crate::fixtures::{bob, connected, fusion, now, tokens};

#[test]
fn key_is_the_same_after_a_round_trip() {
    for key in [
        bob().key(),
        AccountKey {
            user: 1,
            team: TeamKey::Unknown(0),
        },
        AccountKey {
            user: u64::MAX,
            team: TeamKey::Known(fusion().uuid),
        },
    ] {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    assert_eq!(
        bob().key().to_string(),
        "345789.6b9c8323-4b54-4bb3-a1c8-68de534368a5"
    );
}

#[test]
fn text_that_is_not_a_key_is_rejected() {
    for text in [
        "",
        ".",
        "1",
        "1.",
        ".unknown",
        "-1.unknown",
        "1.UNKNOWN",
        "x.unknown",
        "1.6b9c8323",
        "18446744073709551616.unknown",
        "+1.unknown",
        "01.unknown",
        "345789.6B9C8323-4B54-4BB3-A1C8-68DE534368A5",
        "345789.6b9c83234b544bb3a1c868de534368a5",
        "345789.{6b9c8323-4b54-4bb3-a1c8-68de534368a5}",
        "1.unknown.unknown",
        "../../etc/passwd",
    ] {
        assert_eq!(
            text.parse::<AccountKey>(),
            Err(ParseAccountKeyError),
            "{text:?}"
        );
    }
}

/// Shows check 42.
#[test]
fn account_prints_no_token() {
    let account = connected(bob(), tokens("1", now()));
    assert!(!format!("{account:?}").contains("hush-"));
}
