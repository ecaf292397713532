/** Accounts of the system as /etc/passwd and /etc/group list them. */

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

function fieldsOf(text: string, name: string): readonly string[] | undefined {
  return text.split("\n").map((line) => line.split(":")).find(([first]) => first === name);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export function findUser(passwd: string, name: string): User | undefined {
  const fields = fieldsOf(passwd, name);
  const uid = numberOf(fields?.[2]);
  const gid = numberOf(fields?.[3]);
  return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
}

/** Its number. */
export function findGroup(group: string, name: string): number | undefined {
  return numberOf(fieldsOf(group, name)?.[2]);
}
