import { Age, PageHeader, ResourceTable, type Column } from '@punctual/portal-kit'
import { Button } from 'antd'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { list } from '../api/client.ts'
import type { Organisation } from '../api/types.ts'
import { PhaseChip, stepName, worstStep } from '../words.tsx'
import { OrganisationForm } from './OrganisationForm.tsx'

const REFRESH_MS = 3_000

function worstWords(organisation: Organisation): string {
  const step = worstStep(organisation)
  if (!step) return 'All steps are done'
  return `${stepName(step.name)}: ${step.message ?? step.state}`
}

const COLUMNS: Column<Organisation>[] = [
  {
    key: 'name',
    title: 'Organisation',
    card: 'title',
    csv: (organisation) => organisation.name,
    render: (organisation) => (
      <span className="two-lines">
        <Link to={`/fleet/${organisation.slug}`}>{organisation.name}</Link>
        <code>{organisation.slug}</code>
      </span>
    ),
  },
  {
    key: 'slug',
    title: 'Slug',
    optional: true,
    csv: (organisation) => organisation.slug,
    render: (organisation) => <code>{organisation.slug}</code>,
  },
  {
    key: 'phase',
    title: 'Phase',
    card: 'main',
    csv: (organisation) => organisation.phase,
    render: (organisation) => <PhaseChip phase={organisation.phase} />,
  },
  {
    key: 'worst',
    title: 'What is going on',
    card: 'main',
    csv: worstWords,
    render: (organisation) =>
      worstStep(organisation) ? worstWords(organisation) : <span className="muted">{worstWords(organisation)}</span>,
  },
  {
    key: 'portal',
    title: 'Portal',
    csv: (organisation) => organisation.urls.portal,
    render: (organisation) => (
      <a href={organisation.urls.portal} target="_blank" rel="noreferrer">
        {organisation.urls.portal.replace(/^https?:\/\//, '')}
      </a>
    ),
  },
  {
    key: 'owner',
    title: 'Owner',
    csv: (organisation) => organisation.owner_email,
    render: (organisation) => organisation.owner_email,
  },
  {
    key: 'zone',
    title: 'Zone',
    optional: true,
    csv: (organisation) => organisation.zone,
    render: (organisation) => organisation.zone,
  },
  {
    key: 'created',
    title: 'Created',
    card: 'main',
    csv: (organisation) => organisation.created_at,
    render: (organisation) => <Age at={organisation.created_at} />,
  },
]

export default function OrganisationsPage() {
  const navigate = useNavigate()
  const [params, setParams] = useSearchParams()
  const setAdding = (open: boolean) => setParams(open ? { add: '1' } : {}, { replace: true })
  const addButton = (
    <Button type="primary" onClick={() => setAdding(true)}>
      New organisation
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Organisations"
        note="Each with its own database, back end, bridge and keys."
        actions={addButton}
      />
      <ResourceTable<Organisation>
        id="organisations"
        label="Organisations"
        path={list('/organisations')}
        pollMs={REFRESH_MS}
        rowKey={(organisation) => organisation.id}
        rowLink={(organisation) => `/fleet/${organisation.slug}`}
        columns={COLUMNS}
        searchLabel="Name or slug"
        empty={{
          title: 'No organisations yet',
          hint: 'Create the first one and watch it come up, step by step.',
          action: addButton,
        }}
      />
      <OrganisationForm
        open={params.get('add') === '1'}
        onClose={() => setAdding(false)}
        onCreated={(organisation) => void navigate(`/fleet/${organisation.slug}`)}
      />
    </>
  )
}
