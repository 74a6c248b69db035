import { BUG, CLI_END } from './project.ts'

/** A change of one file, as the Edit tool takes it; `path` is relative to the project. */
export interface DemoEdit {
  path: string
  saying: string
  old_string: string
  new_string: string
  /** Stands in the file once the change is made. */
  sign: string
}

export const UNITS = ['km/s', 'km/h', 'mph'] as const
export type Unit = (typeof UNITS)[number]

/** What the model changes in `orbit`, with the speed shown in the unit that the person chose. */
export function demoEdits(unit: Unit): DemoEdit[] {
  return [
    {
      path: 'src/orbit.js',
      saying:
        "First the bug: Kepler's third law counts from the Earth's centre, so the radius has to be added. `speed` goes beside it.",
      old_string: BUG,
      new_string: `  return (2 * Math.PI * Math.sqrt(radius(altitude) ** 3 / MU)) / 60
}

/** Speed on a circular orbit, in km/s. */
export function speed(altitude) {
  return Math.sqrt(MU / radius(altitude))
}

function radius(altitude) {
  return EARTH_RADIUS + altitude
}
`,
      sign: 'radius(altitude) ** 3',
    },
    {
      path: 'src/cli.js',
      saying: `Now the option, in ${unit}.`,
      old_string: CLI_END,
      new_string: `${CLI_END}if (process.argv.includes('--speed')) console.log(\`speed \${${SPEED[unit]}} ${unit}\`)\n`,
      sign: "'--speed'",
    },
    {
      path: 'src/cli.js',
      saying: 'And its import.',
      old_string: "import { period } from './orbit.js'",
      new_string: "import { period, speed } from './orbit.js'",
      sign: 'period, speed',
    },
  ]
}

const SPEED: Record<Unit, string> = {
  'km/s': 'speed(altitude).toFixed(2)',
  'km/h': '(speed(altitude) * 3600).toFixed(0)',
  mph: '(speed(altitude) * 2236.936).toFixed(0)',
}
