import { multipart } from '@punctual/portal-kit'
import { api, type Schemas } from './client.ts'
import { STAFF } from './paths.ts'

export const IMPORT_FIELDS = {
  employee_id: 'Employee number',
  name: 'Name',
  first_name: 'First name',
  last_name: 'Last name',
  badge_number: 'Badge number',
  card_number: 'Card number on clocks',
  email: 'E-mail',
  phone: 'Phone',
  department: 'Department',
  job_title: 'Job title',
  hired_on: 'Hired on',
  site: 'Site',
  rule_set: 'Rules',
  active: 'Active',
  notes: 'Notes',
} as const

export type ImportField = keyof typeof IMPORT_FIELDS
/** What a column is called; a field that this page does not know keeps its own name. */
export const fieldWords = (field: string) => IMPORT_FIELDS[field as ImportField] ?? field
/** Header of the file → what it holds; null leaves the column out. Headers that are not in it are guessed. */
export type Mapping = Record<string, ImportField | null>

export type ImportOutcome = Schemas['ImportView']
export type ImportRow = Schemas['NewRow']
export type ImportColumn = Schemas['ImportColumn']
export type ChangedRow = Schemas['ChangedRow']
export type WrongRow = Schemas['WrongRow']

export const TEMPLATE = `${STAFF}/import/template`
export const EXPORT = `${STAFF}/export?format=csv`

// The document types a file as text; the browser wants the File itself.
const parts = (file: File, mapping: Mapping) => ({ file: file as unknown as string, mapping: JSON.stringify(mapping) })

export const importStaff = (file: File, mapping: Mapping, dryRun: boolean) =>
  api.post('/api/staff/import', { query: { dry_run: dryRun }, body: parts(file, mapping), bodySerializer: multipart })

/** The rows that were not taken, as the text of a CSV file. */
export const wrongRows = async (file: File, mapping: Mapping): Promise<string> => {
  const answer = await api.post('/api/staff/import/wrong-rows', {
    body: parts(file, mapping),
    bodySerializer: multipart,
    parseAs: 'text',
    headers: { accept: 'text/csv' },
  })
  return answer as unknown as string
}
