/** The app under another name: one file is changed, and a person signs in through another scheme. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BIN_DIR, ROOT } from "../harness/paths";
import { reservePort } from "../harness/processes";
import { withHarness } from "../harness/harness";

const folder = mkdtempSync(join(tmpdir(), "another-brand-"));
const file = join(folder, "brand.json");
const program = join(folder, "sign-in-with-amiqus");
const port = String(await reservePort());
const brand = {
  name: "Gale & Partners’ Keys",
  publisher: "Gale & Partners",
  identifier: "com.example.gale.keys",
  scheme: "com.example.gale-keys",
  base_url: `http://127.0.0.1:${port}`,
  icon: "icon.svg",
};

function build(variables: NodeJS.ProcessEnv): void {
  const env = { ...process.env, ...variables };
  execFileSync("npm", ["run", "--silent", "ui:build"], { cwd: ROOT, env, stdio: "ignore" });
  // The whole workspace, as the build suite does it: for one package alone cargo picks other features, and
  // compiles the dependencies again. So only what the brand's file leads to is compiled.
  execFileSync("node", ["tests/run/progress.mjs", "cargo", "build", "--workspace", "--bins"], {
    cwd: ROOT,
    env,
    stdio: "inherit",
  });
}

before(() => {
  writeFileSync(file, JSON.stringify(brand));
  writeFileSync(join(folder, brand.icon), '<svg xmlns="http://www.w3.org/2000/svg" />');
  build({ AMIQUS_BRAND: file });
  copyFileSync(join(BIN_DIR, "sign-in-with-amiqus"), program);
});

after(() => {
  // The other suites' program is the one with the app's own name.
  build({});
  rmSync(folder, { recursive: true, force: true });
});

const name = "built with another brand's file, it signs in through that brand's scheme and service";

void test(name, { timeout: 120_000 }, () =>
  withHarness(
    name,
    async (harness) => {
      const { app, desktop } = harness;
      await app.start();
      await app.waitForState("signed-out");
      assert.equal(await app.window.getTitle(), brand.name);
      assert.ok((await desktop.run("wmctrl", ["-l"])).includes(brand.name));
      await harness.signIn();
      const [request] = await harness.practice.requests("/oauth/authorize");
      assert.ok(request);
      assert.ok(existsSync(join(desktop.folder, "data", brand.identifier, "vault")));
      assert.equal(existsSync(join(desktop.folder, "data", "co.amiqus.signin")), false);
    },
    {
      program,
      scheme: brand.scheme,
      practice: () => ["--port", port, "--redirect-url", `${brand.scheme}://oauth/callback`],
      provisioning: (practice) =>
        JSON.stringify({
          client_id: practice.ready.client_id,
          client_secret: practice.ready.client_secret,
        }),
    },
  ),
);

void test("a brand that could not work stops the build, and says why", () => {
  const wrong = {
    scheme: "galekeys",
    identifier: "Gale",
    base_url: "http://gale.example.com",
    name: "",
    support: "http://gale.example.com/help",
  };
  for (const [field, value] of Object.entries(wrong)) {
    const broken = join(folder, `${field}.json`);
    writeFileSync(broken, JSON.stringify({ ...brand, [field]: value }));
    const built = spawnSync("cargo", ["build", "--quiet", "--package", "brand"], {
      cwd: ROOT,
      env: { ...process.env, AMIQUS_BRAND: broken },
    });
    assert.notEqual(built.status, 0, field);
    assert.match(String(built.stderr), new RegExp(`\`${field}\``));
  }
});
