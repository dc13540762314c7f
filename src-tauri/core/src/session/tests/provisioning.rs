//! The provisioning file, read again while the set-up waits for it.

use super::*;
use crate::account::SignInAgainReason;
use crate::fixtures::connected;
use crate::registration::Field;

fn wrong(code: Code) -> Provisioning {
    Provisioning::Wrong {
        file: "/etc/provisioning.json".to_owned(),
        code,
        field: (code == Code::ProvisioningInvalid).then_some(Field::ClientId),
    }
}

/// A session with these records and this provisioning file.
fn opened(records: Records, provisioning: Provisioning) -> Bench {
    let mut bench = closed();
    bench.open_with(records, provisioning);
    bench
}

/// The provisioning file is read again.
fn reload(bench: &mut Bench, provisioning: Provisioning) -> Step {
    bench.step(Event::ProvisioningRead(provisioning))
}

/// Asserts that reading this changes nothing at all.
fn assert_unchanged(bench: &mut Bench, provisioning: Provisioning) {
    let before = bench.state();
    let step = reload(bench, provisioning);
    assert_eq!(step.outcome, CommandOutcome::Unchanged);
    assert_nothing_happened(&step);
    assert_eq!(bench.state(), before);
}

#[test]
fn file_that_arrives_sets_the_app_up() {
    let mut bench = opened(Records::default(), Provisioning::Absent);
    assert_unchanged(&mut bench, Provisioning::Absent);
    let step = reload(&mut bench, provisioned());
    assert_eq!(step.outcome, CommandOutcome::Accepted);
    assert!(step.changed.contains(&RecordName::Registration));
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().setup.managed);
    assert_eq!(bench.problem(), None);
    bench.begin();
}

#[test]
fn file_that_arrives_ends_an_administrators_own_set_up() {
    let mut bench = opened(Records::default(), Provisioning::Absent);
    bench.step(Event::SetupChangeRequested);
    reload(&mut bench, provisioned());
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn file_that_is_corrected_sets_the_app_up_and_clears_its_problem() {
    let mut bench = opened(Records::default(), wrong(Code::ProvisioningNotJson));
    assert_eq!(bench.problem(), Some(Code::ProvisioningNotJson));
    assert_unchanged(&mut bench, wrong(Code::ProvisioningNotJson));

    let step = reload(&mut bench, wrong(Code::ProvisioningInvalid));
    assert_nothing_happened(&step);
    let problem = bench.state().problem.unwrap();
    assert_eq!(problem.code, Code::ProvisioningInvalid);
    assert_eq!(problem.field, Some(Field::ClientId));
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    assert!(bench.state().setup.managed);

    reload(&mut bench, provisioned());
    assert_eq!(bench.problem(), None);
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().setup.managed);
}

#[test]
fn dismissed_problem_of_an_unchanged_file_does_not_come_back() {
    let mut bench = opened(Records::default(), wrong(Code::ProvisioningNotJson));
    bench.step(Event::ProblemDismissed);
    assert_unchanged(&mut bench, wrong(Code::ProvisioningNotJson));
    assert_eq!(bench.problem(), None);
    reload(&mut bench, wrong(Code::ProvisioningNotTrusted));
    assert_eq!(bench.problem(), Some(Code::ProvisioningNotTrusted));
}

#[test]
fn file_that_is_removed_leaves_an_editable_set_up() {
    let mut bench = opened(Records::default(), wrong(Code::ProvisioningNotJson));
    let step = reload(&mut bench, Provisioning::Absent);
    assert_nothing_happened(&step);
    assert_eq!(bench.problem(), None);
    assert!(!bench.state().setup.managed);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    bench.step(Event::RegistrationEntered(changed_draft(|_| ())));
    assert_eq!(bench.screen(), SIGNED_OUT);

    let records = Records {
        registration: Some(draft().validate(Provenance::Provisioned).unwrap()),
        ..Records::default()
    };
    let mut bench = opened(records, wrong(Code::ProvisioningNotJson));
    assert!(bench.state().setup.managed);
    let step = reload(&mut bench, Provisioning::Absent);
    assert_eq!(changed(&step), ["registration"]);
    assert!(!bench.state().setup.managed);
    assert_eq!(bench.screen(), SIGNED_OUT);
}

#[test]
fn another_problem_stays_when_the_file_is_corrected() {
    let records = Records {
        registration: Some(registration()),
        ..Records::default()
    };
    let mut bench = opened(records, wrong(Code::ProvisioningNotJson));
    let (pending, _) = bench.begin();
    bench.link(&pending.denied("access_denied"));
    reload(&mut bench, provisioned());
    assert_eq!(bench.problem(), Some(Code::AccessDenied));
    assert!(bench.state().setup.managed);
}

#[test]
fn corrected_file_of_the_same_client_keeps_sign_in_and_accounts() {
    let records = || Records {
        registration: Some(registration()),
        accounts: [(bob().key(), connected(bob(), tokens("1", now())))].into(),
        current: Some(bob().key()),
        ..Records::default()
    };
    let mut bench = opened(records(), wrong(Code::ProvisioningNotJson));
    let (pending, _) = bench.begin();
    let step = reload(&mut bench, provisioned());
    assert_eq!(changed(&step), ["registration"]);
    assert_eq!(effects(&step), [""; 0]);
    bench.link(&pending.granted());
    assert_eq!(bench.screen(), Screen::ExchangingCode);

    let mut bench = opened(records(), wrong(Code::ProvisioningNotJson));
    let other = changed_draft(|draft| draft.client_id = "another".to_owned());
    reload(&mut bench, Provisioning::Valid(other));
    let why = SignInAgainReason::SetUpChanged;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
}

/// The window asks whenever it gets the focus; only the next start takes over a new file.
#[test]
fn file_is_not_applied_once_the_app_is_set_up() {
    let mut by_hand = Bench::with_bob();
    let mut managed = opened(Records::default(), provisioned());
    for bench in [&mut by_hand, &mut managed] {
        assert!(!bench.session.awaits_provisioning());
        let other = changed_draft(|draft| draft.client_id = "another".to_owned());
        assert_unchanged(bench, Provisioning::Valid(other));
        assert_unchanged(bench, wrong(Code::ProvisioningNotJson));
        assert_unchanged(bench, Provisioning::Absent);
    }
}

#[test]
fn file_is_not_applied_while_the_vault_is_closed() {
    let mut bench = closed();
    assert!(!bench.session.awaits_provisioning());
    assert_unchanged(&mut bench, provisioned());
}
