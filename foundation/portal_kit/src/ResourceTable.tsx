import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Button, Checkbox, Select, Skeleton, Table } from 'antd'
import { useMemo, type ReactNode } from 'react'
import { useNavigate } from 'react-router'
import { readPage, type ListPath } from './api.ts'
import { useColumnChoice } from './columnChoice.tsx'
import { ErrorPanel } from './ErrorPanel.tsx'
import { ExportButton } from './exportRows.tsx'
import { EmptyState } from './Panel.tsx'
import { TableFilters } from './TableFilters.tsx'
import { PAGE_SIZES, useTableQuery, type TableQuery } from './tableQuery.ts'
import { filterNames, type Column, type Filter } from './tableTypes.ts'
import { useIsNarrow } from './useMedia.ts'

type Empty = { title: string; hint?: ReactNode; action?: ReactNode }

/** Rows a person picks for one action. `name` is what assistive technology calls the row's box. */
export type Selection<T> = {
  keys: string[]
  onChange: (keys: string[]) => void
  name: (row: T) => string
  selectable?: (row: T) => boolean
}

type Props<T> = {
  /** Names the list in kept settings and in the exported file. */
  id: string
  /** What assistive technology calls it. */
  label: string
  path: ListPath<T>
  rowKey: (row: T) => string
  columns: Column<T>[]
  filters?: Filter[]
  /** Part of the query that the page itself sets, beside what people filter by. */
  scope?: Record<string, string>
  selection?: Selection<T>
  /** Placeholder of the search box; no box without it. */
  searchLabel?: string
  empty: Empty
  /** Where a click on a row leads. */
  rowLink?: (row: T) => string
  /** Announced above the rows, never injected into them. */
  news?: { count: number; words: string; onShow: () => void }
  pollMs?: number
}

/** Key of everything a list shows: invalidate `['list', path]` after a change. */
export const listKey = (path: string) => ['list', path] as const

export function ResourceTable<T extends object>(props: Props<T>) {
  const {
    id,
    label,
    path,
    rowKey,
    columns,
    filters = [],
    scope,
    selection,
    searchLabel,
    empty,
    rowLink,
    news,
    pollMs,
  } = props
  const query = useTableQuery(useMemo(() => filterNames(filters, !!searchLabel), [filters, searchLabel]))
  const { visible, button: columnButton } = useColumnChoice(id, columns)
  const isNarrow = useIsNarrow()
  const asked = useMemo(() => ({ ...query.filters, ...scope }), [query.filters, scope])
  const list = useQuery({
    queryKey: [...listKey(path), asked, query.size, query.cursor],
    queryFn: ({ signal }) => readPage(path, { ...asked, limit: query.size, cursor: query.cursor }, signal),
    placeholderData: keepPreviousData,
    ...(pollMs && { refetchInterval: pollMs }),
  })
  const page = list.data
  const total = page?.total ?? 0

  return (
    <div className="resource-table">
      <div className="table-tools">
        <TableFilters filters={filters} searchLabel={searchLabel} query={query} />
        <div className="actions">
          {!isNarrow && columnButton}
          <ExportButton id={id} path={path} query={asked} columns={visible} rowKey={rowKey} total={total} />
        </div>
      </div>
      {news && news.count > 0 && (
        <button
          type="button"
          className="news"
          onClick={() => {
            query.first()
            news.onShow()
          }}
        >
          {news.count} {news.words} – show
        </button>
      )}
      <div className="table-surface" aria-busy={list.isFetching}>
        {list.isError && !page ? (
          <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />
        ) : !page ? (
          <LoadingRows />
        ) : page.items.length === 0 ? (
          <NothingHere query={query} empty={empty} />
        ) : (
          <Rows
            rows={page.items}
            columns={visible}
            rowKey={rowKey}
            label={label}
            rowLink={rowLink}
            selection={selection}
          />
        )}
      </div>
      {page && page.items.length > 0 && (
        <Pager
          query={query}
          shown={page.items.length}
          total={total}
          next={page.next_cursor}
          busy={list.isPlaceholderData}
        />
      )}
      {list.isError && page && <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />}
    </div>
  )
}

function LoadingRows() {
  return (
    <div className="loading-rows" role="status" aria-label="Loading">
      {Array.from({ length: 8 }, (_, index) => (
        <Skeleton key={index} active title={false} paragraph={{ rows: 1, width: '100%' }} />
      ))}
    </div>
  )
}

