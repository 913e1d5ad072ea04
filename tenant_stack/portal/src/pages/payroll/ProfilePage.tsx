import {
  asProblem,
  ConfirmButton,
  ErrorPanel,
  listKey,
  PageHeader,
  Panel,
  useAction,
  type ProblemError,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Checkbox, Input, InputNumber, Select, Skeleton } from 'antd'
import { useState, type ReactNode } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import '../../payroll.css'
import { api } from '../../api/client.ts'
import { PROFILES, type Profile, type ProfileDefinition } from '../../api/payroll.ts'
import { useCan } from '../../session.ts'
import { usePeriods } from '../attendance/usePeriods.ts'
import { PreviewPanel } from './PreviewPanel.tsx'
import { CodesInput, ColumnsInput, SettingsInput } from './ProfileInputs.tsx'

const values = (...pairs: [string, string][]) => pairs.map(([value, label]) => ({ value, label }))
const TIMES = values(
  ['decimal', 'Decimal hours (7.50)'],
  ['hh:mm', 'HH:MM (07:30)'],
  ['hh:mm:ss', 'HH:MM:SS'],
  ['minutes', 'Minutes'],
  ['seconds', 'Seconds'],
)
const ROUNDINGS = values(['half_up', 'Half up'], ['half_even', 'Half to even'], ['down', 'Down'])
const SEPARATORS = values([',', 'Comma'], [';', 'Semicolon'], ['\t', 'Tab'], ['|', 'Bar'])
const ENCODINGS = values(['utf-8', 'UTF-8'], ['utf-8-sig', 'UTF-8 with mark (Excel)'], ['cp1252', 'Windows-1252'])
const EACH = values(['period', 'A figure for the period'], ['day', 'A figure for each day'])
const MARKS = values(['.', 'Point'], [',', 'Comma'])

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label>
      <span>{label}</span>
      {children}
    </label>
  )
}

export default function ProfilePage() {
  const { code = '' } = useParams()
  const profile = useQuery({
    queryKey: ['payroll-profile', code],
    queryFn: ({ signal }) => api.get('/api/payroll/profiles/{code}', { path: { code }, signal }),
  })
  if (profile.isError) return <ErrorPanel error={profile.error} onRetry={() => void profile.refetch()} />
  if (!profile.data) return <Skeleton active paragraph={{ rows: 10 }} />
  return <Editor key={`${code} ${profile.data.version}`} profile={profile.data} />
}

