import { asProblem, ErrorPanel, Field, listKey, Panel, ResourceForm, ConfirmButton } from '@punctual/portal-kit'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Input, Radio, Select, Switch } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import {
  CUSTOM_REPORT,
  SAVED_REPORTS,
  type CustomShape,
  type ReportRequest,
  type ReportSpan,
  type SavedReport,
} from '../../api/reports.ts'
import { ExportButtons, RunBanner } from './ExportButtons.tsx'
import { Preview, PREVIEW_ROWS } from './Preview.tsx'
import { ReportFilters } from './ReportFilters.tsx'
import { ReportTabs } from './ReportTabs.tsx'
import { useCatalogue, useReportAddress } from './useReportQuery.ts'

type Dimension = CustomShape['group_by'][number]

const START: CustomShape = {
  title: '',
  columns: ['days_worked', 'days_absent', 'worked', 'late', 'overtime'],
  group_by: ['department', 'employee'],
  detail: false,
  subtotals: true,
}
const DETAIL_COLUMNS = ['work_date', 'employee_id', 'name', 'status', 'first_in', 'last_out', 'worked', 'overtime']
const MOST_GROUPS = 3
const DIMENSION_WORDS: Record<Dimension, string> = {
  employee: 'Person',
  department: 'Department',
  site: 'Site',
  status: 'Status',
  day: 'Day',
  week: 'Week',
  month: 'Month',
}

const DIMENSIONS = (Object.keys(DIMENSION_WORDS) as Dimension[]).map((value) => ({
  value,
  label: DIMENSION_WORDS[value],
}))

