import { type Command, Option } from 'commander'
import { collect, parseCount, parseDollars } from './option-values.ts'
import { JSON_OPTION, type Runtime } from './program.ts'

/** The commands for many prompts at once. */
export function batchCommands(program: Command, { withServer }: Runtime): void {
  program.commandsGroup('Many at once:')
  program
    .command('batch')
    .description('run the prompts of a file (YAML, CSV or JSON lines), so many at once')
    .argument('<file>', 'the file; - is stdin')
    .option('--concurrency <n>', 'how many at once (default: what the file says, or 4)', parseCount)
    .option('--budget <usd>', 'US dollars for all of it; then nothing more is begun', parseDollars)
    .option('--prompt <text>', 'the prompt of requests that have none; {{name}} is filled in')
    .option('--repo <path>', 'the repository of requests that name none (default: the current folder)')
    .option('--on <machine>', 'where requests run that do not say: local, KIND:NAME, or a KIND that makes machines')
    .option('--model <model>', 'the model of requests that name none')
    .option('--env <name[=value]>', 'pass a variable on to the agents (repeatable)', collect)
    .addOption(
      new Option('--keep <what>', 'what stays of each (default: workspaces with changes)').choices([
        'changed',
        'branch',
        'workspace',
        'nothing',
      ]),
    )
    .addOption(
      new Option('--asks <how>', 'deny what agents ask, or wait for an answer')
        .choices(['deny', 'wait'])
        .default('deny'),
    )
    .option('--resume', 'go on with what was begun before')
    .option('--retry-failed', 'and run again what failed')
    .addOption(new Option('--anew', 'forget what was begun before').conflicts(['resume', 'retryFailed']))
    .option('--record <file>', 'where to write down what was done (default: below SKEIN_HOME)')
    .option('--patches <folder>', 'write each request’s changes there')
    .option('--junit <file>', 'write the results as JUnit XML')
    .addOption(new Option('--format <format>', 'what the file is').choices(['yaml', 'csv', 'jsonl']))
    .option('-n, --dry-run', 'check the file and say what would run')
    .option('--json', JSON_OPTION)
    .action((file: string, options) =>
      withServer(options, async (context) => (await import('./commands/batch.ts')).batch(file, options, context)),
    )
  program
    .command('reap')
    .description('end what exists on machines and belongs to nothing: machines, processes, work trees')
    .option('-n, --dry-run', 'only say what it would end')
    .option('--json', JSON_OPTION)
    .action((options) =>
      withServer(options, async (context) => (await import('./commands/reap.ts')).reap(options, context)),
    )
}
