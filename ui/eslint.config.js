import javascript from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["**/dist/", "**/*.config.js", "ui/src/bindings.ts"] },
  javascript.configs.recommended,
  typescript.configs.strictTypeChecked,
  typescript.configs.stylisticTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { projectService: true, extraFileExtensions: [".svelte"] },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
    },
  },
  {
    files: ["tests/**"],
    languageOptions: { globals: { ...globals.node } },
  },
  {
    // Node's test runner waits for its tests by itself.
    files: [
      "tests/e2e/**",
      "tests/packages/**",
      "tests/harness/journey.ts",
      "tests/checks/*.test.ts",
      "tests/windows/*.test.ts",
    ],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] },
      ],
    },
  },
  {
    // Only an interface can add to another library's class, or to the browser's window.
    files: ["tests/harness/selenium.d.ts", "tests/pictures/page.d.ts"],
    rules: { "@typescript-eslint/consistent-type-definitions": "off" },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: typescript.parser } },
    rules: {
      // The content security policy refuses style attributes.
      "svelte/no-inline-styles": "error",
      "svelte/no-at-html-tags": "error",
      "svelte/require-each-key": "error",
      "svelte/button-has-type": "error",
      "svelte/block-lang": ["error", { script: "ts" }],
    },
  },
);
