/** The registry of a Wine prefix, in the form in which Windows exports and imports it. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Wine } from "./wine";

const HIVES = { HKCU: "HKEY_CURRENT_USER", HKLM: "HKEY_LOCAL_MACHINE" } as const;
const FILE = String.raw`C:\registry.reg`;

/**
 * What is below a key of a hive: each key by its path with a backslash at its end, and each value by its key's path
 * and its name, `@` for the unnamed one. Texts are as they are, other values as Windows exports them.
 */
export function readRegistry(
  wine: Wine,
  hive: keyof typeof HIVES,
  key: string,
): Map<string, string> {
  const exported = wine.run("reg", ["export", `${hive}\\${key}`, FILE, "/y"]);
  assert.equal(exported.status, 0, exported.stderr);
  const text = readFileSync(wine.hostPath(FILE), "utf16le");
  rmSync(wine.hostPath(FILE));
  const entries = new Map<string, string>();
  let current = "";
  for (const line of text.replaceAll(/\\\r?\n */g, "").split(/\r?\n/)) {
    const [, opened] = /^\[(.+)\]$/.exec(line) ?? [];
    const [, name, value] = /^(@|"(?:[^"\\]|\\.)*")=(.*)$/.exec(line) ?? [];
    if (opened !== undefined) {
      current = opened.replace(HIVES[hive], hive);
      entries.set(`${current}\\`, "");
    } else if (name !== undefined && value !== undefined) {
      entries.set(`${current}\\${unquoted(name)}`, unquoted(value));
    }
  }
  return entries;
}

/** Adds keys with their texts to the registry of the current user. */
export function writeRegistry(
  wine: Wine,
  keys: Readonly<Record<string, Readonly<Record<string, string>>>>,
): void {
  const lines = Object.entries(keys).flatMap(([key, values]) => [
    `[${HIVES.HKCU}\\${key}]`,
    ...Object.entries(values).map(([name, value]) => `${quoted(name)}=${quoted(value)}`),
  ]);
  const text = ["\uFEFFWindows Registry Editor Version 5.00", ...lines, ""].join("\r\n");
  writeFileSync(wine.hostPath(FILE), text, "utf16le");
  const imported = wine.run("reg", ["import", FILE]);
  assert.equal(imported.status, 0, imported.stderr);
  rmSync(wine.hostPath(FILE));
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (each) => `\\${each}`)}"`;
}

function unquoted(text: string): string {
  const [, inner] = /^"(.*)"$/.exec(text) ?? [];
  return inner === undefined ? text : inner.replaceAll(/\\(.)/g, "$1");
}
