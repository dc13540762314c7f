import { base_url as baseUrl, scheme } from "brand";
import type { FieldProblem } from "../bindings";

export const fieldReason = {
  missing: "Please fill this in.",
  has_spaces: "Please take out the spaces.",
  too_long: "This is too long. Please check that only one value was pasted.",
  not_an_address: `This isn’t a complete address. It should look like ${baseUrl}`,
  not_https: "The address must begin with https://",
  scheme_not_reverse_domain: `The part before :// must be a domain name written backwards, such as ${scheme}`,
  scheme_without_host: `After :// there must be a name and a path, as in ${scheme}://oauth/callback`,
  loopback_incomplete:
    "Please give it a port from 1024 up and a path, as in http://127.0.0.1:8123/callback",
  not_recognised:
    "Amiqus doesn’t know this client ID with this secret. Please copy both once more.",
  not_registered:
    "This isn’t a redirect URL of that API client. Please add it there, exactly as it is here.",
  loopback_not_literal: "Please write 127.0.0.1 in place of a name such as localhost.",
  has_fragment: "Please take out the # and everything after it.",
  has_query: "Please take out the ? and everything after it.",
  has_user_info: "Please take out the @ and what stands between it and the ://",
  wrong_kind: "This is not the kind of value that belongs here.",
} satisfies Record<FieldProblem["reason"], string>;
