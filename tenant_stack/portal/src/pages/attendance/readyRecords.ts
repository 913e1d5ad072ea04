import { type Page } from '@punctual/portal-kit'
import { api } from '../../api/client.ts'
import type { AttendanceRecord, RecordState } from '../../api/attendance.ts'
import { RECORDS } from '../../api/paths.ts'
import type { Span } from './usePeriods.ts'

const ROWS_A_CALL = 200
const WAITING: RecordState[] = ['open', 'submitted', 'reopened']

/** Nothing about this record asks for a person's look. */
export const isReady = (record: AttendanceRecord) =>
  !record.anomalies && !record.estimated && !record.conflict && record.status !== 'incomplete'

/** Every record of a period that waits for approval, split into those without warnings and the number of the others. */
export async function readyRecords(
  span: Span,
  onProgress: (read: number) => void,
): Promise<{ ready: AttendanceRecord[]; doubtful: number }> {
  const found = new Map<string, AttendanceRecord>()
  for (const state of WAITING) {
    let cursor: string | null = null
    do {
      const page: Page<AttendanceRecord> = await api.get(RECORDS, {
        query: {
          from: span.first,
          to: span.last,
          state,
          limit: ROWS_A_CALL,
          cursor,
        },
      })
      for (const record of page.items) found.set(record.id, record)
      cursor = page.next_cursor
      onProgress(found.size)
    } while (cursor)
  }
  const ready = [...found.values()].filter(isReady)
  return { ready, doubtful: found.size - ready.length }
}
