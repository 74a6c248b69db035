import type { Command } from 'commander'
import { parseDuration } from './option-values.ts'
import { JSON_OPTION, type Runtime } from './program.ts'

/** Commands about share links. */
export function shareCommands(program: Command, { withServer }: Runtime): void {
  const share = program
    .command('share')
    .description('links by which others see what a workspace serves')
    .helpCommand(false)
  share
    .command('create', { isDefault: true })
    .description('make a link to a port of a workspace')
    .argument('<workspace>')
    .argument('<port>', 'a port, or a service’s name')
    .option('--for <time>', 'how long it works, like 30m, 2h or 7d (default: 1h, at most: 7d)', parseDuration)
    .option('--via <kind>', 'the tunnel to use (skein share via lists them)')
    .option('--hostname <name>', 'the name that people see, where the tunnel can have one')
    .option('--path <path>', 'where the link leads', '/')
    .option('--note <text>', 'for whom, or what for')
    .option('--json', JSON_OPTION)
    .action((workspace: string, port: string, options) =>
      withServer(options, async (context) =>
        (await import('./commands/share.ts')).share(workspace, port, options, context),
      ),
    )
  share
    .command('ls')
    .description('list links: who may see what, until when, and who did')
    .argument('[workspace]', 'of this one')
    .option('--json', JSON_OPTION)
    .action((workspace: string | undefined, options) =>
      withServer(options, async (context) => (await import('./commands/share.ts')).list(workspace, options, context)),
    )
  share
    .command('open')
    .description('open one again whose tunnel has ended')
    .argument('<share>', 'its id, or the beginning of it')
    .option('--json', JSON_OPTION)
    .action((id: string, options) =>
      withServer(options, async (context) => (await import('./commands/share.ts')).reopen(id, options, context)),
    )
  share
    .command('revoke')
    .description('end links at once')
    .argument('<share>', 'its id or the beginning of it, or a workspace for all of its links')
    .option('--json', JSON_OPTION)
    .action((id: string, options) =>
      withServer(options, async (context) => (await import('./commands/share.ts')).revoke(id, options, context)),
    )
  share
    .command('visits')
    .description('what people saw by a link')
    .argument('<share>', 'its id, or the beginning of it')
    .option('--json', JSON_OPTION)
    .action((id: string, options) =>
      withServer(options, async (context) => (await import('./commands/share.ts')).visits(id, options, context)),
    )
  share
    .command('via')
    .description('list the kinds of tunnels, or set one up')
    .argument('[kind]')
    .argument('[settings...]', 'name=value; nothing behind the = takes it back')
    .option('--json', JSON_OPTION)
    .action((kind: string | undefined, settings: string[], options) =>
      withServer(options, async (context) =>
        (await import('./commands/share.ts')).via(kind, settings, options, context),
      ),
    )
}
