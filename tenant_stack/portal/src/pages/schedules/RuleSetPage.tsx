import { Chip, dateIn, ErrorPanel, PageHeader, Panel, useZone } from '@punctual/portal-kit'
import { useQuery } from '@tanstack/react-query'
import { Button, Skeleton } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { api } from '../../api/client.ts'
import type { RuleDefinition } from '../../api/schedules.ts'
import { useCan } from '../../session.ts'
import { RuleEditor } from './RuleEditor.tsx'
import { topicsOf } from './ruleWords.ts'
import { sinceWords, VersionList, versionOn } from './VersionList.tsx'

function Readable({ definition }: { definition: RuleDefinition }) {
  return (
    <div className="topics">
      {topicsOf(definition).map((topic) => (
        <section key={topic.title}>
          <h3>{topic.title}</h3>
          <ul className="plain-list">
            {topic.lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}

export default function RuleSetPage() {
  const { id = '' } = useParams()
  const can = useCan()
  const today = dateIn(useZone())
  const [editing, setEditing] = useState(false)
  const query = useQuery({
    queryKey: ['rule-set', id],
    queryFn: ({ signal }) => api.get('/api/rule-sets/{rule_set_id}', { path: { rule_set_id: id }, signal }),
  })
  const rules = query.data
  if (!rules) {
    if (query.isError) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
    return <Skeleton active paragraph={{ rows: 8 }} />
  }
  const current = versionOn(rules.versions, today)
  return (
    <>
      <p className="crumb">
        <Link to="/schedules/rules">Rules</Link> / {rules.code}
      </p>
      <PageHeader
        title={
          <>
            {rules.name} {rules.is_default && <Chip tone="ok">Default</Chip>}
          </>
        }
        note={current ? `Holds ${sinceWords(current.effective)}.` : 'Does not hold yet.'}
        actions={
          can('attendance:update') &&
          !editing && (
            <Button type="primary" onClick={() => setEditing(true)}>
              Change from a date on
            </Button>
          )
        }
      />
      {editing ? (
        <RuleEditor rules={rules} onClose={() => setEditing(false)} />
      ) : (
        <div className="stack">
          <Panel title="In words">
            <Readable definition={rules.definition} />
          </Panel>
          <Panel title="Versions">
            <VersionList
              versions={rules.versions}
              today={today}
              words={({ definition, effective }) => (
                <details>
                  <summary>What holds {sinceWords(effective)}</summary>
                  <Readable definition={definition} />
                </details>
              )}
            />
          </Panel>
        </div>
      )}
    </>
  )
}
