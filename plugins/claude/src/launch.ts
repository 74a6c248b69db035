import type { AgentLaunch, LaunchOptions } from '@skein/plugin-api'
import { deliverSecrets } from './credentials.ts'
import { nativeMode, requireIsolation, wantsSandbox } from './modes.ts'
import { requestLine, startedArgument } from './requests.ts'
import { settingsFor } from './settings.ts'

const SERVERS = 'mcp.json'

/** How Claude Code is started: flags and ids in argv, settings in a file, prompts and their like through stdin. */
export function launch(options: LaunchOptions): AgentLaunch {
  if (options.permissionMode === 'bypass') requireIsolation(options.isolatedMachine)
  const credentials = deliverSecrets(options.secrets)
  const settings = settingsFor(options, credentials.settings)
  return {
    argv: argvOf(options),
    env: { ...environmentOf(options), ...credentials.env },
    files: { 'settings.json': JSON.stringify(settings), ...serversOf(options), ...credentials.files },
    secretFds: credentials.secretFds,
    // The lines after which something is owed: a turn's end, and what waits for an answer.
    syncOn: ['"type":"result"', '"type":"control_request"'],
    activity: {
      busy: ['"type":"stream_event"', '"subtype":"init"', '"state":"running"'],
      idle: ['"type":"result"', '"state":"idle"'],
    },
    interruptLine: requestLine({ verb: 'interrupt', argument: '', id: 'lease' }, { subtype: 'interrupt' }),
    greeting: [greeting(options)],
  }
}

function argvOf(options: LaunchOptions): string[] {
  return [
    options.executable,
    ...['-p', '--output-format', 'stream-json', '--input-format', 'stream-json', '--verbose'],
    // Routes what is asked to us; without it there are no questions either.
    ...['--permission-prompt-tool', 'stdio', '--permission-mode', nativeMode(options.permissionMode)],
    ...(options.isolatedMachine ? ['--allow-dangerously-skip-permissions'] : []),
    ...['--include-partial-messages', '--forward-subagent-text', '--replay-user-messages'],
    ...conversationOf(options),
    ...['--settings', '{dir}/settings.json'],
    // A repository that is not trusted ships hooks, servers and settings that would run on their own.
    ...(options.trusted
      ? ['--setting-sources', 'user,project,local']
      : ['--setting-sources', 'user', '--strict-mcp-config']),
    ...(options.mcpServers === undefined ? [] : ['--mcp-config', `{dir}/${SERVERS}`]),
    ...flag('--model', options.model),
    ...flag('--effort', options.effort),
    ...flag('--max-turns', options.maxTurns),
    ...flag('--max-budget-usd', options.maxCost),
    ...options.additionalFolders.flatMap((folder) => ['--add-dir', folder]),
    ...(options.allowedTools.length > 0 ? ['--allowedTools', options.allowedTools.join(',')] : []),
    ...(options.disallowedTools.length > 0 ? ['--disallowedTools', options.disallowedTools.join(',')] : []),
  ]
}

/** Whoever made the session named these: they are there also where what the repository ships is not read. */
function serversOf({ mcpServers }: LaunchOptions): Record<string, string> {
  return mcpServers === undefined ? {} : { [SERVERS]: JSON.stringify({ mcpServers }) }
}

function conversationOf({ nativeSessionId, start }: LaunchOptions): string[] {
  switch (start.how) {
    case 'new':
      return ['--session-id', nativeSessionId]
    case 'resume':
      return ['--resume', nativeSessionId]
    case 'fork':
      return [
        ...['--resume', start.from, '--fork-session', '--session-id', nativeSessionId],
        ...flag('--resume-session-at', start.atMessage),
      ]
  }
}

function flag(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)]
}

function environmentOf({ env, root, isolatedMachine }: LaunchOptions): Record<string, string> {
  return {
    ...env,
    // The version is the machine's owner's to choose, and a replaced binary would end running sessions.
    DISABLE_AUTOUPDATER: '1',
    // Says when it works, waits and rests, also in turns that it begins by itself.
    CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
    // A start that fails says why in a line, not only on stderr.
    CLAUDE_CODE_STARTUP_FAILURE_RESULTS: '1',
    // The task list, which some models are not given by default, is how a person sees how far the work is.
    CLAUDE_CODE_ENABLE_TODO_TOOLS: '1',
    // As root, permissions can be skipped only where the machine says that it is a sandbox.
    ...(root && isolatedMachine ? { IS_SANDBOX: '1' } : {}),
  }
}

function greeting(options: LaunchOptions): { key: string; line: string } {
  const { permissionMode, sandboxAvailable, isolatedMachine, appendSystemPrompt, jsonSchema } = options
  const sandbox = sandboxAvailable ? (wantsSandbox(permissionMode) ? 'on' : 'off') : 'unavailable'
  const request = {
    subtype: 'initialize',
    // An interrupt stops the turn and leaves background work alone.
    perTaskStopAffordance: true,
    ...(appendSystemPrompt === undefined ? {} : { appendSystemPrompt }),
    ...(jsonSchema === undefined ? {} : { jsonSchema }),
  }
  const argument = startedArgument({ sandbox, mayBypass: isolatedMachine })
  return { key: 'initialize', line: requestLine({ verb: 'initialize', argument, id: 'start' }, request) }
}
