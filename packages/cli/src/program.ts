import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { batchCommands } from './batch-program.ts'
import type { ServiceAction } from './commands/services.ts'
import type { CommandContext } from './context.ts'
import type { ExitCode } from './exit-codes.ts'
import { machineCommands } from './machine-program.ts'
import { collect, parseCount, parseDollars, parseDuration, parsePort } from './option-values.ts'
import { shareCommands } from './share-program.ts'
import { version } from './version.ts'

/** What runs a command once its words are understood. */
export interface Runtime {
  /** Runs a command that needs the server. */
  withServer(options: { json?: boolean }, job: (context: CommandContext) => Promise<ExitCode>): Promise<void>
  /** Runs one that does without. */
  alone(options: { json?: boolean }, job: (context: Omit<CommandContext, 'api'>) => Promise<ExitCode>): Promise<void>
}

const MODES = ['sandboxed', 'ask', 'accept_edits', 'plan', 'bypass']
export const JSON_OPTION = 'one JSON object a line, for programs'

/** The command tree. Each command's module is loaded when it is called, so that `skein` starts fast. */
export function createProgram(runtime: Runtime): Command {
  const program = new Command('skein')
    .description('Runs coding agents in isolated workspaces, and tells you which need you.')
    .version(version(), '-V, --version')
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(skein --help, or skein COMMAND --help)')
    .exitOverride()
  work(program, runtime)
  batchCommands(program, runtime)
  look(program, runtime)
  runThings(program, runtime)
  shareCommands(program, runtime)
  take(program, runtime)
  web(program, runtime)
  machineCommands(program, runtime)
  setUp(program, runtime)
  return program
}

/** Commands that put agents to work. */
function work(program: Command, { withServer }: Runtime): void {
  program.commandsGroup('Work:')
  const run = program
    .command('run')
    .description('run one prompt in a workspace of its own')
    .argument('[prompt...]', 'what to do; - reads it from stdin')
    .option('--repo <path>', 'the repository (default: the current folder)')
    .option('--name <name>', 'the workspace’s name')
    .option('--keep', 'keep the workspace, also without changes')
    .addOption(new Option('--rm', 'commit everything to the branch and remove the workspace').conflicts('keep'))
    .option('--patch <file>', 'write the diff to a file')
    .option('--timeout <time>', 'interrupt the turn after a time like 90s, 10m, 1h30m', parseDuration)
    .option('-q, --quiet', 'print the agent’s result and nothing else')
    .option('--json', JSON_OPTION)
  promptOptions(run)
  placeOptions(run)
  agentOptions(run)
  run.action((words: string[], options) =>
    withServer(options, async (context) => (await import('./commands/run.ts')).run(words, options, context)),
  )

  const fresh = program
    .command('new')
    .description('make a workspace without a prompt')
    .argument('[name]', 'its name')
    .option('--repo <path>', 'the repository (default: the current folder)')
    .option('-q, --quiet', 'print its path and nothing else')
    .option('--json', JSON_OPTION)
  placeOptions(fresh)
  fresh.action((name: string | undefined, options) =>
    withServer(options, async (context) => (await import('./commands/new.ts')).newWorkspace(name, options, context)),
  )

  const send = program
    .command('send')
    .description('send a further prompt')
    .argument('<workspace>')
    .argument('[prompt...]', 'what to do; - reads it from stdin')
    .option('-w, --wait', 'follow it to its end')
    .option('--timeout <time>', 'with --wait: interrupt the turn after a time', parseDuration)
    .option('-q, --quiet', 'print the agent’s result and nothing else')
    .option('--json', JSON_OPTION)
  promptOptions(send)
  environmentOption(send)
  send.action((name: string, words: string[], options) =>
    withServer(options, async (context) => (await import('./commands/send.ts')).send(name, words, options, context)),
  )

  program
    .command('attach')
    .description('follow a session, answer its asks, write further prompts')
    .argument('<workspace>')
    .addOption(new Option('--since <point>', 'from where on').choices(['start', 'last']).default('start'))
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/attach.ts')).attach(name, options, context)),
    )

  program
    .command('interrupt')
    .description('end the turn that runs; its partial work stays')
    .argument('<workspace>')
    .option('--queued', 'cancel queued prompts as well')
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) =>
        (await import('./commands/interrupt.ts')).interrupt(name, options, context),
      ),
    )

  const fork = program
    .command('fork')
    .description('a new workspace whose agent knows what this one knew')
    .argument('<workspace>')
    .argument('[prompt...]', 'what to do there')
    .option('--name <name>', 'the new workspace’s name')
    .option('--json', JSON_OPTION)
  promptOptions(fork)
  fork.action((name: string, words: string[], options) =>
    withServer(options, async (context) => (await import('./commands/fork.ts')).fork(name, words, options, context)),
  )
}

