/**
 * Lets the browser keep the app's own files, so that it opens at once and can say that the server is away.
 *
 * @param go follows a notification that was clicked to the page that it speaks of
 */
export function registerShell(go: (path: string) => void): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  // A private window may forbid it. Without it everything works, only slower.
  addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined))
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (typeof data !== 'object' || data === null || !('type' in data) || data.type !== 'go' || !('path' in data))
      return
    if (typeof data.path === 'string' && /^\/(?!\/)/.test(data.path)) go(data.path)
  })
}
