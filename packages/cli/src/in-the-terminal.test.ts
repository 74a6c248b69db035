import { existsSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Workspace } from '@skein/protocol'
import { asksPermission, asksQuestion, isThorough, plans, say, streamsLong, writesFile } from '@skein/testkit'
import { describe, expect, it } from 'vitest'
import { Computer } from '../test/computer.ts'
import { TmuxTerminal } from '../test/tmux.ts'

const workspaceOf = async (computer: Computer, name: string): Promise<Workspace> => {
  const { stdout } = await computer.skein(['show', name, '--json'])
  return (JSON.parse(stdout.split('\n')[0] ?? '') as { workspace: Workspace }).workspace
}

/** The rows of the screen that hold the streamed numbers, joined as they were written. */
const numbers = (screen: string) => screen.match(/\b\d{5}\b/g) ?? []

describe.skipIf(!TmuxTerminal.available())('in a real terminal', { timeout: 180_000 }, () => {
  it('a permission is shown exactly, allowed with Enter, and the run ends with what changed', async () => {
    await using computer = await Computer.create(asksPermission('touch allowed.txt'))
    await using terminal = await computer.terminal(['run', '--permission-mode', 'ask', '--name', 'one', 'Touch it.'])
    const question = await terminal.shows('May it do this?')
    expect(question).toContain('│ $ touch allowed.txt')
    await terminal.keys('Enter')
    const end = await terminal.shows('skein apply one')
    expect(end).toMatch(/✓ Bash .*touch allowed\.txt/)
    expect(end).toMatch(/✓ Done · .*\n1 file changed on skein\/one\n {2}A allowed\.txt/)
    expect(await terminal.exit()).toBe(0)
    expect(existsSync(join((await workspaceOf(computer, 'one')).path, 'allowed.txt'))).toBe(true)
  })

  it('a denial takes its comment to the agent, at 40 columns', async () => {
    await using computer = await Computer.create(asksPermission('touch denied.txt'))
    await using terminal = await computer.terminal(['run', '--permission-mode', 'ask', '--keep', 'Touch it.'], {
      columns: 40,
    })
    await terminal.shows('May it do this?')
    await terminal.keys('Up', 'Enter')
    await terminal.shows('What should it do instead?')
    await terminal.type('Use the other file.')
    await terminal.keys('Enter')
    expect(await terminal.exit()).toBe(0)
    const screen = await terminal.screen(true)
    expect(screen).toContain('denied')
    for (const line of screen.split('\n')) expect(line.length, line).toBeLessThanOrEqual(40)
    const request = await computer.model.waitForRequest(({ toolResults }) => toolResults.length > 0)
    expect(request.toolResults[0]?.text).toContain('Use the other file.')
  })

  it('a question that is answered elsewhere is taken away, and the person is told by whom', async () => {
    await using computer = await Computer.create(asksQuestion())
    await using terminal = await computer.terminal(['run', '--keep', '--name', 'asked', 'Ask me.'])
    await terminal.shows('◆')
    expect(await computer.skein(['answer', 'asked', '--choose', 'Blue'])).toMatchObject({ code: 0 })
    const screen = await terminal.shows(/Answered elsewhere\. .* answered: Blue/)
    expect(screen).not.toContain('◆')
    expect(await terminal.exit()).toBe(0)
    const late = await computer.skein(['answer', 'asked', '--choose', 'Red'])
    expect(late).toMatchObject({ code: 1, stderr: expect.stringMatching(/Another answer counted .*Blue/) })
  })

  it('a plan is edited in the person’s editor and approved', async () => {
    await using computer = await Computer.create(plans('# Plan\n\n1. Write the file.\n', 'planned.txt'))
    const editor = join(computer.repo, '..', 'editor')
    await writeFile(editor, '#!/bin/sh\necho "2. Carefully, with the editor." >> "$1"\n')
    await chmod(editor, 0o755)
    await using terminal = await computer.terminal(
      ['run', '--permission-mode', 'plan', '--name', 'planned', 'Plan it.'],
      {
        env: { EDITOR: editor, VISUAL: '' },
      },
    )
    const question = await terminal.shows('What about this plan?')
    expect(question).toContain('│ 1. Write the file.')
    await terminal.keys('Down', 'Down', 'Enter')
    expect(await terminal.exit()).toBe(0)
    expect(await terminal.screen(true)).toContain('✓ Plan approved, edited')
    const { requests } = computer.model
    expect(requests.some(({ toolResults }) => toolResults.some(({ text }) => text.includes('with the editor')))).toBe(
      true,
    )
  })

  it('Ctrl-C interrupts the turn, shows it to its end, and exits with 130', async () => {
    await using computer = await Computer.create(streamsLong(400, 25))
    await using terminal = await computer.terminal(['run', '--keep', '--name', 'long', 'A long story.'])
    await terminal.shows('00020')
    await terminal.keys('C-c')
    expect(await terminal.exit()).toBe(130)
    const screen = await terminal.screen(true)
    expect(screen).toContain('Interrupting the turn')
    expect(screen).toContain('! Interrupted ·')
    expect((await workspaceOf(computer, 'long')).sessions[0]?.lastTurn?.stopReason).toBe('cancelled')
  })

  it('SIGTERM detaches; what comes meanwhile is there when the person comes back, and takes a further prompt', async () => {
    await using computer = await Computer.create((request, context) =>
      request.lastUserText === 'Short.' ? say('That was short.') : streamsLong(120, 25)(request, context),
    )
    const args = ['run', '--keep', '--name', 'long', 'A long story.']
    await using terminal = await computer.terminal(args)
    await terminal.shows('00010')
    process.kill(await terminal.pid(), 'SIGTERM')
    expect(await terminal.exit()).toBe(143)
    expect(await terminal.screen(true)).toContain('works on. Come back with: skein attach long')

    await using back = await computer.terminal(['attach', 'long'])
    const screen = await back.shows('What next?')
    expect(numbers(screen)).toEqual(Array.from({ length: 120 }, (_, n) => String(n + 1).padStart(5, '0')))
    await back.type('Short.')
    await back.keys('Enter')
    await back.shows(/That was short\.\n\n— turn ended[^\n]*\n│\n◆ {2}What next\?/)
    await back.keys('C-c')
    expect(await back.exit()).toBe(0)
  })

  it('kill -9 of the server while text streams: the person sees every word once', async () => {
    await using computer = await Computer.create(streamsLong(200, 25))
    await using terminal = await computer.terminal(['run', '--keep', 'A long story.'], { columns: 80, rows: 24 })
    for (const word of ['00020', '00090']) {
      await terminal.shows(word)
      process.kill(await computer.serverPid(), 'SIGKILL')
    }
    expect(await terminal.exit()).toBe(0)
    const screen = await terminal.screen(true)
    expect(numbers(screen)).toEqual(Array.from({ length: 200 }, (_, n) => String(n + 1).padStart(5, '0')))
  })

  it('rm asks before work is gone, and restore brings it back', async () => {
    await using computer = await Computer.create(writesFile('work.txt', 'precious\n'))
    expect(await computer.skein(['run', '--name', 'precious', 'Write.'])).toMatchObject({ code: 0 })
    await using no = await computer.terminal(['rm', 'precious'])
    await no.shows('Remove precious?')
    await no.keys('Enter')
    expect(await no.exit()).toBe(1)
    await using yes = await computer.terminal(['rm', 'precious'])
    await yes.shows('Remove precious?')
    await yes.keys('Up', 'Enter')
    expect(await yes.exit()).toBe(0)
    expect(await computer.skein(['restore', 'precious'])).toMatchObject({ code: 0 })
    const { path } = await workspaceOf(computer, 'precious')
    expect(await readFile(join(path, 'work.txt'), 'utf8')).toBe('precious\n')
  })

  it.skipIf(!isThorough)(
    'apply --check says whether it would apply and changes nothing; a conflict is listed, and nothing is changed then',
    async () => {
      await using computer = await Computer.create(writesFile('work.txt', 'from the agent\n'))
      expect(await computer.skein(['run', '--name', 'giver', 'Write.'])).toMatchObject({ code: 0 })
      const mine = join(computer.repo, 'work.txt')
      expect(await computer.skein(['apply', 'giver', '--check'])).toMatchObject({
        code: 0,
        stdout: '✓ It applies: 1 file.\n',
      })
      expect(existsSync(mine)).toBe(false)
      await writeFile(mine, 'mine\n')
      expect(await computer.skein(['apply', 'giver'])).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('work.txt'),
      })
      expect(await readFile(mine, 'utf8')).toBe('mine\n')
    },
  )

  it('the demo plays with nothing but Enter, and leaves nothing behind', async () => {
    await using computer = await Computer.create(() => say('not needed'))
    await using terminal = await computer.terminal(['demo'], { env: { TMPDIR: join(computer.repo, '..') } })
    await terminal.shows('◆  In which unit')
    await terminal.keys('Enter')
    await terminal.shows('What about this plan?')
    await terminal.keys('Enter')
    const screen = await terminal.shows('That was the demo')
    expect(screen).toContain('scripted model, no credentials used')
    expect(screen).toMatch(/✓ Bash .*node --test/)
    expect(screen).toContain('+function radius(altitude) {')
    expect(await terminal.exit()).toBe(0)
    expect(computer.model.calls).toEqual([])
  })
})
