//! The vault's care, on real Stronghold files: what can't be used is set aside and never overwritten,
//! nobody else can read it, left-overs are swept, and what an older build wrote still opens. The keys
//! here are made of passphrases, so that no keychain is needed; what a keychain can do to a vault is
//! tested where there is one.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

mod care;
mod migration;
mod place;
