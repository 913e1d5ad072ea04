import { Cards, EmptyState, ErrorPanel, longDate, Rows, useIsNarrow } from '@punctual/portal-kit'
import type { UseQueryResult } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import type { Report } from '../../api/reports.ts'
import { cellText, previewColumns, previewLines } from './reportCells.tsx'

export const PREVIEW_ROWS = 50

function Totals({ report }: { report: Report }) {
  const shown = report.columns.filter((column) => column.total && report.totals[column.name] && column.name !== 'count')
  if (shown.length === 0) return null
  return (
    <dl className="report-totals" aria-label="Totals of all rows">
      {shown.slice(0, 12).map((column) => (
        <div key={column.name}>
          <dt>{column.title}</dt>
          <dd className="number">{cellText(column, report.totals[column.name])}</dd>
        </div>
      ))}
    </dl>
  )
}

/** The first rows of the real query, with the totals of all its rows. */
export function Preview({ query, hint }: { query: UseQueryResult<Report>; hint: string }) {
  const isNarrow = useIsNarrow()
  const report = query.data
  if (query.isError && !report) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
  if (!report) {
    return (
      <div className="panel-body" role="status" aria-label="Loading">
        <Skeleton active title={false} paragraph={{ rows: 8, width: '100%' }} />
      </div>
    )
  }
  const days =
    report.first === report.last ? longDate(report.first) : `${longDate(report.first)} to ${longDate(report.last)}`
  const columns = previewColumns(report)
  const lines = previewLines(report)
  const sheet = columns.length > 25
  return (
    <div className={sheet ? 'report-preview report-sheet' : 'report-preview'} aria-busy={query.isFetching}>
      <p className="report-about">
        <strong>{days}</strong>
        {report.zones.length > 0 && <span>Time zone {report.zones.join(', ')}</span>}
        {report.filters.map((text) => (
          <span key={text}>{text}</span>
        ))}
        <span aria-live="polite">
          {report.total > lines.length
            ? `The first ${lines.length} of ${report.total.toLocaleString('en')} rows`
            : `${report.total.toLocaleString('en')} ${report.total === 1 ? 'row' : 'rows'}`}
        </span>
      </p>
      <Totals report={report} />
      <div className="table-surface">
        {lines.length === 0 ? (
          <EmptyState title="Nothing in these days" hint={hint} />
        ) : isNarrow ? (
          <Cards rows={lines} columns={columns} rowKey={(line) => line.key} label={report.title} />
        ) : (
          <Rows rows={lines} columns={columns} rowKey={(line) => line.key} label={report.title} />
        )}
      </div>
    </div>
  )
}
