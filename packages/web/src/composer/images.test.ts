import { expect, test } from 'vitest'
import { MOST_IMAGES, promptContent, refusalOf } from './images.ts'

test('an image of a known kind and size is taken', () => {
  expect(refusalOf({ name: 'a.png', type: 'image/png', size: 5 * 1024 * 1024 }, 0)).toBeUndefined()
})

test.each([
  [{ name: 'a.png', type: 'image/png', size: 6 * 1024 * 1024 }, 0, 'it has 6.0 MB, and an image may have 5 MB'],
  [{ name: 'a.bmp', type: 'image/bmp', size: 1 }, 0, 'agents cannot read this kind of image'],
  [{ name: 'a.txt', type: 'text/plain', size: 1 }, 0, 'it is not an image'],
  [{ name: 'a.png', type: 'image/png', size: 1 }, MOST_IMAGES, 'a prompt may have 8 images'],
])('%j beside %d images is refused, with the reason', (file, present, reason) => {
  expect(refusalOf(file, present)?.message).toContain(reason)
})

test('a prompt is its images and its text, without the spaces around it', () => {
  const image = { id: '1', name: 'a.png', mimeType: 'image/png', bytes: 3, data: 'AAAA' }
  expect(promptContent(' hi \n', [image])).toEqual([
    { type: 'image', name: 'a.png', mimeType: 'image/png', bytes: 3, data: 'AAAA' },
    { type: 'text', text: 'hi' },
  ])
  expect(promptContent('  ', [])).toEqual([])
})
