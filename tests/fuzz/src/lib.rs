//! What strangers can send to this app, and what must hold whatever they send.
//!
//! Each target drives the product's own code with bytes and says what the product made of them; it
//! panics where the product did what it must never do. libFuzzer looks for such bytes
//! (`npm run fuzz`), and `cargo test` goes through all that it found worth keeping.

#![expect(
    clippy::panic,
    reason = "a target says by a panic that something doesn't hold; libFuzzer knows no other way"
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

/// One of the ways in.
#[derive(Debug)]
pub struct Target {
    /// Its name: of its program, its corpus and its dictionary.
    pub name: &'static str,
    /// Shows the input to the product and panics unless all that must hold does.
    pub check: fn(&[u8]) -> Verdict,
    /// All that it can say. A corpus that leads to fewer has a hole.
    pub verdicts: &'static [Verdict],
}

/// All ways in.
pub const TARGETS: [Target; 6] = [
    api_answer::TARGET,
    pasted_address::TARGET,
    provisioning_file::TARGET,
    redirect::TARGET,
    token_answer::TARGET,
    vault_records::TARGET,
];

/// What a target's program shows each input to.
///
/// # Panics
/// When what must hold doesn't, or there is no such target.
pub fn check(target: &str, data: &[u8]) {
    let Some(target) = TARGETS.iter().find(|known| known.name == target) else {
        panic!("there is no target {target}");
    };
    (target.check)(data);
}
