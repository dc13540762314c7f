import { build } from "vite";
import { words } from "../../ui/src/words";

const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const accented = "áƀçđéƒğĥíĵķľɱñóþǫřšţúṽŵẋýžÁƁÇĐÉƑĞĤÍĴĶĽṀÑÓÞǪŘŠŢÚṼŴẊÝŽ";

/** A language that nobody speaks: each word two fifths longer, and no letter as we write it. */
export function pseudo(text: string): string {
  return text
    .split(/(\{\w+\}|\*\*)/)
    .map((piece, position) => (position % 2 ? piece : piece.replace(/[a-z]+/gi, longer)))
    .join("");
}

function longer(word: string): string {
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

/** Builds the window once more with these words in place of its own; they are in no other build. */
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
              .map(([name, said]) => `export const ${name} = ${JSON.stringify(translated(said))};`)
              .join("\n");
          }
          if (!id.endsWith("/ui/src/words/index.ts")) return null;
          // Dates are Greek then: they too must come from one language.
          const greek = code.replace('const language = "en-GB"', 'const language = "el"');
          if (greek === code) throw new Error("words/index.ts no longer names its language");
          return greek;
        },
      },
    ],
  });
}

/** What was said in letters of ours although neither the table nor the state has it. */
export function hardWired(said: string[], scene: object): string[] {
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
  return said.filter((text) => {
    const rest = longestFirst.reduce((left, known) => left.replaceAll(known, ""), text);
    return /[a-z]/i.test(rest);
  });
}

/** The fields of a scene that are shown as they are. */
const shown = [
  ...["name", "email", "team", "organisation", "client_id", "redirect_url", "base_url"],
  ...["file", "field", "links_taken_by", "with"],
];
