/** Wall clock times in the spellings of nginx's logs, in the machine's local time. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function zone(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

/** "2030/01/31 09:05:00", as in error.log. */
export function errorLogTime(wallMs: number): string {
  const date = new Date(wallMs);
  return `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())} ${clock(date)}`;
}

/** "Jan  1 09:05:00", of syslog (RFC 3164). */
export function syslogTime(wallMs: number): string {
  const date = new Date(wallMs);
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${clock(date)}`;
}

/** "31/Jan/2030:09:05:00 +0000", `$time_local`. */
export function localTime(wallMs: number): string {
  const date = new Date(wallMs);
  const month = MONTHS[date.getMonth()];
  return `${two(date.getDate())}/${month}/${date.getFullYear()}:${clock(date)} ${zone(date, "")}`;
}

/** "2030-01-31T09:05:00+00:00", `$time_iso8601`. */
export function isoTime(wallMs: number): string {
  const date = new Date(wallMs);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(date)}${zone(date, ":")}`;
}

/** Milliseconds as nginx's "seconds.mmm". */
export function secondsText(ms: number): string {
  const whole = Math.max(0, Math.trunc(ms));
  return `${Math.floor(whole / 1000)}.${String(whole % 1000).padStart(3, "0")}`;
}
