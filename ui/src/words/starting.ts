export const starting = {
  title: "Opening…",
  sentence: "Your keychain may be asking for its password.",
};
