import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { OneTimeLinks } from '../access/links.ts'
import { hashOf, randomSecret } from '../access/secrets.ts'
import { PrivateFile } from '../private-file.ts'

const Stored = z.object({
  previews: z.array(
    z.object({
      id: z.string(),
      workspaceId: z.string(),
      port: z.number().int(),
      /** Of browsers that may see it: the hash of each one's cookie, and which signed-in browser it is. */
      cookies: z.array(z.object({ hash: z.string(), browserId: z.string().optional() })),
      /** Where the app was that opened it last: the only page that may show it in a frame. */
      appOrigin: z.string(),
      usedAt: z.number(),
    }),
  ),
})

/** What listens on a port of a workspace's machine, shown at a host of its own, which stays the same. */
export type Preview = z.infer<typeof Stored>['previews'][number]

export interface PreviewTarget {
  workspaceId: string
  port: number
  path: string
  appOrigin: string
  /** Whose page asked for it. */
  browserId: string | undefined
}

const MOST_PREVIEWS = 500
const MOST_COOKIES = 20
const PREFIX = 'p-'

/** The previews that were opened, kept over restarts. */
export class Previews {
  readonly #file: PrivateFile<z.infer<typeof Stored>>
  readonly #now: () => number
  readonly #links: OneTimeLinks<{ id: string; path: string; browserId: string | undefined }>
  #previews: Preview[]

  constructor(path: string, now: () => number = Date.now) {
    this.#file = new PrivateFile(path, Stored)
    this.#now = now
    this.#links = new OneTimeLinks(now)
    this.#previews = this.#file.read()?.previews ?? []
  }

  /** The preview of that port, and a token that shows it to one browser. */
  open(target: PreviewTarget): { host: string; token: string } {
    const { workspaceId, port, path, appOrigin, browserId } = target
    const known = this.#previews.find((one) => one.workspaceId === workspaceId && one.port === port)
    const id = known?.id ?? randomBytes(16).toString('hex')
    this.#put({ id, workspaceId, port, cookies: known?.cookies ?? [], appOrigin, usedAt: this.#now() })
    return { host: `${PREFIX}${id}`, token: this.#links.make({ id, path, browserId }).token }
  }

  /** @param isOurs whether a name, without the preview's label, is one of the app's */
  ofHost(name: string, isOurs: (parent: string) => boolean): Preview | undefined {
    const [label = ''] = name.split('.', 1)
    if (!label.startsWith(PREFIX) || !isOurs(name.slice(label.length + 1))) return undefined
    return this.#previews.find(({ id }) => `${PREFIX}${id}` === label)
  }

  /** Spends a token; answers the cookie's value and where to go, or undefined. */
  admit(preview: Preview, token: string): { cookie: string; path: string } | undefined {
    const opens = this.#links.take(token)
    if (opens?.id !== preview.id) return undefined
    const cookie = randomSecret()
    const admitted = { hash: hashOf(cookie), ...(opens.browserId === undefined ? {} : { browserId: opens.browserId }) }
    this.#put({ ...preview, cookies: [admitted, ...preview.cookies].slice(0, MOST_COOKIES), usedAt: this.#now() })
    return { cookie, path: opens.path }
  }

  mayShow(preview: Preview, cookie: string): boolean {
    const hash = hashOf(cookie)
    return preview.cookies.some((one) => one.hash === hash)
  }

  /** Shows nothing more to browsers that fit. */
  signOut(fits: (browserId: string | undefined) => boolean): void {
    const previews = this.#previews.map((preview) => ({
      ...preview,
      cookies: preview.cookies.filter(({ browserId }) => !fits(browserId)),
    }))
    this.#previews = previews
    this.#file.write({ previews })
  }

  #put(preview: Preview): void {
    const others = this.#previews.filter(({ id }) => id !== preview.id)
    this.#previews = [preview, ...others].slice(0, MOST_PREVIEWS)
    this.#file.write({ previews: this.#previews })
  }
}
