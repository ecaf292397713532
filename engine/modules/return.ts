/** `return`: answers with a text and closes. nginx's ngx_stream_return_module. */
import { toBytes } from "../lib/bytes.ts";
import { complexValue, one } from "../config/args.ts";
import { moduleOf } from "../module.ts";
import { Deadline } from "../session/deadline.ts";
import type { Session } from "../session/session.ts";
import type { ComplexValue } from "../session/variables.ts";

interface ReturnConf {
  text: ComplexValue | undefined;
}

const { define, directive } = moduleOf<ReturnConf>();

/** nginx's fixed limit for a client that does not take the text. */
const WRITE_TIMEOUT_MS = 5000;

async function send(session: Session, text: string): Promise<"done"> {
  const deadline = new Deadline(session, WRITE_TIMEOUT_MS, () => {
    session.finish(200);
    session.client.reset();
  });
  try {
    const bytes = toBytes(text);
    session.action = "returning text";
    await session.client.write(bytes);
    session.meter.toClient += bytes.length;
  } catch {
    session.log("info", "client closed connection"); // nothing is owed to a client that left
  } finally {
    deadline.clear();
  }
  return session.finish(200);
}

// `return` is a reserved word, hence the name.
export const returnModule = define({
  name: "return",
  create: () => ({ text: undefined }),
  merge: () => {},
  directives: {
    return: directive({
      contexts: ["server"],
      args: one(complexValue),
      set(conf, tree, at) {
        conf.text = at.load.value(tree);
        at.scope.content = "return";
      },
    }),
  },
  phases: {
    content(session, conf) {
      const text = conf.text?.evaluate(session) ?? "";
      return text === "" ? session.finish(200) : send(session, text);
    },
  },
});
