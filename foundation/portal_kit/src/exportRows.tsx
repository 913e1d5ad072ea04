import { DownloadOutlined } from '@ant-design/icons'
import { App, Button } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { readPage, type ListPath, type Page } from './api.ts'
import { csvText, saveText } from './csv.ts'
import { asProblem } from './problem.ts'
import type { Column } from './tableTypes.ts'

const ROWS_A_CALL = 200
const MOST_ROWS = 100_000

type Props<T> = {
  id: string
  path: ListPath<T>
  query: Record<string, string>
  columns: Column<T>[]
  rowKey: (row: T) => string
  total: number
}

/** Saves every row that matches the filters, with the columns on screen, by walking the same list the table reads. */
export function ExportButton<T>({ id, path, query, columns, rowKey, total }: Props<T>) {
  const { notification } = App.useApp()
  const [done, setDone] = useState<number | null>(null)
  const stop = useRef<AbortController | null>(null)
  useEffect(() => () => stop.current?.abort(), [])

  const run = async () => {
    const control = new AbortController()
    stop.current = control
    setDone(0)
    try {
      const rows = new Map<string, T>()
      let cursor: string | null = null
      do {
        const page: Page<T> = await readPage(path, { ...query, limit: ROWS_A_CALL, cursor }, control.signal)
        for (const row of page.items) rows.set(rowKey(row), row)
        cursor = page.next_cursor
        setDone(rows.size)
      } while (cursor && rows.size < MOST_ROWS)
      const exported = columns.filter((column) => column.csv)
      saveText(
        `${id}-${new Date().toISOString().slice(0, 10)}.csv`,
        csvText(
          exported.map((column) => column.title),
          [...rows.values()].map((row) => exported.map((column) => column.csv?.(row))),
        ),
      )
      if (cursor) {
        notification.warning({
          title: `The file holds the first ${rows.size.toLocaleString('en')} rows`,
          description: 'Narrow the filters to export the rest.',
        })
      }
    } catch (error) {
      if (!control.signal.aborted) {
        const problem = asProblem(error)
        notification.error({ title: 'The export stopped', description: `${problem.message}. ${problem.detail}` })
      }
    } finally {
      setDone(null)
    }
  }

  if (done !== null) {
    return (
      <Button onClick={() => stop.current?.abort()} aria-live="polite">
        Stop export ({done.toLocaleString('en')} of {total.toLocaleString('en')})
      </Button>
    )
  }
  return (
    <Button icon={<DownloadOutlined />} onClick={() => void run()} disabled={total === 0}>
      Export CSV
    </Button>
  )
}
