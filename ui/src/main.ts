import { mount } from "svelte";
import App from "./App.svelte";
import { reportFault } from "./report-fault";
import "./styles/tokens.css";
import "./styles/base.css";

const target = document.getElementById("window");
/** Text that is shown while nothing is drawn, with a link that reloads the page. */
const fallback = document.getElementById("fallback");

try {
  if (target) mount(App, { target });
  fallback?.remove();
} catch {
  showFallback();
  reportFault("start");
}

addEventListener("error", () => {
  handleFault("script");
});
addEventListener("unhandledrejection", () => {
  handleFault("promise");
});

/** An uncaught error may have left the window empty. */
function handleFault(fault: "script" | "promise"): void {
  reportFault(fault);
  if (!document.querySelector("h1")) showFallback();
}

function showFallback(): void {
  if (!fallback) return;
  target?.remove();
  fallback.dataset.shown = "";
  document.body.dataset.problem = "internal";
  document.body.append(fallback);
}
