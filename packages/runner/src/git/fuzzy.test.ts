import { expect, it } from 'vitest'
import { scorePath } from './fuzzy.ts'

const best = (query: string, ...paths: string[]) =>
  paths
    .flatMap((path) => {
      const score = scorePath(path, path.toLowerCase(), query)
      return score === undefined ? [] : [{ path, score }]
    })
    .sort((a, b) => b.score - a.score)
    .map(({ path }) => path)

it('a name that is typed whole comes before one that begins with it, that before one that holds it', () => {
  expect(best('view.ts', 'a/preview.ts', 'b/view.tsx', 'deep/down/in/view.ts')).toEqual([
    'deep/down/in/view.ts',
    'b/view.tsx',
    'a/preview.ts',
  ])
})

it('letters at the beginnings of words are what somebody means who types few', () => {
  expect(best('wv', 'src/waves.ts', 'src/WorkspaceView.tsx')[0]).toBe('src/WorkspaceView.tsx')
  expect(best('sess/log', 'sessions/catalog.ts', 'src/sessions/log.ts', 'logs/sess.ts')[0]).toBe('src/sessions/log.ts')
})

it('without the letters, or in another order, a path is not meant', () => {
  expect(best('xyz', 'src/a.ts')).toEqual([])
  expect(best('ba', 'ab.c')).toEqual([])
})
