export const title = "Help";
export const report =
  "One text file: how this app and its connection are doing. There is no password, code or token in it, and nobody’s name.";
export const saved = "Saved as {file}";
export const startAtLogin = "Start when I log in to this computer";
export const managed = "Your organisation decides this.";
