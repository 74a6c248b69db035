import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ask, AskAnswer } from '@skein/protocol'
import { temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'
import { type AnswerFlags, answerFromFlags } from './answer-flags.ts'

const ask = (kind: Ask['kind'], rest: Partial<Ask> = {}): Ask => ({
  id: 'ask',
  sessionId: 's',
  workspaceId: 'w',
  workspaceName: 'w',
  kind,
  title: 'Bash',
  input: {},
  inputHash: 'h',
  options: [],
  defaultToNo: false,
  state: 'open',
  createdAt: 0,
  ...rest,
})
const permission = ask('permission', {
  options: [
    { optionId: 'once', name: 'Allow', kind: 'allow_once' },
    { optionId: 'no', name: 'Deny', kind: 'reject_once' },
    { optionId: 'always', name: 'Always allow npm test', kind: 'allow_always' },
  ],
})
const question = (question: string, multiSelect = false) => ({
  question,
  multiSelect,
  options: [{ label: 'Red' }, { label: 'Blue' }],
})
const one = ask('question', { questions: [question('Which?')] })
const many = ask('question', { questions: [question('Which?', true)] })
const two = ask('question', { questions: [question('Which?'), question('Sure?', true)] })
const plan = ask('plan', { plan: { id: 'p', markdown: '# Plan' } })

it.each<[string, Ask, AnswerFlags, AskAnswer]>([
  ['--allow', permission, { allow: true }, { type: 'allow', optionId: 'once' }],
  ['--allow --always', permission, { allow: true, always: true }, { type: 'allow', optionId: 'always' }],
  ['--allow --option 2', permission, { allow: true, option: 2 }, { type: 'allow', optionId: 'always' }],
  ['--allow without options', ask('permission'), { allow: true }, { type: 'allow' }],
  ['--deny --comment', permission, { deny: true, comment: 'no' }, { type: 'deny', feedback: 'no' }],
  ['--choose in any case', one, { choose: ['blue'] }, { type: 'answers', answers: { 'Which?': 'Blue' } }],
  ['--choose twice', many, { choose: ['Red', 'Blue'] }, { type: 'answers', answers: { 'Which?': 'Red, Blue' } }],
  ['--text', one, { text: 'Green' }, { type: 'answers', answers: { 'Which?': 'Green' } }],
  [
    '--choose for each question',
    two,
    { choose: ['red', 'red,blue'] },
    { type: 'answers', answers: { 'Which?': 'Red', 'Sure?': 'Red, Blue' } },
  ],
  ['--approve --mode', plan, { approve: true, mode: 'ask' }, { type: 'approve_plan', nextMode: 'ask' }],
  ['--changes', plan, { changes: 'more' }, { type: 'request_changes', feedback: 'more' }],
])('%s', async (_, to, flags, answer) => {
  expect(await answerFromFlags(to, flags)).toEqual(answer)
})

it('--approve --edit brings the file', async () => {
  await using folder = await temporaryFolder('answer')
  await writeFile(join(folder.path, 'plan.md'), '# Edited\n')
  const answer = await answerFromFlags(plan, { approve: true, edit: join(folder.path, 'plan.md') })
  expect(answer).toEqual({ type: 'approve_plan', plan: '# Edited\n' })
})

it.each<[string, Ask, AnswerFlags, RegExp]>([
  ['no answer', permission, {}, /no answer is given/],
  ['two answers', permission, { allow: true, deny: true }, /do not go together/],
  ['an answer of another kind', permission, { approve: true }, /does not answer a permission/],
  ['an option that is not there', permission, { allow: true, option: 9 }, /no option 9/],
  ['always, where it is not offered', ask('permission'), { allow: true, always: true }, /for always/],
  ['a label that is not offered', one, { choose: ['Green'] }, /“Red”, “Blue”/],
  ['two labels where one is wanted', one, { choose: ['Red', 'Blue'] }, /only one/],
  ['too few answers', two, { choose: ['Red'] }, /2 questions/],
  ['empty changes', plan, { changes: ' ' }, /needs a text/],
])('%s is a usage error that shows how it is done', async (_, to, flags, message) => {
  await expect(answerFromFlags(to, flags)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(message),
    next: expect.stringContaining('skein answer ask --'),
  })
})
