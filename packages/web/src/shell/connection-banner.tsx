import { CloudOff, LogIn } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useConnection } from '../api/connection.ts'
import { Button } from '../ui/button.tsx'
import { CopyButton } from '../ui/copy-button.tsx'

/** A loss that is made good within this time is not worth a word. */
const PATIENCE_MS = 800

/** Says when the page and the server are apart: that, since when, what is done about it. */
export function ConnectionBanner() {
  const { connection, retry } = useConnection()
  const [late, setLate] = useState(false)
  const { status } = connection
  useEffect(() => {
    setLate(false)
    if (status !== 'lost' && status !== 'connecting') return
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [status])
  if (status === 'signed_out') {
    return (
      <Banner>
        <LogIn aria-hidden className="size-4 shrink-0" />
        <span className="min-w-0 flex-1">
          This browser is not signed in. Open a fresh link with <code className="font-mono">skein open</code>.
        </span>
        <CopyButton text="skein open" label="Copy the command" />
      </Banner>
    )
  }
  if (status === 'open' || !late) return <div role="status" className="sr-only" />
  return (
    <Banner>
      <CloudOff aria-hidden className="size-4 shrink-0" />
      <span className="min-w-0 flex-1">
        {navigator.onLine ? 'The server cannot be reached. Agents work on; ' : 'You are offline. '}
        {status === 'lost' ? 'what you see is from before.' : 'Skein goes on trying.'}
      </span>
      <Button size="sm" variant="ghost" onClick={retry}>
        Try now
      </Button>
    </Banner>
  )
}

function Banner({ children }: { children: React.ReactNode }) {
  return (
    <div role="status" className="flex items-center gap-2 border-b bg-warning-surface px-4 py-1.5 text-sm text-warning">
      {children}
    </div>
  )
}
