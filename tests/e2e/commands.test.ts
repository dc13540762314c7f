/** The commands that a script in the window could send to the core. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { WebDriver } from "selenium-webdriver";
import { type Attacker, withAttacker } from "../harness/attacker";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { logLines } from "../harness/log-lines";
import { ROOT } from "../harness/paths";
import { secretsIn } from "../harness/secrets";
import { assertUnmoved } from "../harness/window";

/** Sends a command as the page's own scripts do; returns the core's response or its refusal. */
async function invoke(
  page: WebDriver,
  command: string,
  payload: unknown = {},
): Promise<{ answer?: unknown; refused?: unknown }> {
  return page.executeAsyncScript(
    `const [command, payload, done] = arguments;
     setTimeout(() => done({ refused: "no answer" }), 3_000);
     window.__TAURI_INTERNALS__.invoke(command, payload).then(
       (answer) => done({ answer }),
       (refused) => done({ refused }),
     );`,
    command,
    payload,
  );
}

/** Every plugin command that Tauri's JavaScript API can send. */
function tauriCommands(): string[] {
  const folder = join(ROOT, "node_modules/@tauri-apps/api");
  const found = readdirSync(folder)
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").match(/plugin:[\w-]+\|\w+/g) ?? []);
  return [...new Set(found)];
}

/** Commands of the plugins that this app contains, and of others that an attacker would want. */
const PLUGIN_COMMANDS = [
  ..."initialize destroy save create_client load_client get_store_record save_store_record remove_store_record save_secret remove_secret execute_procedure"
    .split(" ")
    .map((name) => `plugin:stronghold|${name}`),
  ..."get_current register unregister is_registered".split(" ").map((n) => `plugin:deep-link|${n}`),
  "plugin:single-instance|execute_callback",
  "plugin:opener|open_url",
  "plugin:opener|open_path",
  "plugin:opener|reveal_item_in_dir",
  "plugin:shell|open",
  "plugin:shell|execute",
  "plugin:shell|spawn",
  "plugin:fs|read_file",
  "plugin:fs|read_text_file",
  "plugin:fs|write_file",
  "plugin:fs|read_dir",
  "plugin:http|fetch",
  "plugin:dialog|open",
  "plugin:process|exit",
  "plugin:process|restart",
  "plugin:store|load",
  "plugin:updater|check",
  "plugin:updater|download_and_install",
  "plugin:clipboard-manager|read_text",
  "plugin:notification|notify",
  "plugin:os|hostname",
  "plugin:webview|internal_toggle_devtools",
  "plugin:event|listen",
];

/** Arguments with which a command would do something if it were allowed. */
const ARGUMENTS = {
  event: "deep-link://new-url",
  target: { kind: "Any" },
  handler: 1,
  eventId: 1,
  payload: "x",
  rid: 0,
  label: "main",
  value: true,
  options: { label: "another", url: "https://example.com" },
  url: "https://example.com",
  path: "/etc/passwd",
  directory: 1,
  protocol: "co.amiqus.signin",
  snapshotPath: "/tmp/vault.stronghold",
  password: "x",
  client: "sign-in-with-amiqus",
  key: [1],
  code: 0,
};

// Shows check 37.
journey("plugin commands are refused, those of the vault included", async (harness) => {
  const { app } = harness;
  await app.start();
  await harness.signIn();
  const commands = [...new Set([...tauriCommands(), ...PLUGIN_COMMANDS])];
  assert.ok(commands.length > 150, String(commands.length));
  const allowed: string[] = [];
  for (const command of [...commands, "plugin:no-such|command"]) {
    const { refused } = await invoke(app.window, command, ARGUMENTS);
    // Refused by its name, not for its arguments.
    if (!String(refused).includes("not allowed")) allowed.push(`${command}: ${String(refused)}`);
  }
  assert.deepEqual(allowed, []);
  await assertUnmoved(harness, "signed-in");
  const unknown = await invoke(app.window, "no_such_command");
  assert.match(String(unknown.refused), /not (allowed|found)/);
  // A command of the app's own is accepted the same way.
  const { answer } = await invoke(app.window, "app_state");
  assert.ok(JSON.stringify(answer).includes("Bob Gale"));

  // Around Tauri's own script, without the key that only this script knows.
  const bypassed = await app.window.executeAsyncScript<string[]>(`
    const done = arguments[arguments.length - 1];
    const tries = [{}, { "Tauri-Invoke-Key": "" }, { "Tauri-Invoke-Key": "guessed" }].map((headers) =>
      fetch("ipc://localhost/app_state", {
        method: "POST",
        body: "{}",
        headers: { "Content-Type": "application/json", "Tauri-Callback": "1", "Tauri-Error": "2", ...headers },
      }).then((response) => response.text(), String));
    window.webkit?.messageHandlers?.ipc?.postMessage(
      JSON.stringify({ cmd: "cancel", callback: 1, error: 2, payload: {}, options: {}, __TAURI_INVOKE_KEY__: "x" }));
    const noAnswer = new Promise((done) => setTimeout(done, 2_000, "no answer"));
    Promise.all(tries.map((tried) => Promise.race([tried, noAnswer]))).then(done);`);
  for (const response of bypassed) assert.ok(!response.includes("Bob Gale"), response);
  await assertUnmoved(harness, "signed-in");
});

