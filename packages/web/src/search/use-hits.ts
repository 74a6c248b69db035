import { useInfiniteQuery } from '@tanstack/react-query'
import { useApi } from '../api/context.tsx'

/** The hits for a text, page by page; the ones before stay until those for another text are there. */
export function useHits(text: string, workspaceId: string) {
  const api = useApi()
  return useInfiniteQuery({
    queryKey: ['search', text, workspaceId],
    enabled: text !== '',
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      api.call(
        'search',
        {
          text: text.slice(0, 500),
          limit: 50,
          ...(workspaceId ? { workspaceId } : {}),
          ...(pageParam ? { cursor: pageParam } : {}),
        },
        signal,
      ),
    getNextPageParam: (last) => last.cursor ?? undefined,
    placeholderData: (before) => (text === '' ? undefined : before),
    staleTime: 5_000,
  })
}
