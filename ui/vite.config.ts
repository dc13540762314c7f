import { svelte } from "@sveltejs/vite-plugin-svelte";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type Rolldown } from "vite";

/** The file of the app's names; a distributor's own where one is given. */
const brand = resolve(
  process.env.AMIQUS_BRAND ?? join(import.meta.dirname, "../src-tauri/brand/brand.json"),
);

/** In bytes, compressed. Whoever adds to the window looks here first for what to take away. */
const largest = 30_000;

export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  plugins: [
    svelte(),
    titled(),
    settling(),
    ...(mode === "production" ? [keptSmall()] : []),
    keptAsTheyAre(), // the last: no other sees what it leaves out
  ],
  resolve: { alias: { brand } },
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

/** The page bears the app's name before its script runs. */
function titled(): Plugin {
  const { name } = JSON.parse(readFileSync(brand, "utf8")) as { name: string };
  return {
    name: "titled",
    transformIndexHtml: () => [{ tag: "title", children: name, injectTo: "head" }],
  };
}

const nothingWaits = "no template waits for a promise, as `experimental.async` is off";

/**
 * Svelte keeps what some other page would need behind choices that it makes while the page runs. Here
 * they can only go one way; written as they go, they let the bundler leave out a twelfth of the whole.
 */
const settled: { file: string; because: string; choices: [choice: string, outcome: string][] }[] = [
  {
    file: "dom/hydration.js",
    because: "nothing here was drawn by a server",
    choices: [
      ["export let hydrating = false;", "export const hydrating = false;"],
      ["hydrating = value;", ""],
    ],
  },
  {
    file: "reactivity/sources.js",
    because: "each state is raw",
    choices: [["should_proxy ? proxy(value) : value", "value"]],
  },
  {
    file: "reactivity/async.js",
    because: nothingWaits,
    choices: [["if (async.length === 0 && pending.length === 0) {", "{"]],
  },
  {
    file: "dom/blocks/branches.js",
    because: nothingWaits,
    choices: [["defer = should_defer_append();", "defer = false;"]],
  },
  {
    file: "dom/blocks/each.js",
    because: nothingWaits,
    choices: [["defer = should_defer_append();", "defer = false;"]],
  },
];

/** Writes those choices as they go; the build fails where one isn't to be found any more. */
function settling(): Plugin {
  const settles = (id: string) => (one: (typeof settled)[number]) =>
    id.endsWith(`/svelte/src/internal/client/${one.file}`);
  return {
    name: "settling",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (/\.svelte(\.ts)?$/.test(id) && /\$state[(<]/.test(code)) {
        this.error("a state that isn't raw needs what is left out here: write $state.raw");
      }
      const found = settled.find(settles(id));
      return found?.choices.reduce((written, [choice, outcome]) => {
        if (written.includes(choice)) return written.replace(choice, outcome);
        this.error(`Svelte's ${found.file} has changed: look again whether ${found.because}`);
      }, code);
    },
    buildEnd(failure) {
      const ids = [...this.getModuleIds()];
      const gone = settled.find((one) => !ids.some((id) => settles(id)(one)));
      if (gone && !failure) this.error(`Svelte has no ${gone.file} any more: look for its choices`);
    },
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

/** A file that would be written as it is stays untouched: the app has them in it, and would be compiled anew. */
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
