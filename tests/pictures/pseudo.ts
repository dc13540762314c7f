import { writeFileSync } from "node:fs";
import { build } from "vite";
import brand from "../../src-tauri/brand/brand.json";
import table from "../../ui/src/words/en-GB.json";

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const accented = "áƀçđéƒğĥíĵķľɱñóþǫřšţúṽŵẋýžÁƁÇĐÉƑĞĤÍĴĶĽṀÑÓÞǪŘŠŢÚṼŴẊÝŽ";

/** A pseudo-language: each word two fifths longer, in accented letters only. */
export function pseudo(text: string): string {
  return text
    .split(/(\{\w+\}|\*\*)/)
    .map((piece, position) => (position % 2 ? piece : piece.replace(/[a-z]+/gi, lengthened)))
    .join("");
}

function lengthened(word: string): string {
  const more = word.slice(-Math.ceil(word.length * 0.4)).toLowerCase();
  return Array.from(word + more, (letter) => accented[plain.indexOf(letter)] ?? letter).join("");
}

function translated(table: unknown): unknown {
  if (typeof table === "string") return pseudo(table);
  if (Array.isArray(table)) return table.map(translated);
  return Object.fromEntries(
    Object.entries(table as Record<string, unknown>).map(([key, value]) => [
      key,
      translated(value),
    ]),
  );
}

/** Builds the window with pseudo-language words, written from right to left, in place of its own. */
export async function buildInPseudo(folder: string): Promise<void> {
  const file = `${folder}.json`;
  // Dates become Greek: they too must follow the window's language.
  const language = { lang: "el", dir: "rtl" };
  writeFileSync(file, JSON.stringify({ ...(translated(table) as object), language }));
  process.env.AMIQUS_WORDS = file;
  await build({
    configFile: "ui/vite.config.ts",
    mode: "pseudo",
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
  delete process.env.AMIQUS_WORDS;
}

/** Texts in plain letters that come neither from the table of words nor from the scene. */
export function untranslated(texts: string[], scene: object): string[] {
  const data = new Set<string>([brand.name, brand.scheme, brand.base_url]);
  const gather = (value: unknown, key = ""): void => {
    if (typeof value === "string") {
      if (shown.includes(key)) data.add(value);
      // An email address is drawn in two pieces, and of a path one part.
      if (key === "email" || key === "with") {
        for (const piece of value.split(/(?=@)|\//)) data.add(piece);
      }
    } else if (value !== null && typeof value === "object") {
      for (const [name, inner] of Object.entries(value)) {
        gather(inner, Array.isArray(value) ? key : name);
      }
    }
  };
  gather(scene);
  const longestFirst = [...data].sort((one, other) => other.length - one.length);
  return texts.filter((text) => {
    const rest = longestFirst.reduce((left, known) => left.replaceAll(known, ""), text);
    return /[a-z]/i.test(rest);
  });
}

/** The fields of a scene that are shown as they are. */
const shown = [
  ...["name", "email", "team", "organisation", "client_id", "redirect_url", "base_url"],
  ...["file", "field", "code", "links_taken_by", "with", "version", "type", "other_teams"],
];
