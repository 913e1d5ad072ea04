import { Chip, type Tone } from '@punctual/portal-kit'
import type { Organisation, Step, StepState } from './api/types.ts'

const PHASE: Record<string, [Tone, string]> = {
  requested: ['busy', 'Requested'],
  provisioning: ['busy', 'Provisioning'],
  updating: ['busy', 'Updating'],
  active: ['ok', 'Active'],
  degraded: ['warn', 'Degraded'],
  suspending: ['busy', 'Suspending'],
  suspended: ['idle', 'Suspended'],
  erasing: ['busy', 'Erasing'],
  erased: ['idle', 'Erased'],
}
const STEP: Record<StepState, [Tone, string]> = {
  pending: ['busy', 'Pending'],
  ok: ['ok', 'Ok'],
  failed: ['bad', 'Failed'],
  unknown: ['idle', 'Unknown'],
}
/** Steps in plain words; a step this console does not know yet is shown under its own name. */
const STEP_NAMES: Record<string, string> = {
  database: 'Database',
  encryption: 'Encryption keys',
  credentials: 'Credentials',
  schema: 'Tables',
  stack: 'Back end, worker and bridge',
  routing: 'Addresses',
  sign_in: 'Sign-in',
  'sign-in': 'Sign-in',
  smoke: 'Test through the public address',
}

export const spoken = (name: string) => {
  const text = name.replaceAll('_', ' ')
  return text ? text[0]?.toUpperCase() + text.slice(1) : '–'
}
export const stepName = (name: string) => STEP_NAMES[name] ?? spoken(name)

export function PhaseChip({ phase }: { phase: string }) {
  const [tone, words] = PHASE[phase] ?? ['idle', spoken(phase)]
  return <Chip tone={tone}>{words}</Chip>
}

export function StepChip({ state }: { state: StepState }) {
  const [tone, words] = STEP[state] ?? ['idle', spoken(state)]
  return <Chip tone={tone}>{words}</Chip>
}

const WORST_FIRST: StepState[] = ['failed', 'unknown', 'pending']

/** The step that explains why an organisation is not simply active. */
export function worstStep(organisation: Organisation): Step | null {
  for (const state of WORST_FIRST) {
    const found = organisation.steps.find((step) => step.state === state)
    if (found) return found
  }
  return null
}

/** Nothing is under way: what was asked for last has been seen, and no step is open. */
export function isSettled(organisation: Organisation): boolean {
  return (
    organisation.observed_generation >= organisation.generation &&
    organisation.steps.every((step) => step.state === 'ok') &&
    PHASE[organisation.phase]?.[0] !== 'busy'
  )
}
