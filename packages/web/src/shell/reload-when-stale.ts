const KEY = 'skein.reloaded-at'
/** Sooner than this, loading the page anew has not helped. */
const AGAIN_MS = 30_000

/**
 * A page that was opened before Skein was updated asks for parts that are not there any more: it is loaded anew, once. Drafts
 * are kept by the browser, everything else by the server.
 */
export function reloadWhenStale(): void {
  addEventListener('vite:preloadError', (event) => {
    try {
      if (Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < AGAIN_MS) return
      sessionStorage.setItem(KEY, String(Date.now()))
    } catch {
      // Without storage nobody can tell how often that happened: the page says that it broke.
      return
    }
    event.preventDefault()
    location.reload()
  })
}
