import type { MachineInfo, MachineKind } from '@skein/protocol'
import type { Argument, Command, Option } from 'commander'
import type { CommandContext, CommandResult } from '../context.ts'
import { ExitCode } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

type Shell = 'bash' | 'zsh' | 'fish'

/** What an argument is completed with: names that the server knows, or files. */
type Values =
  | 'workspaces'
  | 'removed'
  | 'asks'
  | 'machines'
  | 'places'
  | 'kinds'
  | 'shares'
  | 'files'
  | { of: readonly string[] }

const ARGUMENTS: Record<string, Values> = {
  workspace: 'workspaces',
  workspaces: 'workspaces',
  removed: 'removed',
  ask: 'asks',
  machine: 'machines',
  'kind:name': 'kinds',
  share: 'shares',
  shell: { of: ['bash', 'zsh', 'fish'] },
}

const OPTIONS: Record<string, Values> = { '--on': 'places' }

interface Entry {
  path: string
  description: string
  options: readonly { flags: string[]; description: string; takesValue: boolean; values: Values }[]
  subcommands: readonly string[]
  values: Values
}

/** `skein completion`: a script made from the command tree; names of workspaces are asked for when they are needed. */
export async function completion(shell: Shell, program: Command, terminal: Terminal): CommandResult {
  terminal.stdout.write(SCRIPTS[shell](entriesOf(program)))
  return ExitCode.ok
}

/** `skein complete WHAT`: names for the shell. Silent and empty where no server runs: pressing Tab starts nothing. */
export async function complete(what: string, { env, terminal }: Omit<CommandContext, 'api'>): CommandResult {
  const { connectToRunningServer } = await import('../connect.ts')
  await using api = await connectToRunningServer(env).catch(() => undefined)
  const names = api === undefined ? [] : await namesOf(what, api)
  terminal.stdout.write(names.map((name) => `${name}\n`).join(''))
  return ExitCode.ok
}

async function namesOf(what: string, api: CommandContext['api']): Promise<string[]> {
  switch (what) {
    case 'workspaces':
      return (await api.call('workspaces.list', {})).map(({ name }) => name)
    case 'removed':
      return (await api.call('workspaces.list', { removed: true }))
        .filter(({ state }) => state === 'removed')
        .map(({ name }) => name)
    case 'asks':
      return (await api.call('asks.list', {})).flatMap(({ id, workspaceName }) => [workspaceName, id])
    case 'machines':
      return (await api.call('machines.list', {})).map(({ id }) => id)
    case 'places':
      return placesOf(await api.call('machines.kinds', {}), await api.call('machines.list', {}))
    case 'shares':
      return (await api.call('shares.list', {})).map(({ id }) => id)
    case 'kinds':
      return (await api.call('machines.kinds', {})).map(({ kind }) => `${kind}:`)
    default:
      return []
  }
}

/** What `--on` can mean: what is known by name, and kinds that make a machine for whoever asks. */
function placesOf(kinds: readonly MachineKind[], machines: readonly MachineInfo[]): string[] {
  const known = machines.filter(({ lifetime, template }) => lifetime === 'shared' || template)
  return [...known.map(({ id }) => id), ...kinds.filter((one) => one.lifetime === 'workspace').map(({ kind }) => kind)]
}

function entriesOf(command: Command, path = ''): Entry[] {
  const children = command.commands.filter((child) => !('_hidden' in child && child._hidden === true))
  const [argument] = command.registeredArguments
  return [
    {
      path,
      description: command.description(),
      options: command.options.filter(({ hidden }) => !hidden).map(optionEntry),
      subcommands: children.map((child) => child.name()),
      values: argument ? valuesOf(argument) : 'files',
    },
    ...children.flatMap((child) => entriesOf(child, `${path} ${child.name()}`.trim())),
  ]
}

function valuesOf(argument: Argument): Values {
  return ARGUMENTS[argument.name()] ?? 'files'
}

function optionEntry(option: Option): Entry['options'][number] {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    values: option.argChoices ? { of: option.argChoices } : (OPTIONS[option.long ?? ''] ?? 'files'),
  }
}

const SCRIPTS: Record<Shell, (entries: Entry[]) => string> = { bash, zsh, fish }

