import { describe, expect, it } from 'vitest'
import { carriedTo, type DiffComment, type PlanComment, standingOf } from './place.ts'

const comment = { id: 'c', workspaceId: 'w', sessionId: 's', body: 'why?', by: 'ana', createdAt: 1, replies: [] }

const onPlan = (id: string, askId: string, line: number, quote: string): PlanComment => ({
  ...comment,
  id,
  state: 'open',
  quote,
  place: { kind: 'plan', askId, startLine: line, endLine: line },
})

const revisions = [
  { askId: 'a1', revision: 1, markdown: 'first step here\nsecond step there\nthird step away' },
  { askId: 'a2', revision: 2, markdown: 'first step here\nan inserted line\nsecond step there, but better' },
]
const comments = [
  onPlan('same', 'a1', 1, 'first step here'),
  onPlan('reworded', 'a1', 2, 'second step there'),
  onPlan('dropped', 'a1', 3, 'third step away'),
  onPlan('own', 'a2', 2, 'an inserted line'),
]

describe('comments carried over to a revision', () => {
  const carried = (index: number) => {
    const revision = revisions[index]
    return revision ? carriedTo(revision, revisions, comments) : []
  }

  it('are those of all earlier revisions, each with what became of its lines', () => {
    expect(carried(1).map(({ comment: { id }, from, match: { state } }) => [id, from, state])).toEqual([
      ['same', 1, 'unchanged'],
      ['reworded', 1, 'changed'],
      ['dropped', 1, 'gone'],
      ['own', undefined, 'unchanged'],
    ])
  })

  it('are not those of later revisions', () => {
    expect(carried(0).map(({ comment: { id } }) => id)).toEqual(['same', 'reworded', 'dropped'])
  })
})

describe('a comment on a diff', () => {
  const onDiff: DiffComment = {
    ...comment,
    state: 'open',
    quote: 'const cached = read()',
    place: { kind: 'diff', path: 'a.ts', side: 'new', startLine: 4, endLine: 4, tree: 't' },
  }

  it('stands under its lines wherever they are now', () => {
    expect(standingOf(onDiff, [undefined, undefined, 'x', 'const cached = read()'])).toMatchObject({ line: 4 })
    expect(standingOf(onDiff, ['const cached = read()'])).toMatchObject({ state: 'here', line: 1 })
  })

  it('is outdated when they changed or are not shown', () => {
    expect(standingOf(onDiff, [undefined, undefined, 'x', 'const cached = await read()'])).toEqual({
      state: 'outdated',
    })
    expect(standingOf(onDiff, [])).toEqual({ state: 'outdated' })
  })
})
