export const file = "File";
export const field = "Value";
