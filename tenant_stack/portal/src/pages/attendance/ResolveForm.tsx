import { Field, ResourceForm, shortDate } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Input } from 'antd'
import { api } from '../../api/client.ts'
import type { Anomaly } from '../../api/attendance.ts'
import { kindWords } from '../../attendanceWords.tsx'

type ResolveIn = { resolution: string }

/** Close an anomaly with a note on what was found; the note stays with the record. */
export function ResolveForm({ anomaly, onClose }: { anomaly: Anomaly | null; onClose: () => void }) {
  const client = useQueryClient()
  const save = async ({ resolution }: ResolveIn) => {
    await api.put('/api/attendance/anomalies/{anomaly_id}', {
      path: { anomaly_id: anomaly?.id ?? '' },
      body: { state: 'resolved', resolution },
    })
    await client.invalidateQueries()
    onClose()
  }
  return (
    <ResourceForm<ResolveIn>
      open={anomaly !== null}
      title="Resolve this anomaly"
      submitLabel="Resolve"
      initial={{}}
      onSubmit={save}
      onClose={onClose}
    >
      {anomaly && (
        <div className="hint-box">
          <p>
            <strong>{kindWords(anomaly.kind)}</strong>
            {anomaly.staff_name && ` – ${anomaly.staff_name}`}, {shortDate(anomaly.work_date)}
          </p>
          <p className="muted">{anomaly.text}</p>
        </div>
      )}
      <Field
        name="resolution"
        label="What was found"
        rules={[{ required: true, whitespace: true, message: 'Say what was found' }]}
        extra="Whoever approves the period reads this."
      >
        <Input.TextArea rows={3} maxLength={1000} autoFocus />
      </Field>
    </ResourceForm>
  )
}
