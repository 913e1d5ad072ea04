import {
  Age,
  Chip,
  ConfirmButton,
  ErrorPanel,
  Instant,
  listKey,
  PageHeader,
  Panel,
  Rows,
  type Column,
} from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { SESSIONS, type SessionFacts } from '../../api/access.ts'
import { useSession } from '../../session.ts'

export default function SessionsPage() {
  const { user } = useSession()
  const client = useQueryClient()
  const query = useQuery({
    queryKey: listKey(SESSIONS),
    queryFn: ({ signal }) => api.get(SESSIONS, { signal }),
  })
  const changed = () => client.invalidateQueries({ queryKey: listKey(SESSIONS) })
  const columns: Column<SessionFacts>[] = [
    {
      key: 'browser',
      title: 'Browser',
      card: 'title',
      render: (session) => (
        <span className="two-lines">
          <span>{session.agent || 'Unknown browser'}</span>
          <span>{session.address}</span>
        </span>
      ),
    },
    {
      key: 'began',
      title: 'Signed in',
      card: 'main',
      render: (session) => <Instant at={session.began_at} seconds={false} />,
    },
    { key: 'seen', title: 'Last used', card: 'main', render: (session) => <Age at={session.seen_at} /> },
    { key: 'ends', title: 'Ends at the latest', render: (session) => <Instant at={session.ends_at} seconds={false} /> },
    {
      key: 'end',
      title: 'Change',
      card: 'main',
      render: (session) =>
        session.current ? (
          <Chip tone="ok">This browser</Chip>
        ) : (
          <ConfirmButton
            question="Sign this browser out?"
            consequence="Its pages close within seconds."
            confirmLabel="Sign out"
            refusal="The session was not ended"
            action={async () => {
              await api.delete('/api/sessions/{session_id}', { path: { session_id: session.id } })
              await changed()
            }}
          >
            Sign out
          </ConfirmButton>
        ),
    },
  ]
  const everywhere = (query.data?.items.length ?? 0) > 1 && (
    <ConfirmButton
      question="Sign out everywhere else?"
      consequence="Only this browser stays signed in."
      confirmLabel="Sign out everywhere else"
      refusal="The sessions were not ended"
      action={async () => {
        await api.delete(SESSIONS)
        await changed()
      }}
    >
      Sign out everywhere else
    </ConfirmButton>
  )
  return (
    <>
      <PageHeader title="My sessions" note={`Where ${user.name || user.email} is signed in.`} actions={everywhere} />
      <Panel title="Browsers" flush>
        {query.isError ? (
          <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Rows<SessionFacts>
            label="Sessions"
            rows={query.data?.items ?? []}
            rowKey={(session) => session.id}
            columns={columns}
          />
        )}
      </Panel>
    </>
  )
}
