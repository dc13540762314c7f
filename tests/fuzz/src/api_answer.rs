//! Responses of `/me`, `/team`, `/team/me`, `/me/teams` and `/status`.

use amiqus_core::api::{self, ApiError};
use amiqus_core::http::HttpResponse;
use amiqus_core::token::Transient;

use crate::{Target, Verdict, answer, app};

pub(crate) const TARGET: Target = Target {
    name: "api_answer",
    check,
    verdicts: &[
        "no answer",
        "a person",
        "a team",
        "teams",
        "a living token",
        "unauthenticated",
        "busy",
        "passing",
    ],
};

fn check(data: &[u8]) -> Verdict {
    let Some(response) = answer::read(data) else {
        return "no answer";
    };
    let status = response.status.as_u16();
    let user = api::read_user(&response, app::now());
    let team = api::read_team(&response, app::now());
    let role = api::read_role(&response, app::now());
    let teams = api::read_teams(&response, app::now());
    let valid = api::read_status(&response, app::now());

    for text in user.iter().flat_map(|it| [&it.name, &it.email]) {
        assert_plain(text);
    }
    assert!(teams.iter().all(|teams| teams.len() <= api::MAX_TEAMS));
    for text in team.iter().chain(teams.iter().flatten()).map(|it| &it.name) {
        assert_plain(text);
    }
    if user.is_ok() || team.is_ok() || role.is_ok() || teams.is_ok() {
        assert!(matches!(status, 200..=299));
        assert!(
            response.body.contains(&b'{'),
            "read from something other than an object"
        );
    }
    assert_eq!(valid.is_ok(), status == 204);
    let errors = [
        user.as_ref().err(),
        team.as_ref().err(),
        role.as_ref().err(),
        teams.as_ref().err(),
        valid.as_ref().err(),
    ];
    for error in errors.into_iter().flatten() {
        assert_error_is_justified(&response, *error);
    }
    match (user, team, teams, valid) {
        (Ok(_), ..) => "a person",
        (_, Ok(_), ..) => "a team",
        (_, _, Ok(teams), _) if !teams.is_empty() => "teams",
        (.., Ok(())) => "a living token",
        (Err(ApiError::Unauthenticated), ..) => "unauthenticated",
        (Err(ApiError::Transient(Transient::Busy(_))), ..) => "busy",
        _ => "passing",
    }
}

/// Checks that only a 401 makes a token invalid, and each temporary failure has its status.
fn assert_error_is_justified(response: &HttpResponse, error: ApiError) {
    let status = response.status.as_u16();
    match error {
        ApiError::Unauthenticated => assert_eq!(status, 401),
        ApiError::Transient(transient) => {
            let is_portal = matches!(transient, Transient::CaptivePortal);
            assert!(status != 401 || is_portal);
            let is_busy = matches!(transient, Transient::Busy(_));
            assert_eq!(is_busy, matches!(status, 429 | 503), "{status}");
            let is_server_error = matches!(transient, Transient::ServerError);
            let has_server_status = status >= 500 && status != 503;
            assert!(!is_server_error || has_server_status, "{status}");
            assert!(
                !has_server_status || is_server_error || is_portal,
                "{status}"
            );
            // Only Amiqus itself can forbid.
            let is_forbidden = matches!(transient, Transient::NotPermitted);
            assert!(!is_forbidden || status == 403 && response.body.contains(&b'{'));
            if let Transient::Busy(wait) = transient {
                answer::assert_bounded(wait);
            }
        }
    }
}

/// Checks that a text can neither reorder its surroundings nor push them out of the window: no control
/// characters, no `Bidi_Control` (Unicode Standard Annex 9, §2), no line breaks, a bounded length.
pub(crate) fn assert_plain(text: &str) {
    assert!(
        text.chars().count() <= 200,
        "{} characters",
        text.chars().count()
    );
    for character in text.chars() {
        let turns = matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        let breaks = matches!(character, '\u{2028}' | '\u{2029}');
        let is_blank = matches!(
            character,
            '\u{ad}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{200b}'
                | '\u{2060}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
        );
        assert!(
            !character.is_control() && !turns && !breaks && !is_blank,
            "{character:?} in {text:?}"
        );
    }
    assert_eq!(text.trim(), text);
    // A joiner has a character before it.
    assert!(!text.starts_with(['\u{200c}', '\u{200d}']), "{text:?}");
}
