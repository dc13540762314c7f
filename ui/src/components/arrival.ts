let isFirst = true;

/** Whether a screen arrives in place of another and fades in; the first one is there at once. */
export function isArrival(): boolean {
  const arrives = !isFirst;
  isFirst = false;
  return arrives;
}
