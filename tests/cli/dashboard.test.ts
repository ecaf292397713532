import assert from "node:assert/strict";
import { test } from "node:test";
import { openDashboard } from "../../engine/cli/dashboard.ts";
import type { DashboardParts } from "../../engine/cli/parts.ts";
import { type Address, formatAddress } from "../../engine/lib/address.ts";
import { SystemError } from "../../engine/lib/errno.ts";

const TAKEN = "98: Address already in use";

/** Opens where the first `taken` addresses are in use; notes what was tried. */
function opener(taken: number, tried: string[]): (address: Address) => Promise<DashboardParts> {
  return (address) => {
    tried.push(formatAddress(address));
    if (tried.length <= taken) return Promise.reject(new SystemError("EADDRINUSE"));
    return Promise.resolve({ link: formatAddress(address), close: () => Promise.resolve() });
  };
}

test("openDashboard takes 127.0.0.1:7070", async () => {
  const tried: string[] = [];
  const result = await openDashboard(opener(0, tried), undefined);
  assert.ok("dashboard" in result);
  assert.deepEqual(tried, ["127.0.0.1:7070"]);
});

test("openDashboard takes the next free port", async () => {
  const result = await openDashboard(opener(2, []), undefined);
  assert.ok("dashboard" in result);
  assert.equal(result.dashboard.link, "127.0.0.1:7072");
});

test("openDashboard gives up after port 7090, without an end of the proxy", async () => {
  const tried: string[] = [];
  const result = await openDashboard(opener(100, tried), undefined);
  const message = `bind() to 127.0.0.1:7090 failed (${TAKEN})`;
  assert.deepEqual(result, { message, isFatal: false });
  assert.equal(tried.length, 21);
});

test("openDashboard tries only the address that was asked for", async () => {
  const tried: string[] = [];
  const result = await openDashboard(opener(1, tried), { path: "/d" });
  assert.deepEqual(result, { message: `bind() to unix:/d failed (${TAKEN})`, isFatal: true });
  assert.deepEqual(tried, ["unix:/d"]);
});

test("openDashboard is not fatal for another failure", async () => {
  const refuse = () => Promise.reject(new SystemError("EACCES"));
  const result = await openDashboard(refuse, { host: "::1", port: 80 });
  const message = "bind() to [::1]:80 failed (13: Permission denied)";
  assert.deepEqual(result, { message, isFatal: false });
});

test("openDashboard tells the stack of a bug", async () => {
  const result = await openDashboard(() => Promise.reject(new Error("a bug")), undefined);
  assert.ok("message" in result && !result.isFatal);
  assert.match(result.message, /^Error: a bug\n\s+at /);
});
