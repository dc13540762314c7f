/** The rows of the benchmark: what is measured, its floor and its goal. */

/** The limit for a figure, most often relative to its floor. */
export type Goal =
  /** At most this multiple of the floor. */
  | { kind: "times"; most: number }
  /** At most this much above the floor. */
  | { kind: "above"; most: number }
  /** At most this, independent of the floor. */
  | { kind: "most"; most: number }
  /** At most this in every round, with no tolerance in quick runs. */
  | { kind: "never above"; most: number }
  /** No goal: for information. */
  | { kind: "shown" };

export type Unit = "ms" | "MiB" | "KB" | "";

export type Row = {
  /** The name by which the part that measures it reports its figures. */
  id: string;
  what: string;
  floor: string;
  unit: Unit;
  goal: Goal;
  /** What keeps the row from its goal, where something does. */
  limit?: Limit;
};

/** A known limit: the multiple of the floor that it leads to at most, and its cause. */
export type Limit = { most: number; why: string };

export type Part = {
  name: string;
  /** The number of measurements in a full run. */
  rounds: number;
  /** The number of measurements in a quick run; absent where a quick run skips the part. */
  quick?: number;
  rows: Row[];
};

const guardedMemory =
  "Stronghold keeps its keys in guarded memory: 425 system calls a save (counted with strace), and the " +
  "same calls made by a bare program take 0.7 ms here, more than the whole floor.";
const wholeSnapshot =
  "Stronghold rewrites the whole snapshot, and serialises, compresses, encrypts twice and wipes each byte " +
  "of it: some 6 ns a byte (perf: wiping 13 %, copying 11 %, serialising 10 %, compressing 8 %).";
const bareWindow = "bare Tauri window";
const bareWrite = "bare durable write of as many bytes";

export const parts: Part[] = [
  {
    name: "sizes",
    rounds: 1,
    rows: [
      {
        id: "program",
        what: "the program",
        floor: "bare Tauri window, same profile",
        unit: "KB",
        goal: { kind: "times", most: 3 },
      },
      {
        id: "deb",
        what: "the .deb",
        floor: "bare Tauri window's",
        unit: "KB",
        goal: { kind: "shown" },
      },
      {
        id: "window",
        what: "the window's files, each compressed",
        floor: "bare Tauri window's",
        unit: "KB",
        goal: { kind: "most", most: 60 },
      },
    ],
  },
  {
    name: "start",
    rounds: 15,
    quick: 3,
    rows: [
      {
        id: "start signed out",
        what: "start → first screen painted, signed out",
        floor: bareWindow,
        unit: "ms",
        goal: { kind: "times", most: 1.1 },
      },
      {
        id: "start signed in",
        what: "start → first screen painted, signed in",
        floor: bareWindow,
        unit: "ms",
        goal: { kind: "times", most: 1.1 },
      },
    ],
  },
  {
    name: "redirect",
    rounds: 7,
    quick: 3,
    rows: [
      {
        id: "redirect",
        what: "redirect arrives → the name painted",
        floor: "the same four requests one after the other, one durable write",
        unit: "ms",
        goal: { kind: "above", most: 60 },
      },
      {
        id: "redirect with latency",
        what: "the same, each answer 100 ms away",
        floor: "two round trips",
        unit: "ms",
        goal: { kind: "times", most: 1.2 },
      },
    ],
  },
  {
    name: "vault",
    rounds: 11,
    quick: 5,
    rows: [
      ...["1", "10", "100", "1000"].flatMap((count): Row[] => [
        {
          id: `vault open ${count}`,
          what: `vault opened with the keychain's key and read, accounts: ${count}`,
          floor: "reading the file",
          unit: "ms",
          goal: { kind: "shown" },
        },
        {
          id: `vault commit ${count}`,
          what: `one account's new tokens made durable, accounts: ${count}`,
          floor: bareWrite,
          unit: "ms",
          goal: { kind: "times", most: 3 },
          limit:
            Number(count) < 100 ? { most: 4, why: guardedMemory } : { most: 6, why: wholeSnapshot },
        },
      ]),
      {
        id: "vault commit 1,000 beside 1",
        what: "the same with 1,000 accounts",
        floor: "ours with 1",
        unit: "ms",
        goal: { kind: "times", most: 10 },
        limit: { most: 12, why: wholeSnapshot },
      },
    ],
  },
  {
    name: "profile",
    rounds: 3,
    rows: [
      "libraries loaded, display reached",
      "keychain and vault open, vault read",
      "the window's network process starts",
      "the page's process starts",
      "its libraries loaded",
      "its graphics ready",
      "the first font found",
      "the last font found",
    ].map((step): Row => ({
      id: step,
      what: `start, traced: ${step}`,
      floor: bareWindow,
      unit: "ms",
      goal: { kind: "shown" },
    })),
  },
  {
    name: "stock",
    rounds: 3,
    rows: [
      {
        id: "vault commit 1, stock",
        what: "the same write at the Stronghold plugin's stock setting",
        floor: "at ours",
        unit: "ms",
        goal: { kind: "shown" },
      },
    ],
  },
  {
    name: "memory",
    rounds: 3,
    rows: [
      {
        id: "memory, window open",
        what: "memory, window open, all processes",
        floor: bareWindow,
        unit: "MiB",
        goal: { kind: "times", most: 1.1 },
      },
    ],
  },
  {
    name: "tray",
    rounds: 3,
    rows: [
      {
        id: "memory, closed to the tray",
        what: "memory, window closed to the tray",
        floor: "ours before its first window",
        unit: "MiB",
        goal: { kind: "times", most: 1.3 },
      },
    ],
  },
  {
    name: "idle",
    rounds: 6,
    rows: [
      {
        id: "idle, CPU",
        what: "CPU time in 10 idle seconds, our process's threads that stay",
        floor: bareWindow,
        unit: "ms",
        goal: { kind: "times", most: 1.1 },
      },
      {
        id: "idle, switches",
        what: "context switches in them, our process's threads that stay",
        floor: bareWindow,
        unit: "",
        goal: { kind: "times", most: 1.1 },
      },
      {
        id: "idle, CPU of all processes",
        what: "CPU time in them, all processes",
        floor: bareWindow,
        unit: "ms",
        goal: { kind: "shown" },
      },
      {
        id: "idle, switches of all processes",
        what: "context switches in them, all processes",
        floor: bareWindow,
        unit: "",
        goal: { kind: "shown" },
      },
    ],
  },
  {
    name: "tokens",
    rounds: 11,
    quick: 5,
    rows: [
      {
        id: "valid token, 1,000 callers",
        what: "a valid token, to the 99th of 100 of 1,000 callers at once",
        floor: "an uncontended lock",
        unit: "ms",
        goal: { kind: "most", most: 1 },
      },
      {
        id: "valid token, refreshes past its end",
        what: "refreshes for 1,000 callers past the token's end",
        floor: "one",
        unit: "",
        goal: { kind: "never above", most: 1 },
      },
    ],
  },
];
