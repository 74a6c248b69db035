const PLACE = /\\\{\{|\{\{\s*([^{}\s][^{}]*?)\s*\}\}/g

/** The names of the variables that a text uses. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(PLACE)].flatMap(([, name]) => (name === undefined ? [] : [name]))
}

/** Puts variables in place of `{{name}}`; `\{{` stays two braces. Throws what `wrong` makes for one that is not known. */
export function fillIn(
  text: string,
  variables: ReadonlyMap<string, string>,
  wrong: (what: string, next: string) => Error,
): string {
  return text.replace(PLACE, (_, name: string | undefined) => {
    if (name === undefined) return '{{'
    const value = variables.get(name)
    if (value !== undefined) return value
    const known = [...variables.keys()].filter((one) => one !== 'prompt')
    throw wrong(
      `there is no variable "${name}" here`,
      `${known.length === 0 ? 'This request has none.' : `This request has: ${known.join(', ')}.`} Braces that mean themselves are written \\{{.`,
    )
  })
}
