/** Where `proxy_pass` leads: a group known at load, or whatever a variable names for a session. */
import type { Place } from "../config/tree.ts";
import { parsePeerAddress } from "../config/address.ts";
import type { Session } from "../session/session.ts";
import type { ComplexValue } from "../session/variables.ts";
import { roundRobin } from "./balancers/round_robin.ts";
import type { Groups, Reference } from "./groups.ts";
import { DEFAULT_PARAMETERS, Peer, PeerMemory } from "./peer.ts";
import { GroupMemory, Upstream } from "./upstream.ts";

/** Finds the group for a session; undefined after an error line when there is none. */
export interface Target {
  /** What the configuration says, for people. */
  readonly text: string;
  of(session: Session): Upstream | undefined;
}

/** A target without variables: bound when all groups are known. */
export function fixedTarget(groups: Groups, text: string, place: Place): Target {
  const reference: Reference = groups.refer(text, place);
  return { text, of: () => reference.upstream };
}

/** A target with variables: first a group's name, else a literal address with a port. */
export function variableTarget(groups: Groups, value: ComplexValue, place: Place): Target {
  return {
    text: value.source,
    of(session) {
      const text = value.evaluate(session);
      return groups.find(text) ?? single(session, text, place);
    },
  };
}

/** A group of one for one session: it remembers nothing, as in nginx. */
function single(session: Session, text: string, place: Place): Upstream | undefined {
  const target = parsePeerAddress(text);
  if (target.kind === "error") {
    session.log("error", `${target.message} in upstream "${text}"`);
    return undefined;
  }
  if (target.kind === "name") {
    session.log("error", `no resolver defined to resolve ${target.host}`);
    return undefined;
  }
  const peer = new Peer(target.address, text, DEFAULT_PARAMETERS, new PeerMemory());
  const memory = new GroupMemory();
  const parts = { name: text, place, isNamed: false, method: roundRobin, peers: [peer], memory };
  return new Upstream(parts, roundRobin);
}
