/** @type {import("svelte/compiler").CompileOptions} */
const compilerOptions = {
  runes: true,
  // Each class name is written many times, and letters drawn by lot don't compress.
  cssHash: ({ hash, css }) => `s${hash(css).slice(0, 4)}`,
};

export default { compilerOptions };
