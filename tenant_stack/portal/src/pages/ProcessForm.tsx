import { Field, listKey, Lookup, ResourceForm } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { App, Input } from 'antd'
import { api } from '../api/client.ts'
import { findStaff, RECORDS, staffName } from '../api/paths.ts'

type ProcessIn = { from: string; to: string; staff_id?: string }
type Props = { open: boolean; from: string; to: string; onClose: () => void; onStarted: (runId: string) => void }

/** A Lookup as a form field: antd hands value, onChange and id. */
function StaffChoice(props: { value?: string; onChange?: (value: string | null) => void; id?: string }) {
  return (
    <Lookup
      label="Everybody"
      value={props.value ?? null}
      search={findStaff}
      nameOf={staffName}
      onChange={(value) => props.onChange?.(value)}
      width={440}
      {...(props.id && { id: props.id })}
    />
  )
}

/** Compute attendance records again from the raw punches. Safe to repeat: the same punches give the same records. */
export function ProcessForm({ open, from, to, onClose, onStarted }: Props) {
  const client = useQueryClient()
  const { notification } = App.useApp()
  const send = async ({ staff_id, ...range }: ProcessIn) => {
    const answer = await api.post('/api/attendance/process', {
      body: {
        ...range,
        ...(staff_id && { staff_ids: [staff_id] }),
      },
    })
    if (answer.run_id) onStarted(answer.run_id)
    else
      notification.success({
        title: 'Processing again',
        description: `${answer.staff_days.toLocaleString('en')} staff-days are being computed; the list refreshes by itself.`,
      })
    await client.invalidateQueries({ queryKey: listKey(RECORDS) })
    onClose()
  }
  return (
    <ResourceForm<ProcessIn>
      open={open}
      title="Process again"
      submitLabel="Process again"
      initial={{ from, to }}
      onSubmit={send}
      onClose={onClose}
    >
      <div className="hint-box">
        <p>
          Records are computed from the raw punches. Doing it again is safe: the same punches give the same records, and
          punches are never changed.
        </p>
      </div>
      <div className="form-row">
        <Field name="from" label="First day" rules={[{ required: true, message: 'Choose the first day' }]}>
          <Input type="date" />
        </Field>
        <Field
          name="to"
          label="Last day"
          dependencies={['from']}
          rules={[
            { required: true, message: 'Choose the last day' },
            ({ getFieldValue }) => ({
              validator: (_, value: string) =>
                value && value < (getFieldValue('from') as string)
                  ? Promise.reject(new Error('The last day is before the first'))
                  : Promise.resolve(),
            }),
          ]}
          extra="At most 366 days."
        >
          <Input type="date" />
        </Field>
      </div>
      <Field name="staff_id" label="Person">
        <StaffChoice />
      </Field>
    </ResourceForm>
  )
}
