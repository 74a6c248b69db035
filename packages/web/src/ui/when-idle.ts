/** Calls back as soon as the browser has nothing else to do, after so many milliseconds at the latest. Returns how to call it off. */
export function whenIdle(callback: () => void, timeout: number): () => void {
  // Safari has no idle callbacks.
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(callback, Math.min(timeout, 200))
    return () => clearTimeout(timer)
  }
  const idle = requestIdleCallback(callback, { timeout })
  return () => cancelIdleCallback(idle)
}
