import { listKey } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Progress } from 'antd'
import { useEffect } from 'react'
import { api } from '../../api/client.ts'
import { RECORDS } from '../../api/paths.ts'

const WATCH_MS = 1_000

/** How far a computation of many days is; in the address, so it survives a reload. */
export function RunProgress({ id, onClose }: { id: string; onClose: () => void }) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: ['run', id],
    queryFn: ({ signal }) => api.get('/api/attendance/runs/{run_id}', { path: { run_id: id }, signal }),
    refetchInterval: ({ state }) => (state.data?.state === 'done' || state.error ? false : WATCH_MS),
  })
  const run = query.data
  const over = run?.state === 'done'
  useEffect(() => {
    if (over) void client.invalidateQueries({ queryKey: listKey(RECORDS) })
  }, [over, client])
  if (!run) return null
  const words = `${run.done.toLocaleString('en')} of ${run.total.toLocaleString('en')} staff-days`
  return (
    <div role="status" className="run-progress">
      <Alert
        type={over ? 'success' : 'info'}
        showIcon
        closable={{ onClose }}
        title={over ? `Processed again: ${run.total.toLocaleString('en')} staff-days` : `Processing again: ${words}`}
        description={
          !over && (
            <Progress
              percent={run.total ? Math.floor((run.done / run.total) * 100) : 0}
              aria-label={words}
              status="active"
              size="small"
            />
          )
        }
      />
    </div>
  )
}
