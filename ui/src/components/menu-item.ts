import type { IconName } from "./icons";

/** One of a menu's actions. */
export type MenuItem = {
  icon: IconName;
  text: string;
  onclick: () => void;
  /** Destroys something: it stands apart, in red, and asks first. */
  isDangerous?: boolean;
  /** Opens a page in the browser. */
  leadsOutside?: boolean;
  /** Can't be chosen now. */
  inactive?: boolean;
};
