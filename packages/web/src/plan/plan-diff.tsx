import { parseDiffFromFile } from '@pierre/diffs'
import { FileDiff } from '@pierre/diffs/react'
import { useMemo } from 'react'
import { DIFF_THEMES } from '../changes/diff-options.ts'
import { visibleCharacters } from '../comments/visible-characters.ts'
import '../changes/diff-view.css'

interface PlanDiffProps {
  before: string
  after: string
  /** Side by side, where there is room. */
  split: boolean
  label: string
}

/** Two versions of a plan beside each other, by lines and within them by words. */
export function PlanDiff({ before, after, split, label }: PlanDiffProps) {
  const diff = useMemo(() => {
    const file = (text: string) => ({ name: 'plan.md', contents: `${visibleCharacters(text).replace(/\n+$/, '')}\n` })
    return parseDiffFromFile(file(before), file(after))
  }, [before, after])
  if (diff.hunks.length === 0) return <p className="p-4 text-muted text-sm">No difference.</p>
  return (
    <section className="diff-view" aria-label={label}>
      <FileDiff
        fileDiff={diff}
        options={{
          theme: DIFF_THEMES,
          diffStyle: split ? 'split' : 'unified',
          overflow: 'wrap',
          lineDiffType: 'word',
          diffIndicators: 'classic',
          disableFileHeader: true,
          expandUnchanged: true,
        }}
        disableWorkerPool
      />
    </section>
  )
}
