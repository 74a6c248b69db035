import { type ShellDoor, SkeinError } from '@skein/plugin-api'

type Failure = Parameters<NonNullable<ShellDoor['explain']>>[0]

interface Known {
  says: RegExp
  reason: string
  code: SkeinError['code']
  message: string
  next?: (typed: string) => string
}

/** What ssh says before it gives up, the telling thing first: a lost jump host also closes the connection behind it. */
const KNOWN: readonly Known[] = [
  {
    says: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    reason: 'host_key_changed',
    code: 'unauthorized',
    message:
      'THE HOST KEY HAS CHANGED. Either the host was set up anew, or somebody else answers in its place. Nothing was sent',
  },
  {
    says: /No \S+ host key is known for|Host key verification failed/,
    reason: 'host_key_unknown',
    code: 'unauthorized',
    message: "this computer does not know the host's key yet, and Skein never accepts one by itself",
  },
  {
    says: /Permission denied \(|Too many authentication failures|no more authentication methods/i,
    reason: 'auth',
    code: 'unauthorized',
    message: 'the host refused the login',
    next: (typed) =>
      `Load your key (ssh-add), and see what is offered with: ${typed.replace(/^ssh/, 'ssh -v')}\nSkein cannot type a passphrase or a password.`,
  },
  {
    says: /account is currently not available|This account is (locked|expired)/i,
    reason: 'account',
    code: 'unauthorized',
    message: 'the account there may not run commands',
    next: () => 'Give it a login shell, or log in as another user (setting `user`).',
  },
  {
    says: /Could not resolve hostname/,
    reason: 'unknown_host',
    code: 'unavailable',
    message: 'there is no such host',
    next: () => 'Check the name, your ssh_config, and the network (a VPN?).',
  },
  {
    says: /Bad configuration option|terminating, \d+ bad configuration|Bad owner or permissions|Unsupported option|no argument after keyword|garbage at end of line|Can't open user config file/i,
    reason: 'config',
    code: 'invalid',
    message: 'ssh does not accept its configuration',
    next: () => 'Mend the file and line that it names.',
  },
  {
    says: /Unable to negotiate with|no matching (key exchange|cipher|host key|MAC)/i,
    reason: 'algorithms',
    code: 'missing',
    message: 'this ssh and the host share no algorithm',
    next: () => 'Upgrade the older of the two, or allow one in your ssh_config for this host.',
  },
  {
    says: /Connection refused/,
    reason: 'refused',
    code: 'unavailable',
    message: 'nothing answers at its port',
    next: () => 'Is sshd running there, and is the port right?',
  },
  {
    says: /timed out|No route to host|Network is (unreachable|down)|Host is down|Can't assign requested address/i,
    reason: 'no_route',
    code: 'unavailable',
    message: 'the host cannot be reached',
    next: () => 'Is it up, and are you in its network (a VPN?)',
  },
  {
    says: /Connection (reset|closed|aborted)|kex_exchange_identification|banner exchange|Broken pipe|Connection to \S+ closed|mux_client|muxclient|Shared connection|not responding|lost connection|Stdio forwarding request failed/i,
    reason: 'closed',
    code: 'unavailable',
    message: 'the connection was closed',
    next: () => 'Skein tries again by itself. If it stays so, look at the log of sshd there.',
  },
]

/** What ssh's own failure (exit status 255) means; undefined where the machine's side failed. */
export function explainSsh(name: string, typed: string, failure: Failure): SkeinError | undefined {
  const account = KNOWN.find(({ reason }) => reason === 'account')
  const known =
    failure.code === 255
      ? KNOWN.find(({ says }) => says.test(failure.stderr))
      : account?.says.test(failure.stdout + failure.stderr)
        ? account
        : undefined
  if (known === undefined) return undefined
  return new SkeinError(known.code, `${name}: ${known.message}\n${told(failure.stderr || failure.stdout)}`.trimEnd(), {
    next: known.next?.(typed),
    details: { phase: 'answer', reason: known.reason },
  })
}

/** The last lines that ssh wrote, without its banner of at signs. */
function told(stderr: string): string {
  return stderr
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !/^@+|^debug\d:/.test(line))
    .slice(-12)
    .join('\n')
}
