import type { Schemas } from './client.ts'

export type Session = Schemas['SessionOut']
export type StepState = Schemas['StepState']
export type Step = Schemas['StepOut']
export type OrganisationIn = Schemas['OrganisationIn']
export type Organisation = Schemas['OrganisationOut']
export type FirstSignIn = Schemas['SignInOut']
export type SupportIn = Schemas['SupportIn']
export type SupportAccess = Schemas['SupportOut']
