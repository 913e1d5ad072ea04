import { ConfirmButton, ErrorPanel, Instant, PageHeader, Panel, useNow, ZoneProvider } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { Link, useParams } from 'react-router'
import { api } from '../../api/client.ts'
import { enrolmentKey, type Enrolment } from '../../api/biometrics.ts'
import { useLiveMessages } from '../../live.tsx'
import { useCan } from '../../session.ts'
import { FingerPicture } from './FingerPicture.tsx'
import { Copies, EnrolmentChip, partOf, stepWords } from './words.tsx'

const POLL_MS = 2_000

const NEXT: Partial<Record<Enrolment['state'], string>> = {
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

/** One enrolment at a distance, as it happens. */
export default function EnrolmentPage() {
  const { id = '' } = useParams()
  const can = useCan()
  const client = useQueryClient()
  const query = useQuery({
    queryKey: enrolmentKey(id),
    queryFn: ({ signal }) => api.get('/api/enrolments/{enrolment_id}', { path: { enrolment_id: id }, signal }),
    refetchInterval: ({ state }) => (state.data?.open || state.data?.state === 'stored' ? POLL_MS : false),
  })
  useLiveMessages((messages) => {
    if (messages.some((message) => message.type === 'enrolment' && message.enrolment.id === id)) {
      void client.invalidateQueries({ queryKey: enrolmentKey(id) })
    }
  })
  const enrolment = query.data
  if (!enrolment) {
    if (query.isError) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton active paragraph={{ rows: 8 }} />
  }
  const cancel = async () => {
    await api.post('/api/enrolments/{enrolment_id}/cancel', { path: { enrolment_id: id } })
    await client.invalidateQueries({ queryKey: enrolmentKey(id) })
  }
  const finger = partOf(enrolment.template_type, enrolment.finger_index)
  return (
    <ZoneProvider zone={enrolment.zone}>
      <p className="crumb">
        <Link to="/staff">Staff</Link> / <Link to={`/staff/${enrolment.staff_id}`}>{enrolment.staff_name}</Link>
      </p>
      <PageHeader
        title={
          <>
            {finger} of {enrolment.staff_name} <EnrolmentChip state={enrolment.state} />
          </>
        }
        note={
          <>
            At <Link to={`/devices/${enrolment.device_id}`}>{enrolment.device_name}</Link>, PIN {enrolment.pin}. Times
            in {enrolment.zone}.
          </>
        }
        actions={
          enrolment.open &&
          can('biometrics:create') && (
            <ConfirmButton
              question="Stop this enrolment?"
              consequence="A clock that shows the request already stops by itself when its time is over."
              confirmLabel="Stop"
              refusal="The enrolment was not stopped"
              action={cancel}
            >
              Cancel enrolment
            </ConfirmButton>
          )
        }
      />
      <div className="columns-2">
        <Panel title="Now">
          <FingerPicture finger={enrolment.template_type === 'FINGERPRINT' ? enrolment.finger_index : null} />
          <p className="enrol-touches" role="img" aria-label={`${enrolment.touch} of 3 touches`}>
            {[1, 2, 3].map((touch) => (
              <span
                key={touch}
                className={touch <= enrolment.touch || !NEXT_TOUCHES.has(enrolment.state) ? 'touch done' : 'touch'}
              />
            ))}
          </p>
          <p aria-live="polite">{enrolment.message && !enrolment.open ? enrolment.message : NEXT[enrolment.state]}</p>
          {enrolment.message && !enrolment.open && <p className="muted">{NEXT[enrolment.state]}</p>}
          {enrolment.open && <TimeLeft until={enrolment.expires_at} />}
        </Panel>
        <Panel title="Steps" flush>
          <ul className="strip">
            {enrolment.steps.map((step, nth) => (
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
      {enrolment.copies.length > 0 && (
        <Panel title="On the clocks">
          <Copies items={enrolment.copies} />
        </Panel>
      )}
    </ZoneProvider>
  )
}

/** While these last, the circles count touches; afterwards all are filled or none matters. */
const NEXT_TOUCHES = new Set<Enrolment['state']>([
  'asked',
  'sent',
  'started',
  'touch',
  'failed',
  'cancelled',
  'timed_out',
])
