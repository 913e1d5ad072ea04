import { clockOn, Field, ResourceForm } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { App, Input, InputNumber, Radio, Select } from 'antd'
import { api } from '../../api/client.ts'
import { traceOf, type AddedPunch, type Changes, type PunchFate, type RecordDetail } from '../../api/attendance.ts'
import { roleWords } from '../../attendanceWords.tsx'
import { useCan } from '../../session.ts'

type What = 'add' | 'move' | 'void' | 'figures' | 'automatic'
type CorrectIn = {
  what: What
  date?: string
  time?: string
  direction?: AddedPunch['direction']
  punch?: string
  hours?: number
  minutes?: number
  reason: string
}

const DIRECTIONS: { value: AddedPunch['direction']; label: string }[] = [
  { value: 'in', label: 'In' },
  { value: 'out', label: 'Out' },
  { value: 'break_out', label: 'Out to a break' },
  { value: 'break_in', label: 'Back from a break' },
]

const needed = (message: string) => [{ required: true, message }]

/** Wall time as text, seconds included: what a person saw on a clock, in the record's zone. */
function wallTime(values: CorrectIn, record: RecordDetail): string {
  const time = values.time ?? ''
  return `${values.date ?? record.work_date} ${time.length === 5 ? `${time}:00` : time}`
}

function changesOf(values: CorrectIn, record: RecordDetail): Changes {
  if (values.what === 'add') return { add: [{ at: wallTime(values, record), direction: values.direction ?? 'in' }] }
  if (values.what === 'move') return { move: [{ punch_id: values.punch ?? '', at: wallTime(values, record) }] }
  if (values.what === 'void') return { void: [values.punch ?? ''] }
  if (values.what === 'automatic') return { automatic: true }
  return { figures: { worked_minutes: (values.hours ?? 0) * 60 + (values.minutes ?? 0) } }
}

function WhenFields({ record }: { record: RecordDetail }) {
  return (
    <div className="form-row">
      <Field name="date" label="Date" rules={needed('Choose the date')}>
        <Input type="date" />
      </Field>
      <Field name="time" label="Time" rules={needed('Enter the time')} extra={`Wall time in ${record.zone}.`}>
        <Input type="time" step={1} />
      </Field>
    </div>
  )
}

type Props = { open: boolean; record: RecordDetail; onClose: () => void }

/** Ask for (or, with the right, make) a correction. Raw punches are never changed; the original stays beside it. */
export function CorrectForm({ open, record, onClose }: Props) {
  const client = useQueryClient()
  const can = useCan()
  const { notification } = App.useApp()
  const fates = traceOf(record)?.punches ?? []
  const words = (fate: PunchFate) =>
    `${clockOn(record.work_date, record.zone, fate.at, true)} – ${roleWords(fate.role)}${fate.used ? '' : ' (ignored)'}`
  const punches = fates.map((fate) => ({ value: fate.punch, label: words(fate) }))
  const save = async (values: CorrectIn) => {
    const answer = await api.put('/api/attendance/records/{record_id}', {
      path: { record_id: record.id },
      body: {
        changes: changesOf(values, record),
        reason: values.reason,
        version: record.version,
      },
    })
    const proposed = answer.state === 'proposed'
    notification.success({
      title: proposed ? 'The correction is proposed' : 'The correction is in',
      description: proposed ? 'Somebody who may approve decides about it.' : 'The day is computed again with it.',
    })
    await client.invalidateQueries()
    onClose()
  }
  return (
    <ResourceForm<CorrectIn>
      open={open}
      title={`Correct the day of ${record.staff_name}`}
      submitLabel={can('attendance:approve') ? 'Correct' : 'Propose'}
      initial={{ what: 'add', date: record.work_date, direction: record.last_out_local ? 'in' : 'out' }}
      onSubmit={save}
      onClose={onClose}
    >
      {(values) => (
        <>
          <Field name="what" label="What to correct">
            <Radio.Group
              className="choices"
              options={[
                { value: 'add', label: 'Add a missing punch' },
                { value: 'move', label: 'Move a punch to another time', disabled: punches.length === 0 },
                { value: 'void', label: 'Leave a punch out', disabled: punches.length === 0 },
                { value: 'figures', label: 'Set the worked time by hand' },
                ...(record.manual ? [{ value: 'automatic', label: 'Give the day back to the rules' }] : []),
              ]}
            />
          </Field>
          {(values.what === 'move' || values.what === 'void') && (
            <Field name="punch" label="Punch" rules={needed('Choose the punch')}>
              <Select options={punches} placeholder="Choose" />
            </Field>
          )}
          {values.what === 'add' && (
            <Field name="direction" label="Direction">
              <Select options={DIRECTIONS} />
            </Field>
          )}
          {(values.what === 'add' || values.what === 'move') && <WhenFields record={record} />}
          {values.what === 'figures' && (
            <div className="form-row">
              <Field name="hours" label="Hours" rules={needed('Enter the hours')}>
                <InputNumber min={0} max={24} precision={0} style={{ width: '100%' }} />
              </Field>
              <Field name="minutes" label="Minutes" initialValue={0}>
                <InputNumber min={0} max={59} precision={0} style={{ width: '100%' }} />
              </Field>
            </div>
          )}
          <Field
            name="reason"
            label="Reason"
            rules={[{ required: true, whitespace: true, min: 3, message: 'Give the reason' }]}
            extra="Kept with the record. The punches themselves stay as the clocks sent them."
          >
            <Input.TextArea rows={3} maxLength={1000} />
          </Field>
        </>
      )}
    </ResourceForm>
  )
}
