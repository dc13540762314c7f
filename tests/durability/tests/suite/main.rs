//! The real session, vault and keychain under faults of the computer.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed helper ends its test"
)]

mod disk;
mod duplicate_keys;
mod file_systems;
mod keychain;
mod late_keychain;
mod log_text;
mod restart;
mod root;
mod test_users;
mod two_processes;
mod two_vaults;
mod wake_up;
