import { Field, ResourceForm } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input, Radio } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import type { Correction, Decision } from '../../api/attendance.ts'
import { useCan } from '../../session.ts'

const DECISIONS: { value: Decision['decision']; label: string }[] = [
  { value: 'approved', label: 'Accept: the record is computed again with it' },
  { value: 'rejected', label: 'Refuse: the record stays as it is' },
]

/** Accept or refuse a proposed correction. The server refuses whoever proposed it and whomever it concerns. */
export function CorrectionDecision({ correction }: { correction: Correction }) {
  const can = useCan()
  const client = useQueryClient()
  const [open, setOpen] = useState(false)
  if (correction.state !== 'proposed' || !can('attendance:approve')) return null
  const decide = async (values: Decision) => {
    await api.post('/api/attendance/corrections/{correction_id}/decide', {
      path: { correction_id: correction.id },
      body: values,
    })
    await client.invalidateQueries()
    setOpen(false)
  }
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        Decide
      </Button>
      <ResourceForm<Decision>
        open={open}
        title="Decide about this correction"
        submitLabel="Decide"
        initial={{ decision: 'approved' }}
        onSubmit={decide}
        onClose={() => setOpen(false)}
      >
        <div className="hint-box">
          <p>“{correction.reason}”</p>
        </div>
        <Field name="decision" label="Decision">
          <Radio.Group options={DECISIONS} />
        </Field>
        <Field name="note" label="Note">
          <Input.TextArea rows={3} maxLength={1000} />
        </Field>
      </ResourceForm>
    </>
  )
}
