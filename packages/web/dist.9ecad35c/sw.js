// Keeps the app's own files, so that it opens at once and can say that the server is away. What people and agents wrote is
// never kept here: everything but the page and its assets goes to the server.
const NAME = 'skein-shell-1'
const PAGE = '/'
const MOST = 400

self.addEventListener('install', (event) => {
  event.waitUntil(self.skipWaiting())
})

self.addEventListener('activate', (event) => {
  const others = async () => {
    for (const name of await caches.keys()) if (name !== NAME) await caches.delete(name)
    await self.clients.claim()
  }
  event.waitUntil(others())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    if (isPage(url.pathname)) event.respondWith(page(request))
  } else if (/^\/(assets|icons)\/|^\/(theme\.js|manifest\.webmanifest)$/.test(url.pathname)) {
    event.respondWith(asset(request, url))
  }
})

// `/open` takes a one-time token, `/v1` and the rest are the server's.
const isPage = (path) => /^\/($|(inbox|overview|search|settings|doctor|new|welcome)\/?$|w\/)/.test(path)

async function page(request) {
  const cache = await caches.open(NAME)
  try {
    const response = await fetch(request)
    if (response.ok && !response.redirected) await cache.put(PAGE, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(PAGE)
    if (kept) return kept
    throw error
  }
}

async function asset(request, url) {
  const cache = await caches.open(NAME)
  const kept = await cache.match(request)
  // The names of assets change with what is in them.
  if (kept && url.pathname.startsWith('/assets/')) return kept
  try {
    const response = await fetch(request)
    if (response.ok) {
      await cache.put(request, response.clone())
      const keys = await cache.keys()
      for (const key of keys.slice(0, Math.max(0, keys.length - MOST))) await cache.delete(key)
    }
    return response
  } catch (error) {
    if (kept) return kept
    throw error
  }
}

// A click on a notification brings the page forward that it speaks of.
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const path = typeof event.notification.data?.path === 'string' ? event.notification.data.path : PAGE
  const show = async () => {
    const [window] = await self.clients.matchAll({ type: 'window' })
    if (!window) return self.clients.openWindow(path)
    await window.focus()
    window.postMessage({ type: 'go', path })
  }
  event.waitUntil(show())
})
