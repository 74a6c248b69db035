import { SkeinError } from '@skein/protocol'

const ADJECTIVES = (
  'amber ample balmy blue bold brief bright brisk calm candid clear cool copper coral cosy crisp deep dewy early even ' +
  'fair fern fine fleet fresh gentle glad golden green hazel humble keen kind level light lilac lively lucid mellow mild ' +
  'misty mossy neat olive opal pale patient plain proud quick quiet rapid ready rosy round russet silver smooth snowy soft ' +
  'steady still sunny teal'
).split(' ')

const NOUNS = (
  'acorn alder anchor aspen bay beech birch bloom breeze brook canyon cedar cliff cloud clover comet cove crane creek dawn ' +
  'delta dune elm falcon fern field finch fjord garden glade grove harbor heath heron hill inlet island ivy lagoon lake ' +
  'larch lark leaf linden maple marsh meadow mesa moon oak orchard otter pebble pine pond poplar prairie reef ridge river ' +
  'robin shore willow'
).split(' ')

const LONGEST_NAME = 48

/** A name for a workspace that was given none: `calm-heron-3f9a`. `randomInt(n)` gives an integer from 0 to n-1. */
export function randomName(randomInt: (below: number) => number): string {
  const adjective = ADJECTIVES[randomInt(ADJECTIVES.length)]
  const noun = NOUNS[randomInt(NOUNS.length)]
  return `${adjective}-${noun}-${randomInt(0x10000).toString(16).padStart(4, '0')}`
}

/**
 * A person's words as a workspace name: lower-case letters, digits and single dashes, at most 48 characters. It is a folder,
 * a branch and a Compose project, so nothing else is let in. Throws `invalid` when nothing is left.
 */
export function nameFrom(input: string): string {
  const name = input
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, LONGEST_NAME)
    .replace(/-+$/, '')
  if (name === '')
    throw new SkeinError('invalid', `Naming a workspace: "${input.slice(0, 80)}" has no letter a-z and no digit`, {
      next: 'Give a name such as "fix-login", or none.',
    })
  return name
}

/** The branch that a workspace works on. */
export function branchFor(name: string): string {
  return `skein/${name}`
}
