import { addDays } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { useSearchParams } from 'react-router'
import { api } from '../../api/client.ts'
import type { RecordDetail } from '../../api/attendance.ts'
import { PUNCHES, recordKey } from '../../api/paths.ts'

const PARAM = 'record'

/** Which record's explanation is open: in the address, so that it can be sent to somebody. */
export function useOpenRecord() {
  const [params, setParams] = useSearchParams()
  const close = useCallback(
    () =>
      setParams(
        (current) => {
          const next = new URLSearchParams(current)
          next.delete(PARAM)
          return next
        },
        { replace: true },
      ),
    [setParams],
  )
  const hrefOf = (id: string) => {
    const next = new URLSearchParams(params)
    next.set(PARAM, id)
    return `?${next}`
  }
  return { id: params.get(PARAM), close, hrefOf }
}

export function useRecord(id: string | null) {
  return useQuery({
    queryKey: recordKey(id ?? ''),
    queryFn: ({ signal }) => api.get('/api/attendance/records/{record_id}', { path: { record_id: id ?? '' }, signal }),
    enabled: id !== null,
  })
}

/** The raw punches around a day, for what the explanation does not repeat: the clock and how it was punched. */
export function useRawPunches(record: RecordDetail) {
  return useQuery({
    queryKey: ['raw-punches', record.staff_id, record.work_date],
    queryFn: async ({ signal }) => {
      const page = await api.get(PUNCHES, {
        query: {
          staff_id: record.staff_id,
          from: addDays(record.work_date, -1),
          to: addDays(record.work_date, 1),
          limit: 200,
        },
        signal,
      })
      return new Map(page.items.map((punch) => [punch.id, punch]))
    },
    staleTime: 30_000,
  })
}
