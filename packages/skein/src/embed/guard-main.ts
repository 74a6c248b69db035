import { endAbandoned } from './abandoned.ts'

// Started when the process that had this home has died (see `guard.ts`): ends what it left.
const [home, temporary] = process.argv.slice(2)
if (home !== undefined) await endAbandoned(home, temporary === 'temporary')
