/** The title with how many need the person in front: `(3) Skein`. */
export function titleWithCount(title: string, count: number): string {
  const bare = title.replace(/^\(\d+\+?\) /, '')
  if (count === 0) return bare
  return `(${count > 99 ? '99+' : count}) ${bare}`
}

/** Keeps the count in the tab's title, whoever writes the title, and on the app's icon. Ends with the signal. */
export function showCount(count: number, signal: AbortSignal): void {
  const write = () => {
    const title = titleWithCount(document.title, count)
    if (title !== document.title) document.title = title
  }
  write()
  const observer = new MutationObserver(write)
  observer.observe(document.head, { childList: true, subtree: true, characterData: true })
  setFavicon(count > 0)
  if ('setAppBadge' in navigator) void navigator.setAppBadge(count).catch(() => undefined)
  signal.addEventListener('abort', () => observer.disconnect(), { once: true })
}

const plainIcons = new WeakMap<HTMLLinkElement, string>()

function setFavicon(dot: boolean): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel~="icon"][type="image/svg+xml"], link[rel~="icon"]')
  if (!link) return
  const plain = plainIcons.get(link) ?? link.href
  plainIcons.set(link, plain)
  if (!dot) {
    if (link.href !== plain) link.href = plain
    return
  }
  void drawDot(plain).then((url) => {
    // Meanwhile it may have been taken back.
    if (url && /^\(\d/.test(document.title)) link.href = url
  })
}

async function drawDot(icon: string): Promise<string | undefined> {
  const image = new Image()
  image.src = icon
  try {
    await image.decode()
  } catch {
    return undefined
  }
  const canvas = document.createElement('canvas')
  canvas.width = 64
  canvas.height = 64
  const paint = canvas.getContext('2d')
  if (!paint) return undefined
  paint.drawImage(image, 0, 0, 64, 64)
  paint.globalCompositeOperation = 'destination-out'
  paint.beginPath()
  paint.arc(48, 16, 18, 0, 2 * Math.PI)
  paint.fill()
  paint.globalCompositeOperation = 'source-over'
  paint.fillStyle = '#e5484d'
  paint.beginPath()
  paint.arc(48, 16, 14, 0, 2 * Math.PI)
  paint.fill()
  return canvas.toDataURL('image/png')
}
