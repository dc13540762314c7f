//! The real keeper on the real vault with a real keychain, and what a real computer does to them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

mod disk;
mod file_systems;
mod found_twice;
mod keychain;
mod keychain_comes;
mod restart;
mod root;
mod test_users;
mod two_processes;
mod two_vaults;
mod waking;
