import { RunError, run } from 'skein'

try {
  const { structured } = await run({
    prompt: 'List the direct dependencies of this project that nothing imports.',
    repositories: '.',
    outputSchema: {
      type: 'object',
      properties: { unused: { type: 'array', items: { type: 'string' } } },
      required: ['unused'],
    },
    tools: { deny: ['WebFetch', 'WebSearch'] },
    budget: 0.5,
    throwOnFailure: true,
  })
  console.log(structured)
} catch (error) {
  if (!(error instanceof RunError)) throw error
  console.error(error.message)
  console.error(`${error.result.outcome}, $${error.result.costUsd}`)
  process.exitCode = 1
}
