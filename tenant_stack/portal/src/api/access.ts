/** Who may do what: users, roles, sessions, machine clients, the audit trail. */
export const USERS = '/api/users'
export const ROLES = '/api/roles'
export const SESSIONS = '/api/sessions'
export const CLIENTS = '/api/clients'
export const AUDIT = '/api/audit'

export type UserStatus = 'invited' | 'active' | 'suspended'

export type User = {
  id: string
  email: string
  name: string
  status: UserStatus
  roles: string[]
  permissions: string[]
  site_ids: string[] | null
  departments: string[] | null
  staff_id: string | null
  last_sign_in_at: string | null
  invitation_expires_at: string | null
  invitation_mail: '' | 'pending' | 'sending' | 'sent' | 'failed'
  created_at: string
}

export type UserIn = {
  email?: string
  name?: string
  roles: string[]
  site_ids?: string[] | null
  departments?: string[] | null
  active?: boolean
  staff_id?: string | null
}

export type Invitation = { user: User; url: string; expires_at: string }
export type Role = { name: string; title: string; built_in: boolean; permissions: string[]; users: number }
export type RoleList = { items: Role[]; matrix: Record<string, string[]> }
export type RoleIn = { title: string; permissions: string[] }

export type SessionFacts = {
  id: string
  began_at: string
  seen_at: string
  logged_in_at: string
  ends_at: string
  address: string
  agent: string
  current: boolean
}

export type Secret = { id: string; created_at: string; last_used_at: string | null }

export type Client = {
  client_id: string
  name: string
  scopes: string[]
  requests_per_minute: number
  granted_by: string | null
  grantor_active: boolean
  revoked_at: string | null
  last_used_at: string | null
  created_at: string
  secrets: Secret[]
}

export type ClientIn = { name: string; scopes: string[]; requests_per_minute: number }
export type NewSecret = { client: Client; client_secret: string }

export type AuditLine = {
  id: number
  number: number | null
  at: string
  actor_kind: string
  actor_id: string
  actor_label: string
  address: string
  action: string
  target_kind: string
  target_id: string
  before: Record<string, unknown> | null
  after: Record<string, unknown> | null
  correlation_id: string
}

export type AuditReport = {
  intact: boolean
  checked: number
  anchors: number
  waiting: number
  broken_number: number | null
  problem: string
}
