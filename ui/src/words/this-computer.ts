export const linksTaken = {
  title: "Another app opens our links",
  sentence:
    "“{name}” opens the links that should come back here from your browser, so a sign-in can’t finish by itself.",
  button: "Open links with this app",
};

export const linksUnclaimed = {
  title: "This computer can’t open our links",
  sentence:
    "The app couldn’t register its links here, so your browser can’t come back automatically. Use Paste the address to finish signing in, and tell your IT team: a redirect URL on this computer, such as http://127.0.0.1:8765/callback, works without links.",
  button: "Try again",
};

export const updateReady = {
  title: "A newer version is ready",
  sentence: "It takes a minute; nothing is lost.",
  button: "Update and start again",
};
