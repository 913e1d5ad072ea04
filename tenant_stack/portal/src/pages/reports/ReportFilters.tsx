import { Lookup } from '@punctual/portal-kit'
import { Input, Select } from 'antd'
import { findStaff, staffName } from '../../api/paths.ts'
import type { Catalogue } from '../../api/reports.ts'
import { useSites } from '../schedules/lists.ts'
import { spanOptions, useGroups, type Part } from './useReportQuery.ts'

type Props = {
  catalogue: Catalogue | undefined
  span: string
  today: string
  part: (name: Part) => string | null
  change: (changes: Partial<Record<Part, string | null>>) => void
}

/** Whom and which days: shared by the ready reports and those of one's own. */
export function ReportFilters({ catalogue, span, today, part, change }: Props) {
  const sites = useSites()
  const groups = useGroups()
  const choose = (name: Part, label: string, options: { value: string; label: string }[]) =>
    options.length > 0 && (
      <Select<string>
        style={{ width: 160 }}
        aria-label={label}
        placeholder={label}
        allowClear
        showSearch={{ optionFilterProp: 'label' }}
        options={options}
        value={part(name)}
        onChange={(value?: string) => change({ [name]: value ?? null })}
      />
    )
  return (
    <>
      <Select<string>
        style={{ width: 150 }}
        aria-label="Days"
        options={[...spanOptions(catalogue), { value: 'dates', label: 'Dates …' }]}
        value={span}
        onChange={(value) =>
          change(value === 'dates' ? { span: value, from: today, to: today } : { span: value, from: null, to: null })
        }
      />
      {span === 'dates' && (
        <>
          <Input
            type="date"
            aria-label="First day"
            style={{ width: 150 }}
            value={part('from') ?? today}
            onChange={({ target }) => target.value && change({ from: target.value })}
          />
          <Input
            type="date"
            aria-label="Last day"
            style={{ width: 150 }}
            value={part('to') ?? today}
            onChange={({ target }) => target.value && change({ to: target.value })}
          />
        </>
      )}
      {choose(
        'site',
        'Any site',
        (sites.data ?? []).map((site) => ({ value: site.id, label: site.name })),
      )}
      {choose(
        'department',
        'Any department',
        (catalogue?.departments ?? []).map((name) => ({ value: name, label: name })),
      )}
      {choose(
        'group',
        'Any group of clocks',
        (groups.data ?? []).map((group) => ({ value: group.id, label: group.name })),
      )}
      <Lookup
        label="Everybody"
        value={part('staff')}
        search={findStaff}
        nameOf={staffName}
        onChange={(value) => change({ staff: value })}
        width={170}
      />
    </>
  )
}
