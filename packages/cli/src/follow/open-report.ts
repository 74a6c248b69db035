import type { Terminal } from '../terminal.ts'
import { HumanReport, type HumanReportOptions } from './human-report.ts'
import { JsonReport } from './json-report.ts'
import { quietReport } from './quiet-report.ts'
import type { Report } from './report.ts'

/** The report for who reads: a program, nobody until the end, or a person. */
export function openReport(
  flags: { json?: boolean; quiet?: boolean },
  options: Omit<HumanReportOptions, 'terminal'> & { terminal: Terminal },
): Report {
  if (flags.json) return new JsonReport(options.terminal.stdout)
  return flags.quiet ? quietReport : new HumanReport(options)
}

/** Whether asks can be put to a person here. */
export function canAsk(flags: { json?: boolean; quiet?: boolean }, terminal: Terminal): boolean {
  return terminal.interactive && !flags.json && !flags.quiet
}
