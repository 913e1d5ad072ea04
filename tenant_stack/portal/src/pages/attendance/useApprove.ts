import { useAction } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import type { ApproveAction, ApproveAnswer } from '../../api/attendance.ts'
import { APPROVE } from '../../api/paths.ts'

/** So many records go in one call: an answer comes back before anybody wonders. */
const IDS_A_CALL = 200

export type Outcome = { action: ApproveAction; changed: number; skipped: ApproveAnswer['skipped'] }

/** Submit, approve or reopen records, many at once; `outcome` says what was skipped and why. */
export function useApprove() {
  const client = useQueryClient()
  const { busy, run } = useAction()
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const [done, setDone] = useState(0)
  const send = (action: ApproveAction, ids: string[], note?: string) =>
    run('The records could not be changed', async () => {
      const total: Outcome = { action, changed: 0, skipped: [] }
      setDone(0)
      try {
        for (let start = 0; start < ids.length; start += IDS_A_CALL) {
          const answer = await api.post(APPROVE, {
            body: {
              record_ids: ids.slice(start, start + IDS_A_CALL),
              action,
              ...(note && { note }),
            },
          })
          total.changed += answer.changed
          total.skipped.push(...answer.skipped)
          setDone(Math.min(start + IDS_A_CALL, ids.length))
        }
      } finally {
        // What went through before a failure went through: say so, and show it.
        setOutcome(total)
        await client.invalidateQueries()
      }
    })
  return { busy, send, outcome, done, forget: () => setOutcome(null) }
}
