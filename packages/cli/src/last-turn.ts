import type { Session, SkeinApi } from '@skein/protocol'

const PAGE = 500

/** The seq just before a session's last turn began, to show no more than that turn. */
export async function lastTurnStart(api: SkeinApi, session: Session): Promise<number> {
  for (let end = session.seq; end > 0; end -= PAGE) {
    const after = Math.max(0, end - PAGE)
    const { events } = await api.call('sessions.events', { sessionId: session.id, after, limit: PAGE })
    const prompt = events.findLast(({ event }) => event.type === 'user_message' && event.origin === 'user')
    if (prompt) return prompt.seq - 1
  }
  return 0
}
