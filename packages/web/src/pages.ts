import { type AsyncRouteComponent, lazyRouteComponent } from '@tanstack/react-router'
import { whenIdle } from './ui/when-idle.ts'

/** The pages of a workspace. Each one's code is loaded when it is opened, or before (`loadAhead`). */
export const ChecksPage = lazyRouteComponent(() => import('./checks/page.tsx'), 'ChecksPage')
export const ServicesPage = lazyRouteComponent(() => import('./services/page.tsx'), 'ServicesPage')
export const TerminalsPage = lazyRouteComponent(() => import('./terminals/page.tsx'), 'TerminalsPage')
export const PlanPage = lazyRouteComponent(() => import('./plan/page.tsx'), 'PlanPage')
export const ChangesPage = lazyRouteComponent(() => import('./changes/page.tsx'), 'ChangesPage')
export const SessionPage = lazyRouteComponent(() => import('./session/page.tsx'), 'SessionPage')

/**
 * A component that shows a page, for the router: it has the page's code before it shows anything, so that nothing else flashes up
 * in between.
 */
export function showing<P>(
  page: AsyncRouteComponent<P>,
  component: () => React.ReactNode,
): AsyncRouteComponent<object> {
  return Object.assign(component, { preload: async () => page.preload?.() })
}

/** Loads a page's code when the browser has nothing else to do. Returns how to call it off. */
export function loadAhead<P>(page: AsyncRouteComponent<P>): () => void {
  return whenIdle(() => void page.preload?.(), 5_000)
}