/** Registers a journey with an attacker's server. */
function attack(name: string, run: (harness: Harness, attacker: Attacker) => Promise<void>): void {
  journey(name, (harness) => withAttacker(harness, run));
}

// Shows checks 39 and 40.
attack("app's own commands reveal nothing, whatever their input", async (harness, attacker) => {
  const { app, practice, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const responses: unknown[] = [];
  const send = async (command: string, payload?: unknown) => {
    const response = await invoke(app.window, command, payload);
    responses.push(response);
    return response;
  };
  // A second channel for the state, like the window's own.
  await app.window.executeScript(`
    window.states = [];
    const id = window.__TAURI_INTERNALS__.transformCallback((message) => window.states.push(message));
    window.__TAURI_INTERNALS__.invoke("follow", { states: "__CHANNEL__:" + id });`);

  const browsers = () =>
    desktop.processIds((command) => command.includes("chrom") || command.includes("xdg-open"));
  for (const page of [
    "https://example.com",
    "file:///etc/passwd",
    `${attacker.address}/`,
    "",
    1,
    null,
  ]) {
    const { refused } = await send("open_page", { page });
    assert.match(String(refused), /invalid args/, String(page));
  }
  assert.deepEqual(browsers(), [], "no browser opened");

  await harness.startSignIn();
  await harness.consentPage();
  const nonsense = [
    "",
    "nonsense",
    "co.amiqus.signin://oauth/callback?code=made-up&state=made-up",
    `${attacker.address}/?code=1&state=2`,
    "\u0000",
    `co.amiqus.signin://oauth/callback?code=${"9".repeat(5_000_000)}&state=1`,
  ];
  for (const address of nonsense) {
    const { refused } = await send("exchange", { address });
    assert.ok(refused !== undefined, address.slice(0, 80));
  }
  await send("exchange", { address: { href: "x" } });
  assert.equal(await practice.tokenRequests(), 0, "no code was posted");
  await app.waitForState("awaiting-browser");
  await harness.consent();
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");

  const { answer } = await send("app_state");
  const { current } = answer as { current: string };
  for (const account of ["", "another", "../..", `${current}0`, current.toUpperCase() + " "]) {
    assert.ok((await send("sign_out", { account })).refused, account);
    assert.ok((await send("switch_account", { account })).refused, account);
  }
  // The provisioned registration stays, and no other service is sent anything: not even where the
  // secret is left out, in place of which the current one is used.
  const draft = {
    client_id: practice.ready.client_id,
    client_secret: "",
    redirect_url: null,
    base_url: attacker.address,
    organisation: "Biff's",
    pkce: false,
  };
  for (const client_secret of ["", "guessed"]) {
    for (const command of ["check_registration", "save_registration"]) {
      const { refused } = await send(command, { draft: { ...draft, client_secret } });
      assert.ok(refused !== undefined, command);
    }
  }
  await send("change_setup");
  assert.ok((await send("start_over")).refused);
  await send("unlock", { passphrase: null });
  await send("unlock", { passphrase: "a wrong passphrase" });
  await send("choose_passphrase", { passphrase: "a passphrase of the attacker's" });
  for (const command of [
    "refresh",
    "me",
    "open_browser_again",
    "finish_sign_in",
    "forget_sign_in",
    "cancel",
    "authorize",
    "cancel",
  ]) {
    await send(command);
  }
  for (const command of ["this_computer", "take_links_back", "save_report", "app_state"]) {
    await send(command);
  }
  await send("start_at_login", { on: "yes" });
  for (const fault of ["<script>", "drawing\nforged", { Drawing: "forged" }, 1, null]) {
    assert.ok((await send("report_fault", { fault })).refused, JSON.stringify(fault));
  }
  assert.doesNotMatch(desktop.appLog(), /forged/);
  assert.equal(desktop.countInLog(logLines.pageFailed), 0);
  await app.waitForState("signed-in");
  await app.waitForText("Bob Gale");
  assert.deepEqual(attacker.requests, []);

  // Everything that the core sent and that the page holds. Then a refresh reveals the last secrets.
  const page = await app.window.executeScript(
    "return [window.states, document.documentElement.outerHTML, document.cookie, { ...localStorage }]",
  );
  const received = JSON.stringify([responses, page]);
  assert.ok(
    received.includes("awaiting-browser") && received.includes("exchanging-code"),
    "the channel received the states",
  );
  const before = await practice.tokenRequests();
  await app.choose("Renew now");
  await practice.waitForTokenRequests(before + 1);
  const secrets = await practice.secrets();
  assert.ok(secrets.length >= 8, String(secrets.length));
  assert.deepEqual(secretsIn(received, secrets), []);
  // The search finds what is there.
  assert.equal(secretsIn(`${received}${secrets[0] ?? ""}`, secrets).length, 1);
});
