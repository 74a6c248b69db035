import type { EngineContext } from '../context.ts'
import type { TurnTrees } from '../sessions/turn-trees.ts'
import type { WorkspaceTable } from '../store/schema.ts'
import { lookAtDiff } from './diff.ts'

/** A turn that has ended. */
export interface EndedTurn {
  sessionId: string
  turnId: string
  number: number
}

/** After each turn: the files are kept as they are, and how much they differ from the base is looked at. */
export async function lookAfterTurn(
  context: EngineContext,
  workspace: WorkspaceTable,
  trees: TurnTrees,
  turn: EndedTurn,
): Promise<void> {
  const { to } = await trees.ended(turn.number, workspace)
  const { files, tree } = await lookAtDiff(context, workspace, to ?? undefined)
  await context.work.turnEnded(workspace, { ...turn, changedFiles: files.length, tree })
}
