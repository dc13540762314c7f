//! What a kill did to the account it was aimed at, judged by the *server's* records. The app's own
//! reports count in one place only: what it reported before it was killed must survive.
//!
//! | scenario | Amiqus issued a new pair | reported | after the restart | verdict |
//! |---|---|---|---|---|
//! | refresh | no | no | the old pair works | old |
//! | refresh | yes | either | the new pair works | new |
//! | refresh | yes | no | sign in again, because the answer was lost | justified |
//! | first sign-in | no | no | not signed in; the attempt may still be pending | old |
//! | first sign-in | yes | either | the new pair works | new |
//! | first sign-in | yes | no | not signed in | justified |
//! | repeated sign-in | either | no | the old pair works | old |
//! | repeated sign-in | yes | either | the new pair works | new |
//!
//! Anything else is a loss: an unnecessary sign-in, a wrong reason, a pair that disappeared, a crash,
//! a vault set aside, an extra token request. A repeated sign-in is
//! never justified to end in *sign in again*: Amiqus keeps the old pair valid next to the new one.

use std::fmt;

/// The operation during which the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    /// A refresh of the account.
    Refresh,
    /// The exchange of a code, for an account that isn't here.
    FirstSignIn,
    /// The exchange of a code, for an account that is connected.
    RepeatedSignIn,
}

impl Scenario {
    pub(crate) const ALL: [Self; 3] = [Self::Refresh, Self::FirstSignIn, Self::RepeatedSignIn];
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` honours the caller's width.
        formatter.pad(match self {
            Self::Refresh => "refresh",
            Self::FirstSignIn => "first sign-in",
            Self::RepeatedSignIn => "repeated sign-in",
        })
    }
}

/// A pair of tokens, relative to the kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    /// The pair from before.
    Old,
    /// A different pair.
    New,
}

/// The account's status after the restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountStatus {
    /// It isn't there.
    Absent,
    /// It is connected; the service answered `/me` to this pair, and knows it as this account's.
    Works(Pair),
    /// The app asks to sign in again.
    SignInAgain {
        /// Why, as the app reports it.
        why: String,
    },
    /// None of these, with a description.
    Broken(String),
}

/// The evidence for a verdict.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) scenario: Scenario,
    /// Whether the server issued a new pair for the refresh token or the code.
    pub(crate) granted: bool,
    /// Whether the process had reported the new pair before it was killed.
    pub(crate) was_reported: bool,
    pub(crate) status: AccountStatus,
    /// Violations of rules that always hold.
    pub(crate) faults: Vec<String>,
}

/// The judgement of one kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as it was before.
    Old,
    /// It has the new pair.
    New,
    /// The user has to sign in again, and nothing on this computer could have prevented it.
    Justified,
    /// It was lost without justification, with a description.
    Lost(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Justified => "justified",
            Self::Lost(_) => "LOST",
        })
    }
}

/// Judges the evidence by the table in the module documentation.
pub(crate) fn judge(evidence: &Evidence) -> Verdict {
    if !evidence.faults.is_empty() {
        return Verdict::Lost(evidence.faults.join("; "));
    }
    let because_the_answer_was_lost = "answer_lost";
    match (
        evidence.scenario,
        evidence.granted,
        evidence.was_reported,
        &evidence.status,
    ) {
        (Scenario::Refresh, false, false, AccountStatus::Works(Pair::Old))
        | (Scenario::FirstSignIn, false, false, AccountStatus::Absent)
        | (Scenario::RepeatedSignIn, _, false, AccountStatus::Works(Pair::Old)) => Verdict::Old,
        (_, true, _, AccountStatus::Works(Pair::New)) => Verdict::New,
        (Scenario::Refresh, true, false, AccountStatus::SignInAgain { why })
            if why == because_the_answer_was_lost =>
        {
            Verdict::Justified
        }
        (Scenario::FirstSignIn, true, false, AccountStatus::Absent) => Verdict::Justified,
        (scenario, granted, was_reported, status) => Verdict::Lost(format!(
            "{scenario}: Amiqus issued {} new pair, the app had{} reported it, and after the restart: {status:?}",
            if granted { "a" } else { "no" },
            if was_reported { "" } else { " not" },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(
        scenario: Scenario,
        granted: bool,
        was_reported: bool,
        status: AccountStatus,
    ) -> Verdict {
        judge(&Evidence {
            scenario,
            granted,
            was_reported,
            status,
            faults: Vec::new(),
        })
    }

    fn sign_in_again(why: &str) -> AccountStatus {
        AccountStatus::SignInAgain {
            why: why.to_owned(),
        }
    }

    fn is_lost(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Lost(_))
    }

    #[test]
    fn sign_in_again_is_justified_only_by_an_unreported_rotation() {
        let lost = || sign_in_again("answer_lost");
        assert_eq!(
            verdict(Scenario::Refresh, true, false, lost()),
            Verdict::Justified
        );
        assert!(is_lost(&verdict(Scenario::Refresh, false, false, lost())));
        assert!(is_lost(&verdict(Scenario::Refresh, true, true, lost())));
        let removed = sign_in_again("access_removed");
        assert!(is_lost(&verdict(Scenario::Refresh, true, false, removed)));
    }

    #[test]
    fn first_sign_in_may_be_lost_and_a_repeated_one_never() {
        let first = |granted, was_reported| {
            verdict(
                Scenario::FirstSignIn,
                granted,
                was_reported,
                AccountStatus::Absent,
            )
        };
        assert_eq!(first(false, false), Verdict::Old);
        assert_eq!(first(true, false), Verdict::Justified);
        assert!(is_lost(&first(true, true)));

        let repeated = |granted, was_reported, status| {
            verdict(Scenario::RepeatedSignIn, granted, was_reported, status)
        };
        let old = || AccountStatus::Works(Pair::Old);
        assert_eq!(repeated(true, false, old()), Verdict::Old);
        assert!(is_lost(&repeated(true, true, old())));
        assert!(is_lost(&repeated(true, false, AccountStatus::Absent)));
        let again = sign_in_again("answer_lost");
        assert!(is_lost(&repeated(true, false, again)));
    }

    #[test]
    fn pair_that_was_never_issued_is_a_loss() {
        for scenario in Scenario::ALL {
            let new = AccountStatus::Works(Pair::New);
            assert_eq!(verdict(scenario, true, true, new.clone()), Verdict::New);
            assert!(is_lost(&verdict(scenario, false, false, new)));
        }
        let old = AccountStatus::Works(Pair::Old);
        assert!(is_lost(&verdict(Scenario::Refresh, true, false, old)));
    }

    #[test]
    fn fault_makes_any_outcome_a_loss() {
        let evidence = Evidence {
            scenario: Scenario::Refresh,
            granted: true,
            was_reported: true,
            status: AccountStatus::Works(Pair::New),
            faults: vec!["the refresh token was posted twice".to_owned()],
        };
        assert!(is_lost(&judge(&evidence)));
    }
}
