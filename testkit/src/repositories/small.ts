import { commitAll, initRepository, writeFiles } from './git.ts'

/** A tiny real project: runs, has a README, and a test (`node --test`) of which one case fails because of a plain bug. */
export async function smallRepository(dir: string): Promise<string> {
  await initRepository(dir)
  await writeFiles(dir, FILES)
  await commitAll(dir, 'Convert temperatures')
  return dir
}

const FILES = {
  'README.md': `# thermo

Converts temperatures.

    node src/cli.js 100     # 212 °F

Tests: \`node --test\`
`,
  '.gitignore': 'node_modules/\n.env\n*.log\n',
  'package.json': `${JSON.stringify(
    { name: 'thermo', version: '1.0.0', private: true, type: 'module', scripts: { test: 'node --test' } },
    null,
    2,
  )}\n`,
  'src/thermo.js': `export function toFahrenheit(celsius) {
  return (celsius * 9) / 5 + 32
}

export function toCelsius(fahrenheit) {
  return (fahrenheit * 5) / 9 - 32
}
`,
  'src/cli.js': `import { toFahrenheit } from './thermo.js'

const celsius = Number(process.argv[2])
console.log(\`\${toFahrenheit(celsius)} °F\`)
`,
  'test/thermo.test.js': `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toCelsius, toFahrenheit } from '../src/thermo.js'

test('water boils at 212 °F', () => {
  assert.equal(toFahrenheit(100), 212)
})

test('212 °F is 100 °C', () => {
  assert.equal(toCelsius(212), 100)
})
`,
}
