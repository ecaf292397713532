/**
 * What docs/directives.md says of each directive beside its syntax and contexts, which the module
 * tables have: default, first version of nginx that has it, what it does here, what differs.
 *
 * Data alone, so that it may be long. Keys are names; "upstream server" is the one inside a group.
 */
export interface DirectiveReference {
  /** Where the table's syntax says too little. */
  readonly syntax?: string;
  readonly default?: string;
  readonly since: string;
  readonly text: string;
  readonly differs?: string;
}

const NOTICED = "Checked, and named in a notice at start: there is nothing to act on here.";
const SIZING = "Accepted: nginx sizes its hashes by it, Weir's tables need none.";

export const REFERENCE: Readonly<Record<string, DirectiveReference>> = {
  daemon: {
    default: "on",
    since: "0.1",
    text: "Accepted.",
    differs: "Weir stays in the foreground; `on` gives a notice.",
  },
  pid: {
    syntax: "file",
    default: "weir.pid",
    since: "0.1",
    text: "The file that holds the process's number while it serves.",
  },
  user: {
    syntax: "user [group]",
    since: "0.1",
    text:
      "The process becomes this user for good once its sockets are bound and its logs opened. " +
      "Without root: a warning, as in nginx.",
    differs: "Without it no privilege is dropped. There is one process, so that a reload cannot " +
      "bind a privileged port any more; the log says so.",
  },
  worker_processes: {
    syntax: "number | auto",
    default: "1",
    since: "0.1",
    text: "How many workers accept clients.",
    differs: "One worker runs; more give a notice.",
  },
  worker_shutdown_timeout: {
    since: "1.11.11",
    text: "After a reload or a graceful end, sessions that are left are ended after this time.",
  },
  worker_priority: { default: "0", since: "0.1", text: "Nice value of the process." },
  worker_rlimit_nofile: {
    since: "0.1",
    text: "Compared with the limit in force; a higher one is warned of.",
    differs: "The limit itself is not raised: no runtime can.",
  },
  worker_cpu_affinity: { syntax: "mask ... | auto [mask]", since: "0.1", text: NOTICED },
  thread_pool: { syntax: "name threads=number [max_queue=number]", since: "1.7.11", text: NOTICED },
  load_module: {
    syntax: "file",
    since: "1.9.11",
    text: "Modules that nginx knows are built in or passed over; any other is an error.",
  },
  env: { syntax: "name[=value]", since: "0.1", text: NOTICED },
  stream: { syntax: "{ ... }", since: "1.9.0", text: "The part that Weir serves." },
  http: { syntax: "{ ... }", since: "0.1", text: "Passed over with a notice." },
  mail: { syntax: "{ ... }", since: "0.1", text: "Passed over with a notice." },
  master_process: { default: "on", since: "0.1", text: NOTICED },
  worker_rlimit_core: { since: "0.1", text: NOTICED },
  working_directory: { syntax: "folder", since: "0.1", text: NOTICED },
  lock_file: { syntax: "file", since: "0.1", text: NOTICED },
  timer_resolution: { since: "0.1", text: NOTICED },
  debug_points: { since: "0.1", text: NOTICED },
  pcre_jit: { default: "off", since: "1.1.12", text: NOTICED },
  ssl_engine: { syntax: "device", since: "0.1", text: NOTICED },
  ssl_object_cache_inheritable: { default: "on", since: "1.27.4", text: NOTICED },
  events: {
    syntax: "{ ... }",
    since: "0.1",
    text: "How the process waits for its sockets.",
    differs: "May be missing.",
  },
  worker_connections: {
    syntax: "number",
    default: "the limit of open files",
    since: "0.1",
    text: "Connections of clients and to peers together. A client above it is closed and counted.",
    differs: "Unset, only the limit of open files counts (nginx: 512).",
  },
  use: { syntax: "method", since: "0.1", text: NOTICED },
  multi_accept: { default: "off", since: "0.1", text: NOTICED },
  accept_mutex: { default: "off", since: "0.1", text: NOTICED },
  accept_mutex_delay: { default: "500ms", since: "0.1", text: NOTICED },
  debug_connection: { syntax: "address | CIDR | unix:", since: "0.1", text: NOTICED },
  worker_aio_requests: { default: "32", since: "1.1.4", text: NOTICED },
  epoll_events: { default: "512", since: "0.1", text: NOTICED },
  error_log: {
    syntax: "file | stderr | syslog:server=address[,parameter=value] [level]",
    default: "stderr error",
    since: "1.9.0",
    text:
      "Where messages go, from which level on. An inner one replaces the outer ones. Files are " +
      "opened anew on USR1; one that cannot be written costs its lines, never the proxy.",
    differs: "syslog to a unix socket is refused: no runtime has unix datagrams.",
  },
  server: {
    syntax: "{ ... }",
    since: "1.9.0",
    text: "A virtual server; it needs at least one `listen`.",
  },
  listen: {
    since: "1.9.0",
    text:
      "An address, `[v6]:port`, `unix:path`, a port, or a range of ports to accept on. See the " +
      "table of its parameters in differences.md.",
    differs: "`ssl` and `udp` are not built yet and refused.",
  },
  server_name: {
    syntax: "name ...",
    default: '""',
    since: "1.25.5",
    text: "Names that clients reach this server by: exact, `*.x`, `x.*`, `.x`, `~regex`, " +
      "`$hostname`. A name is known where `ssl_preread` reads one.",
  },
  server_names_hash_max_size: { default: "512", since: "1.25.5", text: SIZING },
  server_names_hash_bucket_size: { default: "64", since: "1.25.5", text: SIZING },
  variables_hash_max_size: { default: "1024", since: "1.11.2", text: SIZING },
  variables_hash_bucket_size: { default: "64", since: "1.11.2", text: SIZING },
  proxy_protocol_timeout: {
    default: "30s",
    since: "1.11.4",
    text: "How long a client may take to send its PROXY header; then the session ends with 200.",
  },
  preread_buffer_size: {
    default: "16k",
    since: "1.11.5",
    text: "How many bytes may be looked at before it is decided; more end with 400.",
  },
  preread_timeout: {
    default: "30s",
    since: "1.11.5",
    text: "How long that may take in all; then the session ends with 200.",
  },
  status_zone: { syntax: "zone", since: "NGINX Plus", text: "What the API calls the server." },
  tcp_nodelay: { default: "on", since: "1.9.4", text: "TCP_NODELAY, for clients and peers." },
  log_format: {
    syntax: "name [escape=default|json|none] string ...",
    since: "1.11.4",
    text: "The line of an access log; the strings are joined.",
  },
  access_log: {
    syntax: "path format [buffer=size] [gzip[=level]] [flush=time] [if=condition] | off",
    default: "off",
    since: "1.11.4",
    text: "Writes one line when a session has ended. The path may have variables, or be " +
      "`syslog:...`; an inner one replaces the outer ones.",
    differs: "A value that climbs out of its folder (`..`) is refused and counted as lost.",
  },
  open_log_file_cache: {
    syntax: "max=number [inactive=time] [min_uses=number] [valid=time] | off",
    default: "off",
    since: "1.11.4",
    text: "Keeps files open whose path has variables.",
  },
  set_real_ip_from: {
    syntax: "address | CIDR | name | unix:",
    since: "1.11.4",
    text: "Clients whose PROXY header replaces `$remote_addr` and `$remote_port`.",
  },
  limit_conn_zone: {
    syntax: "key zone=name:size",
    since: "1.9.3",
    text: "Counts live sessions by a key, 64 bytes of the size each. Outlives reloads.",
  },
  limit_conn: {
    syntax: "zone number",
    since: "1.9.3",
    text:
      "How many sessions one key may have; one more ends with 503. An empty key is not limited.",
  },
  limit_conn_log_level: { default: "error", since: "1.9.3", text: "Level of that message." },
  limit_conn_dry_run: { default: "off", since: "1.17.6", text: "Only says what would be refused." },
  allow: { since: "1.9.2", text: "Lets clients in; the first rule that matches decides." },
  deny: { since: "1.9.2", text: "Refuses clients, with 403." },
  geo: {
    syntax: "[$address] $variable { ... }",
    since: "1.11.3",
    text: "A variable by network: the longest prefix wins; with `ranges;` by range of IPv4 " +
      "addresses. Values are literal. IPv4-mapped addresses count as IPv4.",
    differs: "Binary bases (`.bin`) are neither written nor read.",
  },
  geoip_country: {
    syntax: "file [utf8]",
    since: "1.11.3",
    text: "A base of countries, in GeoIP's legacy format (`.dat`) or MaxMind's (`.mmdb`).",
    differs: "nginx reads legacy bases only. The base is read into memory at load.",
  },
  geoip_city: {
    syntax: "file [utf8]",
    since: "1.11.3",
    text: "A base of cities, in either format.",
    differs: "`$geoip_region_name` is only known from `.mmdb` bases.",
  },
  geoip_org: {
    syntax: "file [utf8]",
    since: "1.11.3",
    text: "A base of organisations or autonomous systems, in either format.",
  },
  map: {
    syntax: "string $variable { ... }",
    since: "1.11.2",
    text:
      "A variable by text: exact words in any case, with `hostnames;` wildcards, then regular " +
      "expressions (`~`, `~*`) in order, then `default`. Values may have variables and captures.",
    differs: "Patterns that may take exponential time are refused; see differences.md.",
  },
  map_hash_bucket_size: { default: "64", since: "1.11.2", text: SIZING },
  map_hash_max_size: { default: "2048", since: "1.11.2", text: SIZING },
  split_clients: {
    syntax: "string $variable { ... }",
    since: "1.11.3",
    text: "A variable by share: `20% value;` ... `* value;`, by MurmurHash2 of the string.",
  },
  upstream: { syntax: "name { ... }", since: "1.9.0", text: "A group of peers." },
  "upstream server": { since: "1.9.0", text: "A peer; a name with several addresses is several." },
  hash: {
    syntax: "key [consistent]",
    since: "1.9.0",
    text: "The peer by the key's hash; `consistent` uses ketama.",
  },
  least_conn: { since: "1.9.0", text: "The peer with the fewest sessions for its weight." },
  return: { syntax: "value", since: "1.11.2", text: "Sends the text and closes." },
  pass: {
    syntax: "address",
    since: "1.25.5",
    text: "Hands the client to another listening socket of this process, whose server logs it.",
  },
  set: {
    syntax: "$variable value",
    since: "1.19.3",
    text: "Gives a variable a value before limits and access are decided.",
  },
  ssl_preread: {
    default: "off",
    since: "1.11.5",
    text: "Reads the ClientHello without taking it: its variables, and the server by name.",
  },
  proxy_pass: {
    syntax: "address",
    since: "1.9.0",
    text: "Where sessions go: an address, a group, or text with variables that gives one of these.",
    differs: "A variable that gives a name needs a resolver, which is not built yet: 500.",
  },
  proxy_connect_timeout: { default: "60s", since: "1.9.0", text: "For reaching one peer." },
  proxy_timeout: {
    default: "10m",
    since: "1.9.0",
    text: "Nothing moved in either direction for so long: the session ends with 200.",
  },
  proxy_buffer_size: { default: "16k", since: "1.9.4", text: "Upper bound of a read buffer." },
  proxy_downstream_buffer: { since: "1.9.0", text: "Old name of `proxy_buffer_size`." },
  proxy_upstream_buffer: { since: "1.9.0", text: "Old name of `proxy_buffer_size`." },
  proxy_half_close: {
    default: "off",
    since: "1.21.4",
    text: "Lets each direction end by itself; else the first end is the end of the session.",
  },
  proxy_next_upstream: { default: "on", since: "1.9.0", text: "Tries another peer." },
  proxy_next_upstream_tries: { default: "0", since: "1.9.0", text: "At most so many; 0: all." },
  proxy_next_upstream_timeout: { default: "0", since: "1.9.0", text: "For all tries; 0: none." },
  proxy_socket_keepalive: { default: "off", since: "1.15.6", text: "SO_KEEPALIVE to peers." },
  proxy_socket_rcvbuf: { since: "1.31.3", text: "Accepted with a notice: no runtime can set it." },
  proxy_socket_sndbuf: { since: "1.31.3", text: "Accepted with a notice: no runtime can set it." },
  proxy_protocol: {
    default: "off",
    since: "1.9.2",
    text: "Sends a PROXY header to the peer first: version 1, or 2 with its CRC32C.",
  },
  proxy_upload_rate: {
    syntax: "rate",
    default: "0",
    since: "1.9.3",
    text: "Bytes per second from the client, for each session; 0 is no limit.",
  },
  proxy_download_rate: {
    syntax: "rate",
    default: "0",
    since: "1.9.3",
    text: "Bytes per second to the client, for each session; 0 is no limit.",
  },
  proxy_bind: {
    syntax: "address[:port] | off",
    default: "off",
    since: "1.9.2",
    text: "The address to connect from; may have variables, an empty one binds to none.",
    differs: "`transparent` is refused: no runtime can.",
  },
};
