use super::*;
use crate::fixtures::Counting;
use crate::token::Transient;

fn invalid(field: Field, reason: Reason) -> CheckError {
    CheckError::Fields(vec![FieldProblem { field, reason }])
}

#[test]
fn rejected_code_means_a_valid_registration() {
    for error in [
        TokenError::InvalidGrant { expired: false },
        TokenError::InvalidGrant { expired: true },
        TokenError::Rejected(RejectedPart::Request),
    ] {
        assert_eq!(judge(error), Verdict::Valid, "{error:?}");
    }
}

#[test]
fn client_rejected_without_redirect_url_has_a_wrong_secret() {
    assert_eq!(judge(TokenError::InvalidClient), Verdict::ClientRejected);
    assert_eq!(
        judge_without_redirect_url(TokenError::InvalidClient),
        invalid(Field::ClientSecret, Reason::NotRecognised)
    );
}

#[test]
fn client_rejected_only_with_redirect_url_has_another_one() {
    let not_registered = invalid(Field::RedirectUrl, Reason::NotRegistered);
    for error in [
        TokenError::InvalidGrant { expired: false },
        TokenError::Rejected(RejectedPart::Request),
        TokenError::Rejected(RejectedPart::RedirectUrl),
    ] {
        assert_eq!(judge_without_redirect_url(error), not_registered);
    }
    assert_eq!(
        judge(TokenError::Rejected(RejectedPart::RedirectUrl)),
        Verdict::Invalid(not_registered)
    );
}

#[test]
fn transient_failure_says_nothing_about_the_registration() {
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
        for error in [
            TokenError::NotProcessed(transient),
            TokenError::PerhapsProcessed(transient),
        ] {
            assert_eq!(judge(error), Verdict::Invalid(code.into()));
            assert_eq!(judge_without_redirect_url(error), code.into());
        }
    }
    assert_eq!(
        judge(TokenError::Rejected(RejectedPart::Client)),
        Verdict::Invalid(Code::RequestNotAccepted.into())
    );
}

#[test]
fn made_up_codes_are_marked_and_unique() {
    let entropy = Counting::default();
    let codes = [(); 2].map(|()| made_up_code(&entropy).unwrap());
    for code in &codes {
        assert!(code.expose().starts_with(MADE_UP_PREFIX));
        assert_eq!(code.expose().len(), MADE_UP_PREFIX.len() + 43);
    }
    assert_ne!(codes[0].expose(), codes[1].expose());
}
