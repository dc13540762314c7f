import { now, type Scene } from "./states";

/**
 * A script for the page: in place of the Rust side it answers the calls of the window, and stops
 * the clock so that pictures can be compared.
 */
export function coreStandIn({ appState, computer, steps }: Scene): string {
  const answers = Object.fromEntries(
    steps.flatMap((step) => ("answer" in step ? [[step.answer, step.with]] : [])),
  );
  const silences = steps.flatMap((step) => ("silence" in step ? [step.silence] : []));
  return `
    (() => {
      const appState = ${JSON.stringify(appState)};
      const computer = ${JSON.stringify(computer)};
      const answers = ${JSON.stringify(answers)};
      const silences = ${JSON.stringify(silences)};
      let now = ${now};
      window.passTime = (milliseconds) => (now += milliseconds);
      Date.now = () => now;
      window.Date = class extends Date {
        constructor(...values) {
          super(...(values.length === 0 ? [now] : values));
        }
      };
      window.refusedByContentSecurityPolicy = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        window.refusedByContentSecurityPolicy.push(event.violatedDirective + " " + event.blockedURI);
      });
      window.faults = [];
      window.addEventListener("error", ({ message }) => window.faults.push(message));
      window.addEventListener("unhandledrejection", ({ reason }) => window.faults.push(String(reason)));
      const listeners = [];
      let index = 0;
      window.tellAppState = (message) => {
        for (const listener of listeners) listener({ index, message });
        index += 1;
      };
      window.asked = [];
      window.__TAURI_INTERNALS__ = {
        transformCallback: (listener) => listeners.push(listener),
        unregisterCallback: () => {},
        invoke: (command) => {
          window.asked.push(command);
          if (silences.includes(command)) return new Promise(() => {});
          if (command === "this_computer") return Promise.resolve(computer);
          // A text is an answer; a problem, or a list of them, a refusal.
          if (typeof answers[command] === "string") return Promise.resolve(answers[command]);
          if (command in answers) return Promise.reject(answers[command]);
          if (command === "follow") window.tellAppState(appState);
          return Promise.resolve(null);
        },
      };
    })();
  `;
}
