import assert from "node:assert/strict";
import { test } from "node:test";
import { type Timed, TimerWheel } from "../../engine/lib/timer_wheel.ts";

/** A clock that is moved by hand; at most one timer is set on it. */
class HandClock {
  time = 0;
  due: { at: number; run: () => void } | undefined;
  now() {
    return this.time;
  }
  after(ms: number, run: () => void) {
    this.due = { at: this.time + ms, run };
    return { stop: () => void (this.due = undefined) };
  }
  advance(ms: number) {
    const end = this.time + ms;
    while (this.due !== undefined && this.due.at <= end) {
      const { at, run } = this.due;
      this.time = at;
      this.due = undefined;
      run();
    }
    this.time = end;
  }
}

function item(timedOut: () => void): Timed {
  return { wheelDeadline: 0, wheelPrevious: undefined, wheelNext: undefined, timedOut };
}

for (const ms of [1, 99, 100, 101, 3000, 51_200, 600_000]) {
  test(`a deadline of ${ms} ms is never early and at most two ticks late`, () => {
    const clock = new HandClock();
    clock.time = 12_345.6;
    const wheel = new TimerWheel(clock);
    let at = 0;
    wheel.set(item(() => at = clock.time), ms);
    clock.advance(ms + 1000);
    const late = at - 12_345.6 - ms;
    assert.ok(late >= 0 && late <= 200, `${late}`);
    assert.equal(wheel.size, 0);
    assert.equal(clock.due, undefined, "no timer runs without a deadline");
  });
}

test("a cleared or moved deadline does not fire, also when cleared by another that is due", () => {
  const clock = new HandClock();
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  const second = item(() => {
    fired.push("one of two");
    wheel.clear(first);
  });
  const first: Timed = item(() => {
    fired.push("one of two");
    wheel.clear(second);
  });
  wheel.set(second, 50);
  wheel.set(first, 50);
  const moved = item(() => fired.push("moved"));
  wheel.set(moved, 10);
  wheel.set(moved, 5000);
  clock.advance(1000);
  assert.deepEqual(fired, ["one of two"]);
  clock.advance(5000);
  assert.deepEqual(fired, ["one of two", "moved"]);
});

test("a clock that jumps fires everything once", () => {
  const clock = new HandClock();
  const wheel = new TimerWheel(clock);
  let fired = 0;
  for (let each = 0; each < 1000; each++) wheel.set(item(() => fired += 1), each * 100);
  clock.time += 3_600_000;
  clock.due?.run();
  assert.equal(fired, 1000);
});