/** Commands that tell how things are, and answer what agents ask. */
function look(program: Command, { withServer }: Runtime): void {
  program.commandsGroup('Look and answer:')
  program
    .command('ls')
    .description('list workspaces, those that need you first')
    .option('-a, --all', 'removed ones too')
    .option('-w, --watch', 'keep the list up to date')
    .option('--json', JSON_OPTION)
    .action((options) =>
      withServer(options, async (context) => (await import('./commands/ls.ts')).ls(options, context)),
    )

  program
    .command('show')
    .description('everything about one workspace')
    .argument('<workspace>')
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/show.ts')).show(name, options, context)),
    )

  program
    .command('logs')
    .description('print a session’s transcript')
    .argument('<workspace>')
    .option('-f, --follow', 'go on as it grows')
    .option('--raw', 'each event as it is stored')
    .option('--setup', 'the log of the workspace’s set-up instead')
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/logs.ts')).logs(name, options, context)),
    )

  program
    .command('asks')
    .description('list what waits for an answer')
    .argument('[workspace]')
    .option('-a, --all', 'answered ones too')
    .option('--json', JSON_OPTION)
    .action((name: string | undefined, options) =>
      withServer(options, async (context) => (await import('./commands/asks.ts')).asks(name, options, context)),
    )

  program
    .command('answer')
    .description('answer an ask')
    .argument('<ask>', 'its id, the beginning of it, or the workspace’s name')
    .option('--allow', 'permission: yes')
    .option('--option <n>', 'with --allow: the option of that number', parseCount)
    .option('--always', 'with --allow: and never ask about this again')
    .option('--deny', 'permission or question: no')
    .option('--comment <text>', 'with --deny: what to do instead')
    .option('--choose <label>', 'question: choose it (repeatable)', collect)
    .option('--text <text>', 'question: an answer of your own')
    .option('--approve', 'plan: go ahead')
    .option('--edit <file>', 'with --approve: with the plan in this file')
    .addOption(new Option('--mode <mode>', 'with --approve: how much may be done unasked').choices(MODES))
    .option('--changes <text>', 'plan: what to change')
    .option('--json', JSON_OPTION)
    .action((ask: string, options) =>
      withServer(options, async (context) => (await import('./commands/answer.ts')).answer(ask, options, context)),
    )
}

/** Commands for what runs in workspaces beside the agents. */
function runThings(program: Command, { withServer }: Runtime): void {
  program.commandsGroup('Check and serve:')
  program
    .command('checks')
    .description('list a workspace’s checks, run them, send what failed to the agent')
    .argument('[workspace]', 'its name (default: the one you are in)')
    .option('--run', 'run them, show what they print, and fail if one does')
    .option('--only <check>', 'only this one (repeatable)', collect)
    .option('--fix', 'send failures to the agent')
    .option('--json', JSON_OPTION)
    .action((name: string | undefined, options) =>
      withServer(options, async (context) => (await import('./commands/checks.ts')).checks(name, options, context)),
    )

  program
    .command('services')
    .description('list a workspace’s services, start, stop or restart them, follow the log of one')
    .argument('[workspace]', 'its name (default: the one you are in)')
    .addArgument(new Argument('[action]', 'what to do').choices(['start', 'stop', 'restart', 'logs']))
    .argument('[services...]', 'which (default: all)')
    .option('--json', JSON_OPTION)
    .action((name: string | undefined, action: ServiceAction | undefined, names: string[], options) =>
      withServer(options, async (context) =>
        (await import('./commands/services.ts')).services(name, action, names, options, context),
      ),
    )
}

