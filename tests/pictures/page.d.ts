/** What the fake core and the keyboard check keep in the page. */
interface Window {
  cspViolations: string[];
  uncaughtErrors: string[];
  /** The commands that the window sent, in order. */
  invokedCommands: string[];
  advanceClock: (milliseconds: number) => void;
  sendAppState: (appState: object) => void;
  /** What can have the focus, in the order of the page. */
  tabStops: HTMLElement[];
  /** The id of the button of the menu that is checked. */
  menuId: string;
  /** Everything that pressing a button can change. */
  fingerprint: () => string;
  lastFingerprint: string;
}
