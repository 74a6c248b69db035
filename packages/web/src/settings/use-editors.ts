import { EDITORS } from '../changes/editor-links.ts'
import { usePreferences } from './preferences.ts'

/** The editors that files can be opened in, the preferred one first. */
export function useEditors(): readonly (typeof EDITORS)[number][] {
  const preferred = usePreferences((state) => state.editor)
  return EDITORS.toSorted((a, b) => Number(b.id === preferred) - Number(a.id === preferred))
}
