import type { ReactNode } from 'react'
import type { Cell } from './csv.ts'

export type Column<T> = {
  key: string
  title: string
  render: (row: T) => ReactNode
  /** What the export holds; columns without it are not exported. */
  csv?: (row: T) => Cell
  width?: number | string
  align?: 'right'
  /** Hidden until the person chooses it. */
  optional?: boolean
  /** Its place on a card below 640 px: the headline, one of the main fields, or (absent) not shown there. */
  card?: 'title' | 'main'
}

export type Option = { value: string; label: string }

export type Filter =
  | { kind: 'select'; name: string; label: string; options: Option[]; width?: number }
  | { kind: 'toggle'; name: string; label: string }
  /** Two calendar dates in the site's zone, `today` being the site's own. */
  | { kind: 'dates'; from: string; to: string; label: string; today: string }
  /** A row of another list, found by typing. */
  | {
      kind: 'lookup'
      name: string
      label: string
      search: (text: string) => Promise<Option[]>
      nameOf: (id: string) => Promise<string>
      width?: number
    }

export function filterNames(filters: Filter[], searchable: boolean): string[] {
  const names = filters.flatMap((filter) => (filter.kind === 'dates' ? [filter.from, filter.to] : [filter.name]))
  return searchable ? ['q', ...names] : names
}
