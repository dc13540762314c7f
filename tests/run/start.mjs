// @ts-check
import { build, prepare, run } from "./prepare.mjs";

const hasDisplay =
  process.platform !== "linux" ||
  Boolean(process.env.DISPLAY) ||
  Boolean(process.env.WAYLAND_DISPLAY);

prepare(hasDisplay ? "build" : "test");
await build();
run(["node", "--import", "tsx", hasDisplay ? "tests/run/try.ts" : "tests/run/tour.ts"]);
