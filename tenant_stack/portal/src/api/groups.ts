import type { Schemas } from './client.ts'

/** Groups of clocks, people on clocks whom we do not know, and conflicts between clocks and us. */

export const GROUPS = '/api/device-groups'
export const STRANGERS = '/api/device-users'
export const CONFLICTS = '/api/conflicts'

export type Progress = Schemas['Progress']
export type Named = Schemas['Named']
export type DeviceGroup = Schemas['GroupView']
export type DeviceGroupDetail = Schemas['GroupDetail']
export type DeviceGroupIn = Schemas['GroupIn']
export type Stranger = Schemas['StrangerView']
export type Facts = Schemas['FactsView']
export type ConflictKind = Schemas['ConflictView']['kind']
export type ResolveManyIn = Schemas['ResolveManyIn']
export type Take = Schemas['ResolveIn']['take']
export type Conflict = Schemas['ConflictView']
