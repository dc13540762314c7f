import { name as app } from "brand";
import type { RedirectKind } from "../bindings";

export const title = "Continue in your browser";
export const way = {
  scheme: {
    sentence: `When your browser asks to open **${app}**, choose Open.`,
    help: `Your browser may have asked whether to open **${app}**: choose Open or Allow. If it didn’t, click into its page, then open the browser again.`,
  },
  loopback: {
    sentence: "Log in there and choose **Allow**. This window goes on by itself.",
    help: "If no page came, or the last page couldn’t be shown, open the browser again or paste the address.",
  },
} satisfies Record<RedirectKind, { sentence: string; help: string }>;
export const timeLeft = "left";
export const helpTitle = "Did the browser not come back?";
export const address = "Address";
export const addressHint =
  "In your browser, copy the address of the page you end on, or the link that should open this app. It begins with “{redirect}”.";
export const nothingPasted =
  "There is nothing here yet. Copy the address in your browser first, then paste it here.";