/** Saved reports: open one, or remove it. */
function Saved({ onOpen }: { onOpen: (saved: SavedReport) => void }) {
  const client = useQueryClient()
  const saved = useQuery({
    queryKey: [...listKey(SAVED_REPORTS), 'all'],
    queryFn: async ({ signal }) => (await api.get(SAVED_REPORTS, { query: { limit: 200 }, signal })).items,
  })
  if (saved.isError && !saved.data) return <ErrorPanel error={saved.error} onRetry={() => void saved.refetch()} />
  if (!saved.data?.length) return null
  return (
    <Panel title="Saved" flush>
      <ul className="approval-list">
        {saved.data.map((each) => (
          <li key={each.id}>
            <span className="two-lines">
              <strong>{each.name}</strong>
              <span>by {each.created_by}</span>
            </span>
            <span className="actions">
              <Button size="small" onClick={() => onOpen(each)} aria-label={`Open ${each.name}`}>
                Open
              </Button>
              <ConfirmButton
                size="small"
                question={`Forget the report ${each.name}?`}
                consequence="Files that were made of it and schedules stay."
                confirmLabel="Forget"
                refusal="The report was not removed"
                action={async () => {
                  await api.delete('/api/reports/saved/{saved_id}', { path: { saved_id: each.id } })
                  await client.invalidateQueries({ queryKey: listKey(SAVED_REPORTS) })
                }}
                aria-label={`Forget ${each.name}`}
              >
                Forget
              </ConfirmButton>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

export default function CustomPage() {
  const client = useQueryClient()
  const catalogue = useCatalogue()
  const address = useReportAddress(catalogue.data?.kinds)
  const [shape, setShape] = useState<CustomShape>(START)
  const [saving, setSaving] = useState(false)
  const set = (changes: Partial<CustomShape>) => setShape((current) => ({ ...current, ...changes }))
  const span = address.part('span') ? address.span : 'this_month'
  const ready = shape.columns.length > 0 && (shape.detail || shape.group_by.length > 0)
  const { cells: _cells, span: _span, ...shared }: ReportRequest = address.request ?? { kind: 'custom' }
  const request: ReportRequest = {
    ...shared,
    kind: 'custom',
    ...(span !== 'dates' && { span: span as ReportSpan }),
    shape,
  }
  const preview = useQuery({
    queryKey: ['report', request],
    queryFn: async () => {
      const answer = await api.post(CUSTOM_REPORT, { query: { limit: PREVIEW_ROWS }, body: request })
      if (!answer.report) throw new Error('No report in the answer')
      return answer.report
    },
    enabled: ready,
    placeholderData: keepPreviousData,
    retry: (count, error) => asProblem(error).status >= 500 && count < 2,
  })
  const fields = (catalogue.data?.fields ?? []).filter((field) => shape.detail || field.sums)
  const save = async ({ name }: { name: string }) => {
    await api.post(SAVED_REPORTS, { body: { name, report: { ...request, shape: { ...shape, title: name } } } })
    await client.invalidateQueries({ queryKey: listKey(SAVED_REPORTS) })
    set({ title: name })
    setSaving(false)
  }
  const open = (saved: SavedReport) => {
    const { report } = saved
    if (report.shape) setShape({ ...START, ...(report.shape as CustomShape) })
    address.change({
      span: report.span ?? 'dates',
      from: report.first ?? null,
      to: report.last ?? null,
      site: report.site_ids?.[0] ?? null,
      department: report.departments?.[0] ?? null,
      group: report.group_ids?.[0] ?? null,
      staff: report.staff_ids?.[0] ?? null,
    })
  }
  const run = address.params.get('run')
  return (
    <>
      <ReportTabs
        actions={
          <>
            <Button onClick={() => setSaving(true)} disabled={!ready}>
              Save
            </Button>
            <ExportButtons request={ready ? request : null} onStarted={(id) => address.change({ run: id })} />
          </>
        }
      />
      {run && <RunBanner id={run} onClose={() => address.change({ run: null })} />}
      <div className="stack">
        <Saved onOpen={open} />
        <div className="report-builder">
          <Radio.Group
            aria-label="Rows"
            value={shape.detail}
            onChange={({ target }) =>
              set({ detail: target.value as boolean, columns: target.value ? DETAIL_COLUMNS : START.columns })
            }
            options={[
              { value: false, label: 'A row for each group' },
              { value: true, label: 'A row for each day' },
            ]}
          />
          <label>
            <span>{shape.detail ? 'Sub-totals by' : 'Grouped by'}</span>
            <Select<CustomShape['group_by']>
              mode="multiple"
              aria-label="Grouped by"
              maxCount={MOST_GROUPS}
              style={{ minWidth: 220 }}
              options={DIMENSIONS.filter(({ value }) => catalogue.data?.dimensions.includes(value))}
              value={shape.group_by}
              onChange={(group_by) => set({ group_by })}
            />
          </label>
          <label className="report-columns">
            <span>Columns</span>
            <Select<string[]>
              mode="multiple"
              aria-label="Columns"
              style={{ width: '100%' }}
              showSearch={{ optionFilterProp: 'label' }}
              options={fields.map((field) => ({ value: field.name, label: field.title }))}
              value={shape.columns.filter((name) => fields.length === 0 || fields.some((field) => field.name === name))}
              onChange={(columns) => set({ columns })}
            />
          </label>
          {shape.detail && shape.group_by.length > 0 && (
            <label className="filter-toggle" htmlFor="report-subtotals">
              <Switch id="report-subtotals" checked={shape.subtotals} onChange={(subtotals) => set({ subtotals })} />
              Sub-totals in the file
            </label>
          )}
        </div>
        <div className="table-filters report-tools" role="search">
          <ReportFilters
            catalogue={catalogue.data}
            span={span}
            today={address.today}
            part={address.part}
            change={address.change}
          />
        </div>
        {ready ? (
          <Panel title={shape.title || 'Your report'} flush>
            <Preview query={preview} hint="Choose other days or fewer filters." />
          </Panel>
        ) : (
          <Alert type="info" showIcon title="Choose at least one column, and what the days are added up by." />
        )}
      </div>
      <ResourceForm<{ name: string }>
        open={saving}
        title="Save this report"
        submitLabel="Save"
        initial={{ name: shape.title ?? '' }}
        onSubmit={save}
        onClose={() => setSaving(false)}
      >
        <Field
          name="name"
          label="Name"
          rules={[{ required: true, message: 'Give the report a name' }]}
          extra="Everybody who reads reports sees it. “Last month” stays last month when it is opened again."
        >
          <Input autoComplete="off" maxLength={120} />
        </Field>
      </ResourceForm>
    </>
  )
}
