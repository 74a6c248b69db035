import type { SkeinApi } from '@skein/protocol'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode, useEffect } from 'react'
import { ApiContext } from '../api/context.tsx'
import { followChanges } from '../api/live.ts'
import { queryClient } from '../api/query.ts'
import { listenForShortcuts } from '../keys/use-shortcut.ts'
import { router } from '../routes.tsx'
import { ConfirmRoot } from '../ui/confirm.tsx'
import { ToastRoot } from '../ui/toast.tsx'
import { TooltipProvider } from '../ui/tooltip.tsx'

/** The whole app, over an API. */
export function App({ api }: { api: SkeinApi }) {
  useEffect(() => {
    const controller = new AbortController()
    void followChanges(api, controller.signal)
    const unlisten = listenForShortcuts(window)
    return () => {
      controller.abort()
      unlisten()
    }
  }, [api])
  return (
    <StrictMode>
      <ApiContext value={api}>
        <QueryClientProvider client={queryClient}>
          <TooltipProvider delayDuration={350} skipDelayDuration={150}>
            <RouterProvider router={router} />
            <ConfirmRoot />
            <ToastRoot />
          </TooltipProvider>
        </QueryClientProvider>
      </ApiContext>
    </StrictMode>
  )
}
