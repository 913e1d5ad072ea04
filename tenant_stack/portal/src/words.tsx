import { Chip, type Tone } from '@punctual/portal-kit'
import type { DeviceStatus, Enrollment, EnrollmentStatus, PunchLog, SyncState } from './api/types.ts'

/** What the codes of the API are called on every page of this portal. */

const DEVICE: Record<DeviceStatus, [Tone, string]> = {
  online: ['ok', 'Online'],
  late: ['warn', 'Late'],
  offline: ['bad', 'Offline'],
  never_seen: ['idle', 'Never seen'],
  waiting_approval: ['warn', 'Waiting for approval'],
}
const ENROLLED: Record<EnrollmentStatus, [Tone, string]> = {
  not_enrolled: ['idle', 'Not enrolled'],
  pending: ['busy', 'Pending'],
  partial: ['warn', 'On some clocks'],
  enrolled: ['ok', 'Enrolled'],
}
const ON_DEVICE: Record<Enrollment['status'], [Tone, string]> = {
  pending: ['busy', 'Pending'],
  enrolled: ['ok', 'Enrolled'],
  failed: ['bad', 'Failed'],
  removing: ['busy', 'Removing'],
  removed: ['idle', 'Removed'],
}
const SYNC: Record<SyncState, [Tone, string]> = {
  queued: ['busy', 'Queued'],
  running: ['busy', 'Running'],
  retrying: ['warn', 'Retrying'],
  done: ['ok', 'Done'],
  failed: ['bad', 'Failed'],
}
const FLAGS: Record<string, [Tone, string]> = {
  unknown_pin: ['warn', 'Unknown PIN'],
  clock_skew: ['warn', 'Clock off'],
  unconfirmed_source: ['warn', 'New address'],
  future: ['bad', 'In the future'],
  late_arrival: ['idle', 'Arrived late'],
}

export function options<K extends string>(words: Record<K, [Tone, string]>) {
  return (Object.keys(words) as K[]).map((value) => ({ value, label: words[value][1] }))
}
export const DEVICE_OPTIONS = options(DEVICE)

/** "check_in" or "CHECK IN" as "Check in". */
export function spoken(name: string): string {
  const text = name.replaceAll('_', ' ').trim().toLowerCase()
  return text ? text[0]?.toUpperCase() + text.slice(1) : '–'
}

export function chip([tone, words]: [Tone, string], title?: string | null) {
  return (
    <Chip tone={tone} title={title ?? undefined}>
      {words}
    </Chip>
  )
}

export const unknown = (value: string): [Tone, string] => ['idle', spoken(value)]

export const DeviceChip = ({ status, message }: { status: DeviceStatus; message?: string | null }) =>
  chip(DEVICE[status] ?? unknown(status), message)
export const EnrollmentChip = ({ status }: { status: EnrollmentStatus }) => chip(ENROLLED[status] ?? unknown(status))
export const OnDeviceChip = ({ status }: { status: Enrollment['status'] }) => chip(ON_DEVICE[status] ?? unknown(status))
export const SyncChip = ({ state }: { state: SyncState }) => chip(SYNC[state] ?? unknown(state))

export function FlagChips({ flags }: { flags: string[] }) {
  return (
    <span className="flags">
      {flags.map((flag) => (
        <span key={flag}>{chip(FLAGS[flag] ?? unknown(flag))}</span>
      ))}
    </span>
  )
}

export const flagWords = (punch: PunchLog) => punch.flags.map((flag) => (FLAGS[flag] ?? unknown(flag))[1]).join('; ')

/** Who punched, as far as anybody knows. */
export const punchedBy = (punch: PunchLog) => punch.staff_name ?? `PIN ${punch.pin}`
