import {
  Chip,
  PageHeader,
  Panel,
  ResourceTable,
  spanWords,
  useAction,
  type Filter,
  type Selection,
} from '@punctual/portal-kit'
import { App, Button, Select } from 'antd'
import { useMemo, useState } from 'react'
import { Link } from 'react-router'
import { list } from '../../api/client.ts'
import type { ApproveAction, AttendanceRecord } from '../../api/attendance.ts'
import { findStaff, RECORDS, staffName } from '../../api/paths.ts'
import { ANOMALY_OPTIONS, STATE_OPTIONS, stateMeans, stateWords, STATUS_OPTIONS } from '../../attendanceWords.tsx'
import { useCan } from '../../session.ts'
import { OutcomeNote } from './OutcomeNote.tsx'
import { PeriodLock } from './PeriodLock.tsx'
import { readyRecords } from './readyRecords.ts'
import { recordColumns } from './recordColumns.tsx'
import { RecordDrawer } from './RecordDrawer.tsx'
import { useApprove } from './useApprove.ts'
import { useOpenRecord } from './useRecord.ts'
import { usePeriods, type Span } from './usePeriods.ts'
import { TALLIED, useTally } from './useTally.ts'
import { LateDifferences, ProposedCorrections, Warnings } from './Warnings.tsx'

const FILTERS: Filter[] = [
  { kind: 'lookup', name: 'staff_id', label: 'Person', search: findStaff, nameOf: staffName },
  { kind: 'select', name: 'state', label: 'Any state', options: STATE_OPTIONS, width: 140 },
  { kind: 'select', name: 'status', label: 'Any status', options: STATUS_OPTIONS },
  { kind: 'select', name: 'anomaly', label: 'Any anomaly', options: ANOMALY_OPTIONS },
]
const shown = (count: number | null | undefined) => (count === null ? '–' : (count?.toLocaleString('en') ?? '…'))

function Tally({ span }: { span: Span }) {
  const { states, warnings } = useTally(span)
  const days = `from=${span.first}&to=${span.last}`
  return (
    <div className="tally">
      <a href="#warnings" className={warnings ? 'tile tile-alert' : 'tile'}>
        <span className="tile-label">Warnings</span>
        <span className="tile-value">{shown(warnings)}</span>
        <span className="tile-hint">need a look</span>
      </a>
      {TALLIED.map((state) => (
        <Link key={state} to={`?${days}&state=${state}`} className="tile" title={stateMeans(state)}>
          <span className="tile-label">{stateWords(state)}</span>
          <span className="tile-value">{shown(states[state])}</span>
          <span className="tile-hint">records</span>
        </Link>
      ))}
    </div>
  )
}

/** Approve what needs no look, in one step; and whatever rows were chosen. */
function useBulk(span: Span) {
  const { modal } = App.useApp()
  const approve = useApprove()
  const reading = useAction()
  const [read, setRead] = useState(0)
  const [known, setKnown] = useState(new Map<string, AttendanceRecord>())
  const approveReady = () =>
    reading.run('The records could not be read', async () => {
      setRead(0)
      const { ready, doubtful } = await readyRecords(span, setRead)
      setKnown(new Map(ready.map((record) => [record.id, record])))
      const rest = doubtful === 0 ? '' : ` ${doubtful.toLocaleString('en')} with warnings stay as they are.`
      if (ready.length === 0) {
        modal.info({ title: 'There is nothing to approve', content: `No record without warnings waits.${rest}` })
        return
      }
      modal.confirm({
        title: `Approve ${ready.length.toLocaleString('en')} records without warnings?`,
        content: `${spanWords(span.first, span.last)}.${rest} Your own records are left for somebody else.`,
        okText: 'Approve',
        onOk: () =>
          approve.send(
            'approve',
            ready.map((record) => record.id),
          ),
      })
    })
  return { approve, approveReady, busy: reading.busy || approve.busy, reading: reading.busy, read, known }
}

export default function ApprovalsPage() {
  const can = useCan()
  const { span, key, options, choose } = usePeriods()
  const { hrefOf } = useOpenRecord()
  const [keys, setKeys] = useState<string[]>([])
  const bulk = useBulk(span)
  const columns = recordColumns(hrefOf)
  const scope = useMemo(() => ({ from: span.first, to: span.last }), [span.first, span.last])
  const locked = span.stored?.state === 'locked'
  const mayApprove = can('attendance:approve') && !locked
  const selection: Selection<AttendanceRecord> = {
    keys,
    onChange: setKeys,
    name: (record) => `${record.staff_name}, ${record.work_date}`,
    selectable: (record) => record.state !== 'locked',
  }
  const act = async (action: ApproveAction) => {
    if (await bulk.approve.send(action, keys)) setKeys([])
  }
  const button = (action: ApproveAction, words: string) => (
    <Button disabled={keys.length === 0 || bulk.busy} onClick={() => void act(action)}>
      {words}
    </Button>
  )
  return (
    <>
      <PageHeader
        title={
          <>
            Approvals{' '}
            {locked && <Chip tone="idle">Locked{span.stored?.locked_by && ` by ${span.stored.locked_by}`}</Chip>}
          </>
        }
        note="Warnings first; the rest in one step. Nobody approves their own records."
        actions={
          <>
            <Select<string>
              aria-label="Period"
              className="period-choice"
              value={key}
              options={options}
              onChange={choose}
            />
            <PeriodLock span={span} />
          </>
        }
      />
      <div className="stack">
        <Tally span={span} />
        <ProposedCorrections />
        <Warnings span={span} />
        {bulk.approve.outcome && (
          <OutcomeNote outcome={bulk.approve.outcome} known={bulk.known} onClose={bulk.approve.forget} />
        )}
        <Panel
          title="Records of the period"
          extra={
            mayApprove && (
              <Button type="primary" loading={bulk.busy} onClick={() => void bulk.approveReady()}>
                {bulk.reading
                  ? `Reading (${bulk.read.toLocaleString('en')})`
                  : bulk.approve.busy
                    ? `Approving (${bulk.approve.done.toLocaleString('en')})`
                    : 'Approve all without warnings'}
              </Button>
            )
          }
        >
          {can('attendance:update') && !locked && (
            <div className="chosen" role="group" aria-label="With the chosen records">
              <span className="muted">{keys.length === 0 ? 'Choose rows to act on' : `${keys.length} chosen`}</span>
              {button('submit', 'Submit')}
              {mayApprove && button('approve', 'Approve')}
              {mayApprove && button('reject', 'Send back')}
              {mayApprove && button('reopen', 'Reopen')}
            </div>
          )}
          <ResourceTable<AttendanceRecord>
            id="approvals"
            label="Records of the period"
            path={list(RECORDS)}
            rowKey={(record) => record.id}
            rowLink={(record) => hrefOf(record.id)}
            columns={columns}
            filters={FILTERS}
            scope={scope}
            {...(can('attendance:update') && { selection })}
            empty={{ title: 'No records in this period', hint: 'Records appear as people punch.' }}
          />
        </Panel>
        <LateDifferences />
      </div>
      <RecordDrawer />
    </>
  )
}
