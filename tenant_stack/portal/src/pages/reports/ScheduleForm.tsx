import { Field, listKey, ResourceForm, useZone, zoneNames } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Input, Select, Switch } from 'antd'
import { api } from '../../api/client.ts'
import {
  REPORT_SCHEDULES,
  SAVED_REPORTS,
  type FileFormat,
  type ReportRequest,
  type ReportSchedule,
  type ReportSpan,
  type ScheduleIn,
} from '../../api/reports.ts'
import { WEEKDAYS } from '../schedules/lists.ts'
import { spanOptions, useCatalogue } from './useReportQuery.ts'

const ZONES = zoneNames().map((name) => ({ value: name, label: name }))
const DAYS = Array.from({ length: 31 }, (_, index) => ({ value: index + 1, label: String(index + 1) }))
const FORMATS = [
  { value: 'pdf', label: 'PDF' },
  { value: 'xlsx', label: 'Excel' },
  { value: 'csv', label: 'CSV' },
]
const EVERY = [
  { value: 'day', label: 'Every day' },
  { value: 'week', label: 'Every week' },
  { value: 'month', label: 'Every month' },
]
const needed = (message: string) => [{ required: true, message }]

/** `what` is a kind, or the id of a saved report. */
type Values = Omit<ScheduleIn, 'report'> & { what: string; span: ReportSpan; format: FileFormat }
type Props = { open: boolean; schedule: ReportSchedule | null; onClose: () => void }

const CURRENT = 'current'

/** Whether a report says more than its kind and its days, so that no entry of the list stands for it. */
const isNarrowed = ({
  kind: _kind,
  span: _span,
  first: _first,
  last: _last,
  cells,
  shape,
  ...filters
}: ReportRequest) => !!shape || cells === 'worked' || Object.values(filters).some((chosen) => chosen.length > 0)

export function ScheduleForm({ open, schedule, onClose }: Props) {
  const client = useQueryClient()
  const home = useZone()
  const catalogue = useCatalogue()
  const saved = useQuery({
    queryKey: [...listKey(SAVED_REPORTS), 'all'],
    queryFn: async ({ signal }) => (await api.get(SAVED_REPORTS, { query: { limit: 200 }, signal })).items,
  })
  const save = async ({ what, span, ...values }: Values) => {
    const kept = what === CURRENT ? schedule?.report : saved.data?.find((each) => each.id === what)?.report
    const { first: _first, last: _last, ...base }: ReportRequest = kept ?? { kind: what }
    const body: ScheduleIn = { ...values, active: values.active ?? false, report: { ...base, span } }
    if (schedule) await api.put('/api/reports/schedules/{schedule_id}', { path: { schedule_id: schedule.id }, body })
    else await api.post(REPORT_SCHEDULES, { body })
    await client.invalidateQueries({ queryKey: listKey(REPORT_SCHEDULES) })
    onClose()
  }
  const own = schedule && isNarrowed(schedule.report)
  const initial: Partial<Values> = schedule
    ? { ...schedule, what: own ? CURRENT : schedule.report.kind, span: schedule.report.span ?? 'last_month' }
    : {
        every: 'month',
        day: 1,
        weekday: 0,
        at: '06:00',
        zone: home,
        format: 'pdf',
        span: 'last_month',
        active: true,
        recipients: [],
      }
  const reports = [
    ...(own ? [{ value: CURRENT, label: 'As it is now' }] : []),
    ...(catalogue.data?.kinds ?? []).map((each) => ({ value: each.kind, label: each.title })),
    ...(saved.data ?? []).map((each) => ({ value: each.id, label: `${each.name} (saved)` })),
  ]
  return (
    <ResourceForm<Values>
      open={open}
      title={schedule ? `Schedule ${schedule.name}` : 'New schedule'}
      submitLabel={schedule ? 'Save' : 'Add'}
      initial={initial}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => (
        <>
          <Field name="name" label="Name" rules={needed('Give the schedule a name')} extra="The subject of the mail.">
            <Input autoComplete="off" maxLength={120} />
          </Field>
          <div className="form-row">
            <Field name="what" label="Report" rules={needed('Choose a report')}>
              <Select showSearch={{ optionFilterProp: 'label' }} options={reports} />
            </Field>
            <Field name="span" label="Days" rules={needed('Choose the days')}>
              <Select options={spanOptions(catalogue.data)} />
            </Field>
          </div>
          <div className="form-row">
            <Field name="every" label="When" rules={needed('Choose when')}>
              <Select options={EVERY} />
            </Field>
            {values.every === 'week' && (
              <Field name="weekday" label="On" rules={needed('Choose the weekday')}>
                <Select options={WEEKDAYS.map((label, value) => ({ value, label }))} />
              </Field>
            )}
            {values.every === 'month' && (
              <Field name="day" label="On day" rules={needed('Choose the day')} extra="31: the last day.">
                <Select options={DAYS} />
              </Field>
            )}
            <Field name="at" label="At" rules={needed('Give a time')}>
              <Input type="time" />
            </Field>
          </div>
          <div className="form-row">
            <Field name="zone" label="Time zone" rules={needed('Choose the zone')}>
              <Select showSearch={{ optionFilterProp: 'label' }} options={ZONES} />
            </Field>
            <Field name="format" label="Format" rules={needed('Choose a format')}>
              <Select options={FORMATS} />
            </Field>
          </div>
          <Field
            name="recipients"
            label="To"
            rules={needed('Give at least one address')}
            extra="E-mail addresses; press Enter after each."
          >
            <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ' ', ';']} />
          </Field>
          <Field name="active" label="Sending" valuePropName="checked">
            <Switch />
          </Field>
        </>
      )}
    </ResourceForm>
  )
}