function Editor({ profile }: { profile: Profile }) {
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState(profile.name)
  const [shape, setShape] = useState<ProfileDefinition>(profile.definition)
  const [problem, setProblem] = useState<ProblemError | null>(null)
  const { span, key, options, choose } = usePeriods()
  const saving = useAction()
  const fixed = profile.ready || !can('reports:update')
  const set = (change: Partial<ProfileDefinition>) =>
    setShape((before) => ({ ...before, ...change }) as ProfileDefinition)
  const trial = useQuery({
    queryKey: ['payroll-trial', shape, span.first, span.last],
    queryFn: async () => {
      const body = { definition: shape, from: span.first, to: span.last, include: 'all' as const }
      return api.post('/api/payroll/profiles/preview', { body })
    },
    enabled: can('reports:export'),
    placeholderData: (before) => before,
    retry: false,
  })
  const save = async () => {
    setProblem(null)
    try {
      await api.put('/api/payroll/profiles/{code}', {
        path: { code: profile.code },
        body: { name, definition: shape, version: profile.version },
      })
      await client.invalidateQueries({ queryKey: listKey(PROFILES) })
      await client.invalidateQueries({ queryKey: ['payroll-profile', profile.code] })
      void navigate('/payroll/profiles')
    } catch (error) {
      setProblem(asProblem(error))
    }
  }
  const refusal = problem ?? (trial.error ? asProblem(trial.error) : null)
  return (
    <>
      <p className="crumb">
        <Link to="/payroll/profiles">Profiles</Link> / {profile.code}
      </p>
      <PageHeader
        title={profile.name}
        note={
          profile.ready
            ? `This profile came ready: copy it to change it. ${profile.advice}`
            : 'An own profile. Batches keep the one they were made with.'
        }
        actions={
          !fixed && (
            <>
              {can('reports:delete') && (
                <ConfirmButton
                  question={`Remove ${profile.name}?`}
                  consequence="Batches made with it stay."
                  confirmLabel="Remove"
                  refusal="It was not removed"
                  action={async () => {
                    await api.delete('/api/payroll/profiles/{code}', { path: { code: profile.code } })
                    await client.invalidateQueries({ queryKey: listKey(PROFILES) })
                    void navigate('/payroll/profiles')
                  }}
                >
                  Remove
                </ConfirmButton>
              )}
              <Button type="primary" loading={saving.busy} onClick={() => void saving.run('It was not saved', save)}>
                Save
              </Button>
            </>
          )
        }
      />
      <div className="stack">
        {refusal && (
          <Alert
            type="error"
            showIcon
            title={problem ? 'It was not saved' : 'This definition does not work yet'}
            description={refusal.fields[0]?.reason ?? refusal.detail}
          />
        )}
        <fieldset className="payroll-editor" disabled={fixed}>
          <Panel title="Codes">
            <CodesInput codes={shape.codes} disabled={fixed} onChange={(codes) => set({ codes })} />
          </Panel>
          {Object.keys(shape.settings).length > 0 && (
            <Panel title="Of your company">
              <SettingsInput settings={shape.settings} disabled={fixed} onChange={(settings) => set({ settings })} />
            </Panel>
          )}
          <Panel title="Figures and file">
            <div className="payroll-fields">
              {!profile.ready && (
                <Labelled label="Name">
                  <Input value={name} maxLength={120} onChange={({ target }) => setName(target.value)} />
                </Labelled>
              )}
              <Labelled label="Time as">
                <Select disabled={fixed} value={shape.time} options={TIMES} onChange={(time) => set({ time })} />
              </Labelled>
              <Labelled label="Decimal places">
                <InputNumber
                  disabled={fixed}
                  min={0}
                  max={6}
                  value={shape.places}
                  onChange={(places) => set({ places: places ?? 2 })}
                />
              </Labelled>
              <Labelled label="Decimal mark">
                <Select
                  disabled={fixed}
                  value={shape.decimal_mark}
                  options={MARKS}
                  onChange={(decimal_mark) => set({ decimal_mark })}
                />
              </Labelled>
              <Labelled label="Rounding">
                <Select
                  disabled={fixed}
                  value={shape.rounding}
                  options={ROUNDINGS}
                  onChange={(rounding) => set({ rounding })}
                />
              </Labelled>
              <Labelled label="Rows hold">
                <Select disabled={fixed} value={shape.each} options={EACH} onChange={(each) => set({ each })} />
              </Labelled>
              <Labelled label="Hours of a day of leave">
                <Input
                  disabled={fixed}
                  value={shape.day_hours}
                  onChange={({ target }) => set({ day_hours: target.value })}
                />
              </Labelled>
              <Labelled label="Dates">
                <Input disabled={fixed} value={shape.dates} onChange={({ target }) => set({ dates: target.value })} />
              </Labelled>
              {shape.layout === 'delimited' && (
                <Labelled label="Between columns">
                  <Select
                    disabled={fixed}
                    value={shape.separator}
                    options={SEPARATORS}
                    onChange={(separator) => set({ separator })}
                  />
                </Labelled>
              )}
              <Labelled label="Encoding">
                <Select
                  disabled={fixed}
                  value={shape.encoding}
                  options={ENCODINGS}
                  onChange={(encoding) => set({ encoding })}
                />
              </Labelled>
              <Labelled label="File name">
                <Input
                  disabled={fixed}
                  value={shape.file_name}
                  onChange={({ target }) => set({ file_name: target.value })}
                />
              </Labelled>
              <Checkbox
                disabled={fixed}
                checked={shape.header}
                onChange={({ target }) => set({ header: target.checked })}
              >
                A line of titles
              </Checkbox>
              <Checkbox
                disabled={fixed}
                checked={shape.blank_zero}
                onChange={({ target }) => set({ blank_zero: target.checked })}
              >
                Leave zeros empty
              </Checkbox>
            </div>
          </Panel>
          {shape.columns.length > 0 && (
            <Panel title="Columns">
              <ColumnsInput columns={shape.columns} disabled={fixed} onChange={(columns) => set({ columns })} />
            </Panel>
          )}
        </fieldset>
        {can('reports:export') && (
          <Panel
            title="Try it"
            extra={
              <Select<string>
                aria-label="Period"
                className="period-choice"
                value={key}
                options={options}
                onChange={choose}
              />
            }
          >
            <p className="muted">On all records of these dates, approved or not. Nothing is exported.</p>
          </Panel>
        )}
        {trial.data && <PreviewPanel preview={trial.data} />}
      </div>
    </>
  )
}
