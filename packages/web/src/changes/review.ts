import type { FileChange, Workspace } from '@skein/protocol'
import { createContext, useContext } from 'react'
import type { DiffComment } from '../comments/place.ts'
import type { FilePatch } from './file-patch.ts'
import type { OpenBox } from './notes.ts'

/** What the parts of the changes page share: what is reviewed, how far it is, and what can be done with it. */
export interface Review {
  workspace: Workspace
  sessionId: string | undefined
  base: string
  tree: string
  changeOf(path: string): FileChange | undefined
  patchOf(path: string): FilePatch | undefined
  isViewed(path: string): boolean
  setViewed(path: string, viewed: boolean): void
  isCollapsed(path: string): boolean
  setCollapsed(path: string, collapsed: boolean): void
  commentOf(id: string): DiffComment | undefined
  /** Comments of a file whose lines are not there any more. */
  outdatedOf(path: string): readonly DiffComment[]
  boxOf(id: string): OpenBox | undefined
  /** Boxes of a file whose lines went away while they were open. */
  homelessBoxesOf(path: string): readonly OpenBox[]
  closeBox(id: string): void
  /** Whether what is shown is the work tree as it is, so that it can be staged and discarded. */
  present: boolean
  /** Whether hunks can be taken alone: not when the patch leaves white space out. */
  hunksApply: boolean
  stage(what: Piece, unstage: boolean): void
  discard(what: Piece): void
}

/** Files, or hunks of one file as a patch. */
export type Piece = { paths: string[] } | { patch: string; path: string }

export const ReviewContext = createContext<Review | undefined>(undefined)

export function useReview(): Review {
  const review = useContext(ReviewContext)
  if (!review) throw new Error('there is no review around this component')
  return review
}
