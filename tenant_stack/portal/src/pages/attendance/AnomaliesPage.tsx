import { dateIn, PageHeader, ResourceTable, shortDate, useZone, type Column, type Filter } from '@punctual/portal-kit'
import { Button } from 'antd'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { list } from '../../api/client.ts'
import type { Anomaly } from '../../api/attendance.ts'
import { ANOMALIES } from '../../api/paths.ts'
import {
  ANOMALY_STATE_OPTIONS,
  AnomalyStateChip,
  KIND_OPTIONS,
  kindWords,
  SEVERITY_OPTIONS,
  SeverityChip,
} from '../../attendanceWords.tsx'
import { useCan } from '../../session.ts'
import { ResolveForm } from './ResolveForm.tsx'
import { whyOf } from './Warnings.tsx'

function columnsOf(onResolve: ((anomaly: Anomaly) => void) | null): Column<Anomaly>[] {
  return [
    {
      key: 'work_date',
      title: 'Day',
      card: 'main',
      csv: (anomaly) => anomaly.work_date,
      render: (anomaly) => <span className="number">{shortDate(anomaly.work_date)}</span>,
    },
    {
      key: 'name',
      title: 'Name',
      card: 'main',
      csv: (anomaly) => anomaly.staff_name,
      render: (anomaly) => <Link to={`/staff/${anomaly.staff_id}`}>{anomaly.staff_name ?? 'The person'}</Link>,
    },
    {
      key: 'kind',
      title: 'What',
      card: 'title',
      csv: (anomaly) => `${kindWords(anomaly.kind)}: ${anomaly.text}`,
      render: (anomaly) => (
        <span className="two-lines">
          <strong>{kindWords(anomaly.kind)}</strong>
          <span>{anomaly.text}</span>
        </span>
      ),
    },
    {
      key: 'severity',
      title: 'Severity',
      card: 'main',
      csv: (anomaly) => anomaly.severity,
      render: (anomaly) => <SeverityChip severity={anomaly.severity} />,
    },
    {
      key: 'state',
      title: 'State',
      card: 'main',
      csv: (anomaly) => anomaly.state,
      render: (anomaly) => <AnomalyStateChip state={anomaly.state} />,
    },
    {
      key: 'resolution',
      title: 'What was found',
      csv: (anomaly) => anomaly.resolution,
      render: (anomaly) =>
        anomaly.resolution ? (
          <span className="two-lines">
            <span>{anomaly.resolution}</span>
            {anomaly.resolved_by && <span>{anomaly.resolved_by}</span>}
          </span>
        ) : (
          <span className="muted">–</span>
        ),
    },
    {
      key: 'actions',
      title: 'Next',
      card: 'main',
      render: (anomaly) => (
        <span className="row-actions">
          <Link to={whyOf(anomaly)} aria-label={`Why? ${anomaly.staff_name ?? ''}, ${shortDate(anomaly.work_date)}`}>
            Why?
          </Link>
          {onResolve && anomaly.state !== 'resolved' && (
            <Button size="small" onClick={() => onResolve(anomaly)}>
              Resolve
            </Button>
          )}
        </span>
      ),
    },
  ]
}

export default function AnomaliesPage() {
  const can = useCan()
  const today = dateIn(useZone())
  const [resolving, setResolving] = useState<Anomaly | null>(null)
  const mayResolve = can('attendance:update')
  const columns = useMemo(() => columnsOf(mayResolve ? setResolving : null), [mayResolve])
  const filters = useMemo<Filter[]>(
    () => [
      { kind: 'dates', from: 'from', to: 'to', label: 'Days', today },
      { kind: 'select', name: 'kind', label: 'Any kind', options: KIND_OPTIONS, width: 190 },
      { kind: 'select', name: 'severity', label: 'Any severity', options: SEVERITY_OPTIONS, width: 140 },
      { kind: 'select', name: 'state', label: 'Any state', options: ANOMALY_STATE_OPTIONS, width: 130 },
    ],
    [today],
  )
  return (
    <>
      <PageHeader
        title="Anomalies"
        note="What somebody should look at. Pending ones may still resolve themselves: the out has not come yet."
      />
      <ResourceTable<Anomaly>
        id="anomalies"
        label="Anomalies"
        path={list(ANOMALIES)}
        rowKey={(anomaly) => anomaly.id}
        columns={columns}
        filters={filters}
        empty={{
          title: 'Nothing needs a look',
          hint: 'Missing punches, absences, doubtful clocks and long days appear here.',
        }}
      />
      <ResolveForm anomaly={resolving} onClose={() => setResolving(null)} />
    </>
  )
}
