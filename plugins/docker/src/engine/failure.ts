import { SkeinError } from '@skein/plugin-api'

/** How a command of the engine ended. */
export interface EngineFailure {
  /** "making the container skein-…" */
  doing: string
  program: string
  code: number | null
  stderr: string
}

interface Known {
  says: RegExp
  code: SkeinError['code']
  what: string
  next: string
}

/** What docker and podman write, and what to do about it; the first that fits. */
const KNOWN: readonly Known[] = [
  {
    says: /permission denied.*(docker daemon socket|docker\.sock|Docker API)|docker\.sock.*permission denied/i,
    code: 'unauthorized',
    what: 'this user may not use the docker daemon',
    next: 'Add the user to the group `docker` (`sudo usermod -aG docker $USER`), log in again, and restart Skein’s server; or use rootless podman.',
  },
  {
    says: /Cannot connect to the Docker daemon|error during connect|failed to connect to the docker API|Is the docker daemon running|Cannot connect to Podman|connection refused/i,
    code: 'unavailable',
    what: 'the docker daemon does not answer',
    next: 'Start it (`sudo systemctl start docker`, or Docker Desktop); DOCKER_HOST and `docker context ls` say where it is looked for.',
  },
  {
    says: /context "[^"]*" (does not exist|not found)|context .* not found/i,
    code: 'invalid',
    what: 'there is no such docker context',
    next: '`docker context ls` lists them.',
  },
  {
    says: /no space left on device|disk quota exceeded/i,
    code: 'disk_full',
    what: 'the disk that holds images and containers is full',
    next: 'Free some space: `docker system df` shows what uses it, `docker system prune` removes what nothing uses.',
  },
  {
    says: /toomanyrequests|rate limit/i,
    code: 'unavailable',
    what: 'the registry wants fewer requests',
    next: 'Wait, or log in there with `docker login`.',
  },
  {
    says: /pull access denied|repository does not exist|manifest unknown|manifest for .* not found|requested access to the resource is denied|name unknown/i,
    code: 'not_found',
    what: 'the registry has no such image, or wants a login',
    next: 'Check the image’s name; `docker login` if it is private; `docker build` or `skein image build` if it is to be made here.',
  },
  {
    says: /dial tcp|no such host|TLS handshake|i\/o timeout|net\/http|server misbehaving|network is unreachable|error pinging/i,
    code: 'unavailable',
    what: 'the registry cannot be reached',
    next: 'Check the network and the proxy of the docker daemon; an image that is here already needs none. `skein image build --base-from-debootstrap` makes one without a registry.',
  },
  {
    says: /invalid reference format/i,
    code: 'invalid',
    what: 'this is no name of an image',
    next: 'Give it as NAME, NAME:TAG or REGISTRY/NAME:TAG.',
  },
  {
    says: /unable to find user|no matching entries in passwd/i,
    code: 'invalid',
    what: 'the image has no such user',
    next: 'Set `user` to one that it has, or to a number like 1000.',
  },
  {
    says: /exec format error|does not match the (detected|specified) (host )?platform|cannot execute binary/i,
    code: 'invalid',
    what: 'the image is for another processor',
    next: 'Use an image for this computer’s processor.',
  },
  {
    says: /executable file not found|no such file or directory.*(sh|sleep)|exec: "?(sh|\/bin\/sh|sleep)/i,
    code: 'invalid',
    what: 'the image lacks sh or sleep',
    next: 'Use an image with a POSIX shell (not a distroless or scratch one).',
  },
  {
    says: /Range of CPUs is from/i,
    code: 'invalid',
    what: 'there are not so many processors',
    next: 'Set `cpus` lower.',
  },
  {
    says: /cannot allocate memory|not enough memory|Minimum memory limit/i,
    code: 'unavailable',
    what: 'the memory does not suffice',
    next: 'Set `memory` higher if it is very low; else stop other containers and try again.',
  },
  {
    says: /non-overlapping IPv4 address pool|could not find an available.*(address|subnet|network)/i,
    code: 'unavailable',
    what: 'the engine has no addresses left for another network',
    next: 'Remove networks that nothing uses (`docker network prune`), or give the daemon more in `default-address-pools`.',
  },
  {
    says: /network \S+ not found/i,
    code: 'conflict',
    what: 'somebody removed its network',
    next: 'Networks of containers that are stopped go with `docker network prune`. Remove the workspace and restore it: that makes another container.',
  },
  {
    says: /failed to (read|parse|solve).*dockerfile|Dockerfile parse error|unknown instruction/i,
    code: 'invalid',
    what: 'the Dockerfile has an error',
    next: 'Mend it; `docker build` shows the same.',
  },
]

/** Advice of docker's own that leads elsewhere. */
const NOISE =
  /^((See|Run) '|DEPRECATED: The legacy builder|Install the buildx component|https:\/\/docs\.docker\.com\/go\/buildx)/

/** The error of a command that failed, with its remedy. */
export function engineError({ doing, program, code, stderr }: EngineFailure): SkeinError {
  const said = lastLines(stderr)
  const known = KNOWN.find(({ says }) => says.test(stderr))
  if (known)
    return new SkeinError(known.code, `${doing}: ${known.what}${said === '' ? '' : `\n${said}`}`, {
      next: known.next,
      details: { program, exitCode: code },
    })
  return new SkeinError('unavailable', `${doing}: ${program} ended with ${code}${said === '' ? '' : `\n${said}`}`, {
    next: `Try the same with ${program} in a terminal.`,
    details: { program, exitCode: code },
  })
}

function lastLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line.trim()))
  return lines.slice(-6).join('\n').slice(-1500)
}
