import type { EngineContext } from './context.ts'

/** What is under way: a reason not to end the server, and what it tells of itself. */
export async function activity(context: EngineContext): Promise<{ running: number; openAsks: number; making: number }> {
  const { db } = context
  const count = (rows: { n: number | string | bigint }[]) => Number(rows[0]?.n ?? 0)
  const [processes, prompts, asks, making, checks, clones, ahead] = await Promise.all([
    db
      .selectFrom('sessions')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('process_state', 'in', ['starting', 'running', 'stopping'])
      .execute(),
    db
      .selectFrom('prompts')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', 'in', ['queued', 'sent', 'started', 'swallowed'])
      .execute(),
    db
      .selectFrom('asks')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', '=', 'open')
      .execute(),
    db
      .selectFrom('workspaces')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', 'in', ['creating', 'removing'])
      .execute(),
    db
      .selectFrom('check_runs')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', '=', 'running')
      .execute(),
    db
      .selectFrom('clones')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', '=', 'running')
      .execute(),
    db
      .selectFrom('machines')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('pool_project', 'is not', null)
      .where('ready_at', 'is', null)
      .where('state', 'in', ['wanted', 'known'])
      .execute(),
  ])
  return {
    running: Math.max(count(processes), count(prompts)) + count(checks),
    openAsks: count(asks),
    making: count(making) + count(clones) + count(ahead),
  }
}
