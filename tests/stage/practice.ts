import { join } from "node:path";
import { BUILT } from "./places";
import { firstLine, Processes, until } from "./processes";

export type PracticePerson = {
  name: string;
  email: string;
  password: string;
  teams: string[];
};

/** A request that arrived. A value that could be a secret is left out. */
export type PracticeRequest = {
  method: string;
  path: string;
  headers: { name: string; value: string | null }[];
};

/** A secret that arrived at the service. */
export type Secret = {
  kind: "client_secret" | "code" | "code_verifier" | "refresh_token" | "state" | "access_token";
  text: string;
};

type Ready = {
  base_url: string;
  client_id: string;
  client_secret: string;
  redirect_urls: string[];
  people: PracticePerson[];
};

/** The practice Amiqus, in a process of its own. It ends when this process does, however. */
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
      join(BUILT, "practice-amiqus"),
      ["--until-stdin-closes", ...(args.includes("--port") ? [] : ["--port", "0"]), ...args],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    return new Practice(processes, JSON.parse(await firstLine(server)) as Ready);
  }

  get baseUrl(): string {
    return this.ready.base_url;
  }

  /** A provisioning file's text for this service. */
  provisioning(changes: Record<string, unknown> = {}): string {
    return JSON.stringify({
      client_id: this.ready.client_id,
      client_secret: this.ready.client_secret,
      base_url: this.ready.base_url,
      organisation: "Gale & Partners",
      ...changes,
    });
  }

  /** Asks one of the endpoints that only tests use. */
  async control(path: string, body: unknown): Promise<unknown> {
    const answer = await fetch(`${this.baseUrl}/practice/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${String(answer.status)} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  }

  /** The requests that arrived, without their secrets. */
  async requests(path: string): Promise<PracticeRequest[]> {
    const answer = await fetch(`${this.baseUrl}/practice/requests`);
    const all = (await answer.json()) as PracticeRequest[];
    return all.filter((request) => request.path === path);
  }

  /** How many token requests arrived so far: exchanges and refreshes. */
  async tokenRequests(): Promise<number> {
    return (await this.requests("/oauth/token")).length;
  }

  /** Waits until exactly so many token requests arrived. */
  async untilTokenRequests(count: number): Promise<void> {
    await until(`${String(count)} token requests arrived`, async () =>
      (await this.tokenRequests()) === count ? true : undefined,
    );
  }

  /** Every secret that arrived: codes, verifiers, tokens, client secrets, states. */
  async secrets(): Promise<string[]> {
    return (await (await fetch(`${this.baseUrl}/practice/secrets`)).json()) as string[];
  }

  /** The same, each with what it is, in the order of their arrival. */
  async secretsByKind(): Promise<Secret[]> {
    return (await (await fetch(`${this.baseUrl}/practice/secrets-by-kind`)).json()) as Secret[];
  }

  async stop(): Promise<void> {
    await this.#processes.stop();
  }
}
