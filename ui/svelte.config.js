/** @type {import("svelte/compiler").CompileOptions} */
const compilerOptions = {
  runes: true,
  // Nobody asks this page which Svelte drew it; the bill of materials says so.
  discloseVersion: false,
  // Each class name is written many times, and letters drawn by lot don't compress.
  cssHash: ({ hash, css }) => `s${hash(css).slice(0, 4)}`,
};

export default { compilerOptions };
