import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'packages/**/*.test.{ts,tsx}',
      'plugins/**/*.test.ts',
      'testkit/**/*.test.ts',
      'scripts/**/*.test.ts',
      'e2e/**/*.test.ts',
    ],
    // Real processes, real git, the real agent: a test takes as long as they take.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // They wait more than they compute: two workers more than the two cores of the smallest machine that they are to run on.
    maxWorkers: 4,
  },
})
