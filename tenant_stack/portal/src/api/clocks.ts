import type { Schemas } from './client.ts'

/** Looking after clocks: completeness, commands, actions, alerts. */

export const ALERTS = '/api/alerts'
export const ALERT_COUNTS_KEY = ['alert-counts'] as const

export type Trust = Schemas['TrustIn']['trust']
export type Completeness = Schemas['CompletenessView']
export type CommandState = Schemas['CommandView']['state']
export type ClockCommand = Schemas['CommandView']
export type FailedSync = Schemas['FailedSyncView']
export type ClockAction = Schemas['ActionIn']['action']
export type Severity = Schemas['AlertView']['severity']
export type Alert = Schemas['AlertView']
