import { api } from '@punctual/portal-kit'
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
/** Header of the file → what it holds; null leaves the column out. Headers that are not in it are guessed. */
export type Mapping = Record<string, ImportField | null>

export type ImportRow = { line: number; employee_id: string; name: string }
export type ChangedRow = ImportRow & { changes: { field: ImportField; before: string; after: string }[] }
export type WrongRow = ImportRow & { field: ImportField | null; reason: string }
export type ImportColumn = { header: string; field: ImportField | null; examples: string[] }

export type ImportOutcome = {
  dry_run: boolean
  encoding: string
  separator: string
  note: string
  columns: ImportColumn[]
  missing: ImportField[]
  rows: number
  new: number
  changed: number
  unchanged: number
  wrong: number
  new_rows: ImportRow[]
  changed_rows: ChangedRow[]
  wrong_rows: WrongRow[]
}

export const TEMPLATE = `${STAFF}/import/template`
export const EXPORT = `${STAFF}/export?format=csv`

function form(file: File, mapping: Mapping): FormData {
  const form = new FormData()
  form.append('file', file)
  form.append('mapping', JSON.stringify(mapping))
  return form
}

export const importStaff = (file: File, mapping: Mapping, dryRun: boolean) =>
  api.upload<ImportOutcome>(`${STAFF}/import`, form(file, mapping), { dry_run: dryRun })

export const wrongRows = (file: File, mapping: Mapping) =>
  api.uploadForText(`${STAFF}/import/wrong-rows`, form(file, mapping))
