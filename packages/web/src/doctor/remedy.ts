/** A remedy as what it says and the commands in it, which a person may want to copy. */
export interface RemedyParts {
  /** Empty where the remedy is nothing but a command. */
  says: string
  commands: string[]
}

/** Finds commands: in backticks, after `Debian:`, `macOS:` or `with:`, or the whole text. */
export function remedyParts(text: string): RemedyParts {
  const remedy = text.trim()
  if (/^[a-z][\w./-]*( [^`]*[^.`])?$/.test(remedy) && !remedy.includes(': ') && !remedy.includes('. '))
    return { says: '', commands: [remedy] }
  const quoted = [...remedy.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')
  const named = [
    ...remedy.matchAll(/\b(?:Debian|macOS|with|Run): ([a-z][\w./-]*(?: [^;).,\s]+(?:\.[^;).,\s]+)*)+)/g),
  ].map((match) => match[1] ?? '')
  const commands = [...new Set([...quoted, ...named].map((command) => command.trim()))]
  return { says: remedy.replaceAll('`', ''), commands: commands.filter((command) => command.includes(' ')) }
}
