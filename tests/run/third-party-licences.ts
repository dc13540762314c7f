/**
 * The licences of all that is built into the app, to be passed on with it as most of them ask.
 *
 * Not cargo-about: it knows crates and no npm packages, exists only to be compiled, and names a licence's
 * standard text where a crate brings its own.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Part } from "./shipped";

const line = "-".repeat(80);

export function thirdPartyLicences(parts: Part[]): string {
  const texts = new Map<string, { text: string; names: string[] }>();
  const silent: Part[] = [];
  for (const part of parts) {
    const own = licenceTexts(part.folder);
    if (own.length === 0) silent.push(part);
    for (const text of own) {
      // The same words, however they are wrapped.
      const words = text.replaceAll(/\s+/g, " ");
      const known = texts.get(words) ?? { text, names: [] };
      known.names.push(`${part.name} ${part.version}`);
      texts.set(words, known);
    }
  }
  return [
    "Sign in with Amiqus is built of the work below, used as its authors published it. Where an\nexpression says OR, it is used under any of those licences. The source of each is published\nunder its name and version at https://crates.io (Rust) and https://www.npmjs.com (JavaScript).\n",
    ...parts.map(
      ({ name, version, license, repository }) =>
        `${name} ${version}: ${license}${repository ? `, ${repository}` : ""}`,
    ),
    ...(silent.length > 0
      ? [
          `\nThese name their licence without its text; the texts below are the same, but for who wrote it:\n${silent
            .map(({ name, version }) => `${name} ${version}`)
            .join(", ")}`,
        ]
      : []),
    ...[...texts.values()].map(
      ({ text, names }) => `\n${line}\n${[...new Set(names)].join(", ")}\n${line}\n\n${text}`,
    ),
    "",
  ].join("\n");
}

function licenceTexts(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((file) => file.isFile())
    .map(({ name }) => name)
    .filter((name) => /^(licen[cs]e|copying|copyright|notice|unlicense)/i.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n").trim());
}
