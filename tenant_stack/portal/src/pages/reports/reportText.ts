import { shortDate } from '@punctual/portal-kit/pure'
import type { ReportColumn } from '../../api/reports.ts'

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
