import { has } from '../../scripts/requirements.ts'
import { faultRounds } from './rounds.ts'
import { sshPlace } from './ssh-place.ts'

faultRounds('an ssh host', has('sshd') && has('ssh'), sshPlace)
