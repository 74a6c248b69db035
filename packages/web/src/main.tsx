import { createRoot } from 'react-dom/client'
import { connectToServer } from './api/connection.ts'
import { router } from './routes.tsx'
import { App } from './shell/app.tsx'
import { registerShell } from './shell/register-shell.ts'
import { reloadWhenStale } from './shell/reload-when-stale.ts'
import './styles.css'

reloadWhenStale()

const root = document.getElementById('root')
if (root) createRoot(root).render(<App api={connectToServer()} />)
registerShell((path) => router.history.push(path))
