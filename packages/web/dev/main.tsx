import { createRoot } from 'react-dom/client'
import { useConnection } from '../src/api/connection.ts'
import { App } from '../src/shell/app.tsx'
import '../src/styles.css'
import { fixtureApi } from './fixture-api.ts'

useConnection.setState({ connection: { status: 'open', since: Date.now() } })
const root = document.getElementById('root')
if (root)
  createRoot(root).render(<App api={fixtureApi(new URLSearchParams(location.search).get('fixture') ?? 'full')} />)
