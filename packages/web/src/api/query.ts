import type { ApiMethods, ApiParams, ApiResult, CallMethod } from '@skein/protocol'
import { QueryClient, type UseQueryResult, useQuery } from '@tanstack/react-query'
import { useApi } from './context.tsx'

export type QueryMethod = { [M in CallMethod]: ApiMethods[M]['kind'] extends 'query' ? M : never }[CallMethod]

/** Answers of queries, kept while they are right: `changes` says when they no longer are (see `live.ts`). */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The API connects again by itself; a second layer of patience would only hide what the server said.
      retry: false,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      staleTime: 30_000,
      networkMode: 'always',
    },
  },
})

/** The key under which the answer of a query is kept. */
export const queryKey = <M extends QueryMethod>(method: M, params?: ApiParams<M>) =>
  params === undefined ? [method] : [method, params]

/** A query's answer, with whether it is on its way and what went wrong. */
export function useApiQuery<M extends QueryMethod>(
  method: M,
  params: ApiParams<M>,
  options: { enabled?: boolean; staleTime?: number; keep?: boolean } = {},
): UseQueryResult<ApiResult<M>> {
  const api = useApi()
  const { enabled = true, staleTime, keep = false } = options
  return useQuery<unknown>({
    queryKey: queryKey(method, params),
    queryFn: ({ signal }) => api.call(method, params, signal),
    enabled,
    ...(staleTime === undefined ? {} : { staleTime }),
    ...(keep ? { placeholderData: (before: unknown) => before } : {}),
  }) as UseQueryResult<ApiResult<M>>
}
