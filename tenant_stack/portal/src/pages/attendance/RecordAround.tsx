import { Age, effectOf, hoursMinutes } from '@punctual/portal-kit'
import { Button } from 'antd'
import { useState } from 'react'
import type { Anomaly, Changes, Correction, HistoryEntry } from '../../api/attendance.ts'
import { AnomalyStateChip, CorrectionChip, kindWords, SeverityChip } from '../../attendanceWords.tsx'
import { useCan } from '../../session.ts'
import { spoken } from '../../words.tsx'
import { CorrectionDecision } from './CorrectionDecision.tsx'
import { Part } from './RecordExplanation.tsx'
import { ResolveForm } from './ResolveForm.tsx'

export function RecordAnomalies({ anomalies }: { anomalies: Anomaly[] }) {
  const can = useCan()
  const [resolving, setResolving] = useState<Anomaly | null>(null)
  if (anomalies.length === 0) return null
  return (
    <Part title="Anomalies">
      <ul className="around">
        {anomalies.map((anomaly) => (
          <li key={anomaly.id}>
            <div className="around-line">
              <strong>{kindWords(anomaly.kind)}</strong>
              <SeverityChip severity={anomaly.severity} />
              <AnomalyStateChip state={anomaly.state} />
              {can('attendance:update') && anomaly.state !== 'resolved' && (
                <Button size="small" onClick={() => setResolving(anomaly)}>
                  Resolve
                </Button>
              )}
            </div>
            <p className="muted">
              {spoken(anomaly.text)}
              {anomaly.advice && anomaly.state !== 'resolved' && ` – ${anomaly.advice}`}
              {anomaly.resolution && ` – resolved: ${anomaly.resolution}`}
            </p>
          </li>
        ))}
      </ul>
      <ResolveForm anomaly={resolving} onClose={() => setResolving(null)} />
    </Part>
  )
}

/** What a correction asks for, as a sentence. */
export function changeWords(changes: Changes): string {
  const parts: string[] = []
  for (const punch of changes.add ?? []) parts.push(`add ${spoken(punch.direction).toLowerCase()} at ${punch.at}`)
  for (const punch of changes.move ?? []) parts.push(`move a punch to ${punch.at}`)
  const left = changes.void?.length ?? 0
  if (left) parts.push(`leave out ${left === 1 ? 'one punch' : `${left} punches`}`)
  for (const [name, minutes] of Object.entries(changes.figures ?? {})) {
    if (minutes) parts.push(`set ${spoken(name.replace(/_minutes$/, '')).toLowerCase()} to ${hoursMinutes(minutes)}`)
  }
  if (changes.automatic) parts.push('give the day back to the rules')
  const text = parts.join('; ')
  return text ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : 'A change of the record'
}

export function RecordCorrections({ corrections, zone }: { corrections: Correction[] | undefined; zone: string }) {
  if (!corrections || corrections.length === 0) return null
  return (
    <Part title="Corrections" note={<span className="zone">times in {zone}</span>}>
      <ul className="around">
        {corrections.map((correction) => (
          <li key={correction.id}>
            <div className="around-line">
              <strong>{changeWords(correction.changes)}</strong>
              <CorrectionChip state={correction.state} />
              <CorrectionDecision correction={correction} />
            </div>
            <p className="muted">
              “{correction.reason}”{correction.requested_by && ` – ${correction.requested_by}`}{' '}
              <Age at={correction.requested_at} never="" />
              {correction.decided_by && ` · ${correction.state} by ${correction.decided_by}`}
              {correction.note && ` (${correction.note})`}
            </p>
          </li>
        ))}
      </ul>
    </Part>
  )
}

/** What came in after somebody approved the record. */
export function SinceApproval({ difference }: { difference: Record<string, number> | undefined }) {
  const changed = Object.entries(difference ?? {}).filter(([name]) => !name.startsWith('fraction'))
  if (changed.length === 0) return null
  return (
    <Part title="Changed since it was approved">
      <ul className="pay-lines">
        {changed.map(([name, seconds]) => (
          <li key={name}>
            <span>{spoken(name.replace(/^pay_/, 'pay code '))}</span>
            <span />
            <span className="number">{effectOf(seconds)}</span>
          </li>
        ))}
      </ul>
    </Part>
  )
}

const ACTIONS: Record<string, string> = {
  submit: 'Submitted',
  approve: 'Approved',
  reopen: 'Reopened',
  reject: 'Sent back',
  'correction.ask': 'Correction asked for',
  'correction.approve': 'Correction accepted',
  'correction.reject': 'Correction refused',
  reopened_by_late_data: 'Reopened by late data',
  late_data_on_locked_day: 'Late data on a locked day',
}

function historyWords(action: string): string {
  const known = action.replace(/^attendance\./, '')
  return ACTIONS[known] ?? spoken(known.replaceAll('.', ' '))
}

export function RecordHistory({ entries }: { entries: HistoryEntry[] | undefined }) {
  if (!entries || entries.length === 0) return null
  return (
    <Part title="History">
      <ul className="around">
        {entries.map((entry, index) => (
          <li key={index} className="around-line">
            <span>
              {historyWords(entry.action)}
              {entry.by && <span className="muted"> by {entry.by}</span>}
              {entry.note && <span className="muted"> – {entry.note}</span>}
            </span>
            <span className="muted">
              <Age at={entry.at} />
            </span>
          </li>
        ))}
      </ul>
    </Part>
  )
}
