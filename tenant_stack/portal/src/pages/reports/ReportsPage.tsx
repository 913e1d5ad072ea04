import { ErrorPanel, Panel, readJson } from '@punctual/portal-kit'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { REPORTS, type Report } from '../../api/reports.ts'
import { ExportButtons, RunBanner } from './ExportButtons.tsx'
import { Preview, PREVIEW_ROWS } from './Preview.tsx'
import { ReportFilters } from './ReportFilters.tsx'
import { ReportTabs } from './ReportTabs.tsx'
import { queryOf, useCatalogue, useReportAddress } from './useReportQuery.ts'

const CELLS = [
  { value: 'status', label: 'Marks' },
  { value: 'worked', label: 'Hours' },
]

export default function ReportsPage() {
  const catalogue = useCatalogue()
  const address = useReportAddress(catalogue.data?.kinds)
  const { kind, request, part, change } = address
  const preview = useQuery({
    queryKey: ['report', request],
    queryFn: ({ signal }) =>
      readJson<Report>(
        `${REPORTS}/${request?.kind ?? ''}`,
        request ? { ...queryOf(request), limit: PREVIEW_ROWS } : {},
        signal,
      ),
    enabled: request !== null,
    placeholderData: keepPreviousData,
  })
  const run = address.params.get('run')
  return (
    <>
      <ReportTabs actions={<ExportButtons request={request} onStarted={(id) => change({ run: id })} />} />
      {run && <RunBanner id={run} onClose={() => change({ run: null })} />}
      {catalogue.isError && !catalogue.data ? (
        <ErrorPanel error={catalogue.error} onRetry={() => void catalogue.refetch()} />
      ) : (
        <>
          <div className="table-filters report-tools" role="search">
            <Select<string>
              style={{ width: 200 }}
              aria-label="Report"
              loading={!catalogue.data}
              options={(catalogue.data?.kinds ?? []).map((each) => ({ value: each.kind, label: each.title }))}
              value={kind?.kind ?? null}
              onChange={(value) => change({ kind: value })}
            />
            <ReportFilters
              catalogue={catalogue.data}
              span={address.span}
              today={address.today}
              part={part}
              change={change}
            />
            {kind?.kind === 'monthly' && (
              <Select<string>
                aria-label="What a day shows"
                style={{ width: 100 }}
                options={CELLS}
                value={part('cells') ?? 'status'}
                onChange={(value) => change({ cells: value === 'worked' ? value : null })}
              />
            )}
          </div>
          <Panel title={kind?.title ?? 'Report'} extra={<span className="muted">{kind?.about}</span>} flush>
            <Preview query={preview} hint="Choose other days or fewer filters." />
          </Panel>
        </>
      )}
    </>
  )
}
