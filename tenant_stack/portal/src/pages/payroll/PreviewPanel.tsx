import { EmptyState, Panel, Rows, type Column } from '@punctual/portal-kit'
import { Alert } from 'antd'
import { useMemo, type ReactNode } from 'react'
import type { PayrollPreview, Total } from '../../api/payroll.ts'

type Row = { key: string; cells: string[] }

const TOTALS: Column<Total>[] = [
  { key: 'code', title: 'Code', card: 'title', render: (total) => <strong>{total.code}</strong> },
  {
    key: 'figure',
    title: 'In the file',
    align: 'right',
    card: 'main',
    render: (total) => (
      <span className="number">
        {total.figure} {total.unit}
      </span>
    ),
  },
  {
    key: 'people',
    title: 'People',
    align: 'right',
    card: 'main',
    render: (total) => <span className="number">{total.people.toLocaleString('en')}</span>,
  },
]

/** What the file holds now: totals, what to know, the first rows. */
export function PreviewPanel({ preview, extra }: { preview: PayrollPreview; extra?: ReactNode }) {
  const rows: Row[] = preview.rows.map((cells, index) => ({ key: String(index), cells }))
  const columns = useMemo<Column<Row>[]>(
    () =>
      preview.header.map((title, index) => ({
        key: String(index),
        title: title || '–',
        render: (row) => <span className="payroll-cell">{row.cells[index]}</span>,
      })),
    [preview.header],
  )
  const count = preview.row_count.toLocaleString('en')
  if (preview.row_count === 0) {
    return (
      <Panel title="Preview" extra={extra}>
        <EmptyState
          title={
            preview.differences ? 'Nothing has changed since the last batch' : 'There is nothing to pay in these dates'
          }
          hint={
            preview.readiness.unapproved > 0
              ? 'Records that nobody approved are left out.'
              : 'Figures appear as records of these dates are approved.'
          }
        />
        <Warnings lines={preview.warnings} />
      </Panel>
    )
  }
  return (
    <>
      <Panel title="Totals" extra={<span className="muted">{preview.rounding}</span>} flush>
        <Rows rows={preview.totals} columns={TOTALS} rowKey={(total) => `${total.code} ${total.unit}`} label="Totals" />
      </Panel>
      <Panel
        title={`Preview: ${preview.file_name}`}
        extra={extra ?? <span className="muted">{`${count} rows, ${preview.people.toLocaleString('en')} people`}</span>}
      >
        <Warnings lines={preview.warnings} />
        {preview.text ? (
          <pre className="payroll-text" tabIndex={0} aria-label="Beginning of the file">
            {preview.text}
          </pre>
        ) : (
          <Rows rows={rows} columns={columns} rowKey={(row) => row.key} label="First rows of the file" />
        )}
        {rows.length > 0 && rows.length < preview.row_count && (
          <p className="muted">
            The first {rows.length} of {count} rows. The totals are of all of them.
          </p>
        )}
      </Panel>
    </>
  )
}

export function Warnings({ lines }: { lines: string[] }) {
  if (lines.length === 0) return null
  return (
    <Alert
      type="warning"
      showIcon
      className="payroll-warnings"
      title="Before you export"
      description={
        <ul className="plain-list">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      }
    />
  )
}
