import type { Terminal } from '@skein/protocol'
import { type RefObject, useEffect, useEffectEvent, useRef, useState } from 'react'
import { useApi } from '../api/context.tsx'
import { usePreferences } from '../settings/preferences.ts'
import { useTheme } from '../theme/theme.ts'
import { confirm } from '../ui/confirm.tsx'
import { toast, toastError } from '../ui/toast.tsx'
import { InputQueue } from './input-queue.ts'
import { linkTarget } from './link-target.ts'
import { Screen, type ScreenOptions } from './screen.ts'
import { terminalTheme } from './theme.ts'

interface ScreenState {
  element: RefObject<HTMLDivElement | null>
  screen: RefObject<Screen | undefined>
  state: 'loading' | 'open' | 'exited' | 'failed'
  exitCode: number | null | undefined
  error: unknown
  retry(): void
  /** Types into the terminal. */
  send(data: string): void
}

type Connection = Pick<ScreenState, 'state' | 'exitCode' | 'error'>
const LOADING: Connection = { state: 'loading', exitCode: undefined, error: undefined }

/** A terminal's screen in an element, connected to the terminal on the server for as long as the component stands. */
export function useScreen(terminal: Terminal, ways: { takesFocus: boolean; leave(): void; find(): void }): ScreenState {
  const api = useApi()
  const { id: terminalId } = terminal
  const element = useRef<HTMLDivElement>(null)
  const screen = useRef<Screen>(undefined)
  const queue = useRef<InputQueue>(undefined)
  const [connection, setConnection] = useState<Connection>(LOADING)
  const [attempt, setAttempt] = useState(0)
  const options = useScreenOptions()
  const openLink = useOpenLink(terminal.workspaceId)

  const make = useEffectEvent((parent: HTMLElement): Screen => {
    const keys = new InputQueue(
      (data) => api.call('terminals.input', { key: crypto.randomUUID(), terminalId, data }),
      toastError,
    )
    queue.current = keys
    const resize = latest((size: { cols: number; rows: number }) =>
      api.call('terminals.resize', { key: crypto.randomUUID(), terminalId, ...size }),
    )
    return new Screen(parent, options, {
      input: (data) => keys.push(data),
      resized: resize,
      leave: ways.leave,
      find: ways.find,
      selected: (text) => {
        if (text !== '' && usePreferences.getState().terminal.copyOnSelect)
          void navigator.clipboard?.writeText(text).catch(() => undefined)
      },
      confirmPaste,
      link: openLink,
    })
  })

  const takesFocus = useEffectEvent(() => ways.takesFocus)

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` connects anew.
  useEffect(() => {
    if (!element.current) return
    const controller = new AbortController()
    const mine = make(element.current)
    screen.current = mine
    setConnection(LOADING)
    const follow = async () => {
      try {
        for await (const item of api.subscribe('terminals.follow', { terminalId }, controller.signal)) {
          if (controller.signal.aborted) return
          if (item.type === 'reset') {
            await mine.reset(item.data)
            setConnection({ ...LOADING, state: 'open' })
            // Whoever looks last says how large it is: programs draw for one size only.
            void api
              .call('terminals.resize', { key: crypto.randomUUID(), terminalId, ...mine.size }, controller.signal)
              .catch(() => undefined)
          } else if (item.type === 'data') await mine.write(item.data)
          else setConnection({ ...LOADING, state: 'exited', exitCode: item.code ?? undefined })
        }
      } catch (error) {
        if (!controller.signal.aborted) setConnection({ ...LOADING, state: 'failed', error })
      }
    }
    void follow()
    if (takesFocus()) mine.focus()
    return () => {
      controller.abort()
      mine[Symbol.dispose]()
      screen.current = undefined
      queue.current = undefined
    }
  }, [api, terminalId, attempt])

  useEffect(() => screen.current?.set(options), [options])

  return {
    element,
    screen,
    ...connection,
    retry: () => setAttempt((before) => before + 1),
    send: (data) => queue.current?.push(data),
  }
}

function useScreenOptions(): ScreenOptions {
  const { fontSize, scrollback, screenReader } = usePreferences((state) => state.terminal)
  const look = useTheme((state) => `${state.resolved} ${state.scheme?.name ?? ''}`)
  const [options, setOptions] = useState(() => read())
  function read(): ScreenOptions {
    const fontFamily = getComputedStyle(document.documentElement).getPropertyValue('--font-mono') || 'monospace'
    return { fontFamily, fontSize, scrollback, screenReader, theme: terminalTheme() }
  }
  const renew = useEffectEvent(() => setOptions(read()))
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the options are read from.
  useEffect(() => {
    // Colours are computed styles: there once the theme's attributes are.
    const frame = requestAnimationFrame(renew)
    return () => cancelAnimationFrame(frame)
  }, [fontSize, scrollback, screenReader, look])
  return options
}

function useOpenLink(workspaceId: string): (uri: string) => void {
  const api = useApi()
  return (uri) => {
    const target = linkTarget(uri)
    if (!target) {
      toast.warning('This link is not opened', { description: `Only web addresses are: ${uri.slice(0, 200)}` })
      return
    }
    if (target.kind === 'web') {
      window.open(target.url, '_blank', 'noopener,noreferrer')
      return
    }
    const { port, path } = target
    void api
      .call('previews.open', { key: crypto.randomUUID(), workspaceId, port, path })
      .then(({ url }) => window.open(url, '_blank', 'noopener,noreferrer'))
      .catch(toastError)
  }
}

async function confirmPaste(text: string): Promise<boolean> {
  const lines = text.trimEnd().split(/\r\n|\r|\n/)
  const start = lines.slice(0, 8).join('\n').slice(0, 600)
  return confirm({
    title: `Paste ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}?`,
    description: `The program in the terminal runs each line as it comes.\n\n${start}${start.length < text.trimEnd().length ? '\n…' : ''}`,
    action: 'Paste',
  })
}

/** One call at a time; of those that come meanwhile only the last. */
function latest<T>(call: (value: T) => Promise<unknown>): (value: T) => void {
  let waiting: { value: T } | undefined
  let busy = false
  const run = async () => {
    busy = true
    while (waiting) {
      const { value } = waiting
      waiting = undefined
      // The size is sent again when the terminal is connected again.
      await call(value).catch(() => undefined)
    }
    busy = false
  }
  return (value) => {
    waiting = { value }
    if (!busy) void run()
  }
}
