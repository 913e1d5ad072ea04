import type { Answers, Schemas } from './client.ts'
import type { paths } from './schema'

/** Payroll and webhooks, as this portal reads them from the HTTP API. */

export const PAYROLL = '/api/reports/payroll'
export const PROFILES = '/api/payroll/profiles'
export const BATCHES = '/api/payroll/batches'
export const WEBHOOKS = '/api/webhooks'

export type Unit = Schemas['TotalView']['unit']
export type Total = Schemas['TotalView']
export type Readiness = Schemas['Readiness']
export type PayrollPreview = Schemas['Preview']
export type ProfileLine = Schemas['ProfileLine']
export type Batch = Schemas['BatchView']
export type Webhook = Schemas['WebhookView']
export type WebhookMade = Schemas['WebhookMade']
export type Delivery = Schemas['DeliveryView']

/** `GET /api/reports/payroll` answers a file or, with `preview`, this; the document leaves its answer open. */
export type PayrollQuery = Omit<NonNullable<paths['/api/reports/payroll']['get']['parameters']['query']>, 'cursor'>
export type Profile = Answers['ProfileView']
export type ProfileDefinition = Profile['definition']
export type CodeMapping = ProfileDefinition['codes'][number]
export type FileColumn = ProfileDefinition['columns'][number]

type Event = Schemas['NewWebhook']['events'][number]
export type WebhookEvents = Event[]

export const EVENTS: Record<Event | 'test', string> = {
  'period.approved': 'A period is approved',
  'period.locked': 'A period is locked',
  'record.corrected': 'A record is corrected',
  'payroll.batch.created': 'A payroll batch is made',
  'alert.opened': 'An alert is opened',
  test: 'Test',
}

export const eventWords = (event: string) => EVENTS[event as Event] ?? event
