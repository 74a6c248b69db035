import { run } from 'skein'

const { outcome, text, costUsd, error } = await run({
  prompt: 'What is this project for? Answer in one sentence.',
  repositories: '.',
})
console.log(outcome === 'succeeded' ? text : `${outcome}: ${error?.message}`)
console.log(`$${costUsd.toFixed(4)}`)
