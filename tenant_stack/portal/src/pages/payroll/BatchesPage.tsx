import {
  Chip,
  Field,
  Instant,
  LinkButton,
  listKey,
  ResourceForm,
  ResourceTable,
  spanWords,
  type Column,
  type Tone,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useMemo, useState } from 'react'
import '../../payroll.css'
import { api, list } from '../../api/client.ts'
import { BATCHES, type Batch } from '../../api/payroll.ts'
import { useCan } from '../../session.ts'
import { PayrollTabs } from './PayrollTabs.tsx'

const STATES: Record<Batch['state'], [Tone, string]> = {
  queued: ['busy', 'Being made'],
  done: ['ok', 'Made'],
  failed: ['bad', 'Not made'],
  withdrawn: ['idle', 'Withdrawn'],
}
const totalsOf = (batch: Batch) =>
  batch.totals.map((total) => `${total.code} ${total.figure}${total.unit === 'days' ? ' d' : ''}`)
const SHOWN_TOTALS = 2

function columnsOf(mayExport: boolean, onWithdraw: (batch: Batch) => void): Column<Batch>[] {
  return [
    {
      key: 'number',
      title: 'Batch',
      card: 'title',
      csv: (batch) => batch.number,
      render: (batch) => <strong className="number">{batch.number}</strong>,
    },
    {
      key: 'period',
      title: 'Dates',
      card: 'main',
      csv: (batch) => `${batch.from} ${batch.to}`,
      render: (batch) => spanWords(batch.from, batch.to),
    },
    {
      key: 'state',
      title: 'State',
      card: 'main',
      csv: (batch) => batch.state,
      render: (batch) => (
        <span className="flags">
          <Chip tone={STATES[batch.state][0]} title={batch.error || batch.withdrawn_reason || undefined}>
            {STATES[batch.state][1]}
          </Chip>
          {batch.differences && <Chip tone="busy">Differences</Chip>}
          {batch.unapproved && <Chip tone="warn">With unapproved</Chip>}
        </span>
      ),
    },
    {
      key: 'holds',
      title: 'Holds',
      csv: (batch) => batch.error || totalsOf(batch).join('; '),
      render: (batch) => {
        if (batch.error) return batch.error
        const totals = totalsOf(batch)
        const rest = totals.length - SHOWN_TOTALS
        return (
          <span className="two-lines" title={totals.join('\n')}>
            <span className="number">
              {totals.slice(0, SHOWN_TOTALS).join(' · ')}
              {rest > 0 && ` · ${rest} more`}
            </span>
            <span>
              {batch.people.toLocaleString('en')} people, {batch.rows.toLocaleString('en')} rows
            </span>
          </span>
        )
      },
    },
    { key: 'profile', title: 'Profile', csv: (batch) => batch.profile, render: (batch) => batch.profile_name },
    {
      key: 'made',
      title: 'Made',
      csv: (batch) => batch.created_at,
      render: (batch) => (
        <span className="two-lines">
          <Instant at={batch.created_at} seconds={false} />
          <span>{batch.made_by}</span>
        </span>
      ),
    },
    {
      key: 'sha256',
      title: 'SHA-256',
      optional: true,
      csv: (batch) => batch.sha256,
      render: (batch) => <code title={batch.sha256}>{batch.sha256.slice(0, 12)}</code>,
    },
    {
      key: 'next',
      title: 'Next',
      card: 'main',
      render: (batch) => (
        <span className="row-actions">
          {mayExport && batch.file_name && (
            <Button
              size="small"
              href={`${BATCHES}/${batch.id}/file`}
              download
              aria-label={`Download batch ${batch.number}`}
            >
              Download
            </Button>
          )}
          {mayExport && batch.state === 'done' && (
            <Button
              size="small"
              type="text"
              onClick={() => onWithdraw(batch)}
              aria-label={`Withdraw batch ${batch.number}`}
            >
              Withdraw
            </Button>
          )}
        </span>
      ),
    },
  ]
}

export default function BatchesPage() {
  const can = useCan()
  const client = useQueryClient()
  const [leaving, setLeaving] = useState<Batch | null>(null)
  const mayExport = can('reports:export')
  const columns = useMemo(() => columnsOf(mayExport, setLeaving), [mayExport])
  const withdraw = async (values: { reason: string }) => {
    await api.post('/api/payroll/batches/{batch_id}/withdraw', { path: { batch_id: leaving?.id ?? '' }, body: values })
    await client.invalidateQueries({ queryKey: listKey(BATCHES) })
    setLeaving(null)
  }
  return (
    <>
      <PayrollTabs note="What was exported, when and by whom. The files stay as they were made." />
      <ResourceTable<Batch>
        id="payroll-batches"
        label="Payroll batches"
        path={list(BATCHES)}
        rowKey={(batch) => batch.id}
        columns={columns}
        pollMs={5_000}
        empty={{
          title: 'No batches yet',
          hint: 'Choose a period, look at the figures, and make the first batch.',
          action: <LinkButton to="/payroll">To the export</LinkButton>,
        }}
      />
      <ResourceForm<{ reason: string }>
        open={leaving !== null}
        title={`Withdraw batch ${leaving?.number ?? ''}`}
        submitLabel="Withdraw"
        initial={{}}
        onSubmit={withdraw}
        onClose={() => setLeaving(null)}
      >
        <div className="hint-box">
          <p>Only when payroll never took this file: the next batch holds everything in it again.</p>
        </div>
        <Field name="reason" label="Why" rules={[{ required: true, whitespace: true, message: 'Say why' }]}>
          <Input.TextArea rows={3} maxLength={500} />
        </Field>
      </ResourceForm>
    </>
  )
}
