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
  plugins: [svelte(), titled(), neverHydrating(), ...(mode === "production" ? [keptSmall()] : [])],
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
 * Nothing here was drawn by a server. Svelte keeps all that would take such a page over behind one
 * variable; as a constant it lets the bundler leave that out, a twentieth of the whole.
 */
function neverHydrating(): Plugin {
  return {
    name: "never-hydrating",
    apply: "build",
    transform(code, id) {
      if (!id.endsWith("/svelte/src/internal/client/dom/hydration.js")) return null;
      const [declared, set] = ["export let hydrating = false;", "hydrating = value;"];
      if (!code.includes(declared) || !code.includes(set)) {
        throw new Error("Svelte's hydration.js has changed: look at never-hydrating again");
      }
      return { code: code.replace(declared, declared.replace("let", "const")).replace(set, "") };
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
