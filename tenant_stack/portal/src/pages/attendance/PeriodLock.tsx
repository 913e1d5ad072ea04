import { ConfirmButton, Field, ResourceForm, spanWords } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { PERIODS } from '../../api/paths.ts'
import { useCan } from '../../session.ts'
import type { Span } from './usePeriods.ts'

/** Close a period for good, or open it again: the second takes a reason and another person. */
export function PeriodLock({ span }: { span: Span }) {
  const can = useCan()
  const client = useQueryClient()
  const [unlocking, setUnlocking] = useState(false)
  if (!can('attendance:approve')) return null
  const { stored } = span
  const lock = async () => {
    const period = stored ?? (await api.post(PERIODS, { body: { starts_on: span.first, ends_on: span.last } }))
    await api.post('/api/attendance/periods/{period_id}/lock', { path: { period_id: period.id } })
    await client.invalidateQueries()
  }
  const unlock = async (values: { reason: string }) => {
    await api.post('/api/attendance/periods/{period_id}/unlock', {
      path: { period_id: stored?.id ?? '' },
      body: values,
    })
    await client.invalidateQueries()
    setUnlocking(false)
  }
  if (stored?.state !== 'locked') {
    return (
      <ConfirmButton
        danger={false}
        question={`Lock ${spanWords(span.first, span.last)}?`}
        consequence="Nothing in a locked period changes any more: what comes in later becomes a difference in the current period. Every record must be approved first."
        confirmLabel="Lock"
        refusal="The period was not locked"
        action={lock}
      >
        Lock the period
      </ConfirmButton>
    )
  }
  return (
    <>
      <Button onClick={() => setUnlocking(true)}>Unlock</Button>
      <ResourceForm<{ reason: string }>
        open={unlocking}
        title="Unlock the period"
        submitLabel="Unlock"
        initial={{}}
        onSubmit={unlock}
        onClose={() => setUnlocking(false)}
      >
        <div className="hint-box">
          <p>
            {spanWords(span.first, span.last)} was locked{stored.locked_by && ` by ${stored.locked_by}`}. Unlocking
            takes another person than whoever locked it.
          </p>
        </div>
        <Field
          name="reason"
          label="Reason"
          rules={[{ required: true, whitespace: true, min: 3, message: 'Give the reason' }]}
          extra="Kept in the audit log."
        >
          <Input.TextArea rows={3} maxLength={1000} />
        </Field>
      </ResourceForm>
    </>
  )
}
