import type { Share } from '@skein/protocol'
import { expect, test } from 'vitest'
import { shareAudience } from './share-audience.ts'

const now = new Date(2026, 10, 21, 13, 5).getTime()
const share = (more: Partial<Share>): Share => ({
  id: 's',
  workspaceId: 'w',
  port: 3000,
  via: 'cloudflared',
  createdAt: now,
  expiresAt: now + 3_600_000,
  state: 'open',
  because: '',
  seen: 0,
  addresses: 0,
  ...more,
})

test('a share says who may see it, until when, and who did', () => {
  expect(shareAudience(share({}), now)).toMatch(
    /^Anybody with this link, until \D*0?[12]:?4?.*05.*\. Nobody has seen it yet\.$/,
  )
  expect(shareAudience(share({ seen: 3, addresses: 2 }), now)).toMatch(/Seen 3 times by 2 addresses\.$/)
  expect(shareAudience(share({ seen: 1, addresses: 1 }), now)).toMatch(/Seen once by 1 address\.$/)
  expect(shareAudience(share({ seen: 2 }), now)).toMatch(/Seen 2 times\.$/)
  expect(shareAudience(share({ expiresAt: now + 86_400_000 }), now)).toMatch(/22/)
  expect(shareAudience(share({ state: 'closed' }), now)).toMatch(/^Nobody, until it is opened again\./)
})
