import { EmptyState, Panel, Rows, saveText, useAction, type Column } from '@punctual/portal-kit'
import { Button, Tabs } from 'antd'
import type { ReactNode } from 'react'
import {
  fieldWords,
  wrongRows,
  type ChangedRow,
  type ImportOutcome,
  type ImportRow,
  type Mapping,
  type WrongRow,
} from '../../api/staffImport.ts'

const who: Column<ImportRow>[] = [
  { key: 'line', title: 'Line', width: 80, card: 'main', render: (row) => <span className="number">{row.line}</span> },
  {
    key: 'employee_id',
    title: 'Employee number',
    width: 180,
    card: 'main',
    render: (row) => <span className="number">{row.employee_id || '–'}</span>,
  },
  { key: 'name', title: 'Name', card: 'title', render: (row) => row.name || '–' },
]

const changed = [
  ...who,
  {
    key: 'changes',
    title: 'Changes',
    card: 'main',
    render: (row: ChangedRow) => (
      <ul className="import-changes">
        {row.changes.map(({ field, before, after }) => (
          <li key={field}>
            {fieldWords(field)}: <span className="muted">{before || 'empty'}</span> → {after || 'empty'}
          </li>
        ))}
      </ul>
    ),
  },
] as Column<ChangedRow>[]

const wrong = [
  ...who,
  {
    key: 'reason',
    title: 'Why it is left out',
    card: 'main',
    render: (row: WrongRow) => (row.field ? `${fieldWords(row.field)}: ${row.reason}` : row.reason),
  },
] as Column<WrongRow>[]

function Listed<T extends ImportRow>({
  label,
  rows,
  total,
  columns,
}: {
  label: string
  rows: T[]
  total: number
  columns: Column<T>[]
}) {
  if (total === 0) return <EmptyState title="None" />
  return (
    <>
      <Rows<T> label={label} rows={rows} rowKey={(row) => String(row.line)} columns={columns} />
      {total > rows.length && (
        <p className="import-more muted">
          The first {rows.length.toLocaleString('en')} of {total.toLocaleString('en')}.
        </p>
      )}
    </>
  )
}

type Props = { outcome: ImportOutcome; file: File; mapping: Mapping; action: ReactNode }

/** What an import would do, or did, row by row. */
export function OutcomePanel({ outcome, file, mapping, action }: Props) {
  const { busy, run } = useAction()
  const save = () =>
    run('The rows could not be written into a file', async () => {
      saveText('not-imported.csv', await wrongRows(file, mapping))
    })
  const tab = (words: string, count: number) => `${words} (${count.toLocaleString('en')})`
  const items = [
    {
      key: 'new',
      label: tab('New', outcome.new),
      children: <Listed label="New people" rows={outcome.new_rows} total={outcome.new} columns={who} />,
    },
    {
      key: 'changed',
      label: tab('Changed', outcome.changed),
      children: <Listed label="Changed people" rows={outcome.changed_rows} total={outcome.changed} columns={changed} />,
    },
    {
      key: 'unchanged',
      label: tab('Unchanged', outcome.unchanged),
      children: <EmptyState title={`${outcome.unchanged.toLocaleString('en')} are here just as the file says`} />,
    },
    {
      key: 'wrong',
      label: tab('Left out', outcome.wrong),
      children: (
        <>
          {outcome.wrong > 0 && (
            <p className="import-more">
              {outcome.wrong === 1 ? 'Mend this row and import it again' : 'Mend these rows and import them again'}; the
              others need not wait.{' '}
              <Button size="small" loading={busy} onClick={() => void save()}>
                Download{' '}
                {outcome.wrong === 1
                  ? 'it with its reason'
                  : `all ${outcome.wrong.toLocaleString('en')} with their reasons`}
              </Button>
            </p>
          )}
          <Listed label="Rows left out" rows={outcome.wrong_rows} total={outcome.wrong} columns={wrong} />
        </>
      ),
    },
  ]
  const first = outcome.wrong > 0 ? 'wrong' : outcome.new > 0 ? 'new' : outcome.changed > 0 ? 'changed' : 'unchanged'
  return (
    <Panel title={outcome.dry_run ? 'What the import will do' : 'What the import did'} extra={action}>
      <Tabs key={`${outcome.dry_run} ${first}`} defaultActiveKey={first} items={items} />
    </Panel>
  )
}
