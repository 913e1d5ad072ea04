import { useCallback, useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import { filtersIn, withFilters } from './tableState.ts'

export const PAGE_SIZES = [25, 50, 100] as const
const DEFAULT_SIZE = 50

export type TableQuery = {
  /** Filters and text as they are in the address; what the API gets, without paging. */
  filters: Record<string, string>
  size: number
  /** Zero-based, known only because pages were walked one after another: a keyset has no page numbers. */
  pageIndex: number
  cursor: string | null
  filtered: boolean
  setFilters: (changes: Record<string, string | null>, options?: { replace?: boolean }) => void
  clear: () => void
  setSize: (size: number) => void
  next: (cursor: string) => void
  previous: () => void
  first: () => void
}

/** The state of one list, kept in the address so that links and Back work. `names` are the filters it knows. */
export function useTableQuery(names: readonly string[]): TableQuery {
  const [params, setParams] = useSearchParams()
  const known = names.join(' ')

  const filters = useMemo(() => filtersIn(params, known ? known.split(' ') : []), [params, known])
  const wanted = Number(params.get('limit'))
  const size = PAGE_SIZES.find((candidate) => candidate === wanted) ?? DEFAULT_SIZE

  // Cursors belong to one set of filters: the stack is dropped as soon as they change.
  const signature = JSON.stringify([filters, size])
  const [walk, setWalk] = useState<{ signature: string; cursors: string[] }>({ signature, cursors: [] })
  const cursors = walk.signature === signature ? walk.cursors : []

  const change = useCallback(
    (changes: Record<string, string | null>, options: { replace?: boolean } = {}) => {
      setParams((current) => withFilters(current, changes), { replace: options.replace ?? false })
    },
    [setParams],
  )

  return {
    filters,
    size,
    pageIndex: cursors.length,
    cursor: cursors.at(-1) ?? null,
    filtered: Object.keys(filters).length > 0,
    setFilters: change,
    clear: () => change(Object.fromEntries(known.split(' ').map((name) => [name, null]))),
    setSize: (next) => change({ limit: next === DEFAULT_SIZE ? null : String(next) }),
    next: (cursor) => setWalk({ signature, cursors: [...cursors, cursor] }),
    previous: () => setWalk({ signature, cursors: cursors.slice(0, -1) }),
    first: () => setWalk({ signature, cursors: [] }),
  }
}
