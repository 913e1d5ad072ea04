import { dateIn, Instant, ResourceTable, useAction, useZone, type Column, type Filter } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button } from 'antd'
import { useMemo, useState } from 'react'
import { api, list } from '../../api/client.ts'
import { AUDIT, type AuditLine, type AuditReport } from '../../api/access.ts'
import { useCan } from '../../session.ts'
import { AccessTabs } from './AccessTabs.tsx'
import './access.css'

/** Whole documents (a rule set, a role) would make a row as tall as the window. */
const LONG = 60

function Value({ of }: { of: unknown }) {
  const text = shown(of)
  if (text.length <= LONG) return text
  return (
    <details className="audit-long">
      <summary>{text.slice(0, LONG)}…</summary>
      <pre>{typeof of === 'string' ? of : JSON.stringify(of, null, 2)}</pre>
    </details>
  )
}

const shown = (value: unknown) => (value === '' ? '–' : typeof value === 'string' ? value : JSON.stringify(value))

/** What a line changed: only the fields that differ when both sides are there. */
function Changes({ line }: { line: AuditLine }) {
  const names = [...new Set([...Object.keys(line.before ?? {}), ...Object.keys(line.after ?? {})])]
  const changed = names.filter((name) => JSON.stringify(line.before?.[name]) !== JSON.stringify(line.after?.[name]))
  // Of something new only what was filled in tells anything.
  const told = line.before ? changed : changed.filter((name) => !isEmpty(line.after?.[name]))
  if (told.length === 0) return <span className="muted">–</span>
  if (told.length <= FEW) return <ChangeList line={line} names={told} />
  return (
    <>
      <ChangeList line={line} names={told.slice(0, FEW)} />
      <details className="audit-long">
        <summary>{told.length - FEW} more</summary>
        <ChangeList line={line} names={told.slice(FEW)} />
      </details>
    </>
  )
}

const FEW = 3
const isEmpty = (value: unknown) =>
  value === null ||
  value === undefined ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0)

function ChangeList({ line, names }: { line: AuditLine; names: string[] }) {
  return (
    <ul className="plain-list audit-changes">
      {names.map((name) => (
        <li key={name}>
          {name.replaceAll('_', ' ')}:{' '}
          {line.before && (
            <del>
              <Value of={line.before[name] ?? '–'} />
            </del>
          )}{' '}
          {line.after && (
            <ins>
              <Value of={line.after[name] ?? '–'} />
            </ins>
          )}
        </li>
      ))}
    </ul>
  )
}

const COLUMNS: Column<AuditLine>[] = [
  {
    key: 'number',
    title: 'Line',
    align: 'right',
    csv: (line) => line.number,
    render: (line) => <span className="number">{line.number ?? '…'}</span>,
  },
  { key: 'at', title: 'When', card: 'main', csv: (line) => line.at, render: (line) => <Instant at={line.at} /> },
  {
    key: 'actor',
    title: 'Who',
    card: 'main',
    csv: (line) => line.actor_label,
    render: (line) => (
      <span className="two-lines">
        <span>{line.actor_label}</span>
        <span>{[line.actor_kind, line.address].filter(Boolean).join(', ')}</span>
      </span>
    ),
  },
  {
    key: 'action',
    title: 'What',
    card: 'title',
    csv: (line) => line.action,
    render: (line) => <code>{line.action}</code>,
  },
  {
    key: 'target',
    title: 'Of',
    csv: (line) => line.target_id,
    render: (line) => (
      <span className="two-lines">
        <span>{line.target_kind.replaceAll('_', ' ')}</span>
        <span>{line.target_id}</span>
      </span>
    ),
  },
  { key: 'changes', title: 'Before and after', render: (line) => <Changes line={line} /> },
  {
    key: 'correlation',
    title: 'Correlation id',
    optional: true,
    csv: (line) => line.correlation_id,
    render: (line) => <code>{line.correlation_id}</code>,
  },
]

function Verdict({ report }: { report: AuditReport }) {
  const waiting = report.waiting > 0 ? ` ${report.waiting} lines of the last seconds are not chained yet.` : ''
  return report.intact ? (
    <Alert type="success" showIcon title={`All ${report.checked} lines are as they were written.${waiting}`} />
  ) : (
    <Alert
      type="error"
      showIcon
      title={`The trail is broken at line ${report.broken_number}`}
      description={report.problem}
    />
  )
}

export default function AuditPage() {
  const can = useCan()
  const zone = useZone()
  const { busy, run } = useAction()
  const [report, setReport] = useState<AuditReport | null>(null)
  const actions = useQuery({
    queryKey: ['audit-actions'],
    queryFn: ({ signal }) => api.get('/api/audit/actions', { signal }),
  })
  const filters = useMemo<Filter[]>(
    () => [
      {
        kind: 'select',
        name: 'action',
        label: 'Any action',
        options: (actions.data?.items ?? []).map((value) => ({ value, label: value })),
        width: 220,
      },
    ],
    [actions.data],
  )
  const verify = () => run('The trail was not verified', async () => setReport(await api.post('/api/audit/verify')))
  const buttons = (
    <>
      {can('audit:export') && (
        <Button href={`${AUDIT}/export`} download={`audit-${dateIn(zone)}.csv`}>
          Export all as CSV
        </Button>
      )}
      <Button type="primary" loading={busy} onClick={() => void verify()}>
        Verify the chain
      </Button>
    </>
  )
  return (
    <>
      <AccessTabs
        title="Audit"
        note="Who changed what, when and from where. Lines are only ever added."
        actions={buttons}
      />
      <div className="stack">
        {report && <Verdict report={report} />}
        <ResourceTable<AuditLine>
          id="audit"
          label="Audit trail"
          path={list(AUDIT)}
          rowKey={(line) => String(line.id)}
          columns={COLUMNS}
          filters={filters}
          searchLabel="Who, of what, correlation id"
          empty={{ title: 'Nothing is on record yet' }}
        />
      </div>
    </>
  )
}
