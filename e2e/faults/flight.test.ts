import { flightPlace } from './flight-place.ts'
import { faultRounds } from './rounds.ts'

faultRounds('machines of scripts', true, flightPlace)
