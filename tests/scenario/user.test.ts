/** `user` on the real runtimes: who the process is once it serves. Only root can try. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { ask, assertQuiet, freePort, scratch, start, SUBJECTS } from "./harness.ts";

const skip = process.getuid?.() === 0 ? false : "only root can become another user";
const NOBODY = 65_534;

for (const subject of Object.keys(SUBJECTS)) {
  test(
    `${subject} becomes the user for good and goes on serving and logging`,
    { skip },
    async () => {
      const port = await freePort();
      const folder = scratch();
      chmodSync(folder, 0o755);
      const conf = `user nobody nogroup; worker_priority 3; error_log ${folder}/error notice;
      stream { log_format f $status; access_log ${folder}/access f;
      server { listen 127.0.0.1:${port}; return hello; } }`;
      const running = await start(subject, conf, { port });
      try {
        assert.equal(await ask(port, ""), "hello");
        const status = readFileSync(`/proc/${running.process.pid}/status`, "utf8");
        const ids = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1];
        assert.equal(ids("Uid"), [NOBODY, NOBODY, NOBODY, NOBODY].join("\t"));
        assert.equal(ids("Gid"), [NOBODY, NOBODY, NOBODY, NOBODY].join("\t"));
        assert.equal(ids("Groups")?.trim(), String(NOBODY));
        assert.equal(statSync(`${folder}/access`).uid, NOBODY);
        assert.match(readFileSync(`${folder}/access`, "utf8"), /^200\n/m);
      } finally {
        assert.equal(await running.stop(), 0);
      }
      assertQuiet(running);
      assert.match(readFileSync(`${folder}/error`, "utf8"), /\[notice\] .*exit\n$/);
    },
  );
}
