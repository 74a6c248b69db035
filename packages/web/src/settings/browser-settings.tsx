import { Laptop, Link2 } from 'lucide-react'
import { useApiQuery } from '../api/query.ts'
import { useCommand } from '../api/use-command.ts'
import { ago } from '../checks/amounts.ts'
import { useNow } from '../checks/use-now.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ErrorState } from '../ui/error-state.tsx'
import { SkeletonLines } from '../ui/skeleton.tsx'
import { toast } from '../ui/toast.tsx'
import { browserName } from './browser-name.ts'
import { Section } from './section.tsx'

/** The browsers that are signed in to this server, and how one gets in or out. */
export function BrowserSettings() {
  const browsers = useApiQuery('server.browsers', {}, { staleTime: 0 })
  const signOut = useCommand('server.signOut')
  const link = useCommand('server.link')
  const now = useNow(60_000)
  const others = browsers.data?.filter((browser) => !browser.current) ?? []

  const out = async (browserId?: string) => {
    const answer = await signOut.run(browserId === undefined ? {} : { browserId })
    if (!answer) return
    toast.success(
      answer.signedOut === 1 ? 'One browser was signed out' : `${answer.signedOut} browsers were signed out`,
    )
    await browsers.refetch()
  }
  const invite = async () => {
    const answer = await link.run({})
    if (!answer) return
    const minutes = Math.max(1, Math.round((answer.expiresAt - Date.now()) / 60_000))
    const description = `It signs one browser in, within ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`
    try {
      await navigator.clipboard.writeText(answer.url)
      toast.success('Link copied', { description })
    } catch {
      toast.info(answer.url, { description, duration: 60_000 })
    }
  }
  return (
    <Section id="browsers" title="Browsers">
      {browsers.isPending && <SkeletonLines lines={2} className="py-3" />}
      {browsers.isError && (
        <ErrorState
          error={browsers.error}
          title="The browsers could not be listed"
          retry={() => void browsers.refetch()}
          className="py-6"
        />
      )}
      <ul>
        {browsers.data?.map((browser) => (
          <li key={browser.id} className="flex items-center gap-3 border-b py-3">
            <Laptop aria-hidden className="size-4 shrink-0 text-muted" />
            <div className="min-w-0 flex-1">
              <p className="flex items-center gap-2">
                <span className="truncate" title={browser.agent}>
                  {browserName(browser.agent)}
                </span>
                {browser.current && <Badge tone="accent">this one</Badge>}
              </p>
              <p className="text-muted text-sm">
                Signed in {ago(browser.signedInAt, now)}, seen {ago(browser.seenAt, now)}
              </p>
            </div>
            {!browser.current && (
              <Button size="sm" onClick={() => void out(browser.id)} disabled={signOut.pending}>
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2 py-3">
        <Button onClick={() => void invite()} disabled={link.pending}>
          <Link2 aria-hidden />
          Copy a link for another browser
        </Button>
        {others.length > 1 && (
          <Button onClick={() => void out()} disabled={signOut.pending}>
            Sign out all others
          </Button>
        )}
      </div>
    </Section>
  )
}
