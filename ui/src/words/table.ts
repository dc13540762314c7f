// Each text is a constant, so that the bundler inlines it where it is used. Only texts that are looked up
// by a key, such as those for a problem, are in a record.
export * as awaitingBrowser from "./awaiting-browser";
export * as button from "./button";
export * as exchangingCode from "./exchanging-code";
export * from "./field-reason";
export * as failure from "./failure";
export * as help from "./help";
export * as locked from "./locked";
export * as needsSetup from "./needs-setup";
export * from "./problem";
export * as problemDetail from "./problem-detail";
export * from "./role";
export * as signedIn from "./signed-in";
export * as signedOut from "./signed-out";
export * as signInAgain from "./sign-in-again";
export * from "./starting";
export * from "./still-listed";
export * from "./this-computer";
export * from "./unfinished";
