/** All balancing methods that a directive chooses, in the order of nginx's documentation. */
import type { AnyMethod } from "../balancer.ts";
import { hash } from "./hash.ts";
import { leastConn } from "./least_conn.ts";

export const BALANCERS: readonly AnyMethod[] = [hash, leastConn];
