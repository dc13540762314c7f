import { now, type Scene } from "./scene";

/**
 * A script for the page: it answers the window's commands in place of the Rust core, and stops the
 * clock so that pictures can be compared.
 */
export function fakeCore({ appState, computer, steps }: Scene): string {
  const replies = Object.fromEntries(
    steps.flatMap((step) => ("answer" in step ? [[step.answer, step.with]] : [])),
  );
  const hanging = steps.flatMap((step) => ("hang" in step ? [step.hang] : []));
  return `
    (() => {
      const appState = ${JSON.stringify(appState)};
      const computer = ${JSON.stringify(computer)};
      const replies = ${JSON.stringify(replies)};
      const hanging = ${JSON.stringify(hanging)};
      let now = ${now};
      window.advanceClock = (milliseconds) => (now += milliseconds);
      Date.now = () => now;
      window.Date = class extends Date {
        constructor(...values) {
          super(...(values.length === 0 ? [now] : values));
        }
      };
      // What goes back by itself after a while must not do so before the picture.
      const setTimer = window.setTimeout;
      window.setTimeout = (work, delay, ...given) =>
        delay < 3000 || delay === undefined ? setTimer(work, delay, ...given) : 0;
      window.cspViolations = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        window.cspViolations.push(event.violatedDirective + " " + event.blockedURI);
      });
      window.uncaughtErrors = [];
      window.addEventListener("error", ({ message }) => window.uncaughtErrors.push(message));
      window.addEventListener("unhandledrejection", ({ reason }) =>
        window.uncaughtErrors.push(String(reason)),
      );
      const listeners = [];
      let index = 0;
      window.sendAppState = (message) => {
        for (const listener of listeners) listener({ index, message });
        index += 1;
      };
      window.invokedCommands = [];
      window.__TAURI_INTERNALS__ = {
        transformCallback: (listener) => listeners.push(listener),
        unregisterCallback: () => {},
        invoke: (command) => {
          window.invokedCommands.push(command);
          if (hanging.includes(command)) return new Promise(() => {});
          if (command === "this_computer") return Promise.resolve(computer);
          // A text is a result; a problem, or a list of them, an error.
          if (typeof replies[command] === "string") return Promise.resolve(replies[command]);
          if (command in replies) return Promise.reject(replies[command]);
          if (command === "follow") window.sendAppState(appState);
          return Promise.resolve(null);
        },
      };
    })();
  `;
}
