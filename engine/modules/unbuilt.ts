/**
 * Directives of nginx's stream that Weir knows and has not built: an error says so, never silence.
 *
 * A directive leaves this list when its module gains it.
 */
const CORE = `resolver
  resolver_timeout js_import js_include
  js_path js_set js_var js_access js_preread js_filter js_fetch_timeout`;

const UPSTREAM = `random least_time zone state sticky health_check match queue ntlm`;

const PROXY = `proxy_requests proxy_responses
  proxy_session_drop proxy_bind_dynamic`;

const TLS = `ssl_certificate ssl_certificate_key ssl_alpn ssl_certificate_cache
  ssl_certificate_compression ssl_ciphers ssl_client_certificate ssl_conf_command ssl_crl
  ssl_dhparam ssl_ecdh_curve ssl_ech_file ssl_engine ssl_handshake_timeout ssl_key_log
  ssl_object_cache_inheritable ssl_ocsp ssl_ocsp_cache ssl_ocsp_responder ssl_password_file
  ssl_prefer_server_ciphers ssl_protocols ssl_reject_handshake ssl_session_cache
  ssl_session_ticket_key ssl_session_tickets ssl_session_timeout ssl_stapling ssl_stapling_file
  ssl_stapling_responder ssl_stapling_verify ssl_trusted_certificate ssl_verify_client
  ssl_verify_depth proxy_ssl proxy_ssl_alpn proxy_ssl_certificate proxy_ssl_certificate_cache
  proxy_ssl_certificate_key proxy_ssl_ciphers proxy_ssl_conf_command proxy_ssl_crl
  proxy_ssl_key_log proxy_ssl_name proxy_ssl_password_file proxy_ssl_protocols
  proxy_ssl_server_name proxy_ssl_session_reuse proxy_ssl_trusted_certificate proxy_ssl_verify
  proxy_ssl_verify_depth`;

export const UNBUILT: ReadonlySet<string> = new Set(
  [CORE, UPSTREAM, PROXY, TLS].flatMap((names) => names.trim().split(/\s+/)),
);
