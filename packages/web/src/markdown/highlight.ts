import { createCssVariablesTheme, createHighlighterCore, type HighlighterCore } from 'shiki/core'
import { createJavaScriptRegexEngine } from 'shiki/engine/javascript'
import { bundledLanguages, bundledLanguagesAlias } from 'shiki/langs'

export type ColoredLine = readonly { text: string; color?: string | undefined }[]

const theme = createCssVariablesTheme({ name: 'skein', variablePrefix: '--shiki-', variableDefaults: {} })
let highlighter: Promise<HighlighterCore> | undefined

/** Code as lines of coloured spans; undefined when the language is not known. Colours are variables of the theme. */
export async function highlight(code: string, language: string): Promise<readonly ColoredLine[] | undefined> {
  const load = { ...bundledLanguages, ...bundledLanguagesAlias }[language as keyof typeof bundledLanguages]
  if (!load) return undefined
  highlighter ??= createHighlighterCore({
    themes: [theme],
    langs: [],
    // Needs neither WebAssembly nor `eval`, which the page forbids.
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  })
  const core = await highlighter
  if (!core.getLoadedLanguages().includes(language)) await core.loadLanguage(load)
  // On a slow machine a language's first line takes longer than the usual half second, and would stay plain for ever.
  const lines = core.codeToTokensBase(code, { lang: language as never, theme: 'skein', tokenizeTimeLimit: 5_000 })
  return lines.map((line) => line.map(({ content, color }) => ({ text: content, color })))
}
