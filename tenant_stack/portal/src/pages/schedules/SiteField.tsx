import { Field } from '@punctual/portal-kit'
import { Select } from 'antd'
import { useSites } from './lists.ts'

/** The site something is for; nothing to choose where there are no sites. */
export function SiteField({ extra = 'Empty: all of them.' }: { extra?: string }) {
  const sites = useSites().data ?? []
  if (sites.length === 0) return null
  return (
    <Field name="site_id" label="Site" extra={extra}>
      <Select
        allowClear
        placeholder="All sites"
        options={sites.map((site) => ({ value: site.id, label: site.name }))}
      />
    </Field>
  )
}

export function SiteName({ id }: { id: string | null | undefined }) {
  const sites = useSites().data
  if (!id) return <span className="muted">All</span>
  return <>{sites?.find((site) => site.id === id)?.name ?? '…'}</>
}
