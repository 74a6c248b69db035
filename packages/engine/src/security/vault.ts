import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '@skein/protocol'

const VERSION = 'v1'
const KEY_FILE = /^skein-key-1 ([A-Za-z0-9_-]{43})\n$/
const TAG_BYTES = 16

/**
 * Seals secrets for the store: AES-256-GCM under a random key that lies beside the store in `secret.key`, readable by its
 * owner alone. A copy of the store without that file tells no secret.
 *
 * Sealed text is `v1.<key id>.<iv>.<ciphertext and tag>`, the last two in base64url.
 */
export class Vault {
  readonly #key: Buffer
  readonly #keyId: string
  readonly #file: string

  private constructor(key: Buffer, file: string) {
    this.#key = key
    this.#keyId = createHash('sha256').update('skein key id\0').update(key).digest('hex').slice(0, 12)
    this.#file = file
  }

  /**
   * Opens the vault of a home folder and makes its key where there is none; with `create: false` a missing key is an error
   * (`missing`), for a store that already holds sealed secrets.
   */
  static async open(home: string, options: { create?: boolean } = {}): Promise<Vault> {
    const file = join(home, 'secret.key')
    try {
      const key = (await readKey(file)) ?? (options.create === false ? lost(file) : await makeKey(home, file))
      return new Vault(key, file)
    } catch (error) {
      throw SkeinError.from(error, `Opening the key ${file}`)
    }
  }

  /** `context` says what the secret belongs to; `open` needs the same one, so that a sealed text cannot be put elsewhere. */
  seal(plain: string, context: string): string {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv)
    cipher.setAAD(authenticated(this.#keyId, context))
    const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return [VERSION, this.#keyId, iv.toString('base64url'), sealed.toString('base64url')].join('.')
  }

  /** Throws `missing` when it was sealed with another key, and `conflict` when it or its context was changed. */
  open(sealed: string, context: string): string {
    const [version, keyId, iv, body, ...rest] = sealed.split('.')
    if (version !== VERSION || !keyId || !iv || !body || rest.length > 0)
      throw new SkeinError('invalid', `Opening a secret (${context}): this is not a sealed text`)
    if (keyId !== this.#keyId)
      throw new SkeinError(
        'missing',
        `Opening a secret (${context}): it was sealed with another key than the one in ${this.#file}`,
        {
          next: `Put the ${this.#file} back that was there when it was stored, or give the secret again.`,
          details: { sealedWith: keyId, present: this.#keyId },
        },
      )
    try {
      const bytes = Buffer.from(body, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', this.#key, Buffer.from(iv, 'base64url'))
      decipher.setAAD(authenticated(keyId, context))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      return decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    } catch (error) {
      throw new SkeinError(
        'conflict',
        `Opening a secret (${context}): the sealed text was changed or belongs elsewhere`,
        {
          next: 'Give the secret again.',
          cause: error,
        },
      )
    }
  }
}

function authenticated(keyId: string, context: string): Buffer {
  return Buffer.from(`skein\0${VERSION}\0${keyId}\0${context}`)
}

function lost(file: string): never {
  throw new SkeinError(
    'missing',
    `Opening the key ${file}: it is not there, and the store holds secrets sealed with it`,
    {
      next: 'Put the file back from a backup, or give the secrets again.',
    },
  )
}

async function readKey(file: string): Promise<Buffer | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const key = KEY_FILE.exec(text)?.[1]
  if (!key)
    throw new SkeinError('conflict', `Opening the key ${file}: the file is damaged`, {
      next: 'It was left as it is. Put it back from a backup; or move it away, then give the stored secrets again.',
    })
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600)
  return Buffer.from(key, 'base64url')
}

/** Of several processes that make the key at once, the first to link its file wins, and all use that one. */
async function makeKey(home: string, file: string): Promise<Buffer> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const draft = join(home, `.secret.key.${randomUUID()}`)
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(`skein-key-1 ${randomBytes(32).toString('base64url')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, file).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  } finally {
    await rm(draft, { force: true })
  }
  const folder = await open(home, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  return (await readKey(file)) ?? lost(file)
}
