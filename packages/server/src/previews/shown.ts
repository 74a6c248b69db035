import { notAnsweringPage, otherWorkspacePage, unreachableMachinePage } from '../web/pages.ts'
import { ownPageHeaders, responseHeaders } from './headers.ts'
import type { Proxied } from './proxy.ts'
import type { Preview } from './registry.ts'

/** A preview as the proxy passes it on. */
export function shownPreview({ workspaceId, port, appOrigin }: Preview, origin: string): Proxied {
  return {
    workspaceId,
    port,
    origin,
    answers: (headers) => responseHeaders(headers, { origin, port }, appOrigin),
    unreachable: ({ message, details }) => ({
      headers: ownPageHeaders(appOrigin),
      page:
        details?.reason === 'other_workspace'
          ? otherWorkspacePage(message)
          : details?.reason === 'machine'
            ? unreachableMachinePage(message)
            : notAnsweringPage(port),
      text: `Nothing answers on port ${port}: ${message}\n`,
    }),
  }
}
