const E = '\x1b'

/** A test run that fails, with colours, a progress line, and some things that must stay inert. */
export function testLog(): string {
  const passed = Array.from(
    { length: 120 },
    (_, i) =>
      ` ${E}[32m✓${E}[39m src/cart/total-${i}.test.ts ${E}[2m(${(i * 7) % 19} tests)${E}[22m ${E}[33m${(i * 37) % 400}${E}[2mms${E}[22m${E}[39m`,
  )
  return [
    `${E}[1m${E}[46m RUN ${E}[49m${E}[22m ${E}[36mv4.0.0${E}[39m /home/ada/code/shop`,
    '',
    ...passed,
    `collecting 10%\rcollecting 55%\rcollecting 100%`,
    ` ${E}[31m❯${E}[39m src/auth/renew.test.ts ${E}[31m3 failed${E}[39m`,
    `   ${E}[31m× a session that is used is renewed${E}[39m`,
    `     ${E}[31m${E}[1mAssertionError${E}[22m: expected 401 to be 200 // Object.is equality${E}[39m`,
    `     ${E}[32m- Expected${E}[39m   ${E}[31m+ Received${E}[39m`,
    `     ${E}[38;5;208m❯ src/auth/renew.test.ts:41:28${E}[39m`,
    `     ${E}[90m 39|${E}[39m   const answer = await request('/me', { cookie })`,
    `     ${E}[38;2;120;200;255m 41|${E}[39m   expect(answer.status).toBe(200)`,
    `${E}]0;a window title${E}\\${E}[2J<script>alert(1)</script> ${E}]8;;javascript:alert(1)${E}\\a link${E}]8;;${E}\\ user\u202egnp.exe`,
    `a very long line: ${'lorem ipsum dolor '.repeat(80)}`,
    '',
    `${E}[2m Test Files ${E}[22m ${E}[1m${E}[31m1 failed${E}[39m${E}[22m | ${E}[32m120 passed${E}[39m`,
    '',
  ].join('\n')
}

/** A short log that ends well. */
export const buildLog = (): string => `Checked 412 files in ${E}[1m834ms${E}[22m. No fixes applied.\n`

/** Ten megabytes. */
export function hugeLog(): string {
  const lines: string[] = []
  for (let i = 0; i < 100_000; i++)
    lines.push(
      `${E}[90m${String(i).padStart(6)}${E}[0m transforming ${E}[36mnode_modules/package-${i % 977}/index.js${E}[0m → ${'chunk'.padEnd(20)} ${i * 31} bytes`,
    )
  return `${lines.join('\n')}\n`
}

/** Lines that a service prints. */
export function serviceLines(name: string, from: number, count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i
    const status = n % 13 === 0 ? `${E}[31m500${E}[0m` : `${E}[32m200${E}[0m`
    return `${E}[90m12:${String(n % 60).padStart(2, '0')}:07${E}[0m [${name}] GET /api/items/${n} ${status} ${(n * 13) % 90} ms\n`
  }).join('')
}
