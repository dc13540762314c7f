import { svelte } from "@sveltejs/vite-plugin-svelte";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** The file of the app's names; a distributor's own where one is given. */
const brand = resolve(
  process.env.AMIQUS_BRAND ?? join(import.meta.dirname, "../src-tauri/brand/brand.json"),
);

/** In bytes, compressed. Whoever adds to the window looks here first for what to take away. */
const largest = 32 * 1024;

export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  plugins: [
    svelte(),
    titled(),
    withoutWhatIsSettled(),
    ...(mode === "production" ? [keptSmall()] : []),
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

/**
 * Svelte keeps what some other page would need behind a choice made while the page runs. Here it can
 * only go one way, and written as it goes, it lets the bundler leave out a twelfth of the whole.
 */
const settled = [
  {
    because: "nothing here was drawn by a server",
    file: "dom/hydration.js",
    choices: [
      ["export let hydrating = false;", "export const hydrating = false;"],
      ["hydrating = value;", ""],
    ],
  },
  {
    because: "no template waits for a promise: `experimental.async` is off",
    file: "reactivity/async.js",
    choices: [["if (async.length === 0 && pending.length === 0) {", "{"]],
  },
  {
    because: "no template waits for a promise",
    file: "dom/blocks/branches.js",
    choices: [["should_defer_append();", "false;"]],
  },
  {
    because: "no template waits for a promise",
    file: "dom/blocks/each.js",
    choices: [["should_defer_append();", "false;"]],
  },
  {
    because: "each state is raw, and replaced as a whole",
    file: "reactivity/sources.js",
    choices: [["should_proxy ? proxy(value) : value", "value"]],
  },
] as const;

/** Leaves out what `settled` settles; the build fails where it isn't so, or no longer to be found. */
function withoutWhatIsSettled(): Plugin {
  return {
    name: "without-what-is-settled",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (/\.svelte(\.ts)?$/.test(id) && /\$state[(<]/.test(code)) {
        this.error("a state that isn't raw needs what is left out here: write $state.raw");
      }
      const found = settled.find(({ file }) => id.endsWith(`/svelte/src/internal/client/${file}`));
      return found?.choices.reduce((settling, [choice, outcome]) => {
        if (!settling.includes(choice))
          this.error(`Svelte's ${found.file} has changed: is it still so that ${found.because}?`);
        return settling.replace(choice, outcome);
      }, code);
    },
  };
}

/** The build fails when what the window loads, each file compressed, is more than it may be. */
function keptSmall(): Plugin {
  return {
    name: "kept-small",
    apply: "build",
    writeBundle(_, bundle) {
      const sizes = Object.values(bundle).map(
        (file) => gzipSync(file.type === "chunk" ? file.code : file.source, { level: 9 }).length,
      );
      const size = sizes.reduce((sum, each) => sum + each, 0);
      const said = `the window is ${size} bytes compressed, of ${largest}`;
      // A distributor's name may be longer than ours, and is theirs to choose.
      if (size > largest && process.env.AMIQUS_BRAND === undefined) this.error(said);
      console.log(said);
    },
  };
}
