// Shown when the window itself fails. No values are filled in: they may be what failed.
export const title = "This window couldn’t be displayed";
export const sentence =
  "The mistake is ours, not yours, and your sign-in is safe. Try again. If that doesn’t help, save a report for support.";
export const fallback =
  "The mistake is ours, not yours, and your sign-in is safe. Try again. If that doesn’t help, close the app and open it again.";
export const notSaved =
  "The report couldn’t be saved. Make room in your Downloads folder and try again.";
