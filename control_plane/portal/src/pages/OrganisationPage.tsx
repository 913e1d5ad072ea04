import { ErrorPanel, Facts, Instant, PageHeader, Panel, useAction, useNow, type Fact } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Skeleton, Typography } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { api } from '../api/client.ts'
import type { FirstSignIn, Organisation } from '../api/types.ts'
import { isSettled, PhaseChip, stepName, worstStep } from '../words.tsx'
import { Steps } from './Steps.tsx'
import { SupportPanel } from './SupportPanel.tsx'

const WATCH_MS = 1_000
const REST_MS = 10_000

const key = (slug: string) => ['organisation', slug] as const

function Address({ url, link = false }: { url: string; link?: boolean }) {
  return (
    <Typography.Text copyable={{ text: url, tooltips: ['Copy', 'Copied'] }}>
      {link ? (
        <a href={url} target="_blank" rel="noreferrer">
          {url}
        </a>
      ) : (
        <code>{url}</code>
      )}
    </Typography.Text>
  )
}

/** How the owner gets in the first time. Asked for only on request: the answer can hold a password. */
function OwnerSignIn({ slug }: { slug: string }) {
  const [shown, setShown] = useState<FirstSignIn | null>(null)
  const { busy, run } = useAction()
  if (!shown) {
    return (
      <Button
        loading={busy}
        onClick={() =>
          void run('The first sign-in could not be read', async () =>
            setShown(await api.get('/organisations/{slug}/sign-in', { path: { slug } })),
          )
        }
      >
        Show the owner's first sign-in
      </Button>
    )
  }
  const facts: Fact[] = [
    { label: 'User name', value: <Address url={shown.user_name} /> },
    {
      label: 'First password',
      value: shown.initial_password ? <Address url={shown.initial_password} /> : 'already used or not ours to know',
    },
    { label: 'Identity provider', value: shown.issuer },
  ]
  return <Facts items={facts} />
}

function standing(organisation: Organisation): string {
  const done = organisation.steps.filter((step) => step.state === 'ok').length
  const worst = worstStep(organisation)
  const all = organisation.steps.length
  if (!worst) return `All ${all} steps are done.`
  return `${done} of ${all} steps are done. ${stepName(worst.name)}: ${worst.message ?? worst.state}`
}

function NextCheck({ at }: { at: string }) {
  const seconds = Math.round((Date.parse(at) - Math.max(useNow(), Date.now())) / 1000)
  return <>{seconds <= 0 ? 'now' : seconds < 90 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`}</>
}

export default function OrganisationPage() {
  const { slug = '' } = useParams()
  const client = useQueryClient()
  const { busy, run } = useAction()
  const query = useQuery({
    queryKey: key(slug),
    queryFn: ({ signal }) => api.get('/organisations/{slug}', { path: { slug }, signal }),
    refetchInterval: ({ state }) => (state.data && isSettled(state.data) ? REST_MS : WATCH_MS),
    retry: false,
  })
  const organisation = query.data
  if (!organisation) {
    if (query.isError) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton active paragraph={{ rows: 10 }} />
  }
  const retry = () =>
    run('Could not try again', async () => {
      client.setQueryData(key(slug), await api.post('/organisations/{slug}/retry', { path: { slug } }))
    })
  return (
    <>
      <p className="crumb">
        <Link to="/">Organisations</Link> / {organisation.slug}
      </p>
      <PageHeader
        title={
          <>
            {organisation.name} <PhaseChip phase={organisation.phase} />
          </>
        }
        note={<span aria-live="polite">{standing(organisation)}</span>}
        actions={
          <>
            {organisation.phase === 'active' && (
              <Button type="primary" href={organisation.urls.portal} target="_blank" rel="noreferrer">
                Open the portal
              </Button>
            )}
            <Button loading={busy} onClick={() => void retry()}>
              Retry now
            </Button>
          </>
        }
      />
      <div className="stack">
        {query.isError && <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />}
        <Panel
          title="Steps"
          flush
          extra={
            organisation.next_reconcile_at && (
              <span className="muted">
                next check <NextCheck at={organisation.next_reconcile_at} />
              </span>
            )
          }
        >
          <Steps steps={organisation.steps} />
        </Panel>
        <div className="columns-2">
          <Panel title="Addresses">
            <dl className="addresses">
              <dt>Portal</dt>
              <dd>
                <Address url={organisation.urls.portal} link />
              </dd>
              <dt>API</dt>
              <dd>
                <Address url={organisation.urls.api} />
              </dd>
              <dt>Push clocks</dt>
              <dd>
                <Address url={organisation.urls.push} />
              </dd>
            </dl>
          </Panel>
          <Panel title="Owner">
            <div className="stack">
              <Facts
                items={[
                  { label: 'E-mail', value: organisation.owner_email },
                  { label: 'Time zone', value: organisation.zone },
                  { label: 'Created', value: <Instant at={organisation.created_at} /> },
                  {
                    label: 'Generation seen / asked for',
                    value: `${organisation.observed_generation} / ${organisation.generation} (${organisation.desired})`,
                  },
                ]}
              />
              <div>
                <OwnerSignIn slug={slug} />
              </div>
            </div>
          </Panel>
        </div>
        {organisation.phase === 'active' && <SupportPanel slug={slug} />}
      </div>
    </>
  )
}
