import type { AttendanceRecord } from './attendance.ts'
import type { ClockCare } from './clocks.ts'

/** The tenant back end's HTTP API as this portal reads it. Instants are ISO-8601 with offset; wall times are text. */

export type Session = {
  user: { id: string; name: string; email: string }
  roles: string[]
  permissions: string[]
  organisation: { slug: string; name: string; zone: string }
  /** Came in without the sign-in provider, for an hour. */
  break_glass?: boolean
}

export type EnrollmentStatus = 'not_enrolled' | 'pending' | 'partial' | 'enrolled'

export type Enrollment = {
  id: string
  device_id: string
  device_name: string
  pin: string
  status: 'pending' | 'enrolled' | 'failed' | 'removing'
  message: string | null
  origin: string
  confirmed_at: string | null
  by_hand: boolean
  by_group: boolean
  reported_name: string | null
  retries: number
  retry_at: string | null
}

export type StaffIn = {
  employee_id: string
  name: string
  badge_number?: string | null
  card_number?: number | null
  email?: string | null
  phone?: string | null
  department?: string | null
  job_title?: string | null
  hired_on?: string | null
  active?: boolean
  notes?: string | null
  site_id?: string | null
  rule_set_code?: string | null
}

export type Staff = StaffIn & {
  id: string
  active: boolean
  enrollment_status: EnrollmentStatus
  enrollments?: Enrollment[]
  devices_enrolled: number
  devices_assigned: number
  last_punch_at: string | null
  created_at: string
  updated_at: string
}

export type DeviceStatus = 'online' | 'late' | 'offline' | 'never_seen' | 'waiting_approval'
export type Connection = 'push' | 'pull'

export type DeviceIn = {
  device_serial: string
  name: string
  connection: Connection
  ip_address?: string | null
  port?: number
  comm_key?: string
  zone?: string | null
  location?: string | null
  device_config?: Record<string, unknown>
}

export type Device = Omit<DeviceIn, 'comm_key'> & ClockCare & {
  id: string
  status: DeviceStatus
  status_message: string | null
  approved_at: string | null
  last_seen_at: string | null
  last_sync_at: string | null
  source_address: string | null
  firmware: string | null
  clock_offset_seconds: number | null
  counts: Record<string, number | undefined>
  stored_punches: number
  created_at: string
  updated_at: string
}

export type SyncState = 'queued' | 'running' | 'done' | 'failed' | 'retrying'

export type SyncLog = {
  id: string
  device_id: string
  kind: string
  state: SyncState
  requested_by: string | null
  started_at: string | null
  finished_at: string | null
  attempts: number
  received: number
  stored: number
  duplicate: number
  quarantined: number
  message: string | null
  created_at: string
}

export type DeviceStatusDetail = {
  status: DeviceStatus
  status_message: string | null
  last_seen: Partial<Record<'handshake' | 'poll' | 'upload' | 'command' | 'pull', string | null>>
  last_sync_at: string | null
  clock_offset_seconds: number | null
  on_device: number | null
  stored: number
  queued_commands: number
  last_sync: SyncLog | null
}

export type PunchLog = {
  id: string
  device_id: string
  device_serial: string
  device_name: string
  staff_id: string | null
  staff_name: string | null
  employee_id: string | null
  pin: string
  local_time: string
  zone: string
  punched_at: string
  status: number | string
  status_name: string
  verify: number | string
  verify_name: string
  work_code: string | null
  source: 'push' | 'pull' | 'live'
  clock_offset_seconds: number | null
  received_at: string
  flags: string[]
}

export type QuarantinedLine = {
  id: string
  device_id: string | null
  device_serial: string
  raw: string
  reason: string
  received_at: string
  state: 'open' | 'replayed' | 'dismissed'
  attempts: number
  settled_at: string | null
  settled_by: string | null
  note: string
}

export type DashboardDevice = {
  id: string
  name: string
  device_serial: string
  status: DeviceStatus
  status_message: string | null
  last_seen_at: string | null
  connection: Connection
}

export type Dashboard = {
  date: string
  zone: string
  generated_at: string
  staff_total: number
  present: number
  missing_out: number
  unknown_today: number
  devices: DashboardDevice[]
  waiting_devices: number
  recent: PunchLog[]
  by_hour: { hour: number; count: number }[]
}

export type LiveMessage =
  | { type: 'hello'; at: string }
  | { type: 'heartbeat'; at: string }
  | { type: 'punch'; punch: PunchLog }
  | { type: 'record'; record: AttendanceRecord }
  | { type: 'alerts' }
  | { type: 'enrolment'; enrolment: { id: string } }
  | { type: 'device'; device: Pick<DashboardDevice, 'id' | 'status' | 'status_message' | 'last_seen_at'> }
