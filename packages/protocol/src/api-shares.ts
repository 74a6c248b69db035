import * as z from 'zod'
import { command, query } from './api-define.ts'
import { MachineSetting } from './api-machines.ts'

/** Links by which people elsewhere see what a workspace serves: each expires, can be revoked, and tells who came. */

const HOUR_MS = 3_600_000
export const SHARE_DEFAULT_MS = HOUR_MS
export const SHARE_LONGEST_MS = 7 * 24 * HOUR_MS

/** `open`: people with the link see it. `closed`: nobody does, until it is opened again (the server was restarted, the tunnel ended). */
export const ShareState = z.enum(['open', 'closed'])
export type ShareState = z.infer<typeof ShareState>

export const Share = z.object({
  id: z.string(),
  workspaceId: z.string(),
  /** On the workspace's machine. */
  port: z.number().int(),
  /** The kind of tunnel. */
  via: z.string(),
  note: z.string().optional(),
  createdAt: z.number(),
  /** Unix milliseconds; from then on it does not exist any more. */
  expiresAt: z.number(),
  state: ShareState,
  /** One sentence. */
  because: z.string(),
  /** What to send to people. Absent while it is closed, and where the server keeps only the link's hash: `shares.open` makes one. */
  url: z.string().optional(),
  /** Pages that were shown, and to how many addresses, where the tunnel tells them. */
  seen: z.number().int(),
  addresses: z.number().int(),
  seenAt: z.number().optional(),
})
export type Share = z.infer<typeof Share>

export const ShareVisit = z.object({
  at: z.number(),
  /** As the tunnel tells it. */
  address: z.string().optional(),
  /** Without its query. */
  path: z.string(),
})
export type ShareVisit = z.infer<typeof ShareVisit>

/** A kind of tunnel, and whether it can be used here. */
export const ShareWay = z.object({
  kind: z.string(),
  label: z.string(),
  /** Whose servers the traffic passes. */
  about: z.string(),
  ready: z.boolean(),
  /** What was found, or what is missing. */
  what: z.string(),
  remedy: z.string().optional(),
  takesHostname: z.boolean(),
  settings: z.array(MachineSetting),
  values: z.record(z.string(), z.unknown()),
})
export type ShareWay = z.infer<typeof ShareWay>

const share = { shareId: z.string() }

export const shareMethods = {
  'shares.ways': query('The kinds of tunnels that share links can go through.', z.object({}), z.array(ShareWay)),
  'shares.configureWay': command(
    'Settings of a kind of tunnel, e.g. one’s own host for `ssh`; those that are not named stay, null takes one back.',
    { kind: z.string(), settings: z.record(z.string(), z.unknown()) },
    ShareWay,
  ),
  'shares.list': query(
    'Shares that have not expired.',
    z.object({ workspaceId: z.string().optional() }),
    z.array(Share),
  ),
  'shares.create': command(
    'A link by which anybody who has it sees what listens on a port of the workspace’s machine, until it expires or is revoked.',
    {
      workspaceId: z.string(),
      port: z.number().int().min(1).max(65_535),
      /** Where the link leads. */
      path: z.string().startsWith('/').max(2000).optional(),
      /** The kind of tunnel; the first that is ready by default. */
      via: z.string().optional(),
      hostname: z.string().max(253).optional(),
      expiresInMs: z.number().int().min(1000).max(SHARE_LONGEST_MS).optional(),
      note: z.string().trim().max(200).optional(),
    },
    Share,
  ),
  'shares.open': command(
    'Opens a share again whose tunnel has ended, and makes a link for one that is known by its hash alone. The time it ends stays.',
    share,
    Share,
  ),
  'shares.revoke': command(
    'Ends a share at once: the link, everybody who came by it, and its tunnel.',
    share,
    z.object({ revoked: z.boolean() }),
  ),
  'shares.visits': query('The last pages that a share showed, the newest first.', z.object(share), z.array(ShareVisit)),
} as const
