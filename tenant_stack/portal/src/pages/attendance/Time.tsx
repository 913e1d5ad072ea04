import { hoursMinutes } from '@punctual/portal-kit'

/** A wall time of the record's zone, or a dash. */
export function Time({ text, zone }: { text: string | null | undefined; zone?: string }) {
  if (!text) return <span className="muted">–</span>
  return (
    <span className="number" title={zone && `${text} ${zone}`}>
      {text}
    </span>
  )
}

export const duration = (minutes: number | null | undefined) => hoursMinutes(minutes)

/** A number of minutes that matters only when there are any. */
export function Minutes({ of, tone }: { of: number | null | undefined; tone?: 'warn' }) {
  if (!of) return <span className="muted">–</span>
  return <span className={tone ? `number tone-${tone}` : 'number'}>{hoursMinutes(of)}</span>
}