function bash(entries: Entry[]): string {
  const cases = entries.map(({ path, options, subcommands, values }) => {
    const words = [...subcommands, ...options.flatMap(({ flags }) => flags), '--help']
    return `    ${quoted(path)}) words=${quoted(words.join(' '))}; kind=${quoted(kindOf(subcommands.length > 0 ? { of: [] } : values))} ;;`
  })
  const choices = entries.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ flags, values }) =>
        flags.map((flag) => `    ${quoted(`${path} ${flag}`.trim())}) kind=${quoted(kindOf(values))}; value=1 ;;`),
      ),
  )
  return `# Completion of skein for bash. Load it with: source <(skein completion bash)
_skein() {
  local path= words= kind= value= word line=() n=0
  # Bash breaks words at colons; the ids of machines have one. (Indices from the end are unknown to bash 3.2.)
  for word in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if (( n > 0 )) && [[ $word == : || \${line[n-1]} == *: ]]; then line[n-1]+=$word; else line[n++]=$word; fi
  done
  local current=\${line[n-1]} previous=\${line[n-2]}
  for word in "\${line[@]:1:n-2}"; do
    case "$path $word" in
${entries
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ${quoted(path.includes(' ') ? path : ` ${path}`)}) path=${quoted(path)} ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$path $previous" in
${choices.join('\n')}
  esac
  if [[ -z $value && $current == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$current")); return; fi
  case "$kind" in
    files) COMPREPLY=($(compgen -f -- "$current")) ;;
    of:*) COMPREPLY=($(compgen -W "\${kind#of:}" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$(skein complete "$kind" 2>/dev/null)" -- "$current")) ;;
  esac
  if [[ -z $value && \${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}"); fi
}
complete -o filenames -F _skein skein
`
}

function zsh(entries: Entry[]): string {
  const [root, ...rest] = entries
  const branches = rest.map(({ path, options, subcommands, values }) => {
    const specs = options.map(({ flags, description, takesValue, values: of }) => {
      const value = takesValue ? `:value:${zshAction(of)}` : ''
      return flags.map((flag) => quoted(`*${flag}[${description.replace(/[[\]:]/g, ' ')}]${value}`)).join(' ')
    })
    const positional =
      subcommands.length > 0 ? `'1:command:(${subcommands.join(' ')})'` : `'*:argument:${zshAction(values)}'`
    return `    ${quoted(path)}) _arguments -s ${[...specs, positional].join(' ')} ;;`
  })
  const parents = rest.filter(({ subcommands }) => subcommands.length > 0).map(({ path }) => path)
  const described = rest
    .filter(({ path }) => root?.subcommands.includes(path))
    .map(({ path, description }) => quoted(`${path}:${description.replaceAll(':', ' ')}`))
  return `#compdef skein
# Completion of skein for zsh. Load it with: source <(skein completion zsh)
_skein_names() { local -a names; names=(\${(f)"$(skein complete $1 2>/dev/null)"}); compadd -a names }
_skein() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(${described.join(' ')})
    _describe command commands
    return
  fi
  local name=$words[2]
  [[ $name == (${parents.join('|')}) && CURRENT -gt 3 ]] && name="$name $words[3]"
  shift words; (( CURRENT-- ))
  case $name in
${branches.join('\n')}
  esac
}
compdef _skein skein
`
}

function zshAction(values: Values): string {
  if (values === 'files') return '_files'
  return typeof values === 'string' ? `{_skein_names ${values}}` : `(${values.of.join(' ')})`
}

function fish(entries: Entry[]): string {
  const lines = entries.flatMap(({ path, options, subcommands, values }) => {
    const when =
      path === ''
        ? '__fish_use_subcommand'
        : path
            .split(' ')
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join('; and ')
    const names = subcommands.map((name) => {
      const description = entries.find((entry) => entry.path === `${path} ${name}`.trim())?.description ?? ''
      return `complete -c skein -n ${quoted(when)} -f -a ${name} -d ${quoted(description)}`
    })
    const flags = options.map(({ flags, description, takesValue, values: of }) => {
      const spelled = flags
        .map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        .join(' ')
      return `complete -c skein -n ${quoted(when)} ${spelled}${takesValue ? ` -r${fishValues(of)}` : ''} -d ${quoted(description)}`
    })
    const positional =
      path === '' || subcommands.length > 0 || values === 'files'
        ? []
        : [`complete -c skein -n ${quoted(when)}${fishValues(values)}`]
    return [...names, ...flags, ...positional]
  })
  return `# Completion of skein for fish. Load it with: skein completion fish | source\n${lines.join('\n')}\n`
}

function fishValues(values: Values): string {
  if (values === 'files') return ''
  return typeof values === 'string'
    ? ` -f -a ${quoted(`(skein complete ${values} 2>/dev/null)`)}`
    : ` -f -a ${quoted(values.of.join(' '))}`
}

function kindOf(values: Values): string {
  return typeof values === 'string' ? values : `of:${values.of.join(' ')}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
