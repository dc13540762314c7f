export const title = "Finishing sign-in…";
export const sentence = "This only takes a moment.";
export const slow =
  "This is taking longer than usual. You can wait, or cancel and try again later.";
