const STYLE = `
:root { color-scheme: light dark; --ground: #fbfaf8; --text: #1d1c1a; --muted: #67635c; --line: #e4e0d8; --code: #f1eee8 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #161614; --text: #ece9e2; --muted: #a09b90; --line: #33312c; --code: #232220 }
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif }
main { max-width: 32rem; padding: 2rem }
h1 { font-size: 1.25rem; font-weight: 600; margin: 0 0 .5rem }
p { margin: 0 0 .75rem; color: var(--muted) }
code { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .1rem .4rem; color: var(--text);
  font: .875rem ui-monospace, monospace }`

/** A page without scripts. `again` has the browser ask for the same address after so many seconds. */
export function page(title: string, paragraphs: readonly string[], again?: number): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">${again === undefined ? '' : `\n<meta http-equiv="refresh" content="${again}">`}
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body><main><h1>${escaped(title)}</h1>${paragraphs.map((text) => `<p>${marked(text)}</p>`).join('')}</main></body>
</html>
`
}

/** For a browser that is not signed in. @param again it was led here by another site's page: it asks once more, by itself */
export function signInPage(again: boolean): string {
  if (again) return page('One moment', ['Skein opens.'], 0)
  return page('This browser is not signed in', [
    'Run `skein open` in a terminal on the computer where Skein runs. It opens a link that works once.',
    'For a browser on another device, run `skein open --print` and open the link there.',
  ])
}

/** For a one-time link that does not work (any more). */
export function spentLinkPage(): string {
  return page('This link does not work any more', [
    'Each link signs one browser in, once, and for ten minutes.',
    'Run `skein open` in a terminal for a fresh one. If this browser is signed in already, its bookmark still works.',
  ])
}

/** In the place of a preview whose server does not answer; it asks again by itself. */
export function notAnsweringPage(port: number): string {
  return page(
    `Nothing answers on port ${port} yet`,
    [
      'The workspace’s service may still be starting, or it has stopped: its log is in the app, under Services.',
      'This page tries again by itself.',
    ],
    2,
  )
}

/** In the place of a preview whose machine is not connected at the moment; it asks again by itself. */
export function unreachableMachinePage(why: string): string {
  return page(
    'The machine cannot be reached at the moment',
    [`${why}.`, 'What runs there runs on. Skein connects again by itself, and this page then shows the preview.'],
    3,
  )
}

/** In the place of a preview whose port another workspace's program has. */
export function otherWorkspacePage(why: string): string {
  return page(
    'Another workspace has this port',
    [
      `${why}.`,
      'Have the program listen on a port of its workspace’s own: `$SKEIN_PORT` is the first of ten. Or end the other one.',
      'This page tries again by itself.',
    ],
    5,
  )
}

/** For a browser that was not let into a preview. */
export function closedPreviewPage(): string {
  return page('This preview is not open in this browser', [
    'Open it from the app, under Services: a preview is shown to the browser that opened it, and to no other.',
    'If it was, this browser may refuse cookies in frames; “open in a tab” works without.',
  ])
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** Escaped, with what stands in backticks as code. */
function marked(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}
