import { ConfirmButton, ErrorPanel, Instant, PageHeader, Panel, useNow, ZoneProvider } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { Link, useParams } from 'react-router'
import { api } from '../../api/client.ts'
import { captureKey, type Capture } from '../../api/biometrics.ts'
import { useLiveMessages } from '../../live.tsx'
import { useCan } from '../../session.ts'
import { FingerPicture } from './FingerPicture.tsx'
import { Copies, CaptureChip, partOf, stepWords } from './words.tsx'

const POLL_MS = 2_000

const NEXT: Partial<Record<Capture['state'], string>> = {
  asked: 'The clock fetches the request within seconds. Ask the person to stand at it.',
  sent: 'The clock has the request. Ask the person to look at its screen.',
  started: 'The clock waits: press the finger on the reader three times, lifting it in between.',
  touch: 'Lift the finger and press it again until the clock says that it is done.',
  stored: 'The finger is taken and encrypted; it is on its way to the other clocks.',
  distributed: 'Done. Every clock of this person has answered.',
  failed: 'Nothing was kept. Try again, perhaps with another finger.',
  cancelled: 'Nothing was kept.',
  timed_out: 'Nothing was kept. Start again when the person is at the clock.',
}

function TimeLeft({ until }: { until: string }) {
  const seconds = Math.max(0, Math.round((Date.parse(until) - useNow()) / 1000))
  return (
    <p className="muted" role="timer">
      {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, '0')} left
    </p>
  )
}

/** One capture of a fingerprint at a distance, as it happens. */
export default function CapturePage() {
  const { id = '' } = useParams()
  const can = useCan()
  const client = useQueryClient()
  const query = useQuery({
    queryKey: captureKey(id),
    queryFn: ({ signal }) => api.get('/api/enrolments/{enrolment_id}', { path: { enrolment_id: id }, signal }),
    refetchInterval: ({ state }) => (state.data?.open || state.data?.state === 'stored' ? POLL_MS : false),
  })
  useLiveMessages((messages) => {
    if (messages.some((message) => message.type === 'enrolment' && message.enrolment.id === id)) {
      void client.invalidateQueries({ queryKey: captureKey(id) })
    }
  })
  const capture = query.data
  if (!capture) {
    if (query.isError) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton active paragraph={{ rows: 8 }} />
  }
  const cancel = async () => {
    await api.post('/api/enrolments/{enrolment_id}/cancel', { path: { enrolment_id: id } })
    await client.invalidateQueries({ queryKey: captureKey(id) })
  }
  const finger = partOf(capture.template_type, capture.finger_index)
  return (
    <ZoneProvider zone={capture.zone}>
      <p className="crumb">
        <Link to="/staff">Staff</Link> / <Link to={`/staff/${capture.staff_id}`}>{capture.staff_name}</Link>
      </p>
      <PageHeader
        title={
          <>
            {finger} of {capture.staff_name} <CaptureChip state={capture.state} />
          </>
        }
        note={
          <>
            At <Link to={`/devices/${capture.device_id}`}>{capture.device_name}</Link>, PIN {capture.pin}. Times in{' '}
            {capture.zone}.
          </>
        }
        actions={
          capture.open &&
          can('biometrics:create') && (
            <ConfirmButton
              question="Stop this capture?"
              consequence="A clock that shows the request already stops by itself when its time is over."
              confirmLabel="Stop"
              refusal="The capture was not stopped"
              action={cancel}
            >
              Cancel the capture
            </ConfirmButton>
          )
        }
      />
      <div className="columns-2">
        <Panel title="Now">
          <FingerPicture finger={capture.template_type === 'FINGERPRINT' ? capture.finger_index : null} />
          <p className="capture-touches" role="img" aria-label={`${capture.touch} of 3 touches`}>
            {[1, 2, 3].map((touch) => (
              <span
                key={touch}
                className={touch <= capture.touch || !NEXT_TOUCHES.has(capture.state) ? 'touch done' : 'touch'}
              />
            ))}
          </p>
          <p aria-live="polite">{capture.message && !capture.open ? capture.message : NEXT[capture.state]}</p>
          {capture.message && !capture.open && <p className="muted">{NEXT[capture.state]}</p>}
          {capture.open && <TimeLeft until={capture.expires_at} />}
        </Panel>
        <Panel title="Steps" flush>
          <ul className="strip">
            {capture.steps.map((step, nth) => (
              <li key={nth}>
                <div className="strip-line">
                  <span>{stepWords(step.step, step.touch)}</span>
                  <Instant at={step.at} />
                </div>
                {step.message && <div className="strip-why">{step.message}</div>}
              </li>
            ))}
          </ul>
        </Panel>
      </div>
      {capture.copies.length > 0 && (
        <Panel title="On the clocks">
          <Copies items={capture.copies} />
        </Panel>
      )}
    </ZoneProvider>
  )
}

/** While these last, the circles count touches; afterwards all are filled or none matters. */
const NEXT_TOUCHES = new Set<Capture['state']>([
  'asked',
  'sent',
  'started',
  'touch',
  'failed',
  'cancelled',
  'timed_out',
])
