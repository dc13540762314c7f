import { build } from "vite";
import { words } from "../../ui/src/words";

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
  return Object.fromEntries(
    Object.entries(table as Record<string, unknown>).map(([key, value]) => [
      key,
      translated(value),
    ]),
  );
}

/** Builds the window with pseudo-language words in place of its own. */
export async function buildInPseudo(folder: string): Promise<void> {
  await build({
    configFile: "ui/vite.config.ts",
    mode: "pseudo",
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
    plugins: [
      {
        name: "pseudo-words",
        enforce: "pre",
        transform(code, id) {
          if (id.endsWith("/ui/src/words/table.ts")) {
            return Object.entries(words)
              .map(([name, text]) => `export const ${name} = ${JSON.stringify(translated(text))};`)
              .join("\n");
          }
          if (!id.endsWith("/ui/src/words/index.ts")) return null;
          // Dates become Greek: they too must follow the window's language.
          const greek = code.replace('const language = "en-GB"', 'const language = "el"');
          if (greek === code) throw new Error("words/index.ts no longer names its language");
          return greek;
        },
      },
    ],
  });
}

/** Texts in plain letters that come neither from the table of words nor from the scene. */
export function untranslated(texts: string[], scene: object): string[] {
  const data = new Set<string>();
  const gather = (value: unknown, key = ""): void => {
    if (typeof value === "string") {
      if (shown.includes(key)) data.add(value);
    } else if (value !== null && typeof value === "object") {
      for (const [name, inner] of Object.entries(value)) gather(inner, name);
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
  ...["file", "field", "links_taken_by", "with"],
];
