import type { AppState } from "../../ui/src/bindings";

/**
 * A script for the page: in place of the Rust side it answers the calls of the window, and stops
 * the clock so that pictures can be compared.
 */
export function coreStandIn(appState: AppState, refusals: Record<string, unknown>, now: number) {
  return `
    (() => {
      const appState = ${JSON.stringify(appState)};
      const refusals = ${JSON.stringify(refusals)};
      const now = ${now};
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
      window.__TAURI_INTERNALS__ = {
        transformCallback: (listener) => listeners.push(listener),
        unregisterCallback: () => {},
        invoke: (command) => {
          if (command in refusals) return Promise.reject(refusals[command]);
          if (command === "follow") window.tellAppState(appState);
          return Promise.resolve(null);
        },
      };
    })();
  `;
}
