/** Up to three names that somebody may have meant, the likeliest first. */
export function nearest(name: string, among: readonly string[]): string[] {
  const wanted = name.toLowerCase()
  return among
    .map((candidate) => ({ candidate, far: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, far }) => far <= Math.max(2, wanted.length / 3) || candidate.toLowerCase().includes(wanted))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** Levenshtein's; names that end alike (`origin/main`, `main`) count by their last part. */
function distance(a: string, b: string): number {
  return Math.min(edits(a, b), edits(a, b.slice(b.indexOf('/') + 1)) + 0.5)
}

function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
