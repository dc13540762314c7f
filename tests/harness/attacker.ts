import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Harness } from "./harness";

/** The attacker's server: it records the requests, and serves the page of the control. */
export class Attacker {
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      this.requests.push(path);
      response.setHeader("access-control-allow-origin", "*");
      const kind = path.endsWith(".js") ? "text/javascript" : "text/html";
      response.setHeader("content-type", kind);
      response.end(path.endsWith(".js") ? "" : "<!doctype html><title>control</title><body>");
    });
    // A WebSocket's handshake is a request too.
    this.#server.on("upgrade", (request, socket) => {
      this.requests.push(request.url ?? "");
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

/** Runs a test with an attacker's server. */
export async function withAttacker(
  harness: Harness,
  run: (harness: Harness, attacker: Attacker) => Promise<void>,
): Promise<void> {
  const attacker = await Attacker.start();
  try {
    await run(harness, attacker);
  } finally {
    attacker.stop();
  }
}
