import { WorkerPoolContext } from '@pierre/diffs/react'
import { WorkerPoolManager } from '@pierre/diffs/worker'
import DiffWorker from '@pierre/diffs/worker/worker.js?worker'
import type { ReactNode } from 'react'
import { DIFF_THEMES } from './diff-options.ts'

// Each worker holds its own copy of the grammars, about 30 MB, and the viewer draws nothing before all of them are ready: so few,
// begun as soon as this module is read, and kept as long as the page.
const pool = new WorkerPoolManager(
  {
    workerFactory: () => new DiffWorker(),
    poolSize: Math.max(1, Math.min(2, (navigator.hardwareConcurrency || 2) - 1)),
    totalASTLRUCacheSize: 200,
  },
  { theme: DIFF_THEMES, lineDiffType: 'word', maxLineDiffLength: 1000, tokenizeMaxLineLength: 1000 },
)
// A pool that fails says so to the viewer, which then highlights on the main thread.
void pool.initialize().catch(() => undefined)

/** Highlights diffs below it away from the main thread, in workers that this server serves. */
export function HighlightWorkers({ children }: { children: ReactNode }) {
  return <WorkerPoolContext.Provider value={pool}>{children}</WorkerPoolContext.Provider>
}
