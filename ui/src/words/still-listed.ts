export const stillListed = "Amiqus still lists this app until it is removed on the Team apps page.";

export const stillListedWhenSignedIn =
  "After signing out, Amiqus still lists this app until it is removed on the Team apps page.";
