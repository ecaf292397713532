import assert from "node:assert/strict";
import { test } from "node:test";
import { bannerText, linkText, type Start } from "../../engine/cli/banner.ts";

const START: Start = {
  version: "0.1.0",
  runtime: "Bun 1.4.5",
  configuration: "/w/conf/stream.conf",
  sockets: [
    { address: { host: "0.0.0.0", port: 62345 }, target: { name: "backend" } },
    { address: { path: "/tmp/s" }, target: { name: "127.0.0.1:80" } },
  ],
  link: "http://127.0.0.1:7070/#token=abc",
  pid: 17,
};

test("bannerText is five lines: program, configuration, listeners, dashboard, stop", () => {
  assert.equal(
    bannerText(START),
    `weir           0.1.0 on Bun 1.4.5
configuration  /w/conf/stream.conf
listening      0.0.0.0:62345 -> backend, unix:/tmp/s -> 127.0.0.1:80
dashboard      http://127.0.0.1:7070/#token=abc
stop           Ctrl-C at once, kill -QUIT 17 gracefully, kill -HUP 17 reloads
`,
  );
});

test("bannerText says that there is no dashboard and no listener", () => {
  const text = bannerText({ ...START, sockets: [], link: undefined });
  assert.match(text, /\nlistening {6}nothing\ndashboard {6}off\n/);
});

test("bannerText names eight listeners and counts the rest", () => {
  const sockets = Array.from({ length: 11 }, (_, at) => ({
    address: { host: "127.0.0.1", port: 1000 + at },
    target: { name: "u" },
  }));
  const text = bannerText({ ...START, sockets });
  assert.match(text, /127\.0\.0\.1:1007 -> u and 3 more\n/);
  assert.equal(text.split("\n").length, 6);
});

test("linkText is one line", () => {
  assert.equal(linkText("http://x/#token=t"), "weir dashboard: http://x/#token=t\n");
});
