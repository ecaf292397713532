/** State that a module keeps with a session, typed and found by index. */
import type { Session } from "./session.ts";

export interface Slot<T> {
  get(session: Session): T | undefined;
  set(session: Session, value: T): void;
}

let count = 0;

/** Once per kind of state, where a module is declared. */
export function slot<T>(): Slot<T> {
  const at = count++;
  return {
    // Only `set` of this slot writes at this index.
    get: ({ slots }) => slots?.[at] as T | undefined,
    set: (session, value) => void ((session.slots ??= [])[at] = value),
  };
}
