/** Through which proxies the network is reached. */
export const PROXY_VARIABLES: readonly string[] = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
]

/** How the network is reached, and whom it is believed. */
export const NETWORK_VARIABLES: readonly string[] = [
  'SSH_AUTH_SOCK',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  ...PROXY_VARIABLES,
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
]

const ALLOWED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
  'CONTAINER_HOST',
])
const ALLOWED_PREFIX = /^(LC_|XDG_|SKEIN_)/
const SECRET = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/

/**
 * The environment of Skein's own background processes: an allow-list, because whoever starts the first one may have secrets in
 * theirs, and a process that lives for days would hand them on to everything it starts.
 */
export function daemonEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const allowed: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue
    if (ALLOWED.has(name) || (ALLOWED_PREFIX.test(name) && !SECRET.test(name))) allowed[name] = value
  }
  return allowed
}
