import { join } from "node:path";
import { BIN_DIR } from "./paths";
import { firstLine, Processes, waitFor } from "./processes";

/** An account that can log in to the fake server. */
export type PracticeUser = {
  name: string;
  email: string;
  password: string;
  teams: string[];
};

/** A request that the fake server received. Values that could be secrets are left out. */
export type PracticeRequest = {
  method: string;
  path: string;
  headers: { name: string; value: string | null }[];
};

/** A request to the API, and whose access token it had. */
export type ApiRequest = {
  method: string;
  /** The path with the query, as it was received. */
  target: string;
  /** Null until the response is sent, and if the connection was closed without one. */
  status: number | null;
  person: string | null;
  team: string | null;
};

/** What a request to the API created or changed. */
export type Change = { method: string; path: string; person: string; team: string };

/** A secret that the fake server received. */
export type Secret = {
  kind: "client_secret" | "code" | "code_verifier" | "refresh_token" | "state" | "access_token";
  text: string;
};

/** What the fake server prints once it listens. */
type Ready = {
  base_url: string;
  client_id: string;
  client_secret: string;
  redirect_urls: string[];
  people: PracticeUser[];
};

/** The fake Amiqus server, `practice-amiqus`, in a process that exits with this one. */
export class Practice {
  readonly #processes: Processes;
  readonly ready: Ready;

  private constructor(processes: Processes, ready: Ready) {
    this.#processes = processes;
    this.ready = ready;
  }

  static async start(args: readonly string[] = []): Promise<Practice> {
    const processes = new Processes();
    const server = processes.start(
      join(BIN_DIR, "practice-amiqus"),
      ["--until-stdin-closes", ...(args.includes("--port") ? [] : ["--port", "0"]), ...args],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    return new Practice(processes, JSON.parse(await firstLine(server)) as Ready);
  }

  get baseUrl(): string {
    return this.ready.base_url;
  }

  /** The text of a provisioning file for this server. */
  provisioning(changes: Record<string, unknown> = {}): string {
    return JSON.stringify({
      client_id: this.ready.client_id,
      client_secret: this.ready.client_secret,
      base_url: this.ready.base_url,
      organisation: "Gale & Partners",
      ...changes,
    });
  }

  /** Calls one of the server's control endpoints. */
  async control(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${this.baseUrl}/practice/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
    }
    return response.status === 204 ? undefined : response.json();
  }

  /** The requests to a path so far, without their secrets. */
  async requests(path: string): Promise<PracticeRequest[]> {
    const response = await fetch(`${this.baseUrl}/practice/requests`);
    const all = (await response.json()) as PracticeRequest[];
    return all.filter((request) => request.path === path);
  }

  /** The requests to the API so far, in the order of their arrival. */
  async apiRequests(): Promise<ApiRequest[]> {
    return (await (await fetch(`${this.baseUrl}/practice/api-requests`)).json()) as ApiRequest[];
  }

  /** What requests to the API have created and changed so far. */
  async changes(): Promise<Change[]> {
    return (await (await fetch(`${this.baseUrl}/practice/changes`)).json()) as Change[];
  }

  /** The number of token requests so far: exchanges and refreshes. */
  async tokenRequests(): Promise<number> {
    return (await this.requests("/oauth/token")).length;
  }

  /** Waits until the number of token requests is exactly this. */
  async waitForTokenRequests(count: number): Promise<void> {
    await waitFor(
      `${String(count)} token requests arrived`,
      async () => (await this.tokenRequests()) === count,
    );
  }

  /** Every secret received so far: codes, verifiers, tokens, client secrets, states. */
  async secrets(): Promise<string[]> {
    return (await (await fetch(`${this.baseUrl}/practice/secrets`)).json()) as string[];
  }

  /** The same secrets with their kinds, in the order of their arrival. */
  async secretsByKind(): Promise<Secret[]> {
    return (await (await fetch(`${this.baseUrl}/practice/secrets-by-kind`)).json()) as Secret[];
  }

  async stop(): Promise<void> {
    await this.#processes.stop();
  }
}
