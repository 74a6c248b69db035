const NAME = 'found'

/**
 * Marks a text wherever it stands in an element, also in what comes into view later, without touching the elements: the browser
 * paints the marks. Returns how to end it.
 */
export function markWords(element: HTMLElement, text: string): () => void {
  const wanted = text.toLowerCase()
  if (wanted === '' || !('highlights' in CSS)) return unmarkWords
  let scheduled = 0
  const mark = () => {
    scheduled = 0
    const ranges: Range[] = []
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node && ranges.length < 500; node = walker.nextNode()) {
      const words = node.textContent?.toLowerCase() ?? ''
      for (let at = words.indexOf(wanted); at >= 0; at = words.indexOf(wanted, at + wanted.length)) {
        const range = new Range()
        range.setStart(node, at)
        range.setEnd(node, Math.min(at + wanted.length, words.length))
        ranges.push(range)
      }
    }
    CSS.highlights.set(NAME, new Highlight(...ranges))
  }
  mark()
  const observer = new MutationObserver(() => {
    scheduled ||= requestAnimationFrame(mark)
  })
  observer.observe(element, { childList: true, subtree: true, characterData: true })
  return () => {
    observer.disconnect()
    cancelAnimationFrame(scheduled)
    unmarkWords()
  }
}

export function unmarkWords(): void {
  if ('highlights' in CSS) CSS.highlights.delete(NAME)
}
