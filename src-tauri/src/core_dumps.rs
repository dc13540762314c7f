//! Core dumps are switched off: the memory that a crash writes to disk could hold tokens.

/// Switches core dumps off for this process and what it starts.
///
/// The limit is one byte and not zero: no dump fits into it, and for the kernel it means no dump also where
/// dumps are piped to a collecting program, for which it checks no other limit (`core(5)`). Denying
/// other processes access to this one's memory (`PR_SET_DUMPABLE`) would keep the desktop's portal from
/// identifying the app that asks it for the colour scheme, and would stop no attacker: a process that runs as
/// this user can ask the keychain for the key.
pub(crate) fn disable() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Rlimit {
            current: Some(1),
            maximum: Some(1),
        };
        // Lowering a limit of one's own is always allowed; one that is at zero stays there.
        let _ = setrlimit(Resource::Core, limit);
    }
}
