import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const contentTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

export type Server = { address: string; close: () => void };

/**
 * Serves a folder with a content security policy like the app's. A script given is loaded by the
 * page before any other, for browsers that can't inject one.
 */
export async function serve(folder: string, firstScript?: () => string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const send = (type: string, content: string | Buffer) => {
      response.setHeader("Content-Type", type);
      response.setHeader("Content-Security-Policy", "default-src 'self'");
      response.setHeader("Cache-Control", "no-store");
      response.end(content);
    };
    if (firstScript && path === "/first-script.js") {
      send("text/javascript", firstScript());
      return;
    }
    const isPage = path === "/";
    const file = join(folder, isPage ? "index.html" : path);
    readFile(file).then(
      (content) => {
        const page = () =>
          String(content).replace("<head>", '<head><script src="/first-script.js"></script>');
        send(
          contentTypes[extname(file)] ?? "application/octet-stream",
          firstScript && isPage ? page() : content,
        );
      },
      () => {
        response.writeHead(404).end();
      },
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
