import type { Unit } from './edits.ts'

/** The demo's plan, as markdown; each feedback becomes a step of its own, in the person's words. */
export function demoPlan(unit: Unit, feedback: readonly string[]): string {
  return `# Right periods, and \`--speed\`

## What is wrong

\`period\` puts the **altitude** into Kepler's third law, which wants the distance from the Earth's **centre**. 420 km up it says
1.4 minutes; the space station takes 93.

## Steps

1. **\`src/orbit.js\`**: add the Earth's radius to the altitude, in one place that both formulas use.
2. **\`src/orbit.js\`**: add \`speed(altitude)\`, √(µ / r), in km/s.
3. **\`src/cli.js\`**: with \`--speed\`, print a second line in ${unit}. Without it the output stays as it is.
4. Run \`node --test\`. The four tests that are there cover both changes.
${afterReview(feedback)}
## What stays

No dependency, no new file; \`period\` keeps its name and its unit.
`
}

function afterReview(feedback: readonly string[]): string {
  if (feedback.length === 0) return ''
  const points = feedback.map((comment) => `- ${comment.trim().replaceAll('\n', '\n  ')}`)
  return `\n## After your review\n\n${points.join('\n')}\n`
}
