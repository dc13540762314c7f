export const title = "Finishing sign-in…";
export const sentence = "This only takes a moment.";
