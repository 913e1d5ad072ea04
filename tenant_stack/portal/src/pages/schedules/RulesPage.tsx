import {
  Chip,
  dateIn,
  Field,
  listKey,
  PageHeader,
  ResourceForm,
  ResourceTable,
  useZone,
  type Column,
} from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { api, list, type Schemas } from '../../api/client.ts'
import { RULE_SETS } from '../../api/paths.ts'
import type { RuleSet } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { codeOptions, useRuleSets } from './lists.ts'
import { sinceWords, versionOn } from './VersionList.tsx'

function Since({ rules }: { rules: RuleSet }) {
  const today = dateIn(useZone())
  const later = rules.versions.filter((version) => version.effective && version.effective > today).length
  return (
    <span className="two-lines">
      <span>{sinceWords(versionOn(rules.versions, today)?.effective ?? null)}</span>
      {later > 0 && <span>{later === 1 ? 'a change is planned' : `${later} changes are planned`}</span>}
    </span>
  )
}

const COLUMNS: Column<RuleSet>[] = [
  {
    key: 'name',
    title: 'Rules',
    card: 'title',
    csv: (rules) => rules.name,
    render: (rules) => (
      <span className="two-lines">
        <Link to={`/schedules/rules/${rules.id}`}>{rules.name}</Link>
        <span>{rules.code}</span>
      </span>
    ),
  },
  {
    key: 'default',
    title: 'For whom',
    card: 'main',
    csv: (rules) => (rules.is_default ? 'default' : ''),
    render: (rules) => (rules.is_default ? <Chip tone="ok">Everybody else</Chip> : 'People who have them'),
  },
  {
    key: 'overtime',
    title: 'Overtime',
    render: (rules) =>
      rules.definition.overtime?.tiers.map((tier) => tier.code).join(', ') || <span className="muted">none</span>,
  },
  { key: 'since', title: 'Holds', card: 'main', render: (rules) => <Since rules={rules} /> },
]

/** Where a new rule set starts from when it copies no other: the engine's own, with one rule written out. */
const PLAIN: Schemas['RuleSetDefinition-Input'] = {
  punctuality: {
    mark_late: true,
    mark_early: true,
    late_grace_minutes: 0,
    early_grace_minutes: 0,
    beyond_grace: false,
  },
}
type NewRules = { name: string; code: string; copy?: string }

export default function RulesPage() {
  const can = useCan()
  const client = useQueryClient()
  const navigate = useNavigate()
  const known = useRuleSets().data ?? []
  const [adding, setAdding] = useState(false)
  const save = async ({ name, code, copy }: NewRules) => {
    const definition = known.find((rules) => rules.code === copy)?.definition ?? PLAIN
    const made = await api.post(RULE_SETS, { body: { name, code, definition } })
    await client.invalidateQueries({ queryKey: listKey(RULE_SETS) })
    await navigate(`/schedules/rules/${made.id}`)
  }
  const add = can('attendance:update') && (
    <Button type="primary" onClick={() => setAdding(true)}>
      New rule set
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Rules"
        note="How punches become worked time. A change holds from a date on; try it on past days before it is saved."
        actions={add}
      />
      <ResourceTable<RuleSet>
        id="rules"
        label="Rule sets"
        path={list(RULE_SETS)}
        rowKey={(rules) => rules.id}
        rowLink={(rules) => `/schedules/rules/${rules.id}`}
        columns={COLUMNS}
        empty={{
          title: 'The built-in rules count',
          hint: 'Punches are paired, nothing is rounded or taken off.',
          action: add,
        }}
      />
      <ResourceForm<NewRules>
        open={adding}
        title="New rule set"
        submitLabel="Add"
        initial={{}}
        onSubmit={save}
        onClose={() => setAdding(false)}
      >
        <Field name="name" label="Name" rules={[{ required: true, whitespace: true, message: 'Give it a name' }]}>
          <Input autoComplete="off" maxLength={120} />
        </Field>
        <Field name="code" label="Code" rules={[{ required: true, whitespace: true, message: 'Give it a code' }]}>
          <Input autoComplete="off" maxLength={40} spellCheck={false} />
        </Field>
        {known.length > 0 && (
          <Field name="copy" label="Start as a copy of" extra="Empty: the built-in rules.">
            <Select allowClear options={codeOptions(known)} />
          </Field>
        )}
      </ResourceForm>
    </>
  )
}
