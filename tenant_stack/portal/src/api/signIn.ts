import type { Schemas } from './client.ts'

/** The organisation's own sign-in provider, and the way in without it. */
export const SIGN_IN = '/api/settings/sign-in'
export const BREAK_GLASS = '/api/settings/break-glass'

export type Layer = Schemas['LayerReport']['name']
export type LayerReport = Schemas['LayerReport']
export type Connection = Schemas['ConnectionView']
export type ConnectionIn = Schemas['ConnectionIn']
export type SignInSettings = Schemas['SignInSettings']
export type BreakGlassIn = Schemas['BreakGlassIn']
export type BreakGlassSecrets = Schemas['BreakGlassSecrets']
