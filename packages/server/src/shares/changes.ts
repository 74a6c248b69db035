import type { Change } from '@skein/protocol'
import type { Shares } from './shares.ts'

/** The engine's changes with those of shares between: all that stand before `ready`, then each as it changes. */
export async function* withShares(
  changes: AsyncIterable<Change>,
  shares: Shares,
  workspaceId: string | undefined,
): AsyncGenerator<Change> {
  const told: Change[] = []
  let wake = () => {}
  const stop = shares.listen((change) => {
    const of = change.type === 'share' ? change.share.workspaceId : change.workspaceId
    if (workspaceId !== undefined && of !== workspaceId) return
    told.push(change)
    wake()
  })
  const source = changes[Symbol.asyncIterator]()
  let came: IteratorResult<Change> | undefined
  let failed: { error: unknown } | undefined
  const ask = () => {
    came = undefined
    source.next().then(
      (result) => {
        came = result
        wake()
      },
      (error: unknown) => {
        failed = { error }
        wake()
      },
    )
  }
  try {
    ask()
    for (;;) {
      for (let change = told.shift(); change; change = told.shift()) yield change
      if (failed) throw failed.error
      if (came?.done) return
      if (came) {
        const { value } = came
        if (value.type === 'ready') for (const share of shares.list(workspaceId)) yield { type: 'share', share }
        yield value
        ask()
      } else if (told.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
          if (came || failed) resolve()
        })
      }
    }
  } finally {
    stop()
    // Not awaited: it may be waiting for what never comes; the subscription's signal ends it.
    void source.return?.().catch(() => undefined)
  }
}
