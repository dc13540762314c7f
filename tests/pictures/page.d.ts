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
  /** Everything that pressing a button can change. */
  fingerprint: () => string;
  lastFingerprint: string;
}
