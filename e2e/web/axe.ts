import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What an automatic check of accessibility finds wrong with the page as it is, or with a part of it. */
export async function violations(page: Page, part?: string): Promise<string[]> {
  // Not as a script of the page, which its policy would refuse.
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(AXE)
  const { violations: found } = (await page.evaluate(
    `axe.run(${part === undefined ? 'document' : JSON.stringify(part)})`,
  )) as AxeResults
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
  )
}
