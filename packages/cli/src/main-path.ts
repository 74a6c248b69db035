import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The command's own file, for processes that it starts: `main.ts` in a checkout, `main.js` in the published package. */
export const mainPath: string = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url))
