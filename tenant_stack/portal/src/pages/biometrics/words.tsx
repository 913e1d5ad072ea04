import type { Tone } from '@punctual/portal-kit'
import type { Copy, CopyState, EnrolmentState, TemplateType } from '../../api/biometrics.ts'
import { chip, unknown } from '../../words.tsx'

const FINGERS = [
  'Left little finger',
  'Left ring finger',
  'Left middle finger',
  'Left index finger',
  'Left thumb',
  'Right thumb',
  'Right index finger',
  'Right middle finger',
  'Right ring finger',
  'Right little finger',
]

export const FINGER_OPTIONS = FINGERS.map((label, value) => ({ value, label: `${label} (${value})` }))

/** "Right thumb", "Face", "Palm 1". */
export function partOf(type: TemplateType, index: number | null): string {
  if (type === 'FINGERPRINT') return FINGERS[index ?? -1] ?? 'Finger'
  const name = type === 'FACE' ? 'Face' : 'Palm'
  return index ? `${name} ${index}` : name
}

const COPIES: Record<CopyState, [Tone, string]> = {
  pending: ['busy', 'Waiting to be sent'],
  sent: ['busy', 'Sent'],
  written: ['busy', 'Written, being checked'],
  confirmed: ['ok', 'There'],
  unfit: ['warn', 'Not sent'],
  refused: ['bad', 'Refused'],
  removing: ['busy', 'Being erased'],
  removed: ['idle', 'Erased'],
}

const STEPS: Record<EnrolmentState, [Tone, string]> = {
  asked: ['busy', 'Asked'],
  sent: ['busy', 'Sent to the clock'],
  started: ['busy', 'The clock waits for the finger'],
  touch: ['busy', 'Touch'],
  stored: ['ok', 'Stored'],
  distributed: ['ok', 'On the clocks'],
  failed: ['bad', 'Failed'],
  cancelled: ['idle', 'Cancelled'],
  timed_out: ['warn', 'Time is over'],
}

export const EnrolmentChip = ({ state }: { state: EnrolmentState }) => chip(STEPS[state])
export const stepWords = (state: string, touch: number) =>
  state === 'touch' ? `Touch ${touch} of 3` : (STEPS[state as EnrolmentState] ?? unknown(state))[1]

/** Where a template is, clock by clock. */
export function Copies({ items }: { items: Copy[] }) {
  if (items.length === 0) return <p className="muted">On no clock.</p>
  return (
    <ul className="copies">
      {items.map((copy) => (
        <li key={copy.device_id}>
          <span>{copy.device_name}</span> {chip(COPIES[copy.state], copy.message)}
          {copy.message && <span className="muted"> {copy.message}</span>}
        </li>
      ))}
    </ul>
  )
}
