/** htm bound to preact. */
import htm from "htm";
import { h, type VNode } from "preact";

// htm's types do not know that binding gives a tag of the bound function's result.
export const html = (htm as unknown as {
  bind(create: typeof h): (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
}).bind(h);
