import type { Schemas } from './client.ts'

export const SUPPORT = '/api/support'

export type SupportAccess = Schemas['SupportView']
