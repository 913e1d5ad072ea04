import type { AttendanceRecord } from './attendance.ts'
import type { Schemas } from './client.ts'

export type Session = Schemas['SessionView']
export type Staff = Schemas['StaffView']
export type StaffDetail = Schemas['StaffDetail']
export type StaffIn = Schemas['StaffIn']
export type Enrollment = Schemas['EnrollmentView']
export type EnrollmentStatus = Schemas['StaffView']['enrollment_status']
export type Device = Schemas['DeviceView']
export type DeviceIn = Schemas['DeviceIn']
export type DeviceStatus = Schemas['DeviceView']['status']
export type Connection = Schemas['DeviceView']['connection']
export type SyncLog = Schemas['SyncView']
export type SyncState = Schemas['SyncView']['state']
export type DeviceStatusDetail = Schemas['DeviceStatusView']
export type PunchLog = Schemas['PunchView']
export type QuarantinedLine = Schemas['QuarantineView']
export type Dashboard = Schemas['Dashboard']
export type DashboardDevice = Schemas['DeviceBrief']

/** Over the WebSocket, which no OpenAPI document describes. */
export type LiveMessage =
  | { type: 'hello'; at: string }
  | { type: 'heartbeat'; at: string }
  | { type: 'punch'; punch: PunchLog }
  | { type: 'record'; record: AttendanceRecord }
  | { type: 'alerts' }
  | { type: 'enrolment'; enrolment: { id: string } }
  | { type: 'device'; device: Pick<DashboardDevice, 'id' | 'status' | 'status_message' | 'last_seen_at'> }
