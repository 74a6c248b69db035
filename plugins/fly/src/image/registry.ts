const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')
const PATIENCE_MS = 20_000

/** An app's images, by the registry's HTTP API (distribution spec v2). */
export class Registry {
  readonly #base: string
  readonly #app: string
  readonly #basic: string
  readonly #signal: AbortSignal
  #bearer: string | undefined

  constructor({ url, app, token, signal }: { url: string; app: string; token: string; signal: AbortSignal }) {
    this.#base = url
    this.#app = app
    this.#basic = `Basic ${Buffer.from(`x:${token}`).toString('base64')}`
    this.#signal = signal
  }

  /** Whether there is an image with this tag. What cannot be told is no. */
  async has(tag: string): Promise<boolean> {
    return this.#ask('HEAD', tag)
      .then((answer) => answer.ok)
      .catch(() => false)
  }

  /** Gives an image that is there another tag, too. Answers whether it could. */
  async tag(from: string, to: string): Promise<boolean> {
    try {
      const found = await this.#ask('GET', from)
      if (!found.ok) return false
      const type = found.headers.get('content-type') ?? 'application/vnd.oci.image.manifest.v1+json'
      const put = await this.#ask('PUT', to, { body: await found.text(), type })
      return put.ok
    } catch {
      return false
    }
  }

  async #ask(method: string, tag: string, sent?: { body: string; type: string }): Promise<Response> {
    const once = () =>
      fetch(`${this.#base}/v2/${this.#app}/manifests/${tag}`, {
        method,
        headers: {
          authorization: this.#bearer ?? this.#basic,
          accept: MANIFESTS,
          ...(sent ? { 'content-type': sent.type } : {}),
        },
        ...(sent ? { body: sent.body } : {}),
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE_MS)]),
      })
    const answer = await once()
    if (answer.status !== 401 || !(await this.#exchange(answer.headers.get('www-authenticate') ?? ''))) return answer
    return once()
  }

  /** Some registries want a token of their own, which is had for the password, from an address of the same host. */
  async #exchange(challenge: string): Promise<boolean> {
    const value = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1]
    const realm = value('realm')
    if (!/^Bearer /i.test(challenge) || realm === undefined || !URL.canParse(realm)) return false
    const url = new URL(realm)
    if (url.host !== new URL(this.#base).host) return false
    url.searchParams.set('service', value('service') ?? '')
    url.searchParams.set('scope', `repository:${this.#app}:pull,push`)
    const answer = await fetch(url, { headers: { authorization: this.#basic }, signal: this.#signal })
    if (!answer.ok) return false
    const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string }
    this.#bearer = `Bearer ${token ?? access_token ?? ''}`
    return true
  }
}
