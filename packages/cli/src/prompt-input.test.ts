import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { temporaryFolder } from '@skein/testkit'
import { expect, it } from 'vitest'
import { readPrompt } from './prompt-input.ts'

const stdin = (bytes: string | Buffer) =>
  Object.assign(Readable.from([Buffer.from(bytes)]), { isTTY: false }) as unknown as NodeJS.ReadStream
const terminal = Object.assign(Readable.from([]), { isTTY: true }) as unknown as NodeJS.ReadStream

it('words are joined, stdin and files are taken exactly as they are', async () => {
  await using folder = await temporaryFolder('prompt')
  const text = ' \ufeff"quotes" $(x)\r\n\ttabs\x01\x7f \n\n'
  await writeFile(join(folder.path, 'p.md'), text)
  expect(await readPrompt({ words: ['do', 'it'], stdin: terminal })).toEqual([{ type: 'text', text: 'do it' }])
  expect(await readPrompt({ words: ['-'], stdin: stdin(text) })).toEqual([{ type: 'text', text }])
  expect(await readPrompt({ words: [], stdin: stdin(text) })).toEqual([{ type: 'text', text }])
  expect(await readPrompt({ words: [], file: join(folder.path, 'p.md'), stdin: terminal })).toEqual([
    { type: 'text', text },
  ])
  expect(await readPrompt({ words: [], file: '-', stdin: stdin(text) })).toEqual([{ type: 'text', text }])
})

it('an image is known by its bytes and not by its name', async () => {
  await using folder = await temporaryFolder('prompt')
  const bytes = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(1000, 7)])
  await writeFile(join(folder.path, 'picture.jpg'), bytes)
  const [image] = await readPrompt({ words: [], images: [join(folder.path, 'picture.jpg')], stdin: terminal })
  expect(image).toEqual({
    type: 'image',
    mimeType: 'image/png',
    data: bytes.toString('base64'),
    bytes: 1008,
    name: 'picture.jpg',
  })
})

it.each([
  ['no prompt', { words: [] as string[], stdin: terminal }, /no prompt/],
  ['nothing but white space', { words: ['-'], stdin: stdin(' \n') }, /no prompt/],
  ['a prompt that is given twice', { words: ['x'], file: 'y', stdin: terminal }, /twice/],
  ['a file that is not there', { words: [], file: '/nowhere/at/all', stdin: terminal }, /no such file/],
  ['bytes that are no text', { words: ['-'], stdin: stdin(Buffer.from([0x66, 0xff, 0xfe])) }, /not UTF-8/],
  ['an image that is none', { words: ['x'], images: ['/etc/passwd'], stdin: terminal }, /not an image/],
])('%s is a usage error', async (_, source, message) => {
  await expect(readPrompt(source)).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(message) })
})
