// @ts-check
/**
 * What a run changes on the machine outside the checkout and temporary folders. `npm test -- --no-system`
 * leaves these tests out. Each entry is kept honest by `machine.test.ts`: every test file that asks for root
 * has one, and every name stands in a file.
 */

/**
 * @typedef {{ what: string, file: string, names: string[] }} MachineTests
 * What the tests do, the file they stand in, and their names: in Rust a path in its test binary, which may
 * end with `::` for a whole module; in TypeScript the beginning of a name.
 */

/** @type {{ rust: MachineTests[], journeys: MachineTests[] }} */
export const machineTests = {
  rust: [
    {
      what: "mount a small disk in a temporary folder",
      file: "tests/durability/tests/suite/disk.rs",
      names: ["disk::"],
    },
    {
      what: "mount a small disk in a temporary folder",
      file: "src-tauri/tests/logging.rs",
      names: ["small_disk::"],
    },
    {
      what: "set the clock to the time it shows, and give the loopback interface an address for a moment",
      file: "tests/durability/tests/suite/wake_up.rs",
      names: ["wake_up::"],
    },
    {
      what: "run a program as another user",
      file: "src-tauri/src/links/loopback/tests/connections.rs",
      names: ["links::loopback::tests::connections::request_of_another_user_is_refused"],
    },
  ],
  journeys: [
    {
      what: "mount a small disk in a temporary folder",
      file: "tests/e2e/logging.test.ts",
      names: ["full log disk with "],
    },
    {
      what: "mount a read-only disk in a temporary folder",
      file: "tests/e2e/report.test.ts",
      names: ["report goes to the home folder from read-only Downloads"],
    },
    {
      what: "give a file in a temporary folder to another user",
      file: "tests/e2e/registration.test.ts",
      names: ["provisioning file of another user is not trusted"],
    },
    {
      what: "trace the app as root",
      file: "tests/e2e/second-instance.test.ts",
      names: ["first instance whose window hangs is reported"],
    },
    {
      what: "give the loopback interface an address for a moment",
      file: "tests/e2e/unfinished-sign-in.test.ts",
      names: ["background retry leaves the set-up form and the window alone"],
    },
  ],
};

/** The filter by which nextest leaves them out. */
export const withoutMachineTests = `not (${machineTests.rust
  .flatMap(({ names }) => names)
  .map((name) => (name.endsWith("::") ? `test(/^${name}/)` : `test(=${name})`))
  .join(" | ")})`;

/** The pattern by which Node's test runner leaves them out. */
export const withoutMachineJourneys = `^(?!${machineTests.journeys
  .flatMap(({ names }) => names)
  .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
  .join("|")})`;
