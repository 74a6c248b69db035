/** An address as Fly would give it; from the ranges that are for documentation. */
export function allocation(type: string, count: number): { ip: string; shared: boolean } {
  const last = (count % 250) + 1
  if (type === 'shared_v4') return { ip: `198.51.100.${last}`, shared: true }
  if (type === 'v4') return { ip: `203.0.113.${last}`, shared: false }
  return { ip: `2001:db8::${last.toString(16)}`, shared: false }
}
