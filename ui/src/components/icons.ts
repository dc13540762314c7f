/** The path of each icon, in a square of 48. */
export const iconPaths = {
  attention: "M24 13v14M24 34.5v.5M24 5a19 19 0 1 1 0 38 19 19 0 0 1 0-38Z",
  clock: "M24 13v11l7 5M24 5a19 19 0 1 1 0 38 19 19 0 0 1 0-38Z",
  declined: "M16 16l16 16M32 16 16 32M24 5a19 19 0 1 1 0 38 19 19 0 0 1 0-38Z",
  locked:
    "M14 21v-6a10 10 0 0 1 20 0v6M12 21h24a3 3 0 0 1 3 3v15a3 3 0 0 1-3 3H12a3 3 0 0 1-3-3V24a3 3 0 0 1 3-3ZM24 29v5",
  offline:
    "M5 18a29 29 0 0 1 8-5M20 10.200a29 29 0 0 1 23 7.800M12 26a18 18 0 0 1 6-4M30 22a18 18 0 0 1 6 4M19 33.500a8 8 0 0 1 10 0M24 40v.100M8 6l32 36",
  settings:
    "M6 14h22M38 14h4M6 34h4M20 34h22M33 9a5 5 0 1 1 0 10 5 5 0 0 1 0-10ZM15 29a5 5 0 1 1 0 10 5 5 0 0 1 0-10Z",
};

export type IconName = keyof typeof iconPaths;
