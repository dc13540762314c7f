//! What the roles in a team allow.
//!
//! Amiqus's documentation names the roles, and says that `null` is the role of a user who is no longer
//! part of the team. What each role can do is *our assumption*, derived from the roles' names and from
//! the endpoints that document a 403:
//!
//! | role | assumption |
//! |---|---|
//! | `owner`, `member`, `assumed` | see everything, and create and change clients |
//! | `read-only`, and any role that we don't know | see everything, change nothing |
//! | `assigned-only` | see and change only what is assigned to them; no lists of the whole team |
//! | `null` | nothing of the team's data |
//!
//! Requests about the user (`/me`, `/me/teams`, `/team`, `/team/me`, `/status`) need no role.

use crate::api::ApiError;
use crate::people::Membership;

/// What the holder of a token can do with the data of their team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permissions {
    access: Access,
    member_id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Everything,
    ReadOnly,
    AssignedOnly,
}

impl Permissions {
    /// The permissions of a member.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] for someone who is no longer part of the team.
    pub(crate) fn of_member(membership: &Membership) -> Result<Self, ApiError> {
        let access = match membership.role.as_deref() {
            None => return Err(ApiError::Forbidden),
            Some("owner" | "member" | "assumed") => Access::Everything,
            Some("assigned-only") => Access::AssignedOnly,
            Some(_) => Access::ReadOnly,
        };
        Ok(Self {
            access,
            member_id: membership.id,
        })
    }

    /// Whether the member sees what is assigned to these members.
    pub(crate) fn sees(self, assignees: &[u64]) -> bool {
        match self.access {
            Access::Everything | Access::ReadOnly => true,
            Access::AssignedOnly => assignees.contains(&self.member_id),
        }
    }

    /// Requires that the member sees what is assigned to these members.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] otherwise: the documentation of single clients and records lists 403
    /// beside 404.
    pub(crate) fn require_sight(self, assignees: &[u64]) -> Result<(), ApiError> {
        require(self.sees(assignees))
    }

    /// Requires that the member sees the whole team's data.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] otherwise.
    pub(crate) fn require_whole_team(self) -> Result<(), ApiError> {
        require(self.access != Access::AssignedOnly)
    }

    /// Requires that the member can create clients.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] otherwise. What an `assigned-only` member created would be assigned to
    /// nobody.
    pub(crate) fn require_create(self) -> Result<(), ApiError> {
        require(self.access == Access::Everything)
    }

    /// Requires that the member can change what is assigned to these members.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] otherwise.
    pub(crate) fn require_change(self, assignees: &[u64]) -> Result<(), ApiError> {
        require(self.access != Access::ReadOnly && self.sees(assignees))
    }
}

fn require(is_allowed: bool) -> Result<(), ApiError> {
    if is_allowed {
        Ok(())
    } else {
        Err(ApiError::Forbidden)
    }
}
