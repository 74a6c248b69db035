export { ExitCode } from './exit-codes.ts'
export { JsonLine } from './json.ts'
