import { App, Button } from 'antd'
import { useEffect } from 'react'
import type { ApproveAction, RecordDetail } from '../../api/attendance.ts'
import { useCan } from '../../session.ts'
import { useApprove } from './useApprove.ts'

const DONE: Record<ApproveAction, string> = {
  submit: 'Submitted for approval',
  approve: 'Approved',
  reopen: 'Reopened',
  reject: 'Sent back',
}

/** The next steps in the life of one record. */
export function RecordActions({ record }: { record: RecordDetail }) {
  const can = useCan()
  const { notification } = App.useApp()
  const { busy, send, outcome } = useApprove()
  useEffect(() => {
    if (!outcome) return
    const reason = outcome.skipped[0]?.reason
    if (reason) notification.warning({ title: 'Nothing was changed', description: reason })
    else notification.success({ title: DONE[outcome.action] })
  }, [outcome, notification])
  const { state } = record
  if (!state || state === 'locked') return null
  const button = (action: ApproveAction, words: string) => (
    <Button key={action} disabled={busy} onClick={() => void send(action, [record.id])}>
      {words}
    </Button>
  )
  const mayApprove = can('attendance:approve')
  const waits = state === 'open' || state === 'reopened'
  return (
    <>
      {waits && can('attendance:update') && button('submit', 'Submit')}
      {state === 'submitted' && mayApprove && button('reject', 'Send back')}
      {state === 'approved' && mayApprove && button('reopen', 'Reopen')}
      {state !== 'approved' && mayApprove && button('approve', 'Approve')}
    </>
  )
}
