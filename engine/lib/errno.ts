/** System errors as values: the code, Linux's number and the C library's text, as nginx logs them. */

const TABLE = {
  EPERM: [1, "Operation not permitted"],
  ENOENT: [2, "No such file or directory"],
  ESRCH: [3, "No such process"],
  EIO: [5, "Input/output error"],
  EAGAIN: [11, "Resource temporarily unavailable"],
  ENOMEM: [12, "Cannot allocate memory"],
  EACCES: [13, "Permission denied"],
  EEXIST: [17, "File exists"],
  ENOTDIR: [20, "Not a directory"],
  EISDIR: [21, "Is a directory"],
  EINVAL: [22, "Invalid argument"],
  ENFILE: [23, "Too many open files in system"],
  EMFILE: [24, "Too many open files"],
  ENOSPC: [28, "No space left on device"],
  EROFS: [30, "Read-only file system"],
  EPIPE: [32, "Broken pipe"],
  ENAMETOOLONG: [36, "File name too long"],
  EADDRINUSE: [98, "Address already in use"],
  EADDRNOTAVAIL: [99, "Cannot assign requested address"],
  ENETUNREACH: [101, "Network is unreachable"],
  ECONNABORTED: [103, "Software caused connection abort"],
  ECONNRESET: [104, "Connection reset by peer"],
  ENOBUFS: [105, "No buffer space available"],
  ENOTCONN: [107, "Transport endpoint is not connected"],
  ETIMEDOUT: [110, "Connection timed out"],
  ECONNREFUSED: [111, "Connection refused"],
  EHOSTUNREACH: [113, "No route to host"],
  ECANCELED: [125, "Operation canceled"],
} as const;

export type ErrorCode = keyof typeof TABLE;

/** A failed call of the system. `message` is "111: Connection refused", as nginx puts it in brackets. */
export class SystemError extends Error {
  readonly code: ErrorCode;
  readonly errno: number;

  constructor(code: ErrorCode) {
    super(`${TABLE[code][0]}: ${TABLE[code][1]}`);
    this.name = "SystemError";
    this.code = code;
    this.errno = TABLE[code][0];
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(TABLE, code);
}

/** Any thrown value as a SystemError: by its `code`, else `fallback`. */
export function toSystemError(error: unknown, fallback: ErrorCode = "EIO"): SystemError {
  if (error instanceof SystemError) return error;
  const code = (error as { code?: unknown } | null)?.code; // any host error may carry one
  return new SystemError(isErrorCode(code) ? code : fallback);
}
