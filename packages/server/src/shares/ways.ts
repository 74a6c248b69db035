import type { TunnelContext, TunnelProvider } from '@skein/engine'
import { type ShareWay, SkeinError } from '@skein/protocol'
import type { ShareStore } from './store.ts'

/** The kinds of tunnels that plugins offer, with what the person has set for each. */
export class Ways {
  readonly #tunnels: ReadonlyMap<string, TunnelProvider>
  readonly #store: ShareStore
  readonly #context: TunnelContext

  constructor(tunnels: ReadonlyMap<string, TunnelProvider>, store: ShareStore, context: TunnelContext) {
    this.#tunnels = tunnels
    this.#store = store
    this.#context = context
  }

  list(): Promise<ShareWay[]> {
    return Promise.all([...this.#tunnels.values()].map((provider) => this.#view(provider)))
  }

  /** The kind that was asked for; else the first that can be used. */
  async choose(kind: string | undefined): Promise<TunnelProvider> {
    if (kind !== undefined) return this.get(kind)
    const ways = await this.list()
    const ready = ways.find((way) => way.ready)
    if (ready) return this.get(ready.kind)
    const missing = ways.map(
      ({ label, what, remedy }) => `${label}: ${what}.${remedy === undefined ? '' : ` ${remedy}`}`,
    )
    throw new SkeinError('missing', 'there is no tunnel by which people could reach this computer', {
      next: missing.join('\n') || 'Install a plugin that has one.',
    })
  }

  get(kind: string): TunnelProvider {
    const provider = this.#tunnels.get(kind)
    if (provider) return provider
    throw new SkeinError('invalid', `there is no kind of tunnel ${JSON.stringify(kind)}`, {
      next: `Use one of: ${[...this.#tunnels.keys()].join(', ')}.`,
    })
  }

  /** What the person has set, with defaults. */
  settings({ kind, settings }: TunnelProvider): Record<string, unknown> {
    const defaults = settings.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value]]))
    return { ...Object.fromEntries(defaults), ...this.#store.settings(kind) }
  }

  async configure(kind: string, given: Record<string, unknown>): Promise<ShareWay> {
    const provider = this.get(kind)
    const settings = { ...this.#store.settings(kind) }
    for (const [name, value] of Object.entries(given)) {
      const checked = value === null ? undefined : checkedSetting(provider, name, value)
      if (checked === undefined) delete settings[name]
      else settings[name] = checked
    }
    this.#store.configure(kind, settings)
    return this.#view(provider)
  }

  async #view(provider: TunnelProvider): Promise<ShareWay> {
    const { kind, label, about, takesHostname, settings } = provider
    const values = this.settings(provider)
    const { ok, what, remedy } = await provider.available(values, this.#context)
    return {
      kind,
      label,
      about,
      ready: ok,
      what,
      ...(remedy === undefined ? {} : { remedy }),
      takesHostname,
      settings: [...settings],
      values,
    }
  }
}

/** Flags of the command line come as text. */
function checkedSetting({ kind, settings }: TunnelProvider, name: string, value: unknown): string | number | boolean {
  const setting = settings.find((one) => one.name === name)
  if (!setting)
    throw new SkeinError('invalid', `tunnels of the kind ${kind} have no setting ${JSON.stringify(name)}`, {
      next: settings.length === 0 ? 'They have none.' : `They have: ${settings.map((one) => one.name).join(', ')}.`,
    })
  if (setting.type === 'text' && typeof value === 'string') return value
  if (setting.type === 'flag' && (value === true || value === 'true')) return true
  if (setting.type === 'flag' && (value === false || value === 'false')) return false
  if (setting.type === 'number' && value !== '' && Number.isFinite(Number(value))) return Number(value)
  throw new SkeinError('invalid', `the setting ${name} of ${kind} tunnels is to be a ${setting.type}`, {
    next: setting.about,
  })
}
