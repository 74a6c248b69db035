import { type BrowserApi, type ConnectionState, connectBrowser } from '@skein/protocol/browser'
import { create } from 'zustand'

/** How the page stands with the server. */
export const useConnection = create<{ connection: ConnectionState; retry(): void }>()(() => ({
  connection: { status: 'connecting', since: Date.now() },
  retry: () => undefined,
}))

/** The server that this page came from. Outlives its restarts; `useConnection` tells how it stands. */
export function connectToServer(): BrowserApi {
  const api = connectBrowser({ onState: (connection) => useConnection.setState({ connection }) })
  useConnection.setState({ retry: () => api.retry() })
  return api
}
