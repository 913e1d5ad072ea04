import type { Schemas } from './client.ts'

/** Who may do what: users, roles, sessions, machine clients, the audit trail. */
export const USERS = '/api/users'
export const ROLES = '/api/roles'
export const SESSIONS = '/api/sessions'
export const CLIENTS = '/api/clients'
export const AUDIT = '/api/audit'

export type User = Schemas['UserView']
export type UserStatus = Schemas['UserView']['status']
export type UserIn = Schemas['UserIn']
export type InviteIn = Schemas['InviteIn']
export type Invitation = Schemas['Invitation']
export type Role = Schemas['RoleView']
export type RoleIn = Schemas['RoleIn']
export type SessionFacts = Schemas['SessionFacts']
export type Client = Schemas['ClientView']
export type ClientIn = Schemas['ClientIn']
export type Secret = Schemas['SecretView']
export type NewSecret = Schemas['NewSecret']
export type AuditLine = Schemas['AuditLine']
export type AuditReport = Schemas['AuditReport']
