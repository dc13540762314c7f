import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { onStage, type Stage } from "../stage/stage";

/** The port that a server was given. */
async function listen(server: Server | ReturnType<typeof createTlsServer>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  return address.port;
}

/** Signs in at a service as far as the network lets one. */
async function tryToSignIn({ app, browser }: Stage, service: string): Promise<void> {
  await app.start();
  await app.press("Sign in with Amiqus");
  await app.state("awaiting-browser");
  const tab = await browser.tab(`${service}/oauth/authorize`);
  const state = new URL(await tab.getCurrentUrl()).searchParams.get("state") ?? "";
  await app.press("Paste the address");
  await app.type("Address", `co.amiqus.signin://oauth/callback?code=c0de&state=${state}`);
  await app.press("Continue");
  await app.state("signed-out");
}

test(
  "a network that wants one to log in first has its own words",
  { timeout: 90_000 },
  async () => {
    // It lets the browser see a page, and sends everything else to its own log-in.
    const portal = createServer((request, answer) => {
      if (request.url?.startsWith("/oauth/authorize")) {
        answer.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome to the hotel</h1>");
      } else {
        answer.writeHead(302, { location: "http://portal.example/log-in" }).end();
      }
    });
    const service = `http://127.0.0.1:${String(await listen(portal))}`;
    try {
      await onStage(
        "a captive portal",
        async (stage) => {
          await tryToSignIn(stage, service);
          await stage.app.problem("captive_portal");
        },
        { provisioning: (practice) => practice.provisioning({ base_url: service }) },
      );
    } finally {
      portal.closeAllConnections();
      portal.close();
    }
  },
);

test("a certificate that nobody trusts has its own words", { timeout: 90_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=127.0.0.1"],
      ...["-addext", "subjectAltName=IP:127.0.0.1"],
    ],
    { stdio: "ignore" },
  );
  const served = { key: readFileSync(key), cert: readFileSync(certificate) };
  const server = createTlsServer(served, (_, answer) => answer.writeHead(204).end());
  const service = `https://127.0.0.1:${String(await listen(server))}`;
  try {
    await onStage(
      "a certificate that nobody trusts",
      async (stage) => {
        await tryToSignIn(stage, service);
        await stage.app.problem("certificate_not_trusted");
      },
      { provisioning: (practice) => practice.provisioning({ base_url: service }) },
    );
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});

test("a proxy that asks for a password has its own words", { timeout: 90_000 }, async () => {
  const proxy = createServer();
  proxy.on("connect", (_, socket) => {
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
  });
  const port = await listen(proxy);
  const service = "https://id.amiqus.test";
  try {
    await onStage(
      "a proxy that asks for a password",
      async (stage) => {
        stage.desktop.env.HTTPS_PROXY = `http://127.0.0.1:${String(port)}`;
        await tryToSignIn(stage, service);
        await stage.app.problem("proxy_needs_password");
      },
      { provisioning: (practice) => practice.provisioning({ base_url: service }) },
    );
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});
