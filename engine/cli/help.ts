/** What -v, -V and -h print. */

/** The nginx whose language this is: tools read it from the version line. */
const NGINX_VERSION = "1.31.5";

/** What stands behind the version: the program and its host. */
export interface About {
  readonly version: string;
  readonly runtime: string;
  readonly prefix: string;
}

/** Names of runtimes as people write them. */
const RUNTIME_NAMES = new Map([["node", "Node"], ["bun", "Bun"], ["deno", "Deno"]]);

/** "Deno 2.9.6". */
export function runtimeText({ name, version }: { name: string; version: string }): string {
  return `${RUNTIME_NAMES.get(name) ?? name} ${version}`;
}

/** "nginx/1.31.5 (Weir/0.1.0)". */
export function productText(version: string): string {
  return `nginx/${NGINX_VERSION} (Weir/${version})`;
}

/** The lines of -v, and with `configure` those of -V. */
export function versionText({ version, runtime, prefix }: About, configure: boolean): string {
  const first = `nginx version: ${productText(version)}\n`;
  if (!configure) return first;
  const args = [
    `--prefix=${prefix}`,
    "--error-log-path=stderr",
    "--pid-path=weir.pid",
    "--with-stream",
  ];
  return `${first}built for Deno, Bun and Node, running on ${runtime}\n` +
    `configure arguments: ${args.join(" ")}\n`;
}

/** nginx's help with Weir's own options behind it. */
export const HELP_TEXT = `Usage: weir [-?hvVtTq] [-s signal] [-p prefix]
            [-e filename] [-c filename] [-g directives]
            [--demo] [--dashboard address] [--format format] [filename]
       weir check [filename]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a running process: stop, quit, reopen, reload
  -p prefix     : set prefix path (default: the current folder)
  -e filename   : set error log file (default: stderr)
  -c filename   : set configuration file, relative to the prefix
  -g directives : set global directives out of configuration file
  --format word : how errors are said: nginx, human (with excerpts) or json
                  (default: human on a terminal, else nginx)
  --demo        : start a small server for each local peer where nothing listens
  --dashboard address
                : host:port, port, unix:/path or off (default: 127.0.0.1:7070)
  filename      : set configuration file, relative to the current folder
                  (default: conf/stream.conf, conf/nginx.conf, stream.conf
                  or nginx.conf under the prefix)
  check         : say what is wrong with a configuration, or does nothing, and exit

`;
