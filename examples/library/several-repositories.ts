import { writeFile } from 'node:fs/promises'
import { local, run } from 'skein'

const [api = '.', client = api] = process.argv.slice(2)
const { outcome, artifacts } = await run({
  prompt: 'The API in api/ has changed. Adapt the client in client/, and note what you did in notes.md.',
  // Or docker({ memory: '4g' }), ssh('build-box'), fly({ app: 'my-agents' }).
  on: local(),
  repositories: [
    { url: api, folder: 'api' },
    { url: client, folder: 'client' },
  ],
  credential: (host) => (host === 'github.com' ? process.env.GITHUB_TOKEN : undefined),
  artifacts: ['patch', { path: 'notes.md' }],
})
for (const artifact of artifacts) {
  if (artifact.type === 'patch' && artifact.patch !== '')
    await writeFile(`${artifact.repository}.patch`, artifact.patch)
  if (artifact.type === 'file' && artifact.content) await writeFile('notes.md', artifact.content)
}
console.log(outcome)
