import type { Schemas } from './client.ts'

/** What the API says of templates, consent and enrolments at a distance. No message holds a template. */

export const CONSENT_TEXTS = '/api/consent-texts'
export const HELD_BACK = '/api/biometrics/quarantine'
export const BIOMETRIC_ACCESS = '/api/biometrics/access'
export const BIOMETRIC_KEY = '/api/biometrics/key'
export const BIOMETRIC_SETTINGS = '/api/biometrics/settings'

export const biometricsKey = (staffId: string) => ['biometrics', staffId] as const
export const enrolmentKey = (id: string) => ['enrolment', id] as const

export type TemplateType = Schemas['BiometricView']['template_type']
export type CopyState = Schemas['CopyView']['state']
export type Copy = Schemas['CopyView']
export type Biometric = Schemas['BiometricView']
export type Consent = Schemas['ConsentView']
export type ConsentIn = Schemas['ConsentIn']
export type ConsentText = Schemas['ConsentTextView']
export type HeldBack = Schemas['QuarantinedView']
export type Access = Schemas['AccessView']
export type Periods = Schemas['BiometricSettings']
export type EnrolmentState = Schemas['EnrolmentView']['state']
export type Enrolment = Schemas['EnrolmentView']
