import { join } from 'node:path'
import { InTurn } from './in-turn.ts'
import type { LastState } from './last-state.ts'
import { Scratch } from './scratch.ts'
import { Together } from './together.ts'
import { Trash } from './trash.ts'
import { WorkTreeRecords } from './work-tree-records.ts'

/** What the git verbs share. */
export interface GitContext {
  /** Keyed by the repository's common folder: changes of its work trees and branches go one after the other. */
  repositories: InTurn
  /** Keyed by path: making, restoring and removing one work tree. */
  places: InTurn
  scratch: Scratch
  /** Keyed by a work tree's own git folder: taking its state. */
  states: Together
  /** By a work tree's own git folder: what its state was when it was last taken. */
  lastStates: Map<string, LastState>
  trash: Trash
  records: WorkTreeRecords
}

export function createContext(options: { dir: string; now?: () => number }): GitContext {
  return {
    repositories: new InTurn(),
    places: new InTurn(),
    scratch: new Scratch(join(options.dir, 'tmp', 'git'), options.now ?? Date.now),
    states: new Together(),
    lastStates: new Map(),
    trash: new Trash(),
    records: new WorkTreeRecords(join(options.dir, 'git-work-trees')),
  }
}
