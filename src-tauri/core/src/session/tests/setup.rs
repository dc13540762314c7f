//! The registration: provisioned, entered, changed.

use super::*;
use crate::account::SignInAgainReason;
use crate::fixtures::{connected, draft, lorraine};
use crate::registration::{Field, Provenance, RegistrationDraft};

#[test]
fn entered_registration_sets_the_app_up() {
    let (mut bench, _) = Bench::opened(Records::default());
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    let step = bench.step(Event::RegistrationEntered(changed_draft(|_| ())));
    assert!(step.changed.contains(&RecordName::Registration));
    assert_eq!(bench.screen(), SIGNED_OUT);
    let setup = bench.state().setup;
    assert_eq!(setup.client_id.as_deref(), Some("9a1c0ffe"));
    assert!(!setup.managed);
}

#[test]
fn setup_change_can_be_cancelled() {
    let mut bench = Bench::with_bob();
    bench.step(Event::SetupChangeRequested);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    bench.step(Event::Cancelled);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn other_client_or_service_disconnects_all_accounts() {
    let changes: [fn(&mut RegistrationDraft); 2] = [
        |draft| draft.client_id = "another".to_owned(),
        |draft| draft.base_url = Some("https://id.amiqus.example".to_owned()),
    ];
    for change in changes {
        let (mut bench, _) = Bench::with(vec![
            connected(bob(), tokens("1", now())),
            connected(lorraine(), tokens("2", now())),
        ]);
        bench.begin();
        let step = bench.step(Event::RegistrationEntered(changed_draft(change)));
        assert!(step.changed.contains(&RecordName::Attempt));
        assert_eq!(bench.record(RecordName::Attempt), None);
        let why = SignInAgainReason::SetUpChanged;
        assert_eq!(bench.screen(), Screen::SignInAgain { why });
        for key in [bob().key(), lorraine().key()] {
            assert!(step.changed.contains(&RecordName::Account(key)));
            assert_eq!(bench.status(key), AccountStatusView::SignInAgain { why });
            let record = bench.record(RecordName::Account(key)).unwrap();
            assert!(!record.contains("hush-"));
        }
    }
}

#[test]
fn new_secret_for_the_same_client_keeps_all_accounts() {
    let mut bench = Bench::with_bob();
    let new = changed_draft(|draft| draft.client_secret = "hush-rotated".to_owned());
    let step = bench.step(Event::RegistrationEntered(new));
    assert_eq!(changed(&step), ["registration"]);
    assert_eq!(bench.screen(), Screen::SignedIn);
}

#[test]
fn managed_setup_cannot_be_changed_in_the_window() {
    let mut bench = closed();
    bench.open_with(Records::default(), provisioned());
    assert!(bench.state().setup.managed);
    for event in [
        Event::SetupChangeRequested,
        Event::RegistrationEntered(changed_draft(|draft| draft.client_id = "x".to_owned())),
    ] {
        let step = bench.step(event);
        assert_eq!(step.outcome, refused(Code::SetupManaged));
        assert_nothing_happened(&step);
    }
    assert_eq!(bench.state().setup.client_id.as_deref(), Some("9a1c0ffe"));
}

#[test]
fn unchanged_provisioning_file_writes_nothing() {
    let mut bench = closed();
    let step = bench.open_with(Records::default(), provisioned());
    assert!(step.changed.contains(&RecordName::Registration));
    let mut bench = closed();
    let records = Records {
        registration: Some(draft().validate(Provenance::Provisioned).unwrap()),
        ..Records::default()
    };
    let step = bench.open_with(records, provisioned());
    assert_nothing_happened(&step);
}

#[test]
fn setup_without_provisioning_file_becomes_editable() {
    let mut bench = closed();
    let step = bench.open(Records {
        registration: Some(draft().validate(Provenance::Provisioned).unwrap()),
        ..Records::default()
    });
    assert_eq!(changed(&step), ["registration"]);
    assert!(!bench.state().setup.managed);
    bench.step(Event::SetupChangeRequested);
    assert_eq!(bench.screen(), Screen::NeedsSetup);
}

#[test]
fn tokens_of_unknown_client_are_not_sent_to_another() {
    let mut bench = closed();
    bench.open(Records {
        accounts: [(bob().key(), connected(bob(), tokens("1", now())))].into(),
        current: Some(bob().key()),
        ..Records::default()
    });
    bench.step(Event::RegistrationEntered(changed_draft(|_| ())));
    let why = SignInAgainReason::SetUpChanged;
    assert_eq!(bench.screen(), Screen::SignInAgain { why });
    assert_eq!(bench.account(bob().key()).name, "Bob Gale");
}

#[test]
fn wrong_provisioning_file_is_shown_and_the_setup_stays() {
    let mut bench = closed();
    let records = Records {
        registration: Some(registration()),
        ..Records::default()
    };
    let wrong = Provisioning::Wrong {
        file: "/etc/provisioning.json".to_owned(),
        code: Code::ProvisioningInvalid,
        field: Some(Field::ClientId),
    };
    bench.open_with(records, wrong);
    let problem = bench.state().problem.unwrap();
    assert_eq!(problem.code, Code::ProvisioningInvalid);
    assert_eq!(problem.file.as_deref(), Some("/etc/provisioning.json"));
    assert_eq!(problem.field, Some(Field::ClientId));
    assert_eq!(bench.screen(), SIGNED_OUT);
}

fn invalid(code: Code) -> Provisioning {
    Provisioning::Wrong {
        file: "provisioning.json".to_owned(),
        code,
        field: None,
    }
}

#[test]
fn file_that_arrives_sets_the_app_up() {
    let (mut bench, _) = Bench::opened(Records::default());
    assert_eq!(bench.screen(), Screen::NeedsSetup);
    assert!(!bench.session.is_changed_by(&Provisioning::Absent));
    assert!(bench.session.is_changed_by(&provisioned()));
    let step = bench.step(Event::ProvisioningRead(provisioned()));
    assert!(step.changed.contains(&RecordName::Registration));
    assert_eq!(bench.screen(), SIGNED_OUT);
    assert!(bench.state().setup.managed);
}

#[test]
fn invalid_file_is_shown_until_it_is_corrected_or_removed() {
    for (next, screen) in [
        (provisioned(), SIGNED_OUT),
        (Provisioning::Absent, Screen::NeedsSetup),
    ] {
        let (mut bench, _) = Bench::opened(Records::default());
        bench.step(Event::ProvisioningRead(invalid(Code::ProvisioningNotJson)));
        assert_eq!(bench.problem(), Some(Code::ProvisioningNotJson));
        assert!(bench.state().setup.managed);
        assert!(
            !bench
                .session
                .is_changed_by(&invalid(Code::ProvisioningNotJson))
        );
        assert!(
            bench
                .session
                .is_changed_by(&invalid(Code::ProvisioningInvalid))
        );
        assert!(bench.session.is_changed_by(&next));
        bench.step(Event::ProvisioningRead(next));
        assert_eq!(bench.problem(), None);
        assert_eq!(bench.screen(), screen);
    }
}

#[test]
fn app_that_is_set_up_ignores_the_file_until_the_next_start() {
    let mut bench = Bench::with_bob();
    for read in [provisioned(), invalid(Code::ProvisioningNotJson)] {
        assert!(!bench.session.is_changed_by(&read));
        let step = bench.step(Event::ProvisioningRead(read));
        assert_nothing_happened(&step);
        assert_eq!(bench.screen(), Screen::SignedIn);
        assert_eq!(bench.problem(), None);
    }
}
