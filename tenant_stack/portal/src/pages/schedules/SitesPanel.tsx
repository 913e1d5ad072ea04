import {
  ConfirmButton,
  EmptyState,
  ErrorPanel,
  Field,
  listKey,
  Panel,
  ResourceForm,
  useZone,
  zoneNames,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input, InputNumber, Select, Skeleton } from 'antd'
import { useState } from 'react'
import { api } from '../../api/client.ts'
import { SITES } from '../../api/paths.ts'
import type { Site } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { useSites } from './lists.ts'

const ZONES = zoneNames().map((name) => ({ value: name, label: name }))
const needed = (message: string) => [{ required: true, message }]

type SiteIn = Omit<Site, 'id'>

function SiteForm({ open, site, onClose }: { open: boolean; site: Site | null; onClose: () => void }) {
  const client = useQueryClient()
  const home = useZone()
  const save = async (values: SiteIn) => {
    if (site) await api.put('/api/sites/{site_id}', { path: { site_id: site.id }, body: values })
    else await api.post(SITES, { body: values })
    await client.invalidateQueries({ queryKey: listKey(SITES) })
    onClose()
  }
  const initial: Partial<SiteIn> = site
    ? {
        code: site.code,
        name: site.name,
        zone: site.zone,
        latitude: site.latitude ?? null,
        longitude: site.longitude ?? null,
      }
    : { zone: home }
  return (
    <ResourceForm<SiteIn>
      open={open}
      title={site ? `Site ${site.name}` : 'New site'}
      submitLabel={site ? 'Save' : 'Add'}
      initial={initial}
      onSubmit={save}
      onClose={onClose}
    >
      <div className="form-row">
        <Field name="name" label="Name" rules={needed('Give the site a name')}>
          <Input autoComplete="off" maxLength={120} />
        </Field>
        <Field name="code" label="Code" rules={needed('Give the site a code')}>
          <Input autoComplete="off" maxLength={40} spellCheck={false} />
        </Field>
      </div>
      <Field
        name="zone"
        label="Time zone"
        rules={needed('Choose the zone')}
        extra="The days of its people are counted in it."
      >
        <Select showSearch={{ optionFilterProp: 'label' }} options={ZONES} />
      </Field>
      <div className="form-row">
        <Field name="latitude" label="Latitude" extra="For spotting impossible travel.">
          <InputNumber min={-90} max={90} controls={false} style={{ width: '100%' }} />
        </Field>
        <Field name="longitude" label="Longitude">
          <InputNumber min={-180} max={180} controls={false} style={{ width: '100%' }} />
        </Field>
      </div>
    </ResourceForm>
  )
}

/** Places of work, each with its own zone, holidays and days off. */
export function SitesPanel() {
  const can = useCan()
  const client = useQueryClient()
  const sites = useSites()
  const [editing, setEditing] = useState<Site | 'new' | null>(null)
  const mayChange = can('attendance:update')
  const remove = async (id: string) => {
    await api.delete('/api/sites/{site_id}', { path: { site_id: id } })
    await client.invalidateQueries({ queryKey: listKey(SITES) })
  }
  const chosen = editing === 'new' ? null : editing
  return (
    <Panel
      title="Sites"
      flush
      extra={
        mayChange && (
          <Button size="small" onClick={() => setEditing('new')}>
            Add a site
          </Button>
        )
      }
    >
      {sites.isError && !sites.data ? (
        <ErrorPanel error={sites.error} onRetry={() => void sites.refetch()} />
      ) : !sites.data ? (
        <div className="panel-body">
          <Skeleton active title={false} paragraph={{ rows: 2 }} />
        </div>
      ) : sites.data.length === 0 ? (
        <EmptyState title="One place, one zone" hint="Add sites when people work in several places or time zones." />
      ) : (
        <ul className="approval-list">
          {sites.data.map((site) => (
            <li key={site.id}>
              <span className="two-lines">
                <strong>{site.name}</strong>
                <span>
                  {site.code} · {site.zone}
                </span>
              </span>
              {mayChange && (
                <span className="actions">
                  <Button size="small" onClick={() => setEditing(site)} aria-label={`Edit ${site.name}`}>
                    Edit
                  </Button>
                  <ConfirmButton
                    size="small"
                    question={`Delete the site ${site.name}?`}
                    consequence="A site that people or clocks belong to cannot be deleted."
                    confirmLabel="Delete"
                    refusal="The site was not deleted"
                    action={() => remove(site.id)}
                    aria-label={`Delete ${site.name}`}
                  >
                    Delete
                  </ConfirmButton>
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      <SiteForm key={chosen?.id ?? 'new'} open={editing !== null} site={chosen} onClose={() => setEditing(null)} />
    </Panel>
  )
}
