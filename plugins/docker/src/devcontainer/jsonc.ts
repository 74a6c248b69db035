/** JSON with comments and trailing commas, as devcontainer.json is written (containers.dev/implementors/json_reference). */
export function parseJsonc(text: string): unknown {
  return JSON.parse(withoutTrailingCommas(withoutComments(text.replace(/^\uFEFF/, ''))))
}

const STRING = /"(?:[^"\\\n]|\\.)*"/.source

/** Comments become white space of the same lines, so that positions in messages stay true. */
function withoutComments(text: string): string {
  return text.replace(new RegExp(`${STRING}|//[^\\n]*|/\\*[\\s\\S]*?\\*/`, 'g'), (found) =>
    found.startsWith('"') ? found : found.replace(/[^\n]/g, ' '),
  )
}

function withoutTrailingCommas(text: string): string {
  return text.replace(new RegExp(`${STRING}|,(?=\\s*[}\\]])`, 'g'), (found) => (found === ',' ? ' ' : found))
}
