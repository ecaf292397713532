/** Tables that become cards on a narrow screen: each number carries its label. */
import type { VNode } from "preact";
import { html } from "./html.ts";

export function cell(label: string, value: string): VNode {
  return html`<td class="n" data-label=${label}>${value}</td>`;
}

/** Heads that start with ">" stand over numbers. */
export function table(heads: readonly string[], rows: readonly VNode[]): VNode {
  return html`
    <div class="scroll live">
      <table>
        <thead>
          <tr>
        ${heads.map((head) =>
          html`<th class=${head.startsWith(">") ? "n" : ""}>${head.replace(">", "")}</th>`
        )}
        </tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}
