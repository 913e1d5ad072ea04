import { Field, ResourceForm } from '@punctual/portal-kit'
import { useQueryClient } from '@tanstack/react-query'
import { Input, InputNumber, Select, Switch } from 'antd'
import { api } from '../api/client.ts'
import { STAFF } from '../api/paths.ts'
import type { Staff, StaffIn } from '../api/types.ts'
import { codeOptions, useRuleSets, useSites } from './schedules/lists.ts'

const required = (message: string) => [{ required: true, whitespace: true, message }]

type Props = { open: boolean; staff?: Staff; onClose: () => void; onSaved: (staff: Staff) => void }

function editable(staff: Staff | undefined): Partial<StaffIn> {
  if (!staff) return { active: true }
  const { employee_id, name, badge_number, email, phone, department, job_title, hired_on, active, notes } = staff
  const { site_id, rule_set_code, card_number } = staff
  const person = { employee_id, name, badge_number, email, phone, department, job_title, hired_on, active, notes }
  return { ...person, site_id, rule_set_code, card_number }
}

export function StaffForm({ open, staff, onClose, onSaved }: Props) {
  const client = useQueryClient()
  const sites = useSites().data ?? []
  const ruleSets = useRuleSets().data ?? []
  const save = async (entered: StaffIn) => {
    const values = { ...entered }
    // A choice that is not on the form (its list could not be read) must not be lost by saving the rest.
    if (sites.length === 0 && staff?.site_id) values.site_id = staff.site_id
    if (ruleSets.length === 0 && staff?.rule_set_code) values.rule_set_code = staff.rule_set_code
    const saved = staff
      ? await api.put('/api/staff/{staff_id}', { path: { staff_id: staff.id }, body: values })
      : await api.post(STAFF, { body: values })
    await client.invalidateQueries()
    onSaved(saved)
  }
  return (
    <ResourceForm<StaffIn>
      open={open}
      title={staff ? `Edit ${staff.name}` : 'Add a person'}
      submitLabel={staff ? 'Save' : 'Add'}
      initial={editable(staff)}
      onSubmit={save}
      onClose={onClose}
    >
      <Field name="name" label="Name" rules={required('Enter the name')}>
        <Input autoComplete="off" maxLength={200} />
      </Field>
      <div className="form-row">
        <Field
          name="employee_id"
          label="Employee number"
          rules={required('Enter the employee number')}
          extra="As payroll knows it. Unique."
        >
          <Input autoComplete="off" maxLength={64} />
        </Field>
        <Field name="badge_number" label="Badge number" extra="The number of the card, if any.">
          <Input autoComplete="off" maxLength={64} />
        </Field>
      </div>
      <Field
        name="card_number"
        label="Card number on clocks"
        extra="Empty: a badge number of digits is taken for the card."
      >
        <InputNumber min={0} max={4294967295} precision={0} controls={false} style={{ width: '100%' }} />
      </Field>
      <div className="form-row">
        <Field name="department" label="Department">
          <Input autoComplete="off" maxLength={100} />
        </Field>
        <Field name="job_title" label="Job title">
          <Input autoComplete="off" maxLength={100} />
        </Field>
      </div>
      <div className="form-row">
        <Field name="email" label="E-mail" rules={[{ type: 'email', message: 'This is not an e-mail address' }]}>
          <Input type="email" autoComplete="off" />
        </Field>
        <Field name="phone" label="Phone">
          <Input type="tel" autoComplete="off" />
        </Field>
      </div>
      <div className="form-row">
        <Field name="hired_on" label="Hired on">
          <Input type="date" />
        </Field>
        <Field name="active" label="Active" valuePropName="checked" extra="Inactive people keep their history.">
          <Switch />
        </Field>
      </div>
      {(sites.length > 0 || ruleSets.length > 0) && (
        <div className="form-row">
          {sites.length > 0 && (
            <Field name="site_id" label="Site" extra="Empty: the organisation's own time zone and holidays.">
              <Select allowClear options={sites.map((site) => ({ value: site.id, label: site.name }))} />
            </Field>
          )}
          {ruleSets.length > 0 && (
            <Field name="rule_set_code" label="Rules" extra="Empty: the default rule set.">
              <Select allowClear options={codeOptions(ruleSets)} />
            </Field>
          )}
        </div>
      )}
      <Field name="notes" label="Notes">
        <Input.TextArea rows={3} maxLength={2000} />
      </Field>
    </ResourceForm>
  )
}
