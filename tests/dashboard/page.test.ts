/** The page in a real browser, over the real program on each runtime. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { ask, freePort, peer, type Running, start, SUBJECTS } from "../scenario/harness.ts";
import { noBrowser, openBrowser, openPage } from "./browser.ts";

const VIEWS = ["overview", "listeners", "upstreams", "connections"];

let browser: Browser;
before(async () => {
  if (noBrowser === false) browser = await openBrowser();
});
after(() => browser?.close());

/** The program with a dashboard, two peers of which one is dead, and a client that stays. */
async function stage(subject: string) {
  const [port, dashboard, dead] = [await freePort(), await freePort(), await freePort()];
  const back = await peer((socket) => {
    socket.on("data", () => socket.write("answer"));
    socket.on("end", () => socket.end());
  });
  const conf = `error_log stderr crit; stream {
    upstream backend { server 127.0.0.1:${back.port} weight=3; server 127.0.0.1:${dead}; }
    server { listen 127.0.0.1:${port}; proxy_pass backend; } }`;
  const args = ["--dashboard", `127.0.0.1:${dashboard}`];
  const weir = await start(subject, conf, { port, args });
  const clients: Socket[] = [];
  for (let each = 0; each < 3; each++) {
    const socket = connect(port, "127.0.0.1").on("error", () => {}); // it ends with the program
    clients.push(socket);
    socket.write("question");
    await once(socket, "data");
  }
  const link = await linkOf(weir);
  return { port, dead, weir, link, back, clients };
}

async function linkOf(weir: Running): Promise<string> {
  for (;;) {
    const link = /http:\/\/\S+#token=\w+/.exec(weir.output())?.[0];
    if (link !== undefined) return link;
    await new Promise((turn) => setTimeout(turn, 20));
  }
}

for (const subject of Object.keys(SUBJECTS)) {
  test(`page on ${subject}: every view shows what happens, in both themes and at 375 px`, {
    skip: noBrowser,
  }, async () => {
    const { port, dead, weir, link, back, clients } = await stage(subject);
    try {
      for (const width of [1440, 375]) {
        for (const scheme of ["dark", "light"] as const) {
          const { page, complaints } = await openPage(browser, { width, scheme });
          await page.goto(link);
          await page.getByText("1 of 1 listeners accept; 1 of 2 peers up.").waitFor();
          assert.equal(new URL(page.url()).hash, "#overview", "the token left the address bar");
          for (const view of VIEWS) {
            await page.getByRole("link", { name: new RegExp(`^${view}$`, "i") }).click();
            await page.locator(`nav a[aria-current=page][href="#${view}"]`).waitFor();
            const body = () => page.locator("main").innerText();
            assert.match(await body(), new RegExp(view === "upstreams" ? `${dead}` : `${port}`));
            const wide = await page.evaluate("document.documentElement.scrollWidth");
            assert.ok(Number(wide) <= width, `${view} is ${wide} px wide`);
          }
          assert.deepEqual(complaints, []);
          await page.close();
        }
      }
    } finally {
      for (const client of clients) client.destroy();
      back.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });

  test(`page on ${subject}: it is live, filters, works by keyboard, and says when data stops`, {
    skip: noBrowser,
  }, async () => {
    const { port, weir, link, back, clients } = await stage(subject);
    const { page } = await openPage(browser);
    try {
      await page.goto(link);
      await page.getByText("● live").waitFor();
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate("document.activeElement.textContent"), "Skip to content");
      await page.goto(`${link.split("#")[0]}#connections`);
      const rows = page.locator("tbody tr");
      await rows.nth(2).waitFor();
      assert.equal(await rows.count(), 3);
      await page.getByLabel("Filter").fill(String(clients[1]?.localPort));
      await rows.nth(1).waitFor({ state: "detached" });
      assert.match(await rows.first().innerText(), new RegExp(`:${clients[1]?.localPort}`));
      await page.getByLabel("Filter").fill("nothing has this");
      await page.getByRole("button", { name: "Clear the filter" }).click();
      await rows.nth(2).waitFor();
      clients[0]?.destroy();
      await rows.nth(2).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Theme" }).click();
      assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
      weir.process.kill("SIGSTOP");
      await page.getByText(/No data for \d+ s. Showing values from/).waitFor();
      weir.process.kill("SIGCONT");
      await page.getByText("● live").waitFor();
      assert.notEqual(await ask(port, "", { end: true }), undefined);
    } finally {
      weir.process.kill("SIGCONT");
      await page.close();
      for (const client of clients) client.destroy();
      back.server.close();
      assert.equal(await weir.stop(), 0);
    }
  });
}

test("page: without a token it asks for one, and says so when it is wrong", {
  skip: noBrowser,
}, async () => {
  const { weir, link, back, clients } = await stage("node");
  const { page } = await openPage(browser);
  try {
    const [address = "", token = ""] = link.split("/#token=");
    await page.goto(address);
    await page.getByLabel(/Token/).fill("wrong");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("That token was refused.").waitFor();
    await page.getByLabel(/Token/).fill(token);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("● live").waitFor();
  } finally {
    await page.close();
    for (const client of clients) client.destroy();
    back.server.close();
    assert.equal(await weir.stop(), 0);
  }
});

test("page: another process behind it is announced", { skip: noBrowser }, async () => {
  const { weir, link, back, clients, port } = await stage("node");
  const { page } = await openPage(browser);
  try {
    await page.goto(link);
    await page.getByText("● live").waitFor();
    const [address = ""] = link.split("/#token=");
    await weir.stop();
    const conf = `stream { server { listen 127.0.0.1:${port}; return x; } }`;
    const again = await start("node", conf, {
      port,
      args: ["--dashboard", new URL(address).host],
    });
    try {
      // Every process has a token of its own: the page asks for it and then tells the difference.
      const token = (await linkOf(again)).split("#token=")[1] ?? "";
      await page.getByLabel(/Token/).fill(token);
      await page.getByRole("button", { name: "Open" }).click();
      await page.getByText(/The process restarted at \d\d:\d\d:\d\d/).waitFor();
    } finally {
      assert.equal(await again.stop(), 0);
    }
  } finally {
    await page.close();
    for (const client of clients) client.destroy();
    back.server.close();
    await weir.stop();
  }
});
