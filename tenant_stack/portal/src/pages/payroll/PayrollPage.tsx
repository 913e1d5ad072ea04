import { ErrorPanel, listKey, Panel, spanWords, useAction, withQuery } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Checkbox, Select, Skeleton } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import '../../payroll.css'
import { api } from '../../api/client.ts'
import {
  BATCHES,
  PAYROLL,
  PROFILES,
  type PayrollPreview,
  type PayrollQuery,
  type Readiness,
} from '../../api/payroll.ts'
import { useCan } from '../../session.ts'
import { usePeriods } from '../attendance/usePeriods.ts'
import { PayrollTabs } from './PayrollTabs.tsx'
import { PreviewPanel } from './PreviewPanel.tsx'

const KEPT_PROFILE = 'payroll-profile'
const number = (value: number) => value.toLocaleString('en')

type TileProps = { label: string; value: number; hint: string; to?: string; alert?: boolean }

function Tile({ label, value, hint, to, alert = false }: TileProps) {
  const inside = (
    <>
      <span className="tile-label">{label}</span>
      <span className="tile-value">{number(value)}</span>
      <span className="tile-hint">{hint}</span>
    </>
  )
  const style = alert && value > 0 ? 'tile tile-alert' : 'tile'
  return to ? (
    <Link to={to} className={style}>
      {inside}
    </Link>
  ) : (
    <div className={style}>{inside}</div>
  )
}

/** Doubts first: what is not approved or not clear is better settled before anybody is paid. */
function Ready({ counts, days }: { counts: Readiness; days: string }) {
  return (
    <div className="tally">
      <Tile label="Not approved" value={counts.unapproved} hint="records" to={`/attendance/approvals?${days}`} alert />
      <Tile
        label="Doubts"
        value={counts.doubts}
        hint="anomalies to look at"
        to={`/attendance/anomalies?${days}&state=active`}
        alert
      />
      <Tile label="Contradicted" value={counts.conflicts} hint="set by hand, punches differ" alert />
      <Tile label="Being computed" value={counts.computing} hint="days" alert />
      <Tile label="Approved" value={counts.approved} hint={`records of ${number(counts.people)} people`} />
    </div>
  )
}

export default function PayrollPage() {
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const { modal, notification } = App.useApp()
  const { span, key, options, choose } = usePeriods()
  const [profile, setProfile] = useState(() => localStorage.getItem(KEPT_PROFILE) ?? 'generic-long')
  const [everything, setEverything] = useState(false)
  const [onlyNew, setOnlyNew] = useState(true)
  const making = useAction()
  const profiles = useQuery({
    queryKey: listKey(PROFILES),
    queryFn: ({ signal }) => api.get(PROFILES, { signal }),
  })
  const known = profiles.data?.items ?? []
  const chosen = known.find((each) => each.code === profile) ?? known.find((each) => each.code === 'generic-long')
  const query = {
    from: span.first,
    to: span.last,
    profile: chosen?.code ?? 'generic-long',
    include: everything ? 'all' : 'approved',
    differences: onlyNew,
  } satisfies PayrollQuery
  const mayExport = can('reports:export')
  const preview = useQuery({
    queryKey: ['payroll-preview', query],
    queryFn: async ({ signal }) =>
      (await api.get(PAYROLL, { query: { ...query, preview: true }, signal })) as PayrollPreview,
    enabled: mayExport && chosen !== undefined,
  })
  const keep = (code: string) => {
    localStorage.setItem(KEPT_PROFILE, code)
    setProfile(code)
  }
  const make = () =>
    making.run('No batch was made', async () => {
      const batch = await api.post(BATCHES, {
        body: {
          from: span.first,
          to: span.last,
          profile: query.profile,
          include: query.include,
        },
      })
      await client.invalidateQueries({ queryKey: listKey(BATCHES) })
      await client.invalidateQueries({ queryKey: ['payroll-preview'] })
      notification.success({
        title: `Batch ${batch.number} is ${batch.state === 'queued' ? 'being made' : 'made'}`,
        description: 'Download its file from the list; it stays there.',
      })
      void navigate('/payroll/batches')
    })
  const ask = () =>
    modal.confirm({
      title: `Make a batch for ${spanWords(span.first, span.last)}?`,
      content:
        'What it holds counts as paid: the next batch of these days holds only what changes. ' +
        (everything
          ? 'Records that nobody approved are in it, and the file says so.'
          : 'Only approved records are in it.'),
      okText: 'Make the batch',
      onOk: make,
    })
  return (
    <>
      <PayrollTabs
        note="What payroll pays, from approved records. Every batch holds only what no batch held before."
        actions={
          mayExport && (
            <Button
              type="primary"
              loading={making.busy}
              disabled={!preview.data || (onlyNew && preview.data.row_count === 0)}
              onClick={ask}
            >
              Make a batch
            </Button>
          )
        }
      />
      <div className="stack">
        <Panel title="What to export">
          <div className="payroll-choices">
            <Select<string>
              aria-label="Period"
              className="period-choice"
              value={key}
              options={options}
              onChange={choose}
            />
            <Select<string>
              aria-label="Profile"
              className="period-choice"
              loading={profiles.isLoading}
              value={chosen?.code ?? null}
              options={known.map((each) => ({ value: each.code, label: each.name }))}
              onChange={keep}
            />
            <Checkbox checked={onlyNew} onChange={({ target }) => setOnlyNew(target.checked)}>
              Only what no batch has paid
            </Checkbox>
            <Checkbox checked={everything} onChange={({ target }) => setEverything(target.checked)}>
              Unapproved records too
            </Checkbox>
          </div>
          {chosen?.advice && <p className="muted">{chosen.advice}</p>}
        </Panel>
        {!mayExport && <p className="muted">Exporting needs the permission “reports: export”.</p>}
        {(profiles.isError || preview.isError) && (
          <ErrorPanel
            error={profiles.error ?? preview.error}
            onRetry={() => void (profiles.isError ? profiles.refetch() : preview.refetch())}
          />
        )}
        {mayExport && !preview.data && !preview.isError && <Skeleton active paragraph={{ rows: 8 }} />}
        {preview.data && (
          <>
            <Ready counts={preview.data.readiness} days={`from=${span.first}&to=${span.last}`} />
            <PreviewPanel
              preview={preview.data}
              extra={
                preview.data.row_count > 0 && (
                  <Button href={withQuery(PAYROLL, query)} download>
                    Download without a batch
                  </Button>
                )
              }
            />
          </>
        )}
      </div>
    </>
  )
}
