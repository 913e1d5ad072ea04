import { ErrorPanel, PageHeader, Panel, useAction } from '@punctual/portal-kit'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Form, Input, Select, Skeleton } from 'antd'
import { api } from '../../api/client.ts'
import { SETTINGS } from '../../api/paths.ts'
import type { AttendanceSettings } from '../../api/schedules.ts'
import { useCan, useSession } from '../../session.ts'
import { SupportPanel } from '../support/SupportPanel.tsx'
import { codeOptions, useRuleSets, useShifts } from './lists.ts'
import { LogoPanel } from './LogoPanel.tsx'
import { SitesPanel } from './SitesPanel.tsx'

const PERIODS = [
  { value: 'monthly', label: 'Calendar months' },
  { value: 'weekly', label: 'Weeks' },
  { value: 'biweekly', label: 'Two weeks' },
]

function AttendanceForm({ settings }: { settings: AttendanceSettings }) {
  const can = useCan()
  const client = useQueryClient()
  const { notification } = App.useApp()
  const { busy, run } = useAction()
  const shifts = useShifts()
  const ruleSets = useRuleSets()
  const save = (values: AttendanceSettings) =>
    run('The settings were not saved', async () => {
      const { kind = 'monthly', anchor } = values.period ?? {}
      await api.put(SETTINGS, {
        body: {
          default_shift: values.default_shift ?? null,
          default_rule_set: values.default_rule_set ?? null,
          period: { kind, ...(kind !== 'monthly' && anchor && { anchor }) },
        },
      })
      await client.invalidateQueries({ queryKey: ['attendance-settings'] })
      notification.success({ title: 'Saved' })
    })
  return (
    <Form<AttendanceSettings>
      layout="vertical"
      requiredMark={false}
      className="narrow-form"
      initialValues={settings}
      disabled={busy || !can('attendance:update')}
      onFinish={(values) => void save(values)}
    >
      <Form.Item
        name="default_shift"
        label="Default shift"
        extra="For people without a shift of their own. Empty: none."
      >
        <Select allowClear placeholder="None" options={codeOptions(shifts.data)} />
      </Form.Item>
      <Form.Item name="default_rule_set" label="Default rules" extra="For people without rules of their own.">
        <Select placeholder="The built-in rules" options={codeOptions(ruleSets.data)} />
      </Form.Item>
      <div className="form-row">
        <Form.Item name={['period', 'kind']} label="Days are approved and paid by">
          <Select options={PERIODS} />
        </Form.Item>
        <Form.Item noStyle shouldUpdate>
          {({ getFieldValue }) =>
            getFieldValue(['period', 'kind']) !== 'monthly' && (
              <Form.Item
                name={['period', 'anchor']}
                label="A first day of one of them"
                rules={[
                  { required: getFieldValue(['period', 'kind']) === 'biweekly', message: 'Two-week periods need one' },
                ]}
              >
                <Input type="date" />
              </Form.Item>
            )
          }
        </Form.Item>
      </div>
      {can('attendance:update') && (
        <Button type="primary" htmlType="submit" loading={busy}>
          Save
        </Button>
      )}
    </Form>
  )
}

export default function SettingsPage() {
  const { organisation } = useSession()
  const query = useQuery({
    queryKey: ['attendance-settings'],
    queryFn: ({ signal }) => api.get(SETTINGS, { signal }),
  })
  return (
    <>
      <PageHeader title="Settings" note={`${organisation.name}, ${organisation.zone}`} />
      <div className="stack">
        <Panel title="Attendance">
          {query.data ? (
            <AttendanceForm key={JSON.stringify(query.data)} settings={query.data} />
          ) : query.isError ? (
            <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
          ) : (
            <Skeleton active title={false} paragraph={{ rows: 4 }} />
          )}
        </Panel>
        <SitesPanel />
        <LogoPanel />
        <SupportPanel />
      </div>
    </>
  )
}
