// What is measured in the page itself, since a question from outside takes longer than a frame. It runs in the browser, before
// anything of the page does; `measure.ts` asks it.

function isVisible(element) {
  const box = element?.getBoundingClientRect()
  return box !== undefined && box.height > 0 && box.bottom > 0 && box.top < innerHeight
}

/** Whether the first lines are there: rows of a transcript, or lines of a diff, which stand in shadow trees. */
function isThere(sight) {
  if (sight === 'plain') return isVisible(document.querySelector('main'))
  if (sight === 'transcript') return [...document.querySelectorAll('[data-seq]')].some(isVisible)
  const files = [...document.querySelectorAll('diffs-container')]
  return files.some((file) => isVisible(file.shadowRoot?.querySelector('[data-line]')))
}

const scrollers = {
  transcript: () => document.querySelector('[aria-label="Transcript"]'),
  diff: () => document.querySelector('[aria-label="Diff"]'),
  plain: () => document.scrollingElement,
}

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))

/** When the next frame is on the screen. */
function painted() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => resolve(performance.now())
      port2.postMessage(0)
    })
  })
}

async function sighted(sight) {
  while (!isThere(sight)) await frame()
  return painted()
}

async function afterClick(selector, sight) {
  const element = document.querySelector(selector)
  if (!element) throw new Error(`there is no ${selector}`)
  const begin = performance.now()
  element.click()
  return (await sighted(sight)) - begin
}

/** Scrolls by so many pixels a frame. Answers how long each frame took, and how far it came. */
async function scroll(sight, by, forMs) {
  const scroller = scrollers[sight]()
  // A person who scrolls tells the page so; it must not take this for its own doing.
  scroller.dispatchEvent(new WheelEvent('wheel', { deltaY: by, bubbles: true }))
  const times = []
  let moved = 0
  let last = await frame()
  const end = last + forMs
  while (last < end) {
    const before = scroller.scrollTop
    scroller.scrollTop += by
    moved += Math.abs(scroller.scrollTop - before)
    const now = await frame()
    times.push(now - last)
    last = now
  }
  return { times, moved }
}

const keys = []
addEventListener('keydown', (event) => void painted().then((now) => keys.push(now - event.timeStamp)), {
  capture: true,
})

/** Follows sessions over one WebSocket, as the app does. Answers how late each line of their agents was. */
async function lineDelays(sessionIds, forMs) {
  const credits = 256
  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/v1/socket`)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  const delays = []
  const owed = new Map()
  let counting = false
  socket.onmessage = ({ data }) => {
    const now = Date.now()
    for (const frame of [JSON.parse(data)].flat()) take(frame, now)
  }
  const take = ({ id, item }, now) => {
    if (item === undefined) return
    const due = (owed.get(id) ?? 0) + 1
    const asks = due >= credits / 2
    if (asks) socket.send(JSON.stringify({ id, more: due }))
    owed.set(id, asks ? 0 : due)
    const event = item.envelope?.event
    if (!counting || event?.type !== 'agent_message_chunk') return
    for (const [, at] of event.text.matchAll(/at=([\d.]+)/g)) delays.push(now - Number(at))
  }
  for (const [index, sessionId] of sessionIds.entries())
    socket.send(JSON.stringify({ id: index + 1, subscribe: 'sessions.follow', params: { sessionId }, credits }))
  // What was written before it listened comes at once, and is late by nature.
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  counting = true
  await new Promise((resolve) => setTimeout(resolve, forMs))
  socket.close()
  return delays
}

globalThis.bench = { sighted, afterClick, scroll, painted, keys, lineDelays }
