export const title = "You are signed in";
export const titleOfSeveral = "Your accounts";
export const unnamed = "Your Amiqus account";
export const team = "Team";
export const role = "Role";
export const identity = "Identity";
export const verified = "Verified";
export const current = "Current";
export const signInAgain = "Sign in again";
export const connected = "Connected. Renews by itself before {date}.";
export const renewing = "Renewing…";
export const offline =
  "Offline. This is as of {moment}. You are still signed in; it checks again when the network is back.";
export const disabled = {
  title: "Amiqus has paused this user.",
  sentence:
    "That can be temporary. The owner of your team can tell you more; you need not sign in again.",
};
