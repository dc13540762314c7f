/** Networks between the app and Amiqus: captive portals, proxies, certificates, odd responses. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { join } from "node:path";
import type { Harness } from "../harness/harness";
import { journey } from "../harness/journey";

/** Runs something while a server listens on a port that the system chose. */
async function whileListening(
  server: Server | TlsServer,
  run: (port: number) => Promise<void>,
): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const address = server.address();
    assert.ok(typeof address === "object" && address);
    await run(address.port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Creates a certificate authority, and a certificate for 127.0.0.1 that it signed. */
function createCertificate({ desktop }: Harness) {
  const at = (name: string) => join(desktop.folder, name);
  const make = (name: string, subject: string, ...more: string[]) => {
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
    const args = ["req", "-x509", ...newKey, ...files, "-days", "1", "-subj", subject, ...more];
    execFileSync("openssl", args, { stdio: "ignore" });
  };
  make("authority", "/CN=The office");
  make(
    ...([
      "served",
      "/CN=127.0.0.1",
      "-CA",
      at("authority.pem"),
      "-CAkey",
      at("authority.key"),
    ] as const),
    ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
  );
  const served = { key: readFileSync(at("served.key")), cert: readFileSync(at("served.pem")) };
  return { authority: at("authority.pem"), served };
}

/** Starts a sign-in at a service and pastes an answer; the exchange fails. */
async function tryToSignIn(harness: Harness, service: string): Promise<void> {
  const { app, browser, practice } = harness;
  app.provision(practice.provisioning({ base_url: service }));
  await app.start();
  await harness.startSignIn();
  const tab = await browser.waitForTab(`${service}/oauth/authorize`);
  const state = new URL(await tab.getCurrentUrl()).searchParams.get("state") ?? "";
  await app.press("Paste the address");
  await app.type(
    "Address from your browser",
    `co.amiqus.signin://oauth/callback?code=c0de&state=${state}`,
  );
  await app.press("Finish signing in");
  await app.waitForState("signed-out");
}

journey("captive portal's redirect is reported as the network's", async (harness) => {
  // It shows the browser a page, and redirects everything else to its own login.
  const portal = createServer((request, response) => {
    if (request.url?.startsWith("/oauth/authorize")) {
      response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome to the hotel</h1>");
    } else {
      response.writeHead(302, { location: "http://portal.example/log-in" }).end();
    }
  });
  await whileListening(portal, async (port) => {
    await tryToSignIn(harness, `http://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("captive_portal");
  });
});

// Shows check 19.
journey("untrusted certificate is reported", async (harness) => {
  const { served } = createCertificate(harness);
  const server = createTlsServer(served, (_, response) => response.writeHead(204).end());
  await whileListening(server, async (port) => {
    await tryToSignIn(harness, `https://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("certificate_not_trusted");
  });
});

// Shows check 19.
journey("certificate from the system's trust store is trusted", async (harness) => {
  const { authority, served } = createCertificate(harness);
  // The variable with which OpenSSL, and so this system, takes another trust store.
  harness.desktop.env.SSL_CERT_FILE = authority;
  const requests: string[] = [];
  const server = createTlsServer(served, (request, response) => {
    requests.push(`${String(request.method)} ${String(request.url)}`);
    response.writeHead(401, { "content-type": "application/json" });
    response.end('{"error": "invalid_client"}');
  });
  await whileListening(server, async (port) => {
    await tryToSignIn(harness, `https://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("set_up_wrong");
    assert.ok(requests.includes("POST /oauth/token"), requests.join());
  });
});

// Shows check 19.
journey("proxy that asks for a password is reported", async (harness) => {
  const proxy = createServer();
  proxy.on("connect", (_, socket) => {
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
  });
  await whileListening(proxy, async (port) => {
    harness.desktop.env.HTTPS_PROXY = `http://127.0.0.1:${String(port)}`;
    await tryToSignIn(harness, "https://id.amiqus.test");
    await harness.app.waitForProblem("proxy_needs_password");
  });
});

journey("web filter's page is reported as the network's", async (harness) => {
  const filter = createServer((request, response) => {
    const status = request.url?.startsWith("/oauth/authorize") ? 200 : 403;
    response.writeHead(status, { "content-type": "text/html" }).end("<h1>Blocked</h1>");
  });
  await whileListening(filter, async (port) => {
    await tryToSignIn(harness, `http://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("captive_portal");
    await harness.app.waitForText("Your network answered instead of Amiqus");
  });
});

journey("odd status and extra members in responses are accepted", async (harness) => {
  const { app, practice } = harness;
  app.provision(practice.provisioning());
  await app.start();
  await practice.control("faults", {
    endpoints: ["token_exchange", "token_refresh"],
    fault: "status",
    code: 201,
  });
  await practice.control("faults", { endpoints: ["me", "team"], fault: "odd_members" });
  await harness.startSignIn();
  await harness.consent();
  await app.waitForState("signed-in");
  await app.waitForText("Your Amiqus account");
  await app.renew();
});
