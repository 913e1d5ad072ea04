import { addDays, asProblem, dateIn, listKey, Panel, useZone, type ProblemError } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Form, Input } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { api } from '../../api/client.ts'
import { RULE_SETS } from '../../api/paths.ts'
import type { RuleDefinition, RuleSet } from '../../api/schedules.ts'
import { RuleFields } from './RuleFields.tsx'
import { RulesAsText } from './RulesAsText.tsx'
import { saveVersion } from './saveVersion.ts'
import { WhatIfPanel } from './WhatIfPanel.tsx'

/** "definition.overtime.tiers.0.rate" as the form's own path to the field. */
const pathOf = (field: string) =>
  field
    .replace(/^definition\./, '')
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))

function Refusal({ problem }: { problem: ProblemError }) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => box.current?.focus(), [problem])
  return (
    <div ref={box} tabIndex={-1} className="form-summary">
      <Alert
        type="error"
        showIcon
        title={problem.message}
        description={
          problem.fields.length > 0 ? (
            <ul className="plain-list">
              {problem.fields.map((item) => (
                <li key={item.field}>
                  {item.field.replace(/^definition\./, '').replaceAll('_', ' ')}: {item.reason}
                </li>
              ))}
            </ul>
          ) : (
            problem.detail
          )
        }
      />
    </div>
  )
}

/** A new version of a rule set: edited, tried on past days, then saved from a date on. */
export function RuleEditor({ rules, onClose }: { rules: RuleSet; onClose: () => void }) {
  const client = useQueryClient()
  const today = dateIn(useZone())
  const [form] = Form.useForm<RuleDefinition>()
  const [effective, setEffective] = useState(addDays(today, 1))
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ProblemError | null>(null)
  // The whole store, not only what is on the form: rules it does not show must survive.
  const definition = () => form.getFieldsValue(true) as RuleDefinition
  const refused = (error: unknown) => {
    const found = asProblem(error)
    for (const item of found.fields) {
      const name = pathOf(item.field) as Parameters<typeof form.getFieldInstance>[0]
      if (form.getFieldInstance(name)) form.setFields([{ name: name as never, errors: [item.reason] }])
    }
    setProblem(found)
  }
  const save = async () => {
    setBusy(true)
    setProblem(null)
    try {
      await saveVersion(
        rules.versions,
        { effective, definition: definition() },
        {
          add: (body) => api.post('/api/rule-sets/{rule_set_id}/versions', { path: { rule_set_id: rules.id }, body }),
          replace: (version_id, body) =>
            api.put('/api/rule-sets/{rule_set_id}/versions/{version_id}', {
              path: { rule_set_id: rules.id, version_id },
              body,
            }),
        },
      )
      await client.invalidateQueries({ queryKey: ['rule-set', rules.id] })
      await client.invalidateQueries({ queryKey: listKey(RULE_SETS) })
      onClose()
    } catch (error) {
      refused(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div className="stack">
      {problem && <Refusal problem={problem} />}
      <Panel title="Rules">
        <Form<RuleDefinition>
          form={form}
          layout="vertical"
          requiredMark={false}
          initialValues={structuredClone(rules.definition)}
          scrollToFirstError={{ focus: true }}
          disabled={busy}
          onFinish={() => void save()}
        >
          <RuleFields />
        </Form>
        <RulesAsText read={definition} write={(next) => form.setFieldsValue(next as never)} />
      </Panel>
      <WhatIfPanel ruleSetId={rules.id} definition={definition} onRefused={refused} today={today} />
      <Panel title="Save">
        <div className="save-line">
          <label>
            <span>Holds from</span>
            <Input type="date" value={effective} onChange={(event) => setEffective(event.target.value)} />
          </label>
          <span className="actions">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="primary" loading={busy} disabled={!effective} onClick={form.submit}>
              Save as a new version
            </Button>
          </span>
        </div>
        <p className="muted">
          Days before it keep the rules they had, and days that are computed already stay as they are.
        </p>
      </Panel>
    </div>
  )
}
