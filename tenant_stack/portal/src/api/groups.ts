import type { DeviceStatus } from './types.ts'

/** Groups of clocks, strangers on clocks, and conflicts between clocks and us, as the API tells of them. */

export const GROUPS = '/api/device-groups'
export const STRANGERS = '/api/device-users'
export const CONFLICTS = '/api/conflicts'

export type Progress = { wanted: number; confirmed: number; waiting: number; failed: number; contested: number }
export type Named = { id: string; name: string }

export type DeviceGroup = {
  id: string
  name: string
  everybody: boolean
  departments: string[]
  devices: number
  people: number
  progress: Progress
  created_at: string
  updated_at: string
}

export type DeviceGroupDetail = DeviceGroup & {
  site_ids: string[]
  device_list: (Named & { connection: string; status?: DeviceStatus; progress: Progress })[]
  staff: Named[]
}

export type DeviceGroupIn = {
  name: string
  device_ids: string[]
  everybody: boolean
  departments: string[]
  site_ids: string[]
  staff_ids: string[]
}

export type Stranger = {
  id: string
  device_id: string
  device_name: string
  pin: string
  reported_name: string | null
  reported_card: number | null
  reported_privilege: number | null
  reported_at: string | null
  staff_id: string | null
  staff_name: string | null
  kept_apart: boolean
  suggestion: Named | null
}

export type Facts = { name: string; card: number; privilege: number }
export type ConflictKind = 'changed_at_clock' | 'changed_on_both' | 'pin_collision'
export type Take = 'ours' | 'device' | 'value' | 'apart'

export type Conflict = {
  id: string
  kind: ConflictKind
  state: 'open' | 'resolved'
  device_id: string
  device_name: string
  staff_id: string | null
  staff_name: string | null
  pin: string
  fields: string[]
  agreed: Facts | null
  ours: Facts | null
  theirs: Facts
  ours_at: string | null
  theirs_at: string
  rule: string
  automatic: boolean
  taken: 'ours' | 'device' | 'value' | 'mixed' | null
  result: Facts | null
  resolved_at: string | null
  resolved_by: string
  undo_until: string | null
  created_at: string
}
