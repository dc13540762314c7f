use super::*;
use crate::fixtures::Counting;
use crate::token::Transient;

fn wrong(field: Field, reason: Reason) -> CheckError {
    CheckError::Fields(vec![FieldProblem { field, reason }])
}

#[test]
fn whoever_objects_to_the_code_knows_the_client() {
    for failure in [
        TokenError::Dead { expired: false },
        TokenError::Dead { expired: true },
        TokenError::Refused(Refused::Request),
    ] {
        assert_eq!(judge(failure), Verdict::Right, "{failure:?}");
    }
}

#[test]
fn a_client_that_is_refused_with_and_without_a_redirect_url_has_a_wrong_id_or_secret() {
    assert_eq!(judge(TokenError::SetUpWrong), Verdict::ClientRefused);
    assert_eq!(
        judge_without_redirect_url(TokenError::SetUpWrong),
        wrong(Field::ClientSecret, Reason::NotRecognised)
    );
}

#[test]
fn a_client_that_is_refused_only_with_its_redirect_url_has_registered_another() {
    let not_registered = wrong(Field::RedirectUrl, Reason::NotRegistered);
    for failure in [
        TokenError::Dead { expired: false },
        TokenError::Refused(Refused::Request),
        TokenError::Refused(Refused::RedirectUrl),
    ] {
        assert_eq!(judge_without_redirect_url(failure), not_registered);
    }
    assert_eq!(
        judge(TokenError::Refused(Refused::RedirectUrl)),
        Verdict::Wrong(not_registered)
    );
}

#[test]
fn what_passes_says_nothing_of_the_registration() {
    for (transient, code) in [
        (Transient::Offline, Code::Offline),
        (Transient::ProxyNeedsPassword, Code::ProxyNeedsPassword),
        (
            Transient::CertificateNotTrusted,
            Code::CertificateNotTrusted,
        ),
        (Transient::CaptivePortal, Code::CaptivePortal),
        (Transient::ServerError, Code::ServerError),
        (Transient::Busy(None), Code::AmiqusBusy),
        (Transient::UnexpectedResponse, Code::UnexpectedResponse),
        (Transient::NotPermitted, Code::NotPermitted),
    ] {
        for failure in [
            TokenError::NotProcessed(transient),
            TokenError::PerhapsProcessed(transient),
        ] {
            assert_eq!(judge(failure), Verdict::Wrong(code.into()));
            assert_eq!(judge_without_redirect_url(failure), code.into());
        }
    }
    assert_eq!(
        judge(TokenError::Refused(Refused::Client)),
        Verdict::Wrong(Code::RequestNotAccepted.into())
    );
}

#[test]
fn a_made_up_code_says_that_it_is_one_and_is_never_the_same_twice() {
    let entropy = Counting::default();
    let codes = [(); 2].map(|()| made_up_code(&entropy).unwrap());
    for code in &codes {
        assert!(code.expose().starts_with(MADE_UP));
        assert_eq!(code.expose().len(), MADE_UP.len() + 43);
    }
    assert_ne!(codes[0].expose(), codes[1].expose());
}
