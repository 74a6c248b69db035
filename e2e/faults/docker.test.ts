import { has } from '../../scripts/requirements.ts'
import { containerPlace } from './container-place.ts'
import { faultRounds } from './rounds.ts'

faultRounds('containers', process.getuid?.() === 0 && has('dockerd') && has('slirp4netns'), containerPlace)
