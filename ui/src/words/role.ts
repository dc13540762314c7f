import type { Role } from "../bindings";

export const role = {
  owner: "Owner",
  member: "Member",
  "read-only": "Read only",
  "assigned-only": "Assigned records only",
  assumed: "Acting for this team",
} satisfies Record<Role, string>;
