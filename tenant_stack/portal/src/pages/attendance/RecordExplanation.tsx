import { clockOn, effectOf, hoursOf, minuteOfDay } from '@punctual/portal-kit'
import { useId, type ReactNode } from 'react'
import type { PunchFate, RecordDetail, Trace, TraceSegment } from '../../api/attendance.ts'
import { roleWords } from '../../attendanceWords.tsx'
import { spoken } from '../../words.tsx'
import { DayBar, type BarSpan } from '../DayBar.tsx'
import { useRawPunches } from './useRecord.ts'

export function Part({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <section className="why-part" aria-labelledby={id}>
      <div className="why-title">
        <h3 id={id}>{title}</h3>
        {note && <span className="muted">{note}</span>}
      </div>
      {children}
    </section>
  )
}

function spansOf(record: RecordDetail, segments: TraceSegment[]): BarSpan[] {
  const spans: BarSpan[] = []
  const add = (kind: BarSpan['kind'], what: string, from: number | null, to: number | null) => {
    if (from === null || to === null || to <= from) return
    const words = `${what} ${clockOn(record.work_date, record.zone, from)}–${clockOn(record.work_date, record.zone, to)}`
    const minute = (instant: number) => minuteOfDay(record.work_date, record.zone, instant)
    spans.push({ kind, words, from: minute(from), to: minute(to) })
  }
  for (const segment of segments) add('shift', `shift ${segment.shift ?? ''}`, segment.starts, segment.ends)
  for (const segment of segments) {
    add('worked', 'counted', segment.counted_in ?? segment.raw_in, segment.counted_out ?? segment.raw_out)
  }
  return spans
}

function Punches({ record, fates }: { record: RecordDetail; fates: PunchFate[] }) {
  const raw = useRawPunches(record).data
  const row = (fate: PunchFate) => {
    const punch = raw?.get(fate.punch)
    const entered = fate.punch.startsWith('correction:')
    // A clock says "check in" where the rules say "in".
    const said = punch?.status_name
      .toLowerCase()
      .replace(/^check[_ ]/, '')
      .replaceAll(' ', '_')
    return (
      <li key={fate.punch} className={fate.used ? undefined : 'is-ignored'}>
        <span className="number">{clockOn(record.work_date, record.zone, fate.at, true)}</span>
        <span className="two-lines">
          <span>
            {roleWords(fate.role)}
            {said && said !== fate.role && (
              <span className="muted"> – the clock said “{spoken(said).toLowerCase()}”</span>
            )}
          </span>
          {entered && <span>Entered by a correction</span>}
          {(fate.why || punch) && (
            <span>
              {fate.why && `${fate.why.charAt(0).toUpperCase()}${fate.why.slice(1)}`}
              {fate.why && punch && ' · '}
              {punch && `${punch.device_name || punch.device_serial}, ${spoken(punch.verify_name).toLowerCase()}`}
            </span>
          )}
        </span>
        <span className={fate.used ? 'used' : 'ignored'}>{fate.used ? 'Used' : 'Ignored'}</span>
      </li>
    )
  }
  const used = fates.filter((fate) => fate.used).length
  const ignored = fates.length - used
  return (
    <Part title="Punches" note={`${used} used${ignored ? `, ${ignored} ignored` : ''}`}>
      {fates.length === 0 ? (
        <p className="muted">Nobody punched on this day.</p>
      ) : (
        <ul className="fates">{fates.map(row)}</ul>
      )}
    </Part>
  )
}

function Steps({ trace }: { trace: Trace }) {
  const steps = trace.steps ?? []
  if (steps.length === 0) return null
  const sum = steps.reduce((total, step) => total + step.seconds, 0)
  return (
    <Part title="Rules and their numbers" note={trace.rules && `rule set ${trace.rules}`}>
      <table className="steps">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" className="step-effect">
              Effect
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, index) => (
            <tr key={index}>
              <td>{step.text || spoken(step.rule)}</td>
              <td className="number step-effect">
                {step.seconds === 0 ? <span className="muted">–</span> : effectOf(step.seconds)}
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">
              {trace.worked === undefined || trace.worked === sum
                ? 'Together: the worked time of the record'
                : `Together (the record says ${hoursOf(trace.worked)})`}
            </th>
            <td className="number step-effect">{hoursOf(sum)}</td>
          </tr>
        </tfoot>
      </table>
    </Part>
  )
}

function Pay({ trace }: { trace: Trace }) {
  const lines = [
    ...(trace.pay ?? []).map((line) => ({ ...line, premium: false })),
    ...(trace.premiums ?? []).map((line) => ({ ...line, premium: true })),
  ]
  if (lines.length === 0) return null
  return (
    <Part title="Pay codes">
      <ul className="pay-lines">
        {lines.map((line) => (
          <li key={`${line.code}${line.premium}`}>
            <span>
              {line.code}
              {line.premium && <span className="muted"> premium, on top</span>}
            </span>
            <span className="muted">× {line.rate}</span>
            <span className="number">{hoursOf(line.minutes * 60)}</span>
          </li>
        ))}
      </ul>
    </Part>
  )
}

/** How the day was counted: in sentences, then a picture, the punches, and every rule with its numbers. */
export function RecordExplanation({ record, trace }: { record: RecordDetail; trace: Trace }) {
  const segments = trace.segments ?? []
  const spans = spansOf(record, segments)
  return (
    <>
      <Part title="Why">
        <ol className="sentences">
          {trace.sentences.map((line, index) => (
            <li key={index}>{line}</li>
          ))}
        </ol>
        {spans.length > 0 && (
          <>
            <DayBar spans={spans} label="The day" />
            <p className="bar-key" aria-hidden="true">
              <span className="key-shift" /> shift <span className="key-worked" /> counted
            </p>
          </>
        )}
      </Part>
      {trace.punches && <Punches record={record} fates={trace.punches} />}
      <Steps trace={trace} />
      <Pay trace={trace} />
    </>
  )
}
