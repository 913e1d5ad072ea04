import { shortDate } from '@punctual/portal-kit'
import { Alert } from 'antd'
import type { ApproveAction, AttendanceRecord } from '../../api/attendance.ts'
import type { Outcome } from './useApprove.ts'

const DID: Record<ApproveAction, string> = {
  submit: 'submitted',
  approve: 'approved',
  reopen: 'reopened',
  reject: 'sent back',
}
const NAMED = 5

const records = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'record' : 'records'}`

type Props = { outcome: Outcome; known: Map<string, AttendanceRecord>; onClose: () => void }

/** What an action changed, and for each thing it left alone, why. */
export function OutcomeNote({ outcome, known, onClose }: Props) {
  const reasons = new Map<string, Outcome['skipped']>()
  for (const skipped of outcome.skipped) reasons.set(skipped.reason, [...(reasons.get(skipped.reason) ?? []), skipped])
  const nameOf = (id: string) => {
    const record = known.get(id)
    return record ? `${record.staff_name}, ${shortDate(record.work_date)}` : null
  }
  return (
    <div role="status">
      <Alert
        type={outcome.skipped.length > 0 ? 'warning' : 'success'}
        showIcon
        closable={{ onClose }}
        title={`${records(outcome.changed)} ${DID[outcome.action]}${outcome.skipped.length ? `, ${records(outcome.skipped.length)} left alone` : ''}`}
        description={
          reasons.size > 0 && (
            <ul className="plain-list">
              {[...reasons].map(([reason, skipped]) => {
                const names = skipped.map((each) => nameOf(each.id)).filter((name) => name !== null)
                const rest = skipped.length - Math.min(names.length, NAMED)
                return (
                  <li key={reason}>
                    <strong>{reason}</strong>: {names.slice(0, NAMED).join('; ')}
                    {rest > 0 &&
                      `${names.length ? ' and ' : ''}${rest} ${names.length ? 'more' : rest === 1 ? 'record' : 'records'}`}
                  </li>
                )
              })}
            </ul>
          )
        }
      />
    </div>
  )
}
