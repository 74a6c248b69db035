/** Gives the viewer's buttons for unchanged lines a name and the keyboard, which they lack. */
export function nameExpandButtons(node: HTMLElement): void {
  for (const button of node.shadowRoot?.querySelectorAll<HTMLElement>('[data-expand-button]') ?? []) {
    if (button.hasAttribute('aria-label')) continue
    button.tabIndex = 0
    button.ariaLabel = nameOf(button)
    button.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      button.click()
    })
  }
}

function nameOf({ dataset }: HTMLElement): string {
  if ('expandUp' in dataset) return 'Show unchanged lines above'
  if ('expandDown' in dataset) return 'Show unchanged lines below'
  return 'Show all unchanged lines here'
}