function NothingHere({ query, empty }: { query: TableQuery; empty: Empty }) {
  if (!query.filtered) return <EmptyState {...empty} />
  return (
    <EmptyState
      title="Nothing matches these filters"
      hint="There are rows, but none with this text and these filters."
      action={<Button onClick={query.clear}>Clear filters</Button>}
    />
  )
}

type RowsProps<T> = {
  rows: T[]
  columns: Column<T>[]
  rowKey: (row: T) => string
  label: string
  rowLink?: ((row: T) => string) | undefined
  selection?: Selection<T> | undefined
}

function cameFromControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, label, [role="button"]') !== null
}

/** Rows without paging, for short lists inside a page; the same look as the big table. */
export function Rows<T extends object>({ rows, columns, rowKey, label, rowLink, selection }: RowsProps<T>) {
  const navigate = useNavigate()
  const isNarrow = useIsNarrow()
  if (isNarrow && columns.some((column) => column.card)) {
    return <Cards rows={rows} columns={columns} rowKey={rowKey} label={label} selection={selection} />
  }
  return (
    // A region of its own, reachable by keyboard: a wide table scrolls here and never moves the page sideways.
    <div className="table-region" role="region" aria-label={`${label}, table`} tabIndex={0}>
      <Table<T>
        size="small"
        pagination={false}
        rowKey={rowKey}
        dataSource={rows}
        columns={columns.map((column) => ({
          key: column.key,
          title: column.title,
          ...(column.width !== undefined && { width: column.width }),
          ...(column.align && { align: column.align }),
          render: (_: unknown, row: T) => column.render(row),
        }))}
        {...(selection && {
          rowSelection: {
            selectedRowKeys: selection.keys,
            onChange: (keys) => selection.onChange(keys.map(String)),
            getCheckboxProps: (row: T) => ({
              'aria-label': `Choose ${selection.name(row)}`,
              disabled: selection.selectable?.(row) === false,
            }),
          },
        })}
        {...(rowLink && {
          rowClassName: 'row-link',
          onRow: (row: T) => ({
            onClick: (event) => {
              if (!cameFromControl(event.target) && !getSelection()?.toString()) void navigate(rowLink(row))
            },
          }),
        })}
      />
    </div>
  )
}

export function Cards<T extends object>({ rows, columns, rowKey, label, selection }: RowsProps<T>) {
  const title = columns.find((column) => column.card === 'title') ?? columns[0]
  const main = columns.filter((column) => column.card === 'main')
  return (
    <ul className="cards" aria-label={label}>
      {rows.map((row) => (
        <li key={rowKey(row)}>
          <div className="card-title">
            {selection && (
              <Checkbox
                aria-label={`Choose ${selection.name(row)}`}
                checked={selection.keys.includes(rowKey(row))}
                disabled={selection.selectable?.(row) === false}
                onChange={({ target }) =>
                  selection.onChange(
                    target.checked
                      ? [...selection.keys, rowKey(row)]
                      : selection.keys.filter((key) => key !== rowKey(row)),
                  )
                }
              />
            )}
            {title?.render(row)}
          </div>
          <dl>
            {main.map((column) => (
              <div key={column.key}>
                <dt>{column.title}</dt>
                <dd>{column.render(row)}</dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  )
}

type PagerProps = { query: TableQuery; shown: number; total: number; next: string | null; busy: boolean }

function Pager({ query, shown, total, next, busy }: PagerProps) {
  const start = query.pageIndex * query.size
  const number = (value: number) => value.toLocaleString('en')
  return (
    <nav className="pager" aria-label="Pages">
      <span aria-live="polite">
        {number(start + 1)}–{number(start + shown)} of {number(Math.max(total, start + shown))}
      </span>
      <Select<number>
        aria-label="Rows on a page"
        size="small"
        value={query.size}
        options={PAGE_SIZES.map((size) => ({ value: size, label: `${size} rows` }))}
        onChange={query.setSize}
      />
      <Button size="small" onClick={query.previous} disabled={query.pageIndex === 0 || busy}>
        Previous
      </Button>
      <Button size="small" onClick={() => next && query.next(next)} disabled={!next || busy}>
        Next
      </Button>
    </nav>
  )
}
