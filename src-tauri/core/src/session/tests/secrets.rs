//! Secrets appear neither in the state for the window nor in debug output.

use super::*;
use crate::fixtures::lorraine;

/// Shows check 39.
#[test]
fn app_state_holds_no_secret() {
    let mut bench = Bench::with_bob();
    let mut states = vec![bench.state()];
    let (pending, _) = bench.begin();
    states.push(bench.state());
    bench.link(&pending.granted());
    states.push(bench.state());
    let step = bench.step(Event::CodeExchanged(pending.id, Ok(tokens("2", now()))));
    states.push(bench.state());
    bench.identified(&step, Ok(lorraine()));
    let step = bench.step(Event::RenewalRequested(
        lorraine().key(),
        RenewalReason::Asked,
    ));
    states.push(bench.state());
    bench.refreshed(&step, Err(TokenError::InvalidGrant { expired: false }));
    states.push(bench.state());
    for state in states {
        for text in [serde_json::to_string(&state).unwrap(), format!("{state:?}")] {
            assert!(!text.contains("hush-"), "{text}");
            assert!(!text.contains(&pending.state), "{text}");
        }
    }
}

/// Shows check 42.
#[test]
fn debug_output_holds_no_secret() {
    let mut bench = Bench::with_bob();
    let (pending, begun) = bench.begin();
    let granted = Event::AddressReceived(ReceivedLink::new(pending.granted()), LinkOrigin::Link);
    let mut printed = vec![
        format!("{begun:?}"),
        format!("{:?}", bench.session),
        format!("{granted:?}"),
    ];
    let step = bench.step(granted);
    printed.push(format!("{step:?}"));
    printed.push(format!("{:?}", bench.session));
    let exchanged = Event::CodeExchanged(pending.id, Ok(tokens("2", now())));
    printed.push(format!("{exchanged:?}"));
    let step = bench.step(exchanged);
    printed.push(format!("{step:?}"));
    printed.push(format!("{:?}", bench.session));
    bench.identified(&step, Ok(lorraine()));
    let step = bench.step(Event::RenewalRequested(bob().key(), RenewalReason::Due));
    printed.push(format!("{step:?}"));
    printed.push(format!("{:?}", bench.session));
    for text in printed {
        assert!(!text.contains("hush-"), "{text}");
        assert!(!text.contains(&pending.state), "{text}");
    }
}
