export const linksTaken = {
  title: "Another app opens our links",
  sentence:
    "“{name}” opens the links that should come back here from your browser, so a sign-in can’t finish by itself.",
  button: "Open links with this app",
};

export const updateReady = {
  title: "A newer version is ready",
  sentence: "It takes a minute; nothing is lost.",
  button: "Update and start again",
};
