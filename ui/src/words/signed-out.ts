export const welcome = {
  title: "Welcome",
  sentence: "Your browser opens. Log in to Amiqus as you always do and choose Allow. That is all.",
};
export const justNow = {
  title: "You are signed out",
  sentence: "This computer no longer holds your sign-in. Come back whenever you like.",
};
export const setUpFor = "Set up for {organisation}";
export const askAdministrator =
  "Please ask your administrator: your organisation looks after this set-up.";
