//! Fuzz targets for each untrusted input of this app.
//!
//! A target passes bytes to the product's code and returns a verdict on the result; it panics when an
//! invariant is violated. libFuzzer searches for such bytes (`npm run fuzz`), and `cargo test` replays
//! the corpus that it found.

#![expect(
    clippy::panic,
    reason = "a target reports a violated invariant by a panic, as libFuzzer expects"
)]

mod answer;
mod api_answer;
mod app;
mod pasted_address;
mod provisioning_file;
mod redirect;
mod reference;
mod token_answer;
mod vault_records;

/// What the product made of an input, in a word or two.
pub type Verdict = &'static str;

/// A fuzz target.
#[derive(Debug)]
pub struct Target {
    /// The name of the target's program, corpus and dictionary.
    pub name: &'static str,
    /// Passes an input to the product; panics if an invariant is violated.
    pub check: fn(&[u8]) -> Verdict,
    /// All verdicts that the target can return. The corpus must lead to each of them.
    pub verdicts: &'static [Verdict],
}

/// All targets.
pub const TARGETS: [Target; 6] = [
    api_answer::TARGET,
    pasted_address::TARGET,
    provisioning_file::TARGET,
    redirect::TARGET,
    token_answer::TARGET,
    vault_records::TARGET,
];

/// Checks an input with the target of this name.
///
/// # Panics
/// When an invariant is violated, or there is no such target.
pub fn check(target: &str, data: &[u8]) {
    let Some(target) = TARGETS.iter().find(|known| known.name == target) else {
        panic!("there is no target {target}");
    };
    (target.check)(data);
}
