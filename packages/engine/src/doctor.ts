import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { type ApiParams, type Finding, SkeinError } from '@skein/protocol'
import { agentOf, type EngineContext } from './context.ts'
import { probeAgent } from './sessions/launch.ts'

const LOW_DISK = 2 * 1024 ** 3

/** What is missing on this computer, each with its remedy. Changes nothing. */
export async function doctor(context: EngineContext, params: ApiParams<'server.doctor'>): Promise<Finding[]> {
  const findings = [nodeVersion(), home(context), disk(context)]
  try {
    const runner = await context.machines.runner(await context.machines.ensure('local'))
    findings.push({ id: 'runner', ok: true, severity: 'info', what: `The runner works (pid ${runner.hello.pid})` })
    const env = { HOME: runner.hello.home, PATH: runner.hello.path, ...params.environment?.env }
    const git = await runner.call('exec', { argv: ['/bin/sh', '-c', 'git --version'], env, timeoutMs: 5000 })
    findings.push(
      git.code === 0
        ? { id: 'git', ok: true, severity: 'info', what: git.stdout.trim() }
        : {
            id: 'git',
            ok: false,
            severity: 'error',
            what: 'git is not installed',
            remedy: 'Install git 2.30 or later (Debian: apt-get install git; macOS: xcode-select --install).',
          },
    )
    const agent = agentOf(context, params.agent ?? 'claude')
    const probe = await probeAgent(context, runner, agent, env)
    if (probe.found)
      findings.push({
        id: 'agent',
        ok: true,
        severity: 'info',
        what: `${agent.name} ${probe.version ?? ''}`.trim(),
        ...(probe.executable === undefined ? {} : { detail: probe.executable }),
      })
    probe.problems.forEach(({ what, remedy, severity }, n) => {
      findings.push({ id: `agent-${n}`, ok: false, severity, what, remedy })
    })
    findings.push(
      probe.sandboxAvailable
        ? { id: 'sandbox', ok: true, severity: 'info', what: 'The agent’s sandbox works' }
        : {
            id: 'sandbox',
            ok: false,
            severity: 'warning',
            what: 'The agent’s sandbox cannot be used: commands are asked for one by one',
            remedy: 'Install bubblewrap and socat (Debian: apt-get install bubblewrap socat).',
          },
    )
    findings.push(credentials(params, runner.hello.home))
  } catch (error) {
    const failure = SkeinError.from(error, 'asking the runner')
    findings.push({
      id: 'runner',
      ok: false,
      severity: 'error',
      what: failure.message,
      remedy: failure.next ?? 'Look at the log in $SKEIN_HOME/runner/runner.log.',
    })
  }
  return findings
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const ok = major > 22 || (major === 22 && minor >= 18)
  return {
    id: 'node',
    ok,
    severity: ok ? 'info' : 'error',
    what: `Node ${process.versions.node}`,
    ...(ok ? {} : { remedy: 'Install Node 22.18 or later.' }),
  }
}

function home(context: EngineContext): Finding {
  try {
    accessSync(context.home, constants.W_OK)
    const loose = (statSync(context.home).mode & 0o077) !== 0
    return loose
      ? {
          id: 'home',
          ok: false,
          severity: 'warning',
          what: `${context.home} can be read by others`,
          remedy: `chmod 700 ${context.home}`,
        }
      : { id: 'home', ok: true, severity: 'info', what: `State lies in ${context.home}` }
  } catch {
    return {
      id: 'home',
      ok: false,
      severity: 'error',
      what: `${context.home} cannot be written`,
      remedy: 'Set SKEIN_HOME to a folder that can be written.',
    }
  }
}

function disk(context: EngineContext): Finding {
  const { bavail, bsize } = statfsSync(context.home)
  const free = bavail * bsize
  const what = `${(free / 1024 ** 3).toFixed(1)} GiB free on the disk`
  return free < LOW_DISK
    ? {
        id: 'disk',
        ok: false,
        severity: 'warning',
        what,
        remedy: 'Free some space: skein ls shows which workspaces can go.',
      }
    : { id: 'disk', ok: true, severity: 'info', what }
}

function credentials(params: ApiParams<'server.doctor'>, homeFolder: string): Finding {
  const secrets = Object.keys(params.environment?.secrets ?? {})
  if (secrets.length > 0)
    return { id: 'credentials', ok: true, severity: 'info', what: `Credentials from ${secrets.join(', ')}` }
  const config = params.environment?.env?.CLAUDE_CONFIG_DIR ?? `${homeFolder}/.claude`
  try {
    accessSync(`${config}/.credentials.json`, constants.R_OK)
    return { id: 'credentials', ok: true, severity: 'info', what: 'Logged in' }
  } catch {
    return {
      id: 'credentials',
      ok: false,
      severity: 'warning',
      what: 'No credentials were found',
      remedy: 'Log in with: claude auth login. Or set ANTHROPIC_API_KEY. skein demo needs none.',
    }
  }
}
