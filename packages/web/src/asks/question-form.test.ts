import type { Ask, Question } from '@skein/protocol'
import { expect, test } from 'vitest'
import { answersOf, type Choice, choose, chooseOwn, fieldsOf, NO_CHOICE, pageOf } from './question-form.ts'

const one: Question = { question: 'Which?', multiSelect: false, options: [{ label: 'A' }, { label: 'B' }] }
const many: Question = { question: 'What else?', multiSelect: true, options: [{ label: 'C' }, { label: 'D' }] }
const choices = (...entries: [Question, Choice][]) =>
  new Map(entries.map(([question, choice]) => [question.question, choice]))

test('one of several: the last choice stands alone', () => {
  const choice = choose(choose(NO_CHOICE, one, 'A'), one, 'B')
  expect(answersOf([one], choices([one, choice]))).toEqual({ answers: { 'Which?': 'B' } })
})

test('several: labels are joined in the order of the question, and own words come last', () => {
  let choice = choose(choose(NO_CHOICE, many, 'D'), many, 'C')
  choice = { ...chooseOwn(choice, many, true), text: ' and tests ' }
  expect(answersOf([many], choices([many, choice]))).toEqual({ answers: { 'What else?': 'C, D, and tests' } })
  expect(answersOf([many], choices([many, choose(NO_CHOICE, many, 'D')]))).toEqual({ answers: { 'What else?': 'D' } })
})

test('own words take the place of an option where only one may be chosen, and an option theirs', () => {
  const own = { ...chooseOwn(choose(NO_CHOICE, one, 'A'), one, true), text: 'neither' }
  expect(answersOf([one], choices([one, own]))).toEqual({ answers: { 'Which?': 'neither' } })
  expect(answersOf([one], choices([one, choose(own, one, 'B')]))).toEqual({ answers: { 'Which?': 'B' } })
})

test('a question without an answer is named', () => {
  const first = choose(NO_CHOICE, one, 'A')
  expect(answersOf([one, many], choices([one, first]))).toEqual({ missing: 'What else?' })
  expect(answersOf([one], choices([one, chooseOwn(first, one, true)]))).toEqual({ missing: 'Which?' })
})

test('the fields of a form come from its schema', () => {
  const input = {
    requested_schema: {
      required: ['env'],
      properties: { env: { type: 'string', title: 'Environment', enum: ['a', 'b'] }, dry: { type: 'boolean' } },
    },
  }
  expect(fieldsOf({ input } as unknown as Ask)).toEqual([
    { name: 'env', title: 'Environment', required: true, type: 'text', options: ['a', 'b'] },
    { name: 'dry', title: 'dry', required: false, type: 'boolean' },
  ])
})

test('only pages of the web are offered to be opened', () => {
  expect(pageOf({ input: { url: 'https://example.com/x' } } as unknown as Ask)).toBe('https://example.com/x')
  expect(pageOf({ input: { url: 'javascript:alert(1)' } } as unknown as Ask)).toBeUndefined()
})
