import type {
  AccountView,
  AppState,
  Code,
  Field,
  Problem,
  Screen,
  SetupView,
  ThisComputer,
} from "../../ui/src/bindings";

/** The time at which every picture is taken. */
export const now = Date.parse("2026-11-23T09:14:48Z");

export type Theme = "light" | "dark";
export const themes: readonly Theme[] = ["light", "dark"];

/** A user's action before the picture is taken, or how the core replies to it. */
export type Step =
  /** Presses the control of this text or accessible name. */
  | { press: string }
  /** Opens an account's menu: that of the card is the first. */
  | { menu: number }
  | { type: string; into: string }
  /** The core's reply to a command; without one it replies with success. */
  | { answer: string; with: unknown }
  /** A command that the core never replies to. */
  | { hang: string }
  /** Advances the clock by milliseconds. */
  | { advance: number };

export type Scene = {
  name: string;
  appState: AppState;
  computer: ThisComputer;
  steps: Step[];
  /** Accessible names of buttons that must be present. */
  buttons: string[];
  /** The core sends no state: it hangs, or can't be reached. */
  coreIsSilent: boolean;
  /** The button that reloads the page. */
  reloads?: string;
  /** The themes whose golden pictures are kept. */
  goldenThemes: readonly Theme[];
};

export const handSetup: SetupView = {
  managed: false,
  organisation: null,
  client_id: "41",
  redirect_url: "co.amiqus.signin://oauth/callback",
  redirect: "scheme",
  base_url: "https://id.amiqus.co",
};
export const managedSetup: SetupView = {
  ...handSetup,
  managed: true,
  organisation: "Gale & Partners",
};
export const loopbackSetup: SetupView = {
  ...managedSetup,
  redirect_url: "http://127.0.0.1:8123/callback",
  redirect: "loopback",
};
export const noSetup: SetupView = { ...handSetup, client_id: null };

export const bob: AccountView = {
  id: "345789-77",
  name: "Bob Gale",
  email: "bob@example.com",
  is_verified: true,
  is_disabled: false,
  team: "Fusion Industries",
  role: "owner",
  status: { kind: "connected" },
  renews_by: "2027-11-23T09:00:00Z",
  as_of: "2026-11-23T09:14:00Z",
  offline: false,
  renewing: false,
};
export const lorraine: AccountView = {
  ...bob,
  id: "345790-78",
  name: "Lorraine Baines",
  email: "lorraine@example.com",
  is_verified: false,
  team: "Hill Valley Legal",
  role: "member",
};
export const longNamed: AccountView = {
  ...bob,
  name: "Maximiliana Featherstonehaugh-Cholmondeley",
  email: "maximiliana.featherstonehaugh-cholmondeley@conveyancing.example.com",
  team: "Featherstonehaugh, Cholmondeley, Marjoribanks and Daughters LLP",
  role: "assigned-only",
};

export const awaiting: Screen = {
  state: "awaiting-browser",
  started_at: "2026-11-23T09:14:36Z",
  deadline: "2026-11-23T09:24:36Z",
  extendable_from: "2026-11-23T09:23:36Z",
};
export const awaitingLong: Screen = {
  state: "awaiting-browser",
  started_at: "2026-11-23T09:08:02Z",
  deadline: "2026-11-23T09:18:02Z",
  extendable_from: "2026-11-23T09:17:02Z",
};
export const awaitingLast: Screen = {
  state: "awaiting-browser",
  started_at: "2026-11-23T09:05:36Z",
  deadline: "2026-11-23T09:15:36Z",
  extendable_from: "2026-11-23T09:14:36Z",
};

export function problem(
  code: Code,
  file: string | null = null,
  field: Field | null = null,
): Problem {
  return { code, file, field };
}

type Given = Partial<Omit<AppState, "screen">> & Partial<Omit<Scene, "name" | "appState">>;

export const usual: ThisComputer = {
  at_login: { on: false, managed: false },
  links_taken_by: null,
  links_unclaimed: false,
  notifies: true,
  update: "up_to_date",
  version: "1.4.0",
  system: "Debian GNU/Linux 13",
  provisioning_file: "/etc/sign-in-with-amiqus/provisioning.json",
  support: null,
};

export function scene(name: string, screen: Screen, given: Given = {}): Scene {
  const {
    computer = usual,
    steps = [],
    buttons = [],
    coreIsSilent = false,
    reloads,
    goldenThemes = themes,
    ...rest
  } = given;
  const accounts = rest.accounts ?? [];
  return {
    name,
    computer,
    steps,
    buttons,
    coreIsSilent,
    goldenThemes,
    ...(reloads === undefined ? {} : { reloads }),
    appState: {
      revision: 1,
      screen,
      problem: null,
      accounts,
      current: accounts[0]?.id ?? null,
      unfinished: false,
      other_teams: [],
      setup: managedSetup,
      ...rest,
    },
  };
}
