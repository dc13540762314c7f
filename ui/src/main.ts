import { mount } from "svelte";
import App from "./App.svelte";
import { report } from "./fault";
import "./tokens.css";
import "./base.css";

const target = document.getElementById("window");
/** What the page says while nothing is drawn; a link in it loads the page again. */
const fallback = document.getElementById("fallback");

try {
  if (target) mount(App, { target });
  fallback?.remove();
} catch {
  fallBack();
  report("start");
}

addEventListener("error", () => {
  notice("script");
});
addEventListener("unhandledrejection", () => {
  notice("promise");
});

/** What nobody caught may have left a window with nothing in it. */
function notice(fault: "script" | "promise"): void {
  report(fault);
  if (!document.querySelector("h1")) fallBack();
}

function fallBack(): void {
  if (!fallback) return;
  target?.remove();
  fallback.dataset.shown = "";
  document.body.dataset.problem = "internal";
  document.body.append(fallback);
}
