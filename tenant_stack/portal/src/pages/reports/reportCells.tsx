import { shortDate, type Column } from '@punctual/portal-kit'
import type { Report, ReportColumn, ReportRow } from '../../api/reports.ts'

/** Seconds as h:mm:ss, exact. */
export function exactHours(seconds: number): string {
  const size = Math.abs(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${seconds < 0 ? '-' : ''}${Math.floor(size / 3600)}:${two(Math.floor(size / 60) % 60)}:${two(size % 60)}`
}

export function cellText(column: ReportColumn, value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return ''
  if (typeof value === 'number') {
    if (value === 0) return ''
    return column.kind === 'duration' ? exactHours(value) : value.toLocaleString('en')
  }
  if (column.kind === 'date') return shortDate(value)
  if (column.kind === 'instant') return value.slice(11, 19)
  return value
}

function Cell({ column, row }: { column: ReportColumn; row: ReportRow }) {
  const value = row[column.name]
  const text = cellText(column, value)
  if (!text) return <span className="muted">{column.kind === 'text' ? '' : '–'}</span>
  if (column.kind === 'mark') return <span className={`day-mark day-mark-${MARKS[text] ?? 'plain'}`}>{text}</span>
  if (column.kind === 'text')
    return <span className={text.length > SHORT ? 'report-text' : 'report-text-short'}>{text}</span>
  return (
    <span className="number nowrap" {...(column.kind === 'instant' && { title: String(value) })}>
      {text}
    </span>
  )
}

/** Names and the like stay on one line. */
const SHORT = 36
const MARKS: Record<string, string> = { A: 'bad', L: 'note', '?': 'warn', '½': 'warn', H: 'idle', '–': 'idle' }
/** Days of a sheet, kept narrow. */
const isDay = (column: ReportColumn) => /^\d{4}-\d{2}-\d{2}$/.test(column.name)

export type Line = ReportRow & { key: string }

/** Columns of the preview; the time zone stands above it, so its column is only shown when there are several. */
export function previewColumns(report: Report): Column<Line>[] {
  return report.columns
    .filter((column) => column.name !== 'count' && (column.name !== 'zone' || report.zones.length > 1))
    .filter((column) => column.kind !== 'text' || report.items.some((row) => row[column.name]))
    .map((column) => ({
      key: column.name,
      title: column.title,
      ...((column.kind === 'duration' || column.kind === 'number') && { align: 'right' as const }),
      ...(isDay(column) && { width: 34 }),
      ...(column.name === 'name' && { card: 'title' as const }),
      ...(['status', 'worked', 'late', 'overtime', 'kind', 'work_date'].includes(column.name) && {
        card: 'main' as const,
      }),
      render: (row: Line) => <Cell column={column} row={row} />,
    }))
}

export const previewLines = (report: Report): Line[] =>
  report.items.map((row, index) => ({ ...row, key: String(index) }))