/** Commands that take work over or throw it away. */
function take(program: Command, { withServer }: Runtime): void {
  program.commandsGroup('Take over or throw away:')
  program
    .command('diff')
    .description('what a workspace changed')
    .argument('<workspace>')
    .argument('[paths...]', 'only these')
    .option('--stat', 'files and figures')
    .option('--name-only', 'names of files')
    .option('-b, --ignore-whitespace', 'without changes of white space')
    .option('--no-pager', 'do not page')
    .option('--json', JSON_OPTION)
    .action((name: string, paths: string[], options) =>
      withServer(options, async (context) => (await import('./commands/diff.ts')).diff(name, paths, options, context)),
    )

  program
    .command('apply')
    .description('bring a workspace’s work into your checkout, uncommitted, or onto a branch')
    .argument('<workspace>')
    .option('--branch <name>', 'onto this branch instead')
    .option('--force', 'with --branch: move it if it exists')
    .option('--message <text>', 'with --branch: the commit’s message')
    .addOption(new Option('--check', 'say whether it would apply, change nothing').conflicts('branch'))
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/apply.ts')).apply(name, options, context)),
    )

  program
    .command('rm')
    .description('remove workspaces; what they held can be restored for 30 days')
    .argument('<workspaces...>')
    .option('-y, --yes', 'also with work that is nowhere else')
    .option('--keep-branch', 'commit everything to the branch and leave it')
    .option('--json', JSON_OPTION)
    .action((names: string[], options) =>
      withServer(options, async (context) => (await import('./commands/rm.ts')).rm(names, options, context)),
    )

  program
    .command('retry')
    .description('make a workspace on from the step that failed')
    .argument('<workspace>')
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/retry.ts')).retry(name, options, context)),
    )

  program
    .command('restore')
    .description('bring a removed workspace back')
    .argument('<removed>')
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/restore.ts')).restore(name, options, context)),
    )
}

/** Commands of the web app. */
function web(program: Command, { alone }: Runtime): void {
  program.commandsGroup('Web app:')
  program
    .command('up')
    .description('start the web app and open it')
    .option('--host <address>', 'the address to listen at', '127.0.0.1')
    .option('--port <n>', 'the port (default: the last one, or the first that is free)', parsePort)
    .option('-d, --detach', 'leave it in the background')
    .option('--no-open', 'do not start a browser')
    .option('--tls-cert <file>', 'serve HTTPS with this certificate (PEM)')
    .option('--tls-key <file>', 'and this key (PEM)')
    .option('--tunnel', 'a tunnel that encrypts leads here, so do without TLS beyond this computer')
    .option('--allow-host <name>', 'answer to this host name as well (repeatable)', collect)
    .option('--json', JSON_OPTION)
    .action((options) => alone(options, async (context) => (await import('./commands/up.ts')).up(options, context)))
  program
    .command('open')
    .description('sign another browser in: a link that works once')
    .argument('[workspace]', 'show this one')
    .option('--print', 'print the link, start no browser')
    .option('--json', JSON_OPTION)
    .action((name: string | undefined, options) =>
      alone(options, async (context) => (await import('./commands/open.ts')).open(name, options, context)),
    )
  program
    .command('down')
    .description('stop it; agents work on')
    .option('--json', JSON_OPTION)
    .action((options) => alone(options, async (context) => (await import('./commands/down.ts')).down(options, context)))
}

