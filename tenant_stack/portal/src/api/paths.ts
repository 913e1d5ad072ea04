import { type Option } from '@punctual/portal-kit'
import { api } from './client.ts'

export const STAFF = '/api/staff'
export const DEVICES = '/api/devices'
export const PUNCHES = '/api/attendance/logs'
export const QUARANTINE = '/api/attendance/quarantine'
export const RECORDS = '/api/attendance/records'
export const APPROVE = '/api/attendance/approve'
export const ANOMALIES = '/api/attendance/anomalies'
export const CORRECTIONS = '/api/attendance/corrections'
export const DELTAS = '/api/attendance/deltas'
export const PERIODS = '/api/attendance/periods'
export const SETTINGS = '/api/attendance/settings'
export const SITES = '/api/sites'
export const SHIFTS = '/api/shifts'
export const RULE_SETS = '/api/rule-sets'
export const HOLIDAYS = '/api/holidays'
export const WEEKLY_OFFS = '/api/weekly-offs'
export const LEAVES = '/api/leaves'
export const DASHBOARD_KEY = ['dashboard'] as const

export const staffKey = (id: string) => ['staff', id] as const
export const recordKey = (id: string) => ['record', id] as const
export const deviceKey = (id: string) => ['device', id] as const

export async function findStaff(text: string): Promise<Option[]> {
  const page = await api.get(STAFF, { query: { q: text, limit: 20 } })
  return page.items.map((staff) => ({ value: staff.id, label: `${staff.name} (${staff.employee_id})` }))
}

export async function staffName(id: string): Promise<string> {
  return (await api.get('/api/staff/{staff_id}', { path: { staff_id: id } })).name
}

export async function findDevices(text: string): Promise<Option[]> {
  const page = await api.get(DEVICES, { query: { q: text, limit: 50 } })
  return page.items.map((device) => ({ value: device.id, label: device.name || device.device_serial }))
}

export async function deviceName(id: string): Promise<string> {
  return (await api.get('/api/devices/{device_id}', { path: { device_id: id } })).name
}
