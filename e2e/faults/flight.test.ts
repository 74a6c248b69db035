import { isThorough } from '@skein/testkit'
import { flightPlace } from './flight-place.ts'
import { faultRounds } from './rounds.ts'

/** Their links are those of ssh hosts, which are struck with every change. */
faultRounds('machines of scripts', isThorough, flightPlace)
