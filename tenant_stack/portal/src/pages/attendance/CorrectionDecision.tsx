import { api, Field, ResourceForm } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input, Radio } from 'antd'
import { useState } from 'react'
import type { Correction } from '../../api/attendance.ts'
import { CORRECTIONS } from '../../api/paths.ts'
import { useCan } from '../../session.ts'

type DecisionIn = { decision: 'approve' | 'reject'; note?: string }

/** Accept or refuse a proposed correction. The server refuses whoever proposed it and whomever it concerns. */
export function CorrectionDecision({ correction }: { correction: Correction }) {
  const can = useCan()
  const client = useQueryClient()
  const [open, setOpen] = useState(false)
  if (correction.state !== 'proposed' || !can('attendance:approve')) return null
  const decide = async (values: DecisionIn) => {
    await api.post(`${CORRECTIONS}/${correction.id}/decide`, values)
    await client.invalidateQueries()
    setOpen(false)
  }
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        Decide
      </Button>
      <ResourceForm<DecisionIn>
        open={open}
        title="Decide about this correction"
        submitLabel="Decide"
        initial={{ decision: 'approve' }}
        onSubmit={decide}
        onClose={() => setOpen(false)}
      >
        <div className="hint-box">
          <p>“{correction.reason}”</p>
        </div>
        <Field name="decision" label="Decision">
          <Radio.Group
            options={[
              { value: 'approve', label: 'Accept: the record is computed again with it' },
              { value: 'reject', label: 'Refuse: the record stays as it is' },
            ]}
          />
        </Field>
        <Field name="note" label="Note">
          <Input.TextArea rows={3} maxLength={1000} />
        </Field>
      </ResourceForm>
    </>
  )
}
