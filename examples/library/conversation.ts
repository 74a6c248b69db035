import { createSession } from 'skein'

await using session = await createSession({ repositories: '.', home: '.skein-library', ttl: 7 * 24 * 3_600_000 })
await session.send('Read the code of this project.')
const { text } = await session.send('Which part of it would you rewrite first?')
console.log(text)
console.log(`Go on from any process: attachSession('${session.id}', { home: '.skein-library' })`)
