import { SkeinError } from '@skein/protocol'

/**
 * `docker:big` of `skein machine add`: the kind, and the name by which `--on` finds it. A kind that makes machines may go without: `docker`
 * names the settings that `--on docker` takes.
 */
export function kindAndName(text: string): { kind: string; name: string } {
  const [, kind, name = ''] = /^([^:]+)(?::(.+))?$/s.exec(text) ?? []
  if (kind !== undefined) return { kind, name }
  throw new SkeinError('invalid', `"${text}" does not name a machine`, {
    next: 'Give its kind and its name: skein machine add KIND:NAME. The kinds: skein machine kinds',
  })
}

/**
 * What `--set name=value` gave, as text: the server knows the types. A setting that is given several times is a list; an empty
 * value leaves the setting at its default.
 */
export function machineSettings(given: readonly string[] = []): Record<string, string | string[]> {
  const settings: Record<string, string | string[]> = {}
  for (const text of given) {
    const [, name, value = ''] = /^([^=\s]+)=(.*)$/s.exec(text) ?? []
    if (name === undefined)
      throw new SkeinError('invalid', `"${text}" is not a setting`, { next: 'Give it as --set name=value.' })
    const before = Object.hasOwn(settings, name) ? settings[name] : undefined
    if (before !== undefined) settings[name] = [before, value].flat()
    else if (value !== '') settings[name] = value
  }
  return settings
}
