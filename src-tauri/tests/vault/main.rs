//! The vault on real Stronghold files: unusable ones are set aside and never overwritten, only the user can
//! read them, leftovers are removed, and a vault that an older build wrote opens. The keys are derived from
//! passphrases, so that no keychain is needed; the durability suite tests keychains.

#![expect(
    clippy::unwrap_used,
    reason = "a failure of what the tests share fails the test"
)]

mod compatibility;
#[cfg(windows)]
mod held_windows;
mod kill;
mod maintenance;
mod test_vault;
