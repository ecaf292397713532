/** `set`: gives a variable a value before access is decided. nginx's ngx_stream_set_module. */
import { complexValue, two, word } from "../config/args.ts";
import { moduleOf } from "../module.ts";
import { type BoundVariable, type ComplexValue, writeVariable } from "../session/variables.ts";

interface Assignment {
  readonly variable: BoundVariable;
  readonly value: ComplexValue;
}

interface SetConf {
  readonly assignments: Assignment[];
}

const { define, directive } = moduleOf<SetConf>();

export const set = define({
  name: "set",
  create: () => ({ assignments: [] }),
  merge: () => {},
  directives: {
    set: directive({
      contexts: ["server"],
      repeat: true,
      args: two(word, complexValue),
      set(conf, [name, value], { load }) {
        conf.assignments.push({ variable: load.variable(name), value: load.value(value) });
      },
    }),
  },
  uses: ({ assignments }) => assignments.length > 0,
  phases: {
    preAccess(session, { assignments }) {
      for (const { variable, value } of assignments) {
        writeVariable(session, variable, value.evaluate(session));
      }
      return "declined";
    },
  },
});
