//! The real session on the real vault with a real keychain, under what a real computer does to them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what the tests share ends the test when it fails, as the tests themselves do"
)]

mod disk;
mod duplicate_keys;
mod file_systems;
mod keychain;
mod late_keychain;
mod restart;
mod root;
mod test_users;
mod two_processes;
mod two_vaults;
mod wake_up;
