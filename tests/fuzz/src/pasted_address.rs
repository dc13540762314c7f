//! What a person pastes: all of an address, or what they took of it.

use amiqus_core::redirect::{Received, from_pasted};
use amiqus_core::registration::DEFAULT_REDIRECT_URL;
use amiqus_core::session::Way;

use crate::{Target, Verdict, app};

pub(crate) const TARGET: Target = Target {
    name: "pasted_address",
    check,
    verdicts: &["granted", "denied", "of another attempt", "refused"],
};

fn check(data: &[u8]) -> Verdict {
    let pasted = String::from_utf8_lossy(data);
    let ours = app::redirect_url();
    let whole = from_pasted(&Received::new(&*pasted), &ours);

    // Nothing but the beginning is added, and nothing but white space around it is taken off.
    let trimmed = pasted.trim();
    let made = whole.expose();
    let added = made.strip_suffix(trimmed);
    let question = format!("{DEFAULT_REDIRECT_URL}?");
    assert!(
        added.is_some_and(|added| ["", DEFAULT_REDIRECT_URL, &question].contains(&added)),
        "{pasted:?} became {made:?}"
    );
    assert_eq!(from_pasted(&whole, &ours).expose(), made);
    let means = app::meaning(made);
    // An address that would do as a link does pasted, too, and means the same.
    if let Some(as_link) = app::meaning(trimmed) {
        assert_eq!(means, Some(as_link));
    }
    app::receive(Received::new(&*pasted), Way::Pasted, means.as_ref())
}
