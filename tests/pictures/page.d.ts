/** What the stand-in for the core leaves in the page. */
interface Window {
  refusedByContentSecurityPolicy: string[];
  /** The commands that were sent, in order. */
  asked: string[];
  passTime: (milliseconds: number) => void;
  tellAppState: (appState: object) => void;
  /** What can have the focus, in the order of the page. */
  stops: HTMLElement[];
  /** All that a pressed button could have changed. */
  witness: () => string;
  before: string;
}