/** Commands about Skein itself. */
function setUp(program: Command, { withServer, alone }: Runtime): void {
  program.commandsGroup('Set up:')
  program
    .command('trust')
    .description('look at what a repository would run here, and allow it')
    .argument('[path]', 'the repository (default: the current folder)')
    .option('--base <ref>', 'as it is at this commit')
    .option('--list', 'show it, ask nothing')
    .option('-y, --yes', 'allow exactly what is there now')
    .option('--revoke', 'allow nothing any more')
    .option('--json', JSON_OPTION)
    .action((path: string | undefined, options) =>
      withServer(options, async (context) => (await import('./commands/trust.ts')).trust(path, options, context)),
    )

  program
    .command('doctor')
    .description('what is missing on this computer')
    .option('--agent <kind>', 'the agent that is meant')
    .option('--json', JSON_OPTION)
    .action((options) =>
      withServer(options, async (context) => (await import('./commands/doctor.ts')).doctor(options, context)),
    )

  program
    .command('demo')
    .description('watch the real agent work with a scripted model, without credentials')
    .option('-y, --yes', 'answer its plan and question by itself')
    .option('--json', JSON_OPTION)
    .action((options) => alone(options, async (context) => (await import('./commands/demo.ts')).demo(options, context)))

  const image = program.command('image').description('the image of containers').helpCommand(false)
  image
    .command('build')
    .description('build Skein’s own image: Debian, git, claude, Node, a user who is not root')
    .option('--tag <name>', 'its name (default: the one that containers are made of)')
    .addOption(new Option('--from <image>', 'the base: a Debian (default: debian:bookworm-slim)'))
    .addOption(
      new Option('--base-from-debootstrap', 'make the base here, where no registry can be reached').conflicts('from'),
    )
    .addOption(new Option('--engine <name>', 'which engine').choices(['docker', 'podman']))
    .option('--claude <file>', 'take this executable, not npm’s package')
    .option('--node <file>', 'the same for Node, without npm')
    .addOption(new Option('--fly <app>', 'make it for Fly machines, and push it to this app').conflicts('tag'))
    .option('--force', 'build it again, also when nothing changed')
    .option('--json', JSON_OPTION)
    .action((options) =>
      alone(options, async (context) => (await import('./commands/image.ts')).imageBuild(options, context)),
    )

  const server = program.command('server').description('the background server').helpCommand(false)
  server
    .command('status')
    .description('whether it runs')
    .option('--json', JSON_OPTION)
    .action((options) =>
      alone(options, async (context) => (await import('./commands/server.ts')).status(options, context)),
    )
  server
    .command('stop')
    .description('end it; agents run on')
    .option('--json', JSON_OPTION)
    .action((options) =>
      alone(options, async (context) => (await import('./commands/server.ts')).stop(options, context)),
    )

  program
    .command('mcp')
    .description('serve the Model Context Protocol on stdin and stdout, for agents that drive agents')
    .action(() => withServer({}, async (context) => (await import('./commands/mcp.ts')).mcp(context)))

  program
    .command('completion')
    .description('print the completion script of a shell')
    .argument('<shell>', 'bash, zsh or fish', shellName)
    .action((shell: 'bash' | 'zsh' | 'fish') =>
      alone({}, async ({ terminal }) =>
        (await import('./commands/completion.ts')).completion(shell, program, terminal),
      ),
    )
  program
    .command('complete', { hidden: true })
    .argument('<what>')
    .action((what: string) =>
      alone({}, async (context) => (await import('./commands/completion.ts')).complete(what, context)),
    )
  program
    .command('serve', { hidden: true })
    .option('--background', 'end by itself when nothing runs')
    .option('--web', 'with the web app, as stdin says')
    .action((options) => alone(options, async ({ env }) => (await import('./serve.ts')).serve(options, env)))
}

function promptOptions(command: Command): void {
  command
    .option('--file <file>', 'read the prompt from a file; - is stdin')
    .option('--image <file>', 'an image for the prompt (repeatable)', collect)
}

function placeOptions(command: Command): void {
  command
    .option('--base <ref>', 'the branch or commit to begin from')
    .option('--branch <name>', 'the branch to work on')
    .option('--on <machine>', 'where: local, KIND:NAME, or a KIND that makes machines (skein machine ls)', 'local')
}

function agentOptions(command: Command): void {
  command
    .option('--model <model>', 'the model')
    .option('--effort <effort>', 'how hard it thinks')
    .addOption(new Option('--permission-mode <mode>', 'how much may be done unasked').choices(MODES))
    .option('--allow <tool>', 'allow a tool without asking (repeatable)', collect)
    .option('--deny <tool>', 'forbid a tool (repeatable)', collect)
    .option('--max-turns <n>', 'steps the agent may take', parseCount)
    .option('--max-cost <usd>', 'US dollars it may use', parseDollars)
    .option('--delegate <n>', 'let it start so many agents of its own at a time, by skein mcp', parseCount)
    .option('--delegate-depth <n>', 'with --delegate: how many levels of agents there may be (default: 1)', parseCount)
  environmentOption(command)
}

function environmentOption(command: Command): void {
  command.option('--env <name[=value]>', 'pass a variable on to the agent (repeatable)', collect)
}

function shellName(name: string): string {
  if (name === 'bash' || name === 'zsh' || name === 'fish') return name
  throw new InvalidArgumentError('Skein completes in bash, zsh and fish.')
}
