import { fill, words } from ".";

const { lang } = words.language;
const longDate = new Intl.DateTimeFormat(lang, { day: "numeric", month: "long", year: "numeric" });
const timeOfDay = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });
const nearDay = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });

/** “3 March 2026”. */
export function formatDate(date: string): string {
  const day = new Date(date);
  // The formatter throws for an invalid date.
  return Number.isNaN(day.getTime()) ? date : longDate.format(day);
}

/** “09:14”. */
export function formatTime(moment: Date): string {
  return timeOfDay.format(moment);
}

/** “today at 09:14”, “yesterday at 17:02”, “3 March 2026 at 08:30”. */
export function formatMoment(moment: string): string {
  const then = new Date(moment);
  if (Number.isNaN(then.getTime())) return moment;
  const days = Math.round((startOfDay(then) - startOfDay(new Date())) / 86_400_000);
  const day = days === 0 || days === -1 ? nearDay.format(days, "day") : longDate.format(then);
  return fill(words.text.moment, { day, time: timeOfDay.format(then) });
}

function startOfDay(moment: Date): number {
  return new Date(moment).setHours(0, 0, 0, 0);
}

/** “9:12”, for the time until a deadline. */
export function formatRemaining(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Names in a row, as the language lists them. */
export function formatList(names: string[]): string {
  return new Intl.ListFormat(lang).format(names);
}
