import type { ConversationPlace } from '@skein/plugin-api'

/** Longer names of folders are cut here and made unique by a hash. */
const LONGEST = 200

/**
 * Where Claude Code keeps a conversation: `<config>/projects/<its folder's name>/<session id>.jsonl`, and beside it a folder of the same
 * name with the transcripts of sub-agents and large tool results. It looks for it by the folder that it is started in.
 */
export function conversation({ home, env, cwd, nativeSessionId }: ConversationPlace): {
  folder: string
  names: string[]
} {
  const config = env.CLAUDE_CONFIG_DIR ?? `${env.HOME ?? home}/.claude`
  return { folder: `${config}/projects/${folderName(cwd)}`, names: [`${nativeSessionId}.jsonl`, nativeSessionId] }
}

function folderName(cwd: string): string {
  const name = cwd.replace(/[^a-zA-Z0-9]/g, '-')
  return name.length <= LONGEST ? name : `${name.slice(0, LONGEST)}-${Math.abs(hash(cwd)).toString(36)}`
}

function hash(text: string): number {
  let value = 0
  for (let at = 0; at < text.length; at++) value = ((value << 5) - value + text.charCodeAt(at)) | 0
  return value
}
