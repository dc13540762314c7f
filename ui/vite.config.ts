import { svelte } from "@sveltejs/vite-plugin-svelte";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type Rolldown } from "vite";

/** The file of the app's names; a distributor's own where one is given. */
const brand = resolve(
  process.env.AMIQUS_BRAND ?? join(import.meta.dirname, "../src-tauri/brand/brand.json"),
);

/** The table of words; a translation where one is given. */
const table = resolve(
  process.env.AMIQUS_WORDS ?? join(import.meta.dirname, "src/words/en-GB.json"),
);

/** The table's sections that are shown outside the window. */
const outside = ["tray", "notification", "browserPage", "commandLine", "report"];

/** The words that the page has without its script. */
type Words = {
  language: { lang: string; dir: string };
  button: { tryAgain: string };
  failure: { title: string; fallback: string };
};

/** The most that the window's files may be, in bytes, each compressed. */
const largest = 60_000;

export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  plugins: [
    svelte(),
    withoutWordsOfOthers(),
    titled(),
    fallingBack(),
    ...(mode === "production" ? [keptSmall()] : []),
    keptAsTheyAre(), // the last: no other sees what it leaves out
  ],
  resolve: { alias: { brand, table } },
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: {
    target: ["safari16", "chrome111"],
    // One script and one style sheet: the content security policy allows nothing inline.
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    emptyOutDir: false, // `keptAsTheyAre` does
    rolldownOptions: {
      optimization: { inlineConst: { mode: "all", pass: 3 } },
    },
  },
}));

/** The window has no words that only others show: each byte of it is read at every start. */
function withoutWordsOfOthers(): Plugin {
  return {
    name: "without-words-of-others",
    enforce: "pre",
    transform(code, id) {
      if (id !== table) return;
      const sections = Object.entries(JSON.parse(code) as object);
      return JSON.stringify(Object.fromEntries(sections.filter(([key]) => !outside.includes(key))));
    },
  };
}

/** The page has the app's name, and its language and direction, before its script runs. */
function titled(): Plugin {
  const { name } = JSON.parse(readFileSync(brand, "utf8")) as { name: string };
  return {
    name: "titled",
    transformIndexHtml: (html) => ({
      html: html.replace(
        "<html>",
        `<html lang="${words().language.lang}" dir="${words().language.dir}">`,
      ),
      tags: [{ tag: "title", children: name, injectTo: "head" }],
    }),
  };
}

function words(): Words {
  return JSON.parse(readFileSync(table, "utf8")) as Words;
}

/** The page says something, and has a way on, also where its script draws nothing. */
function fallingBack(): Plugin {
  return {
    name: "falling-back",
    transformIndexHtml: () => [
      {
        tag: "main",
        attrs: { id: "fallback" },
        children: [
          { tag: "h1", children: words().failure.title },
          { tag: "p", children: words().failure.fallback },
          // To this very page.
          {
            tag: "p",
            children: [{ tag: "a", attrs: { href: "" }, children: words().button.tryAgain }],
          },
        ],
        injectTo: "body",
      },
    ],
  };
}

/** The build fails when what the window loads, each file compressed, is more than it may be. */
function keptSmall(): Plugin {
  return {
    name: "kept-small",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const files = Object.values(bundle).map(contents);
        const sizes = files.map((file) => gzipSync(file, { level: 9 }).length);
        const size = sizes.reduce((sum, each) => sum + each, 0);
        const said = `the window is ${size} bytes compressed, of ${largest}`;
        // A distributor's name may be longer than ours, and is theirs to choose.
        if (size > largest && process.env.AMIQUS_BRAND === undefined) this.error(said);
        console.log(said);
      },
    },
  };
}

/** A file that would be written as it is stays untouched: the app has them in it, and would be compiled again. */
function keptAsTheyAre(): Plugin {
  return {
    name: "kept-as-they-are",
    apply: "build",
    generateBundle: {
      order: "post",
      handler({ dir = "" }, bundle) {
        for (const name of existsSync(dir) ? filesIn(dir) : []) {
          const [path, file] = [join(dir, name), bundle[name]];
          if (!file) rmSync(path);
          else if (readFileSync(path).equals(contents(file))) Reflect.deleteProperty(bundle, name);
        }
      },
    },
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
}

function contents(file: Rolldown.OutputChunk | Rolldown.OutputAsset): Buffer {
  return Buffer.from(file.type === "chunk" ? file.code : file.source);
}
