import { isThorough } from '@skein/testkit'
import { has } from '../../scripts/requirements.ts'
import { containerPlace } from './container-place.ts'
import { faultRounds } from './rounds.ts'

/** Their links, their runner and their engine are those of the other kinds, which are struck with every change. */
const canRun = isThorough && process.getuid?.() === 0 && has('dockerd') && has('slirp4netns')

faultRounds('containers', canRun, containerPlace)
