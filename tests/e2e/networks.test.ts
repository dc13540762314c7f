import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { join } from "node:path";
import { journey } from "../harness/journey";
import type { Harness } from "../harness/harness";

/** Lets a server listen, at a port that it was given, while something is played. */
async function whileListening(
  server: Server | TlsServer,
  play: (port: number) => Promise<void>,
): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const address = server.address();
    assert.ok(typeof address === "object" && address);
    await play(address.port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** An office's own certificate authority, by its file, and what it certified for this computer. */
function certified({ desktop }: Harness) {
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

/** Signs in at a service as far as the network lets one. */
async function tryToSignIn(harness: Harness, service: string): Promise<void> {
  const { app, browser, practice } = harness;
  app.provision(practice.provisioning({ base_url: service }));
  await app.start();
  await harness.startSignIn();
  const tab = await browser.waitForTab(`${service}/oauth/authorize`);
  const state = new URL(await tab.getCurrentUrl()).searchParams.get("state") ?? "";
  await app.press("Paste the address");
  await app.type("Address", `co.amiqus.signin://oauth/callback?code=c0de&state=${state}`);
  await app.press("Continue");
  await app.waitForState("signed-out");
}

journey("a network that wants one to log in first has its own words", async (harness) => {
  // It lets the browser see a page, and sends everything else to its own log-in.
  const portal = createServer((request, answer) => {
    if (request.url?.startsWith("/oauth/authorize")) {
      answer.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome to the hotel</h1>");
    } else {
      answer.writeHead(302, { location: "http://portal.example/log-in" }).end();
    }
  });
  await whileListening(portal, async (port) => {
    await tryToSignIn(harness, `http://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("captive_portal");
  });
});

// Shows check 19.
journey("a certificate that nobody trusts has its own words", async (harness) => {
  const { served } = certified(harness);
  const server = createTlsServer(served, (_, answer) => answer.writeHead(204).end());
  await whileListening(server, async (port) => {
    await tryToSignIn(harness, `https://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("certificate_not_trusted");
  });
});

// Shows check 19.
journey("a certificate that the system's trust store holds is trusted", async (harness) => {
  const { authority, served } = certified(harness);
  // The variable by which OpenSSL, and so this system, is told of another store.
  harness.desktop.env.SSL_CERT_FILE = authority;
  const asked: string[] = [];
  const server = createTlsServer(served, (request, answer) => {
    asked.push(`${String(request.method)} ${String(request.url)}`);
    answer.writeHead(401, { "content-type": "application/json" });
    answer.end('{"error": "invalid_client"}');
  });
  await whileListening(server, async (port) => {
    await tryToSignIn(harness, `https://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("set_up_wrong");
    assert.ok(asked.includes("POST /oauth/token"), asked.join());
  });
});

// Shows check 19.
journey("a proxy that asks for a password has its own words", async (harness) => {
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

journey("a web filter's page in place of Amiqus is the network's", async (harness) => {
  const filter = createServer((request, answer) => {
    const status = request.url?.startsWith("/oauth/authorize") ? 200 : 403;
    answer.writeHead(status, { "content-type": "text/html" }).end("<h1>Blocked</h1>");
  });
  await whileListening(filter, async (port) => {
    await tryToSignIn(harness, `http://127.0.0.1:${String(port)}`);
    await harness.app.waitForProblem("captive_portal");
    await harness.app.waitForText("Your network answered in place of Amiqus");
  });
});

journey("a pair and a person are read through odd answers", async (harness) => {
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
  await app.press("Renew now");
  await app.waitForState("signed-in");
});
