//! What answers at `/me`, `/team`, `/team/me` and `/status`.

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
        "a living token",
        "unauthenticated",
        "busy",
        "passing",
    ],
};

fn check(data: &[u8]) -> Verdict {
    let Some(answer) = answer::read(data) else {
        return "no answer";
    };
    let status = answer.status.as_u16();
    let person = api::read_user(&answer, app::now());
    let team = api::read_team(&answer, app::now());
    let role = api::read_role(&answer, app::now());
    let living = api::read_status(&answer, app::now());

    for shown in person.iter().flat_map(|it| [&it.name, &it.email]) {
        assert_plain(shown);
    }
    for shown in team.iter().map(|it| &it.name) {
        assert_plain(shown);
    }
    if person.is_ok() || team.is_ok() || role.is_ok() {
        assert!(matches!(status, 200..=299));
        assert!(answer.body.contains(&b'{'), "told by what is no object");
    }
    assert_eq!(living.is_ok(), status == 204);
    let failures = [
        person.as_ref().err(),
        team.as_ref().err(),
        role.as_ref().err(),
        living.as_ref().err(),
    ];
    for failure in failures.into_iter().flatten() {
        assert_means(&answer, *failure);
    }
    match (person, team, living) {
        (Ok(_), ..) => "a person",
        (_, Ok(_), _) => "a team",
        (.., Ok(())) => "a living token",
        (Err(ApiError::Unauthenticated), ..) => "unauthenticated",
        (Err(ApiError::Transient(Transient::Busy(_))), ..) => "busy",
        _ => "passing",
    }
}

/// Only a 401 says that a token is dead; all else passes.
fn assert_means(answer: &HttpResponse, failure: ApiError) {
    let status = answer.status.as_u16();
    match failure {
        ApiError::Unauthenticated => assert_eq!(status, 401),
        ApiError::Transient(transient) => {
            let is_a_portals = matches!(transient, Transient::CaptivePortal);
            assert!(status != 401 || is_a_portals);
            let is_busy = matches!(transient, Transient::Busy(_));
            assert_eq!(is_busy, matches!(status, 429 | 503), "{status}");
            let is_unwell = matches!(transient, Transient::ServerError);
            let is_a_servers = status >= 500 && status != 503;
            assert!(!is_unwell || is_a_servers, "{status}");
            assert!(!is_a_servers || is_unwell || is_a_portals, "{status}");
            // Only Amiqus itself forbids.
            let is_forbidden = matches!(transient, Transient::NotPermitted);
            assert!(!is_forbidden || status == 403 && answer.body.contains(&b'{'));
            if let Transient::Busy(wait) = transient {
                answer::assert_bounded(wait);
            }
        }
    }
}

/// Text that can neither move what stands around it nor push it out of the window: no controls, no
/// `Bidi_Control` (Unicode Standard Annex 9, §2), no line of its own, not without end.
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
    // What joins has two sides, or a letter that it ends.
    assert!(!text.starts_with(['\u{200c}', '\u{200d}']), "{text:?}");
}
