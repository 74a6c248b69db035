import { describeKills } from './chaos.ts'

describeKills(0)
