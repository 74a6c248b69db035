import type { Command } from 'commander'
import { collect } from './option-values.ts'
import { JSON_OPTION, type Runtime } from './program.ts'

/** Commands about the machines that workspaces are on. */
export function machineCommands(program: Command, { withServer }: Runtime): void {
  program.commandsGroup('Machines:')
  program
    .command('move')
    .description('bring a workspace to another machine, with its files and what its sessions remember')
    .argument('<workspace>', 'its name, or a beginning of it')
    .requiredOption('--to <machine>', 'local, KIND:NAME, or a KIND that makes machines')
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/move.ts')).move(name, options, context)),
    )
  const machine = program.command('machine').description('where workspaces can be').helpCommand(false)
  const named = (name: string, description: string) =>
    machine
      .command(name)
      .description(description)
      .argument('<machine>', 'its id, as in skein machine ls')
      .option('--json', JSON_OPTION)

  machine
    .command('ls')
    .description('list machines: their links, what is there, what runs')
    .option('-w, --watch', 'keep the list up to date')
    .option('--json', JSON_OPTION)
    .action((options) =>
      withServer(options, async (context) => (await import('./commands/machine-ls.ts')).machineLs(options, context)),
    )
  machine
    .command('kinds')
    .description('what machines there can be, and their settings')
    .option('--json', JSON_OPTION)
    .action((options) =>
      withServer(options, async (context) => (await import('./commands/machine.ts')).kinds(options, context)),
    )
  machine
    .command('add')
    .description('make a machine known, or change its settings, and connect to it')
    .argument('<kind:name>', 'its kind, and the name for --on; a kind that makes machines may go without')
    .option('--set <name=value>', 'a setting of its kind (repeatable; skein machine kinds)', collect)
    .option('--json', JSON_OPTION)
    .action((name: string, options) =>
      withServer(options, async (context) => (await import('./commands/machine.ts')).add(name, options, context)),
    )
  named('show', 'how one is, what it has left, and what is there').action((name: string, options) =>
    withServer(options, async (context) =>
      (await import('./commands/machine-show.ts')).machineShow(name, options, context),
    ),
  )
  machine
    .command('doctor')
    .description('what is missing on a machine, or on all')
    .argument('[machine]', 'its id, as in skein machine ls')
    .option('--json', JSON_OPTION)
    .action((name: string | undefined, options) =>
      withServer(options, async (context) => (await import('./commands/machine.ts')).doctor(name, options, context)),
    )
  named('login', 'log an agent in there, in this terminal')
    .option('--agent <kind>', 'which', 'claude')
    .action((name: string, options) =>
      withServer(options, async (context) =>
        (await import('./commands/machine-shell.ts')).machineLogin(name, options, context),
      ),
    )
  named('shell', 'a shell there, or one command, in this terminal')
    .argument('[command...]', 'behind --, what to run instead of a shell')
    .action((name: string, words: string[], options) =>
      withServer(options, async (context) =>
        (await import('./commands/machine-shell.ts')).machineShell(name, words, options, context),
      ),
    )
  named('fill', 'make machines ahead for the repository here, as its setting pool says').action(
    (name: string, options) =>
      withServer(options, async (context) => (await import('./commands/machine.ts')).fill(name, options, context)),
  )
  named('start', 'start one that was stopped, or try a lost link at once').action((name: string, options) =>
    withServer(options, async (context) => (await import('./commands/machine.ts')).start(name, options, context)),
  )
  named('stop', 'stop one that was made for a workspace').action((name: string, options) =>
    withServer(options, async (context) => (await import('./commands/machine.ts')).stop(name, options, context)),
  )
  named('rm', 'forget one that has no workspaces; one that was made for a workspace is destroyed').action(
    (name: string, options) =>
      withServer(options, async (context) => (await import('./commands/machine.ts')).rm(name, options, context)),
  )
}
