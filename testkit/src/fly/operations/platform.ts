import { bodyOf, type Handler, ok } from '../http/call.ts'

const REGIONS = [
  { code: 'ams', name: 'Amsterdam, Netherlands', latitude: 52.37, longitude: 4.89, geo_region: 'europe' },
  { code: 'fra', name: 'Frankfurt, Germany', latitude: 50.11, longitude: 8.68, geo_region: 'europe' },
  { code: 'iad', name: 'Ashburn, Virginia (US)', latitude: 39.02, longitude: -77.54, geo_region: 'north_america' },
  { code: 'lhr', name: 'London, United Kingdom', latitude: 51.5, longitude: -0.12, geo_region: 'europe' },
  { code: 'ord', name: 'Chicago, Illinois (US)', latitude: 41.85, longitude: -87.65, geo_region: 'north_america' },
  { code: 'sjc', name: 'San Jose, California (US)', latitude: 37.35, longitude: -121.93, geo_region: 'north_america' },
]

export const platform: Record<string, Handler> = {
  Platform_regions_get: () =>
    ok({
      nearest: 'iad',
      regions: REGIONS.map((region) => ({
        ...region,
        gateway_available: true,
        requires_paid_plan: false,
        deprecated: false,
      })),
    }),

  /** Where there is room, by the capacity that the emulator was given. */
  Platform_placements_post(call) {
    const {
      count = 1,
      compute,
      region = 'any',
    } = bodyOf<{ count?: number; compute?: { memory_mb?: number }; region?: string }>(call)
    const wanted = compute?.memory_mb ?? 256
    const regions = REGIONS.map(({ code }) => code).filter(
      (code) => region === 'any' || region.split(',').includes(code),
    )
    const room = (code: string) => call.world.behaviour.capacity[code]?.hostMb ?? Number.POSITIVE_INFINITY
    const placed = regions.map((code) => ({ region: code, count: Math.min(count, Math.floor(room(code) / wanted)) }))
    return ok({
      regions: placed.filter((placement) => placement.count > 0).map((placement) => ({ ...placement, concurrency: 1 })),
    })
  },

  CurrentToken_show: ({ world, token }) =>
    ok({
      tokens: [
        {
          apps: token.app === undefined ? [] : [token.app],
          org_slug: world.org,
          organization: world.org,
          token_id: '1',
        },
      ],
    }),
}
